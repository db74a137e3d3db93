import type { Matrix } from '../../../contract/compute.ts'

/** Rows from which the centre is taken: the ranking needs it near the middle, not exact. */
const CENTRE_ROWS = 4096

/** The power of two that brings the largest of the values near 1. */
export function scaleOf(values: Float32Array): number {
  let largest = 0
  for (let at = 0; at < values.length; at++) largest = Math.max(largest, Math.abs(values[at] ?? 0))
  return largest === 0 ? 1 : 2 ** -Math.max(-100, Math.floor(Math.log2(largest)) + 1)
}

/** A point amid the rows, from some of them: ranking by products is more exact around it. */
export function centreOf({ rows, columns, values }: Matrix): Float32Array {
  const step = Math.ceil(rows / CENTRE_ROWS)
  const sums = new Float64Array(columns)
  let looked = 0
  for (let row = 0; row < rows; row += step, looked++)
    for (let column = 0; column < columns; column++)
      sums[column] = (sums[column] ?? 0) + (values[row * columns + column] ?? 0)
  return Float32Array.from(sums, (sum) => sum / looked)
}

export function centringOf({ rows, columns, values }: Matrix): Centring {
  const mean = meanOf(values, rows, columns)
  const centre = Float32Array.from(mean)
  return { rows, columns, mean, centre, scale: scalesOf(values, columns, centre) }
}

function meanOf(values: Float32Array, rows: number, columns: number): Float64Array {
  const sums = new Float64Array(columns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      sums[column] = (sums[column] ?? 0) + (values[row * columns + column] ?? 0)
  return sums.map((sum) => sum / rows)
}

function scalesOf(values: Float32Array, columns: number, centre: Float32Array): Float32Array {
  const largest = new Float64Array(columns)
  for (let from = 0; from < values.length; from += columns)
    for (let column = 0; column < columns; column++) {
      const off = Math.abs((values[from + column] ?? 0) - (centre[column] ?? 0))
      if (off > (largest[column] ?? 0)) largest[column] = off
    }
  return Float32Array.from(largest, (most) => (most === 0 ? 1 : 2 ** -Math.max(-100, Math.floor(Math.log2(most)) + 1)))
}

/** What brings the columns of some rows near 0 and 1 before single precision multiplies them. */
export interface Centring {
  readonly rows: number
  readonly columns: number
  readonly mean: Float64Array
  /** The mean in single precision. */
  readonly centre: Float32Array
  /** For each column the power of two that brings its values, less the centre, near 1. */
  readonly scale: Float32Array
}

/** Sums below the diagonal -> the whole matrix, with what the rounded centre is off taken out. */
export function covarianceOf(sums: Float64Array, { rows, columns, mean, centre, scale }: Centring): Float64Array {
  const covariance = new Float64Array(columns * columns)
  const off = mean.map((value, column) => value - (centre[column] ?? 0))
  for (let one = 0; one < columns; one++)
    for (let other = 0; other <= one; other++) {
      const sum = (sums[one * columns + other] ?? NaN) / ((scale[one] ?? 1) * (scale[other] ?? 1))
      const value = (sum - rows * (off[one] ?? 0) * (off[other] ?? 0)) / (rows - 1)
      covariance[one * columns + other] = value
      covariance[other * columns + one] = value
    }
  return covariance
}
