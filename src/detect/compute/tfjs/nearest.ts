import type { Matrix, Neighbours } from '../../../contract/compute.ts'
import { centreOf, scaleOf } from '../scale/scale.ts'
import type { Tensor, TensorFlow } from './tensorflow.ts'

/** Scores of one product at most: 64 MB. */
const MOST_SCORES = 16 * 1024 * 1024
/** Unit roundoff of float32. */
const ROUNDOFF = 2 ** -24

/**
 * References held for the search of neighbours. A product ranks them around their centre, more than k are kept, and the
 * distances of those are computed in double precision. A query for which the product's rounding might have left out a
 * neighbour is compared with every reference in double precision instead.
 */
export class Nearest {
  readonly matrix: Matrix
  readonly #tf: TensorFlow
  readonly #scale: number
  readonly #centre: Float32Array
  readonly #centred: Tensor
  /** Negated squared lengths of the centred rows. */
  readonly #norms: Tensor
  readonly #longest: number

  constructor(tf: TensorFlow, matrix: Matrix) {
    this.matrix = matrix
    this.#tf = tf
    this.#scale = scaleOf(matrix.values)
    this.#centre = centreOf(matrix)
    const { values, norms } = this.#around(matrix)
    this.#centred = tf.tensor(values, [matrix.rows, matrix.columns])
    this.#norms = tf.tensor(
      Float32Array.from(norms, (norm) => -norm),
      [1, matrix.rows],
    )
    let longest = 0
    for (const norm of norms) longest = Math.max(longest, norm)
    this.#longest = Math.sqrt(longest)
  }

  topK(queries: Matrix, k: number): Neighbours {
    const { rows } = this.matrix
    const keep = Math.min(rows, Math.max(2 * k, k + 8))
    const found = { k, distances: new Float32Array(queries.rows * k), indices: new Int32Array(queries.rows * k) }
    const step = Math.max(1, Math.floor(MOST_SCORES / rows))
    for (let first = 0; first < queries.rows; first += step) {
      const count = Math.min(step, queries.rows - first)
      const values = queries.values.subarray(first * queries.columns, (first + count) * queries.columns)
      const { norms, scores, indices } = this.#rank({ rows: count, columns: queries.columns, values }, keep)
      for (let row = 0; row < count; row++) {
        const kept = indices.subarray(row * keep, (row + 1) * keep)
        const best = this.#nearest(queries, first + row, kept, k)
        const norm = norms[row] ?? NaN
        const slack = (queries.columns + 16) * ROUNDOFF * (Math.sqrt(norm) + this.#longest) ** 2
        const least = norm - (scores[(row + 1) * keep - 1] ?? NaN) - slack
        const last = (best.at(-1)?.square ?? NaN) * this.#scale ** 2
        const sure = keep === rows || least > last
        const right = sure ? best : this.#nearest(queries, first + row, this.#all(), k)
        right.forEach(({ index, square }, place) => {
          found.indices[(first + row) * k + place] = index
          found.distances[(first + row) * k + place] = Math.sqrt(square)
        })
      }
    }
    return found
  }

  dispose(): void {
    this.#centred.dispose()
    this.#norms.dispose()
  }

  /** The kept references of each query, best first, with 2 q·r - |r|²; and the squared lengths of the queries. */
  #rank(
    queries: Matrix,
    keep: number,
  ): { readonly norms: Float64Array; readonly scores: Float32Array; readonly indices: Int32Array } {
    const tf = this.#tf
    const { values, norms } = this.#around(queries)
    return tf.tidy(() => {
      const product = tf.matMul(tf.tensor(values, [queries.rows, queries.columns]), this.#centred, false, true)
      const best = tf.topk(tf.add(tf.mul(product, 2), this.#norms), keep, true)
      return { norms, scores: best.values.dataSync(), indices: Int32Array.from(best.indices.dataSync()) }
    })
  }

  #around({ rows, columns, values }: Matrix): { readonly values: Float32Array; readonly norms: Float64Array } {
    const centred = new Float32Array(values.length)
    const norms = new Float64Array(rows)
    for (let at = 0; at < values.length; at++) {
      const value = Math.fround(((values[at] ?? 0) - (this.#centre[at % columns] ?? 0)) * this.#scale)
      centred[at] = value
      const row = Math.floor(at / columns)
      norms[row] = (norms[row] ?? 0) + value * value
    }
    return { values: centred, norms }
  }

  #all(): Int32Array {
    return Int32Array.from({ length: this.matrix.rows }, (_, row) => row)
  }

  #nearest(
    queries: Matrix,
    query: number,
    among: Int32Array,
    k: number,
  ): { readonly index: number; readonly square: number }[] {
    const { columns, values } = this.matrix
    const found: { index: number; square: number }[] = []
    for (const index of among) {
      let square = 0
      for (let column = 0; column < columns; column++) {
        const difference = (queries.values[query * columns + column] ?? NaN) - (values[index * columns + column] ?? NaN)
        square += difference * difference
      }
      found.push({ index, square })
    }
    return found.toSorted((a, b) => a.square - b.square || a.index - b.index).slice(0, k)
  }
}
