import type { Layer, Matrix } from '../../../src/contract/compute.ts'
import { seededRandom } from '../../../src/runtime/random.ts'

export function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, values: Float32Array.from(rows.flat()) }
}

/** Normally distributed values of standard deviation `scale`. */
export function normal(seed: number, rows: number, columns: number, scale = 1): Matrix {
  const random = seededRandom(seed)
  const draw = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()) * scale
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, draw) }
}

export function randomLayer(seed: number, inputs: number, outputs: number, relu: boolean): Layer {
  return {
    inputs,
    outputs,
    weights: normal(seed, outputs, inputs, 1 / Math.sqrt(inputs)).values,
    bias: normal(seed + 100, 1, outputs).values,
    activation: relu ? 'relu' : 'linear',
  }
}
