import type {
  Features,
  FourierPlan,
  Layer,
  Matrix,
  Moments,
  PermutationResult,
  PermutationTest,
} from '../../../contract/compute.ts'
import { roundCosines } from '../plan/fourier.ts'
import { fourierNumbers } from '../plan/plan.ts'
import { columnDistances } from '../ref/columns.ts'
import { centringOf, covarianceOf } from '../scale/scale.ts'
import { Nearest } from './nearest.ts'
import type { Order, Result } from './orders.ts'
import { permutationTest } from './permute.ts'
import type { Tensor, TensorFlow } from './tensorflow.ts'
import { train } from './train.ts'

/**
 * Rows of every product: what is left over is filled with zeros. The library chooses its loops by the shape, so only a
 * constant shape gives a row the same numbers whatever rows came with it.
 */
const ROWS = 64
/** Rows whose products of columns are summed in single precision at a time. */
const MOMENT_ROWS = 1024

/** The kernels by TensorFlow's operations. Everything here blocks its thread. */
export class TensorKernels {
  readonly #tf: TensorFlow
  readonly #held = new Map<number, Nearest>()

  constructor(tf: TensorFlow) {
    this.#tf = tf
  }

  do(order: Order): Result {
    switch (order.does) {
      case 'hold':
        this.#held.set(order.held, new Nearest(this.#tf, order.references))
        break
      case 'release':
        this.#held.get(order.held)?.dispose()
        this.#held.delete(order.held)
        break
      case 'topK':
        return this.#references(order.held).topK(order.queries, order.k)
      case 'rff':
        return this.#fourier(order.inputs, order.plan)
      case 'mmdPermute':
        return this.#permute(order.test)
      case 'ksPsi':
        return columnDistances(this.#references(order.held).matrix, order.current)
      case 'mlpScore':
        return this.#score(order.inputs, order.layers)
      case 'mlpTrain':
        return train(this.#tf, order.samples, order.start, order.plan)
      case 'moments':
        return this.#moments(order.inputs)
    }
    return undefined
  }

  #references(held: number): Nearest {
    const found = this.#held.get(held)
    if (!found) throw new RangeError('these references were let go')
    return found
  }

  #permute(test: PermutationTest): PermutationResult {
    return permutationTest(this.#tf, test)
  }

  /** Walsh-Hadamard as two products: a row of a · b values, as a matrix, between the transforms of a and of b. */
  #fourier(inputs: Matrix, plan: FourierPlan): Features {
    const tf = this.#tf
    const { width, blocks, signs, turns, phases } = fourierNumbers(plan)
    const right = 2 ** Math.ceil(Math.log2(width) / 2)
    const left = width / right
    const result = new Int8Array(inputs.rows * plan.features)
    for (const { first, count, values } of rowBlocks(inputs)) {
      const padded = new Float32Array(ROWS * width)
      for (let row = 0; row < count; row++)
        padded.set(values.subarray(row * inputs.columns, (row + 1) * inputs.columns), row * width)
      const transformed = (x: Tensor): Tensor => {
        const rows = tf.matMul(tf.reshape(x, [ROWS * left, right]), tf.tensor(hadamard(right), [right, right]))
        const leftTransform = repeated(hadamard(left), ROWS)
        const columns = tf.matMul(tf.tensor(leftTransform, [ROWS, left, left]), tf.reshape(rows, [ROWS, left, right]))
        return tf.reshape(columns, [ROWS, width])
      }
      for (let block = 0; block < blocks; block++) {
        const found = tf.tidy(() => {
          let x = tf.tensor(padded, [ROWS, width])
          for (let round = 0; round < 3; round++) {
            const from = (block * 3 + round) * width
            x = transformed(tf.mul(x, tf.tensor(signs.slice(from, from + width), [1, width])))
          }
          const phase = tf.tensor(phases.slice(block * width, (block + 1) * width), [1, width])
          const t = tf.add(tf.mul(x, turns[block] ?? 0), phase)
          return tf.cos(tf.mul(tf.sub(t, tf.round(t)), 2 * Math.PI)).dataSync()
        })
        for (let row = 0; row < count; row++)
          roundCosines(
            found.subarray(row * width, (row + 1) * width),
            result,
            (first + row) * plan.features + block * width,
          )
      }
    }
    return { rows: inputs.rows, columns: plan.features, values: result }
  }

