import type { FourierPlan } from '../../../contract/compute.ts'
import { fourierNumbers, type FourierNumbers } from './plan.ts'
import { checkFourier } from './shapes.ts'

/** What a cosine of 1 becomes. */
export const FEATURE_SCALE = 127

/**
 * sin(2πu) on [-1/4, 1/4] as an odd polynomial of degree 9 in u, fitted by Remez' exchange with an own script; off by
 * 2.1e-7 at most when computed in float32.
 */
export const SINE = [
  6.283185005187988, -41.34165573120117, 81.60100555419922, -76.5497817993164, 39.536705017089844,
] as const

/**
 * One row's random Fourier features (see FourierPlan) without a device. Every step up to the cosine is one float32 addition
 * or multiplication in a fixed order, and rounding to whole 127ths is exact, so these are the features of the devices `ref`
 * and `wasm` on every machine: a detector may mix the three. Some of a GPU's are one off: they may not be mixed with them.
 * Measured: docs/compute.md. `out` holds `features` values. RangeError as for `rff`.
 */
export function transformRow(plan: FourierPlan, row: Float32Array, out: Int8Array): void {
  checkFourier({ rows: 1, columns: row.length, values: row }, plan, out)
  transformChecked(fourierNumbers(plan), row, out)
}

/** The same for lengths and values that were looked at before. */
export function transformChecked(numbers: FourierNumbers, row: Float32Array, out: Int8Array): void {
  const values = new Float32Array(numbers.width)
  for (let block = 0; block < numbers.blocks; block++) {
    cosines(numbers, block, row, values)
    roundCosines(values, out, block * numbers.width)
  }
}

/** A block's features before they are rounded, to `values` of the plan's width. */
export function cosines(numbers: FourierNumbers, block: number, row: Float32Array, values: Float32Array): void {
  const { width, signs, turns, phases } = numbers
  values.fill(0)
  values.set(row)
  for (let round = 0; round < 3; round++) {
    const first = (block * 3 + round) * width
    for (let at = 0; at < width; at++) values[at] = (values[at] ?? 0) * (signs[first + at] ?? 0)
    walshHadamard(values)
  }
  const turn = turns[block] ?? 0
  for (let at = 0; at < width; at++) {
    const angle = Math.fround(Math.fround((values[at] ?? 0) * turn) + (phases[block * width + at] ?? 0))
    values[at] = cosineOfTurns(angle)
  }
}

/**
 * Features of cosines, to `out` from `at` on: floor(127 c + 1/2), exact in double precision. Adding 128 first makes a
 * number positive, where cutting off the fraction rounds down.
 */
export function roundCosines(values: Float32Array, out: Int8Array, at: number): void {
  for (let i = 0; i < values.length; i++) out[at + i] = (((values[i] ?? 0) * FEATURE_SCALE + 128.5) | 0) - 128
}

/** In place, not normalized; halves at distance 1, 2, 4, … meet. A float32 array rounds every sum to float32. */
function walshHadamard(values: Float32Array): void {
  for (let half = 1; half < values.length; half *= 2)
    for (let start = 0; start < values.length; start += 2 * half)
      for (let at = start; at < start + half; at++) {
        const low = values[at] ?? 0
        const high = values[at + half] ?? 0
        values[at] = low + high
        values[at + half] = low - high
      }
}

/** cos(2πt), every step rounded to float32. */
export function cosineOfTurns(t: number): number {
  const u = Math.fround(0.25 - Math.abs(Math.fround(t - Math.round(t))))
  const square = Math.fround(u * u)
  let sum = Math.fround(Math.fround(SINE[4] * square) + SINE[3])
  sum = Math.fround(Math.fround(sum * square) + SINE[2])
  sum = Math.fround(Math.fround(sum * square) + SINE[1])
  sum = Math.fround(Math.fround(sum * square) + SINE[0])
  return Math.fround(u * sum)
}
