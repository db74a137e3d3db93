import type { PermutationResult, PermutationTest } from '../../../contract/compute.ts'
import { permutationP, relabellings, unbiasedMmd } from '../plan/plan.ts'
import { centreOf, scaleOf } from '../scale/scale.ts'
import type { Tensor, TensorFlow } from './tensorflow.ts'

/** Rows of the kernel matrix that exist at a time. */
const KERNEL_ROWS = 256
/** Labels at a time. */
const LABELS = 1024

/**
 * Rows of the kernel matrix by a product of the centred rows, then their sums under each label by another, added up in
 * double precision. Members of the two samples are multiplied apart: subtracting one from the total would break ties.
 */
export function permutationTest(tf: TensorFlow, test: PermutationTest): PermutationResult {
  const { rows } = test.pooled
  const labels = test.permutations + 1
  const within = new Float64Array(labels)
  const withinRest = new Float64Array(labels)
  const total = new Kernel(tf, test).sums(within, withinRest)
  const all = within.map((sum, label) => {
    const rest = withinRest[label] ?? NaN
    return unbiasedMmd(sum, rest, total - sum - rest, test.first, rows - test.first)
  })
  const statistic = all[0] ?? NaN
  const permuted = all.slice(1)
  return { statistic, permuted, p: permutationP(statistic, permuted) }
}

class Kernel {
  readonly #tf: TensorFlow
  readonly #test: PermutationTest
  readonly #values: Float32Array
  readonly #norms: Float64Array
  readonly #scale: number
  readonly #bits: Uint32Array

  constructor(tf: TensorFlow, test: PermutationTest) {
    const { rows, columns, values } = test.pooled
    this.#tf = tf
    this.#test = test
    this.#scale = scaleOf(values)
    this.#bits = relabellings(test)
    const centre = centreOf(test.pooled)
    this.#norms = new Float64Array(rows)
    this.#values = values.map((value, at) => (value - (centre[at % columns] ?? 0)) * this.#scale)
    this.#values.forEach((value, at) => {
      const row = Math.floor(at / columns)
      this.#norms[row] = (this.#norms[row] ?? 0) + value * value
    })
  }

  /** Adds to each label's sums over unordered pairs; gives the sum over all pairs. */
  sums(within: Float64Array, withinRest: Float64Array): number {
    const tf = this.#tf
    const { rows, columns } = this.#test.pooled
    const right = tf.tensor(this.#values, [rows, columns])
    const norms = tf.tensor(Float32Array.from(this.#norms), [1, rows])
    let total = 0
    try {
      for (let from = 0; from < within.length; from += LABELS) {
        const labels = Math.min(LABELS, within.length - from)
        const members = this.#members(from, labels)
        const first = tf.tensor(members, [rows, labels])
        const rest = tf.tensor(
          members.map((member) => 1 - member),
          [rows, labels],
        )
        for (let row = 0; row < rows; row += KERNEL_ROWS) {
          const count = Math.min(KERNEL_ROWS, rows - row)
          const { kernel, byFirst, byRest } = tf.tidy(() => {
            const block = this.#rows(right, norms, row, count)
            return {
              kernel: block.dataSync(),
              byFirst: tf.matMul(block, first).dataSync(),
              byRest: tf.matMul(block, rest).dataSync(),
            }
          })
          if (from === 0) for (const value of kernel) total += value / 2
          for (let at = 0; at < byFirst.length; at++) {
            const label = from + (at % labels)
            const member = members[row * labels + at] === 1
            if (member) within[label] = (within[label] ?? 0) + (byFirst[at] ?? NaN) / 2
            else withinRest[label] = (withinRest[label] ?? 0) + (byRest[at] ?? NaN) / 2
          }
        }
        first.dispose()
        rest.dispose()
      }
    } finally {
      right.dispose()
      norms.dispose()
    }
    return total
  }

  /** rows × labels of 1 and 0: whether the row is in the first sample. Label 0 is as given. */
  #members(from: number, labels: number): Float32Array {
    const { rows } = this.#test.pooled
    const words = Math.ceil(this.#test.permutations / 32)
    const members = new Float32Array(rows * labels)
    for (let row = 0; row < rows; row++)
      for (let at = 0; at < labels; at++) {
        const permutation = from + at - 1
        const word = this.#bits[row * words + (permutation >>> 5)] ?? 0
        const relabelled = (word >>> (permutation & 31)) & 1
        members[row * labels + at] = permutation < 0 ? Number(row < this.#test.first) : relabelled
      }
    return members
  }

  /** Some rows of the kernel matrix, with zeros for each row against itself. */
  #rows(right: Tensor, norms: Tensor, row: number, count: number): Tensor {
    const tf = this.#tf
    const { rows, columns } = this.#test.pooled
    const left = tf.tensor(this.#values.slice(row * columns, (row + count) * columns), [count, columns])
    const own = tf.tensor(Float32Array.from(this.#norms.subarray(row, row + count)), [count, 1])
    const product = tf.mul(tf.matMul(left, right, false, true), 2)
    const negated = tf.minimum(tf.sub(tf.sub(product, own), norms), 0)
    const others = new Float32Array(count * rows).fill(1 / this.#test.bandwidths.length)
    for (let at = 0; at < count; at++) others[at * rows + row + at] = 0
    let sum: Tensor | undefined
    for (const bandwidth of this.#test.bandwidths) {
      const kernel = tf.exp(tf.mul(negated, 1 / (2 * (bandwidth * this.#scale) ** 2)))
      sum = sum ? tf.add(sum, kernel) : kernel
    }
    return tf.mul(sum ?? negated, tf.tensor(others, [count, rows]))
  }
}
