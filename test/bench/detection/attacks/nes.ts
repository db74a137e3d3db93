import type { Random } from '../../../../src/contract/plugin.ts'
import { gaussian, moved, type Oracle } from './attack.ts'

export interface NesOptions {
  /** Standard deviation of the search noise, in pixels of [0, 1]. */
  readonly sigma: number
  /** Antithetic pairs for one estimate of the gradient. */
  readonly pairs: number
  readonly stepSize: number
  /** Largest change of a pixel. */
  readonly bound: number
}

/**
 * Ilyas, Engstrom, Athalye, Lin 2018, "Black-box Adversarial Attacks with Limited Queries and Information" (arXiv
 * 1804.08598), algorithm 1 and untargeted PGD: the gradient of the true class's log-probability from the scores at
 * x + σu and x - σu, then a step against its sign, within `bound` of the original.
 */
export function nes(oracle: Oracle, x: Float32Array, label: number, random: Random, options: NesOptions): void {
  const { sigma, pairs, stepSize, bound } = options
  let at = x.slice()
  for (;;) {
    const gradient = new Float32Array(x.length)
    for (let pair = 0; pair < pairs; pair++) {
      const u = gaussian(x.length, random)
      const up = lossOf(oracle, moved(at, u, sigma), label)
      const down = lossOf(oracle, moved(at, u, -sigma), label)
      for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] ?? 0) + (up - down) * (u[i] ?? 0)
    }
    at = at.map((value, i) => {
      const next = value + stepSize * Math.sign(gradient[i] ?? 0)
      const original = x[i] ?? 0
      return Math.min(1, original + bound, Math.max(0, original - bound, next))
    })
  }
}

function lossOf(oracle: Oracle, x: Float32Array, label: number): number {
  return -Math.log(Math.max(1e-12, oracle.scores(x)[label] ?? 0))
}
