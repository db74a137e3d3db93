import type { FourierPlan, PermutationTest } from '../../../contract/compute.ts'
import { seededRandom } from '../../../runtime/random.ts'

/**
 * What every device derives from a plan before it computes: the same numbers everywhere, so that results differ by
 * rounding alone.
 */
export interface FourierNumbers {
  /** The power of two to which a row is filled up with zeros. */
  readonly width: number
  readonly blocks: number
  /** blocks × 3 × width values of 1 and -1: those of round 0 first. */
  readonly signs: Float32Array
  /** For each block, what turns its projection into a fraction of a full turn: 1 / (2π · bandwidth · width), in float32. */
  readonly turns: Float32Array
  /** For each feature its phase as a fraction of a full turn, in [0, 1), a multiple of 2^-24. */
  readonly phases: Float32Array
}

const ROUNDS = 3
const derived = new WeakMap<FourierPlan, FourierNumbers>()

/** Remembered by the plan object, which must not change. */
export function fourierNumbers(plan: FourierPlan): FourierNumbers {
  const known = derived.get(plan)
  if (known) return known
  const width = fourierWidth(plan.columns)
  const blocks = plan.features / width
  const random = seededRandom(plan.seed)
  const numbers: FourierNumbers = {
    width,
    blocks,
    signs: Float32Array.from({ length: blocks * ROUNDS * width }, () => (random.next() < 0.5 ? -1 : 1)),
    turns: Float32Array.from({ length: blocks }, (_, block) => {
      const bandwidth = plan.bandwidths[block % plan.bandwidths.length] ?? NaN
      return 1 / (2 * Math.PI * bandwidth * width)
    }),
    phases: Float32Array.from({ length: plan.features }, () => Math.floor(random.next() * 2 ** 24) / 2 ** 24),
  }
  derived.set(plan, numbers)
  return numbers
}

/** The least power of two that is not below `columns`. */
export function fourierWidth(columns: number): number {
  return 2 ** Math.ceil(Math.log2(columns))
}

/**
 * The relabellings of a permutation test, bit-packed: `rows` × ceil(permutations / 32) words. Bit b % 32 of word b / 32
 * of a row says that under relabelling b the row is in the first sample.
 */
export function relabellings(test: PermutationTest): Uint32Array {
  const { rows } = test.pooled
  const words = Math.ceil(test.permutations / 32)
  const bits = new Uint32Array(rows * words)
  const random = seededRandom(test.seed)
  const order = Uint32Array.from({ length: rows }, (_, row) => row)
  for (let permutation = 0; permutation < test.permutations; permutation++)
    for (let at = 0; at < test.first; at++) {
      const other = at + Math.floor(random.next() * (rows - at))
      const row = order[other] ?? 0
      order[other] = order[at] ?? 0
      order[at] = row
      const word = row * words + (permutation >>> 5)
      bits[word] = (bits[word] ?? 0) | (1 << (permutation & 31))
    }
  return bits
}

/** Sums of the kernel over unordered pairs -> unbiased squared maximum mean discrepancy (Gretton et al. 2012, eq. 3). */
export function unbiasedMmd(within: number, withinOther: number, across: number, first: number, rest: number): number {
  return (2 * within) / (first * (first - 1)) + (2 * withinOther) / (rest * (rest - 1)) - (2 * across) / (first * rest)
}

/** (1 + how many of `permuted` are at least `statistic`) / (1 + permutations). */
export function permutationP(statistic: number, permuted: Float64Array): number {
  let least = 0
  for (const value of permuted) if (value >= statistic) least++
  return (1 + least) / (1 + permuted.length)
}

/**
 * Where the deciles lie in `count` sorted values: edge i (1…9) is the value of rank ceil(i·count/10), counted from 1. A
 * value falls in the bin whose number is how many edges lie below it. Nine indices, from 0.
 */
export function decileIndices(count: number): readonly number[] {
  return Array.from({ length: 9 }, (_, index) => Math.ceil(((index + 1) * count) / 10) - 1)
}

const LEAST_SHARE = 1e-4

/**
 * Population stability index from how many values are at most each of the nine edges, in the reference of `references`
 * values and in the current sample of `currents`.
 */
export function stabilityIndex(
  belowReference: ArrayLike<number>,
  references: number,
  belowCurrent: ArrayLike<number>,
  currents: number,
): number {
  let sum = 0
  for (let bin = 0; bin < 10; bin++) {
    const share = shareOf(belowReference, bin, references)
    const now = shareOf(belowCurrent, bin, currents)
    sum += (now - share) * Math.log(now / share)
  }
  return sum
}

function shareOf(below: ArrayLike<number>, bin: number, count: number): number {
  const to = bin === 9 ? count : (below[bin] ?? 0)
  const from = bin === 0 ? 0 : (below[bin - 1] ?? 0)
  return Math.max(LEAST_SHARE, (to - from) / count)
}
