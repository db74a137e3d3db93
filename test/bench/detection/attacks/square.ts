import type { Random } from '../../../../src/contract/plugin.ts'
import type { Oracle } from './attack.ts'

const SIDE = 28
const FIRST_SHARE = 0.8
/** Steps of 10,000 after which the squares are halved (section 3.2). */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]

/**
 * Square Attack (Andriushchenko, Croce, Flammarion, Hein 2020, arXiv 1912.00049, L∞): vertical stripes of ±bound, then
 * squares of ±bound at random places, kept when the margin between the true class and the best other falls.
 */
export function square(oracle: Oracle, x: Float32Array, label: number, random: Random, bound: number): void {
  const sign = (): number => (random.next() < 0.5 ? -bound : bound)
  const stripes = Array.from({ length: SIDE }, sign)
  let best = x.map((value, i) => clip(value + (stripes[i % SIDE] ?? 0)))
  let least = marginOf(oracle, best, label)
  for (let step = 1; ; step++) {
    const halvings = HALVINGS.filter((after) => step > after).length
    const side = Math.max(1, Math.round(SIDE * Math.sqrt(FIRST_SHARE / 2 ** halvings)))
    const room = SIDE - side + 1
    const [top, left, change] = [Math.floor(random.next() * room), Math.floor(random.next() * room), sign()]
    const next = best.slice()
    for (let row = top; row < top + side; row++)
      for (let column = left; column < left + side; column++) {
        const i = row * SIDE + column
        next[i] = clip((x[i] ?? 0) + change)
      }
    const margin = marginOf(oracle, next, label)
    if (margin < least) [best, least] = [next, margin]
  }
}

function marginOf(oracle: Oracle, x: Float32Array, label: number): number {
  const scores = oracle.scores(x)
  const others = scores.map((value, c) => (c === label ? 0 : value))
  return Math.log(Math.max(1e-12, scores[label] ?? 0)) - Math.log(Math.max(1e-12, Math.max(...others)))
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value))
}
