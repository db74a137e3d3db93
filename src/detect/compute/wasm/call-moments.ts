import type { Matrix, Moments } from '../../../contract/compute.ts'
import { LEFT, RIGHT } from './products.ts'
import { chunksOf, rangesOf, type Range } from './ranges.ts'
import { covarianceScratch, type CovarianceTask } from './sums.ts'
import type { Bench, Caller } from './wasm.ts'

export async function momentsOf(caller: Caller, inputs: Matrix): Promise<Moments> {
  const { rows, columns } = inputs
  const mean = meanOf(inputs)
  const covariance = new Float64Array(columns * columns)
  for (const chunk of chunksOf(rows, columns * 4)) {
    const work = (chunk.to - chunk.from) * columns * columns
    await caller.work(work, (bench) => addProducts(bench, inputs, chunk, mean, covariance))
  }
  for (let at = 0; at < covariance.length; at++) covariance[at] = (covariance[at] ?? 0) / (rows - 1)
  return { mean, covariance }
}

/** In float64. */
export function meanOf({ rows, columns, values }: Matrix): Float64Array {
  const mean = new Float64Array(columns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      mean[column] = (mean[column] ?? 0) + (values[row * columns + column] ?? 0)
  return mean.map((sum) => sum / rows)
}

/** Rows `from`…`to` less the mean, into `target` at index `at`. */
export function centre(target: Float32Array, at: number, inputs: Matrix, range: Range, mean: Float64Array): void {
  const { columns, values } = inputs
  const first = range.from * columns
  for (let row = 0; row < range.to - range.from; row++)
    for (let column = 0; column < columns; column++) {
      const index = row * columns + column
      target[at + index] = (values[first + index] ?? 0) - (mean[column] ?? 0)
    }
}

async function addProducts(
  { desk, parts, run }: Bench,
  inputs: Matrix,
  chunk: Range,
  mean: Float64Array,
  covariance: Float64Array,
): Promise<void> {
  const { columns } = inputs
  const rows = chunk.to - chunk.from
  const values = desk.take(rows * columns * 4)
  const lefts = Math.ceil(columns / LEFT)
  const wide = Math.ceil(columns / RIGHT) * RIGHT
  const out = desk.take(lefts * LEFT * wide * 8)
  const tasks = rangesOf(lefts, parts, 1).map((range): CovarianceTask => ({
    kind: 'covariance',
    values,
    rows,
    columns,
    ...range,
    out,
    stride: wide * 8,
    scratch: desk.take(covarianceScratch(columns)),
  }))
  centre(desk.core.f32, values / 4, inputs, chunk, mean)
  await run(tasks)
  const { f64 } = desk.core
  for (let one = 0; one < columns; one++)
    for (let other = 0; other < columns; other++) {
      const at = one * columns + other
      covariance[at] = (covariance[at] ?? 0) + (f64[out / 8 + one * wide + other] ?? 0)
    }
}
