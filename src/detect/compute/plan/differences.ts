import type {
  ColumnDistances,
  Features,
  Layer,
  Matrix,
  Moments,
  Neighbours,
  PermutationResult,
} from '../../../contract/compute.ts'

/**
 * How far a device may be from `ref`, by kernel; the unit is that of the function below that measures it. docs/compute.md
 * has the table, with what was measured.
 */
export const TOLERANCES = {
  topK: 1e-5,
  rff: 0.03,
  mmdPermute: 1e-5,
  ksPsi: 1e-5,
  mlpScore: 1e-4,
  mlpTrain: 1e-4,
  moments: 1e-4,
} as const
export type KernelName = keyof typeof TOLERANCES

/**
 * Of distances, relative. A neighbour other than the expected one counts by how much farther it truly is. Infinity where
 * a copy is not at distance 0.
 */
export function topKDifference(got: Neighbours, expected: Neighbours, queries: Matrix, references: Matrix): number {
  if (got.k !== expected.k || got.indices.length !== expected.indices.length) return Infinity
  let largest = got.distances.length === expected.distances.length ? 0 : Infinity
  for (let at = 0; at < expected.distances.length; at++) {
    const right = expected.distances[at] ?? NaN
    const told = got.distances[at] ?? NaN
    const row = got.indices[at] ?? -1
    const real = row === expected.indices[at] ? right : trueDistance(queries, Math.floor(at / got.k), references, row)
    largest = worse(largest, relative(told, right), relative(real, right))
  }
  return largest
}

function trueDistance(queries: Matrix, query: number, references: Matrix, row: number): number {
  let sum = 0
  for (let column = 0; column < queries.columns; column++)
    sum +=
      ((queries.values[query * queries.columns + column] ?? NaN) -
        (references.values[row * references.columns + column] ?? NaN)) **
      2
  return Math.sqrt(sum)
}

/** The share of features that are one off, as rounding a cosine near a half may be; Infinity where one is farther off. */
export function rffDifference(got: Features, expected: Features): number {
  if (got.values.length !== expected.values.length) return Infinity
  let off = 0
  for (let at = 0; at < expected.values.length; at++) {
    const difference = absolute(got.values[at] ?? NaN, expected.values[at] ?? NaN)
    if (!(difference <= 1)) return Infinity
    off += difference
  }
  return off / expected.values.length
}

/** Of the statistic and each permuted one, absolute; a p-value counts where it differs by more than one relabelling. */
export function mmdDifference(got: PermutationResult, expected: PermutationResult): number {
  const step = 1 / (1 + expected.permuted.length)
  return worse(
    absolute(got.statistic, expected.statistic),
    largestDifference(got.permuted, expected.permuted, absolute),
    Math.abs(got.p - expected.p) <= step * 1.001 ? 0 : Infinity,
  )
}

/** Absolute. */
export function ksPsiDifference(got: ColumnDistances, expected: ColumnDistances): number {
  return worse(largestDifference(got.ks, expected.ks, absolute), largestDifference(got.psi, expected.psi, absolute))
}

/** Relative. */
export function mlpDifference(got: Float32Array, expected: Float32Array): number {
  return largestDifference(got, expected, relative)
}

/** What training made, with what it leaves of each sample: `mlpScore` of the samples, on the same device for both. */
export interface Trained {
  readonly layers: readonly Layer[]
  readonly errors: Float32Array
}

/** The worse of two: of each weight, relative to it or to 1 if it is smaller; of the error that is left, relative. */
export function trainDifference(got: Trained, expected: Trained): number {
  const flat = ({ layers }: Trained): readonly number[] => layers.flatMap(({ weights, bias }) => [...weights, ...bias])
  const measure: Measure = (a, b) => Math.abs(a - b) / Math.max(1, Math.abs(b))
  return worse(largestDifference(flat(got), flat(expected), measure), lossDifference(got, expected))
}

/** Of the error that is left alone, relative: all that can be said after many steps. */
export function lossDifference(got: Trained, expected: Trained): number {
  const left = ({ errors }: Trained): number => errors.reduce((sum, error) => sum + error, 0)
  return relative(left(got), left(expected))
}

/** Of means in standard deviations, of covariances in the product of two; of a constant column absolute. */
export function momentsDifference(got: Moments, expected: Moments): number {
  const columns = expected.mean.length
  const deviation = expected.mean.map(
    (_, column) => Math.sqrt(expected.covariance[column * columns + column] ?? 0) || 1,
  )
  return worse(
    largestDifference(got.mean, expected.mean, (a, b, at) => Math.abs(a - b) / (deviation[at] ?? NaN)),
    largestDifference(
      got.covariance,
      expected.covariance,
      (a, b, at) => Math.abs(a - b) / ((deviation[Math.floor(at / columns)] ?? NaN) * (deviation[at % columns] ?? NaN)),
    ),
  )
}

type Measure = (got: number, expected: number, at: number) => number

function largestDifference(got: ArrayLike<number>, expected: ArrayLike<number>, measure: Measure): number {
  let largest = got.length === expected.length ? 0 : Infinity
  for (let at = 0; at < expected.length; at++)
    largest = worse(largest, measure(got[at] ?? NaN, expected[at] ?? NaN, at))
  return largest
}

/** The largest; what is no number is worse than all. */
function worse(...values: readonly number[]): number {
  return values.some(Number.isNaN) ? Infinity : Math.max(...values)
}

function absolute(got: number, expected: number): number {
  return Math.abs(got - expected)
}

function relative(got: number, expected: number): number {
  if (got === expected) return 0
  return Math.abs(got - expected) / Math.abs(expected)
}
