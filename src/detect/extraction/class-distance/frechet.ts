import { symmetricEigen } from './eigen.ts'
import { COORDINATES } from './space.ts'

/** Queries of one class for which the usual distance is known; between them it is interpolated. */
export const SIZES = [1, 2, 4, 8, 16, 32] as const

/** What benign queries of one class are like, in measured coordinates. */
export interface ClassOf {
  readonly mean: Float64Array
  /** `COORDINATES` × `COORDINATES`. */
  readonly covariance: Float64Array
  readonly trace: number
  /** The mean distance of so many benign queries (`SIZES`). */
  readonly usual: Float64Array
}

/**
 * Fréchet's distance, squared, between the Gaussians of a class and of these queries (Dowson and Landau 1982):
 * |μ - m|² + tr(Σ + S - 2 (Σ S)^½). With S of n queries, the last term is the sum of the roots of the eigenvalues of an
 * n × n matrix, X Σ Xᵀ / (n - 1) of the centred queries X: few queries cost little.
 */
export function frechet(
  { mean, covariance, trace }: Pick<ClassOf, 'mean' | 'covariance' | 'trace'>,
  queries: readonly Float64Array[],
): number {
  const { length } = queries
  const own = new Float64Array(COORDINATES)
  for (const query of queries) for (let k = 0; k < COORDINATES; k++) own[k] = (own[k] ?? 0) + (query[k] ?? 0) / length
  let shift = 0
  for (let k = 0; k < COORDINATES; k++) shift += ((mean[k] ?? 0) - (own[k] ?? 0)) ** 2
  if (length === 1) return shift + trace
  const centred = queries.map((query) => query.map((value, k) => value - (own[k] ?? 0)))
  const through = centred.map((query) => times(covariance, query))
  const gram = new Float64Array(length * length)
  let spread = 0
  for (const [i, row] of centred.entries()) {
    spread += dot(row, row) / (length - 1)
    for (const [j, other] of through.entries()) gram[i * length + j] = dot(row, other) / (length - 1)
  }
  const { values } = symmetricEigen(gram, length)
  const common = values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0)
  return shift + trace + spread - 2 * common
}

/** The usual distance of `count` benign queries of a class. */
export function usualOf({ usual }: Pick<ClassOf, 'usual'>, count: number): number {
  const at = Math.min(Math.log2(Math.max(1, count)), SIZES.length - 1)
  const [below, share] = [Math.floor(at), at % 1]
  const low = usual[below] ?? 0
  return low + share * ((usual[below + 1] ?? low) - low)
}

/** How much farther than usual a window's queries are from their classes: the mean over queries. */
export function excess(classes: readonly ClassOf[], window: readonly WindowQuery[]): number {
  const byClass = Map.groupBy(window, ({ place }) => place)
  let sum = 0
  for (const [place, queries] of byClass) {
    const found = classes[place]
    if (!found) continue
    const distance = frechet(
      found,
      queries.map(({ at }) => at),
    )
    sum += queries.length * (distance - usualOf(found, queries.length))
  }
  return sum / window.length
}

interface WindowQuery {
  /** Which class. */
  readonly place: number
  /** Measured coordinates. */
  readonly at: Float64Array
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const result = new Float64Array(COORDINATES)
  for (let i = 0; i < COORDINATES; i++) {
    let sum = 0
    for (let k = 0, at = i * COORDINATES; k < COORDINATES; k++, at++) sum += (matrix[at] ?? 0) * (vector[k] ?? 0)
    result[i] = sum
  }
  return result
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < COORDINATES; k++) sum += (a[k] ?? 0) * (b[k] ?? 0)
  return sum
}
