import type { Layer } from '../../../contract/compute.ts'
import { seededRandom } from '../../../runtime/random.ts'
import { products } from './products.ts'

/** Longer vectors are folded into so many columns with random signs, which keeps lengths on average. */
const FOLDED = 512
/** Directions that benign queries spread in; half of the columns where those are few. */
const MOST_DIRECTIONS = 128
/** Rounds of subspace iteration: the directions need not be exact, only to hold what benign queries spread in. */
const ROUNDS = 8

/** Part of the reference. */
export interface SubspaceSpec {
  readonly seed: number
  readonly columns: number
  /** `foldedColumns(columns)` numbers. */
  readonly centre: Float32Array
  /** Rows of as many numbers, orthonormal. */
  readonly directions: Float32Array
}

export function foldedColumns(columns: number): number {
  return Math.min(FOLDED, columns)
}

export function directionsOf(columns: number): number {
  return Math.min(MOST_DIRECTIONS, Math.max(1, foldedColumns(columns) >> 1))
}

/** Folds vectors of one length. */
export class Fold {
  readonly width: number
  readonly #signs: Int8Array

  constructor(seed: number, columns: number) {
    const random = seededRandom(seed)
    this.width = foldedColumns(columns)
    this.#signs = Int8Array.from({ length: columns }, () => (random.next() < 0.5 ? -1 : 1))
  }

  of(vector: Float32Array): Float32Array {
    const folded = new Float32Array(this.width)
    for (let i = 0, to = 0; i < vector.length; i++) {
      folded[to] = (folded[to] ?? 0) + (vector[i] ?? 0) * (this.#signs[i] ?? 0)
      if (++to === this.width) to = 0
    }
    return folded
  }
}

/**
 * What of a query lies outside of the directions that benign queries spread in: the reconstruction error of principal
 * components. Steps by a model's gradient and noise leave those directions long before they leave the class.
 */
export class Subspace {
  readonly fold: Fold
  /** The same for `Kernels.mlpScore`: onto the directions and back. */
  readonly layers: readonly Layer[]
  readonly #spec: SubspaceSpec

  constructor(spec: SubspaceSpec) {
    const { centre, directions } = spec
    const width = foldedColumns(spec.columns)
    const count = directions.length / width
    this.#spec = spec
    this.fold = new Fold(spec.seed, spec.columns)
    const back = new Float32Array(directions.length)
    const bias = new Float32Array(count)
    for (let k = 0; k < count; k++)
      for (let i = 0; i < width; i++) {
        const value = directions[k * width + i] ?? 0
        back[i * count + k] = value
        bias[k] = (bias[k] ?? 0) - value * (centre[i] ?? 0)
      }
    this.layers = [
      { inputs: width, outputs: count, weights: directions, bias, activation: 'linear' },
      { inputs: count, outputs: width, weights: back, bias: centre, activation: 'linear' },
    ]
  }

  /** The squared length of what is outside; 35 µs for 512 columns, where it was not prepared on a device. */
  outside(folded: Float32Array): number {
    const { centre, directions } = this.#spec
    const centred = new Float64Array(centre.length)
    let rest = 0
    for (let i = 0; i < centred.length; i++) {
      const value = (folded[i] ?? 0) - (centre[i] ?? 0)
      centred[i] = value
      rest += value * value
    }
    for (const along of products(directions, centred)) rest -= along * along
    return Math.max(0, rest)
  }
}

/** The leading directions of a covariance (`width` × `width`), by subspace iteration (Golub and Van Loan, 7.3). */
export function leadingDirections(covariance: Float64Array, width: number, count: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  let rows: readonly Float64Array[] = Array.from({ length: count }, () =>
    Float64Array.from({ length: width }, () => random.next() - 0.5),
  )
  for (let round = 0; round < ROUNDS; round++) {
    orthonormalise(rows)
    if (round < ROUNDS - 1) rows = rows.map((row) => times(covariance, row))
  }
  return Float32Array.from(rows.flatMap((row) => [...row]))
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const { length } = vector
  const result = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    let sum = 0
    for (let k = 0, at = i * length; k < length; k++, at++) sum += (matrix[at] ?? 0) * (vector[k] ?? 0)
    result[i] = sum
  }
  return result
}

/** Gram and Schmidt, modified; a row that is none of its own becomes zeros. */
function orthonormalise(rows: readonly Float64Array[]): void {
  for (const [k, row] of rows.entries()) {
    const before = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    for (const other of rows.slice(0, k)) {
      let along = 0
      for (let i = 0; i < row.length; i++) along += (row[i] ?? 0) * (other[i] ?? 0)
      for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) - along * (other[i] ?? 0)
    }
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    const scale = length > 1e-9 * before ? 1 / length : 0
    for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) * scale
  }
}
