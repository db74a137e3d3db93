import type { Random } from '../../../../src/contract/plugin.ts'
import { PIXELS } from '../../../support/mnist.ts'
import { trainVictim } from '../../../support/victim.ts'
import type { Victim } from '../../../support/victim.ts'
import { moved } from './attack.ts'
import type { Oracle } from './attack.ts'

const ROUNDS = 6
/** Images that a surrogate is trained on in all, epochs times images: enough for a few hundred to be learned by heart. */
const STEPS = 6_000

/** One more query from one that was answered, with what the surrogate knows. */
type Augment = (surrogate: Victim, x: Float32Array, label: number) => Float32Array

/**
 * Jacobian-based data-set augmentation (Papernot et al. 2017, arXiv 1602.02697, sec. 4.2): each round a surrogate is trained
 * on all answers so far, and each query moved by 25.5/255 in the sign of the surrogate's derivative for its class.
 */
export function jbda(oracle: Oracle, seeds: readonly Float32Array[], random: Random): void {
  augmenting(oracle, seeds, random, (surrogate, x, label) =>
    moved(x, surrogate.gradient(x, label).map(Math.sign), 25.5 / 255),
  )
}

/** Rounds of queries, each as many as there were before. */
export function augmenting(oracle: Oracle, seeds: readonly Float32Array[], random: Random, augment: Augment): void {
  const queries = [...seeds]
  const labels = queries.map((x) => oracle.label(x))
  for (let round = 0; round < ROUNDS; round++) {
    const pixels = new Float32Array(queries.length * PIXELS)
    for (const [i, x] of queries.entries()) pixels.set(x, i * PIXELS)
    const images = { count: queries.length, pixels, labels: Uint8Array.from(labels) }
    const seed = Math.floor(random.next() * 2 ** 31)
    const surrogate = trainVictim(seed, images, Math.ceil(STEPS / queries.length))
    for (const [i, x] of queries.slice().entries()) {
      const next = augment(surrogate, x, labels[i] ?? 0)
      queries.push(next)
      labels.push(oracle.label(next))
    }
  }
}
