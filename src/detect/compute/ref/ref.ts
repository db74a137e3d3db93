import type {
  ColumnDistances,
  Features,
  FourierPlan,
  Held,
  Kernels,
  Layer,
  Matrix,
  Moments,
  Neighbours,
  PermutationResult,
  PermutationTest,
  TrainPlan,
} from '../../../contract/compute.ts'
import { transformChecked } from '../plan/fourier.ts'
import { fourierNumbers, permutationP, relabellings, unbiasedMmd } from '../plan/plan.ts'
import * as shapes from '../plan/shapes.ts'
import { columnDistances } from './columns.ts'
import { train } from './train.ts'

/**
 * Every kernel in float64, one loop after another as the definitions say: what the other devices are compared with, and
 * the last resort. `rff` alone is float32, in the fixed order that plan/fourier.ts describes; tests compare it with dense
 * float64 projections. About 1 million distances of 768 columns a second.
 */
export function openRef(): Kernels & { readonly what: string } {
  return new RefKernels()
}

class RefHeld implements Held {
  readonly rows: number
  readonly columns: number
  #matrix: Matrix | undefined

  constructor(matrix: Matrix) {
    this.rows = matrix.rows
    this.columns = matrix.columns
    this.#matrix = { ...matrix, values: matrix.values.slice() }
  }

  get matrix(): Matrix {
    if (!this.#matrix) throw new RangeError('these references were let go')
    return this.#matrix
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#matrix = undefined
  }
}

class RefKernels implements Kernels {
  readonly device = 'ref'
  readonly what = 'float64 in TypeScript, one thread'

  async hold(references: Matrix): Promise<Held> {
    shapes.checkMatrix(references, 'references')
    return new RefHeld(references)
  }

  async topK(queries: Matrix, references: Held, k: number): Promise<Neighbours> {
    shapes.checkTopK(queries, references, k)
    const { rows, columns, values } = heldMatrix(references)
    const distances = new Float32Array(queries.rows * k)
    const indices = new Int32Array(queries.rows * k)
    const squares = new Float64Array(rows)
    const order = Int32Array.from({ length: rows }, (_, row) => row)
    for (let query = 0; query < queries.rows; query++) {
      for (let row = 0; row < rows; row++)
        squares[row] = squaredDistance(queries.values, query * columns, values, row * columns, columns)
      order.sort((a, b) => (squares[a] ?? 0) - (squares[b] ?? 0) || a - b)
      indices.set(order.subarray(0, k), query * k)
      for (let place = 0; place < k; place++)
        distances[query * k + place] = Math.sqrt(squares[order[place] ?? 0] ?? NaN)
    }
    return { k, distances, indices }
  }

  async rff(inputs: Matrix, plan: FourierPlan, into?: Int8Array): Promise<Features> {
    shapes.checkFourier(inputs, plan, into)
    const values = into ?? new Int8Array(inputs.rows * plan.features)
    const numbers = fourierNumbers(plan)
    for (let row = 0; row < inputs.rows; row++)
      transformChecked(numbers, rowOf(inputs, row), values.subarray(row * plan.features, (row + 1) * plan.features))
    return { rows: inputs.rows, columns: plan.features, values }
  }

  async mmdPermute(test: PermutationTest): Promise<PermutationResult> {
    shapes.checkPermutation(test)
    const { rows } = test.pooled
    const bits = relabellings(test)
    const words = Math.ceil(test.permutations / 32)
    // Column 0 holds the sums under the labels as given, column b + 1 those under relabelling b.
    const within = new Float64Array(test.permutations + 1)
    const withinRest = new Float64Array(test.permutations + 1)
    const across = new Float64Array(test.permutations + 1)
    for (let one = 0; one < rows; one++)
      for (let other = one + 1; other < rows; other++) {
        const kernel = meanGaussian(test, one, other)
        for (let at = 0; at <= test.permutations; at++) {
          const members =
            at === 0
              ? Number(one < test.first) + Number(other < test.first)
              : bitOf(bits, one * words, at - 1) + bitOf(bits, other * words, at - 1)
          const sums = members === 2 ? within : members === 0 ? withinRest : across
          sums[at] = (sums[at] ?? 0) + kernel
        }
      }
    const all = within.map((sum, at) =>
      unbiasedMmd(sum, withinRest[at] ?? 0, across[at] ?? 0, test.first, rows - test.first),
    )
    const statistic = all[0] ?? NaN
    const permuted = all.slice(1)
    return { statistic, permuted, p: permutationP(statistic, permuted) }
  }

