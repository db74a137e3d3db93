import type { FourierPlan } from '../../../contract/compute.ts'
import { fourierNumbers, type FourierNumbers } from './plan.ts'

/**
 * sin(2πu) on [-1/4, 1/4] as an odd polynomial of degree 9 in u, fitted by Remez' exchange with an own script; off by
 * 2.1e-7 at most when computed in float32.
 */
export const SINE = [
  6.283185005187988, -41.34165573120117, 81.60100555419922, -76.5497817993164, 39.536705017089844,
] as const

/**
 * One row's random Fourier features (see FourierPlan) without a device. Every step is one float32 addition or
 * multiplication in a fixed order, so these are bit for bit the features of the devices `ref` and `wasm` on every machine:
 * a detector may mix the three. Those of a GPU differ by rounding and may not be mixed with them within one score.
 * Measured: docs/compute.md. `out` holds `features` values. Throws RangeError when lengths differ or a value is not finite.
 */
export function transformRow(plan: FourierPlan, row: Float32Array, out: Float32Array): void {
  if (row.length !== plan.columns || out.length !== plan.features)
    throw new RangeError(
      `a row of ${row.length} values and room for ${out.length} features do not fit ${plan.columns} columns and ${plan.features} features`,
    )
  for (let column = 0; column < row.length; column++)
    if (!Number.isFinite(row[column])) throw new RangeError(`column ${column} of the row is not a finite number`)
  transformChecked(fourierNumbers(plan), row, out)
}

/** The same for lengths and values that were looked at before. */
export function transformChecked(numbers: FourierNumbers, row: Float32Array, out: Float32Array): void {
  const { width, blocks, signs, turns, phases } = numbers
  for (let block = 0; block < blocks; block++) {
    const start = block * width
    const values = out.subarray(start, start + width)
    values.fill(0)
    values.set(row)
    for (let round = 0; round < 3; round++) {
      const first = (block * 3 + round) * width
      for (let at = 0; at < width; at++) values[at] = (values[at] ?? 0) * (signs[first + at] ?? 0)
      walshHadamard(values)
    }
    const turn = turns[block] ?? 0
    for (let at = 0; at < width; at++)
      values[at] = cosineOfTurns(Math.fround(Math.fround((values[at] ?? 0) * turn) + (phases[start + at] ?? 0)))
  }
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
function cosineOfTurns(t: number): number {
  const u = Math.fround(0.25 - Math.abs(Math.fround(t - Math.round(t))))
  const square = Math.fround(u * u)
  let sum = Math.fround(Math.fround(SINE[4] * square) + SINE[3])
  sum = Math.fround(Math.fround(sum * square) + SINE[2])
  sum = Math.fround(Math.fround(sum * square) + SINE[1])
  sum = Math.fround(Math.fround(sum * square) + SINE[0])
  return Math.fround(u * sum)
}