  /** The layers as products; the squared errors are summed in double precision. */
  #score(inputs: Matrix, layers: readonly Layer[]): Float32Array {
    const tf = this.#tf
    const scores = new Float32Array(inputs.rows)
    const weights = layers.map((layer) => tf.tensor(layer.weights, [layer.outputs, layer.inputs]))
    const biases = layers.map((layer) => tf.tensor(layer.bias, [1, layer.outputs]))
    try {
      for (const { first, count, values } of rowBlocks(inputs)) {
        const made = tf.tidy(() => {
          let x = tf.tensor(values, [ROWS, inputs.columns])
          layers.forEach(({ activation }, index) => {
            const [weight, bias] = [weights[index], biases[index]]
            if (!weight || !bias) return
            const sum = tf.add(tf.matMul(x, weight, false, true), bias)
            x = activation === 'relu' ? tf.relu(sum) : sum
          })
          return x.dataSync()
        })
        for (let row = 0; row < count; row++) {
          let sum = 0
          for (let at = row * inputs.columns; at < (row + 1) * inputs.columns; at++)
            sum += ((values[at] ?? 0) - (made[at] ?? NaN)) ** 2
          if (!Number.isFinite(sum)) throw new RangeError(`row ${first + row}: its error is beyond single precision`)
          scores[first + row] = sum
        }
      }
    } finally {
      for (const tensor of [...weights, ...biases]) tensor.dispose()
    }
    return scores
  }

  /** Mean in double precision; products of the centred columns in blocks of rows, added up in double precision. */
  #moments(inputs: Matrix): Moments {
    const tf = this.#tf
    const { rows, columns, values } = inputs
    const centring = centringOf(inputs)
    const sums = new Float64Array(columns * columns)
    const centred = new Float32Array(Math.min(rows, MOMENT_ROWS) * columns)
    for (let first = 0; first < rows; first += MOMENT_ROWS) {
      const count = Math.min(MOMENT_ROWS, rows - first)
      for (let at = 0; at < count * columns; at++) {
        const column = at % columns
        const off = (values[first * columns + at] ?? 0) - (centring.centre[column] ?? 0)
        centred[at] = off * (centring.scale[column] ?? 1)
      }
      const block = tf.tidy(() => {
        const x = tf.tensor(centred.slice(0, count * columns), [count, columns])
        return tf.matMul(x, x, true, false).dataSync()
      })
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (block[at] ?? NaN)
    }
    return { mean: centring.mean, covariance: covarianceOf(sums, centring) }
  }
}

/** Blocks of exactly ROWS rows, the last filled up with zeros. */
function* rowBlocks({
  rows,
  columns,
  values,
}: Matrix): Generator<{ readonly first: number; readonly count: number; readonly values: Float32Array }> {
  for (let first = 0; first < rows; first += ROWS) {
    const count = Math.min(ROWS, rows - first)
    const block = new Float32Array(ROWS * columns)
    block.set(values.subarray(first * columns, (first + count) * columns))
    yield { first, count, values: block }
  }
}

/** The Walsh-Hadamard matrix of a power of two: -1 to the number of bits that row and column share. */
function hadamard(size: number): Float32Array {
  const matrix = new Float32Array(size * size)
  for (let at = 0; at < matrix.length; at++) {
    let shared = Math.floor(at / size) & (at % size)
    let sign = 1
    for (; shared !== 0; shared &= shared - 1) sign = -sign
    matrix[at] = sign
  }
  return matrix
}

function repeated(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times)
  for (let at = 0; at < times; at++) all.set(values, at * values.length)
  return all
}
