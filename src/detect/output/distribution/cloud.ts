import type { Held, Kernels, Layer, Matrix } from '../../../contract/compute.ts'
import type { Random } from '../../../contract/plugin.ts'
import { seededRandom } from '../../../runtime/random.ts'
import { reconstructionError, trainAutoencoder } from './autoencoder.ts'

/** Rows that the autoencoder learns from. */
const LESSONS = 4_096
/** Which neighbour's distance counts: Sun et al. 2022 (arXiv 2204.06507) take more of a larger bank. */
const NEIGHBOUR = 10
/** Added to each variance, as a share of their mean: a column that never moved must not decide. */
const RIDGE = 1e-3
/** Fewer rows than this many for each column have no covariance to speak of. */
export const ROWS_A_COLUMN = 4

/** Where the vectors of benign answers lie. */
export interface CloudParts {
  readonly columns: number
  readonly mean: Float64Array
  /** Columns × columns, lower: the inverse of the Cholesky factor of the covariance. */
  readonly whitening: Float64Array
  /** Rows of unit length. */
  readonly bank: Float32Array
  readonly layers: readonly Layer[]
}

/** Squared Mahalanobis distance, distance to the 10th neighbour at unit length, and what an autoencoder leaves out. */
export type Distances = readonly [mahalanobis: number, neighbour: number, reconstruction: number]

export class Cloud {
  readonly #parts: CloudParts

  constructor(parts: CloudParts) {
    this.#parts = parts
  }

  /** `rows` is a sample of benign vectors, at least four for each column; so many of them are kept as neighbours. */
  static async fit(rows: Matrix, neighbours: number, compute: Kernels, random: Random): Promise<Cloud> {
    const { mean, covariance } = await compute.moments(rows)
    const whitening = inverseOfCholesky(ridged(covariance, rows.columns), rows.columns)
    const bank = evenly(rows, neighbours)
    const empty = { columns: rows.columns, mean, whitening, bank: new Float32Array(0), layers: [] }
    const plain = new Cloud(empty)
    const whitened = new Float32Array(Math.min(LESSONS, rows.rows) * rows.columns)
    for (const [i, row] of eachRow(evenly(rows, LESSONS)).entries()) whitened.set(plain.whiten(row), i * rows.columns)
    const lessons = { rows: whitened.length / rows.columns, columns: rows.columns, values: whitened }
    const layers = await trainAutoencoder(lessons, compute, seededRandom(Math.floor(random.next() * 2 ** 31)))
    const units = new Float32Array(bank.values.length)
    for (const [i, row] of eachRow(bank).entries()) units.set(unit(row), i * rows.columns)
    return new Cloud({ ...empty, bank: units, layers })
  }

  get parts(): CloudParts {
    return this.#parts
  }

  get bank(): Matrix {
    const { bank, columns } = this.#parts
    return { rows: bank.length / columns, columns, values: bank }
  }

  /** All rows at once, on the device. */
  async distances(rows: readonly Float32Array[], compute: Kernels, held: Held): Promise<readonly Distances[]> {
    if (rows.length === 0) return []
    const { columns, layers } = this.#parts
    const [units, whitened] = [new Float32Array(rows.length * columns), new Float32Array(rows.length * columns)]
    for (const [i, row] of rows.entries()) {
      units.set(unit(row), i * columns)
      whitened.set(this.whiten(row), i * columns)
    }
    const k = Math.min(NEIGHBOUR, held.rows)
    const near = await compute.topK({ rows: rows.length, columns, values: units }, held, k)
    const left = await compute.mlpScore({ rows: rows.length, columns, values: whitened }, layers)
    return rows.map((_, i) => [
      squareOf(whitened.subarray(i * columns, (i + 1) * columns)),
      near.distances[i * k + k - 1] ?? 0,
      left[i] ?? 0,
    ])
  }

  /** One row, without a device. */
  distancesOf(row: Float32Array): Distances {
    const { columns, bank, layers } = this.#parts
    const [whitened, own] = [this.whiten(row), unit(row)]
    const squares = new Float64Array(bank.length / columns)
    for (let r = 0; r < squares.length; r++) {
      let sum = 0
      for (let i = 0; i < columns; i++) sum += ((bank[r * columns + i] ?? 0) - (own[i] ?? 0)) ** 2
      squares[r] = sum
    }
    squares.sort()
    const neighbour = Math.sqrt(squares[Math.min(NEIGHBOUR, squares.length) - 1] ?? 0)
    return [squareOf(whitened), neighbour, reconstructionError(layers, whitened)]
  }

  whiten(row: Float32Array): Float32Array {
    const { columns, mean, whitening } = this.#parts
    const whitened = new Float32Array(columns)
    for (let r = 0; r < columns; r++) {
      let sum = 0
      for (let c = 0; c <= r; c++) sum += (whitening[r * columns + c] ?? 0) * ((row[c] ?? 0) - (mean[c] ?? 0))
      whitened[r] = sum
    }
    return whitened
  }
}

function squareOf(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}

function unit(row: Float32Array): Float32Array {
  const length = Math.sqrt(squareOf(row))
  return length === 0 ? row.slice() : row.map((value) => value / length)
}

function eachRow({ rows, columns, values }: Matrix): readonly Float32Array[] {
  return Array.from({ length: rows }, (_, i) => values.subarray(i * columns, (i + 1) * columns))
}

/** Evenly spaced rows, `most` of them at most. */
function evenly(matrix: Matrix, most: number): Matrix {
  if (matrix.rows <= most) return matrix
  const values = new Float32Array(most * matrix.columns)
  for (let i = 0; i < most; i++) {
    const from = Math.floor((i * matrix.rows) / most) * matrix.columns
    values.set(matrix.values.subarray(from, from + matrix.columns), i * matrix.columns)
  }
  return { rows: most, columns: matrix.columns, values }
}

function ridged(covariance: Float64Array, columns: number): Float64Array {
  let trace = 0
  for (let i = 0; i < columns; i++) trace += covariance[i * columns + i] ?? 0
  const ridge = Math.max((RIDGE * trace) / columns, Number.MIN_VALUE)
  const result = covariance.slice()
  for (let i = 0; i < columns; i++) result[i * columns + i] = (result[i * columns + i] ?? 0) + ridge
  return result
}

/** L^-1 of a positive definite matrix LL', lower, row by row. Throws RangeError for a matrix that is not. */
export function inverseOfCholesky(matrix: Float64Array, columns: number): Float64Array {
  const at = (values: Float64Array, r: number, c: number): number => values[r * columns + c] ?? 0
  const factor = new Float64Array(columns * columns)
  for (let r = 0; r < columns; r++)
    for (let c = 0; c <= r; c++) {
      let sum = at(matrix, r, c)
      for (let k = 0; k < c; k++) sum -= at(factor, r, k) * at(factor, c, k)
      if (r === c && !(sum > 0)) throw new RangeError('the matrix is not positive definite')
      factor[r * columns + c] = r === c ? Math.sqrt(sum) : sum / at(factor, c, c)
    }
  const inverse = new Float64Array(columns * columns)
  for (let c = 0; c < columns; c++) {
    inverse[c * columns + c] = 1 / at(factor, c, c)
    for (let r = c + 1; r < columns; r++) {
      let sum = 0
      for (let k = c; k < r; k++) sum -= at(factor, r, k) * at(inverse, k, c)
      inverse[r * columns + c] = sum / at(factor, r, r)
    }
  }
  return inverse
}