  async ksPsi(reference: Held, current: Matrix): Promise<ColumnDistances> {
    shapes.checkColumnPair(reference, current)
    return columnDistances(heldMatrix(reference), current)
  }

  async mlpScore(inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array> {
    shapes.checkLayers(inputs, layers)
    return Float32Array.from({ length: inputs.rows }, (_, row) => {
      const given = rowOf(inputs, row)
      const made = layers.reduce<ArrayLike<number>>(applyLayer, given)
      let sum = 0
      for (let column = 0; column < given.length; column++) sum += ((given[column] ?? 0) - (made[column] ?? 0)) ** 2
      return sum
    })
  }

  async mlpTrain(samples: Matrix, start: readonly Layer[], plan: TrainPlan): Promise<readonly Layer[]> {
    shapes.checkTraining(samples, start, plan)
    return train(samples, start, plan)
  }

  async moments(inputs: Matrix): Promise<Moments> {
    shapes.checkMoments(inputs)
    const { rows, columns, values } = inputs
    const mean = new Float64Array(columns)
    for (let at = 0; at < values.length; at++) mean[at % columns] = (mean[at % columns] ?? 0) + (values[at] ?? 0) / rows
    const covariance = new Float64Array(columns * columns)
    for (let row = 0; row < rows; row++)
      for (let one = 0; one < columns; one++) {
        const from = ((values[row * columns + one] ?? 0) - (mean[one] ?? 0)) / (rows - 1)
        for (let other = 0; other < columns; other++) {
          const at = one * columns + other
          covariance[at] = (covariance[at] ?? 0) + from * ((values[row * columns + other] ?? 0) - (mean[other] ?? 0))
        }
      }
    return { mean, covariance }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function heldMatrix(held: Held): Matrix {
  if (!(held instanceof RefHeld)) throw new RangeError('these references are held by another device')
  return held.matrix
}

function rowOf(matrix: Matrix, row: number): Float32Array {
  return matrix.values.subarray(row * matrix.columns, (row + 1) * matrix.columns)
}

function squaredDistance(a: Float32Array, fromA: number, b: Float32Array, fromB: number, columns: number): number {
  let sum = 0
  for (let column = 0; column < columns; column++) {
    const difference = (a[fromA + column] ?? 0) - (b[fromB + column] ?? 0)
    sum += difference * difference
  }
  return sum
}

function meanGaussian({ pooled, bandwidths }: PermutationTest, one: number, other: number): number {
  const { columns, values } = pooled
  const square = squaredDistance(values, one * columns, values, other * columns, columns)
  let sum = 0
  for (const bandwidth of bandwidths) sum += Math.exp(-square / (2 * bandwidth * bandwidth))
  return sum / bandwidths.length
}

function bitOf(bits: Uint32Array, start: number, index: number): number {
  return ((bits[start + (index >>> 5)] ?? 0) >>> (index & 31)) & 1
}

function applyLayer(inputs: ArrayLike<number>, layer: Layer): Float64Array {
  return Float64Array.from({ length: layer.outputs }, (_, output) => {
    let sum = layer.bias[output] ?? 0
    for (let input = 0; input < layer.inputs; input++)
      sum += (layer.weights[output * layer.inputs + input] ?? 0) * (inputs[input] ?? 0)
    return layer.activation === 'relu' ? Math.max(0, sum) : sum
  })
}
