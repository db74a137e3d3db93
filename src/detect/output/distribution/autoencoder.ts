import type { Kernels, Layer, Matrix } from '../../../contract/compute.ts'
import type { Random } from '../../../contract/plugin.ts'

/** Widths between the input and its copy. */
const HIDDEN = [32, 8, 32] as const
const LESSONS = { epochs: 30, batch: 32, rate: 2e-3 } as const
/** Seeds are drawn from so many. */
const SEEDS = 2 ** 31

/**
 * A small autoencoder (columns-32-8-32-columns, ReLU between) that has learned to copy `samples` on the device. Seeded by
 * `random`: the same samples on the same device give the same layers, another device some that copy as well. For 4,096
 * rows of 128 it takes `wasm` 0.2 s.
 */
export async function trainAutoencoder(samples: Matrix, compute: Kernels, random: Random): Promise<readonly Layer[]> {
  const widths = [samples.columns, ...HIDDEN, samples.columns]
  const start = widths.slice(1).map((outputs, i) => begin(widths[i] ?? 1, outputs, i < widths.length - 2, random))
  return compute.mlpTrain(samples, start, { ...LESSONS, seed: Math.floor(random.next() * SEEDS) })
}

/** What `mlpScore` computes for one row: the squared error of its copy, summed. */
export function reconstructionError(layers: readonly Layer[], row: Float32Array): number {
  let values: Float32Array = row
  for (const layer of layers) values = forward(layer, values)
  let error = 0
  for (let i = 0; i < row.length; i++) error += ((values[i] ?? 0) - (row[i] ?? 0)) ** 2
  return error
}

/** He's initialisation (2015, arXiv 1502.01852). */
function begin(inputs: number, outputs: number, isInner: boolean, random: Random): Layer {
  const spread = Math.sqrt(2 / inputs)
  const weights = Float32Array.from({ length: inputs * outputs }, () => spread * normal(random))
  return { inputs, outputs, weights, bias: new Float32Array(outputs), activation: isInner ? 'relu' : 'linear' }
}

function forward({ inputs, outputs, weights, bias, activation }: Layer, row: Float32Array): Float32Array {
  const made = new Float32Array(outputs)
  for (let o = 0; o < outputs; o++) {
    let sum = bias[o] ?? 0
    const from = o * inputs
    for (let i = 0; i < inputs; i++) sum += (weights[from + i] ?? 0) * (row[i] ?? 0)
    made[o] = activation === 'relu' && sum < 0 ? 0 : sum
  }
  return made
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
