import type { Layer, Matrix } from '../../../contract/compute.ts'
import type { Random } from '../../../contract/plugin.ts'

/** Widths between the input and its copy. */
const HIDDEN = [32, 8, 32] as const
const EPOCHS = 30
const BATCH = 32
const RATE = 2e-3
/** Adam: Kingma and Ba 2015 (arXiv 1412.6980), with the authors' constants. */
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8]

interface Trained {
  readonly layer: Layer
  readonly gradient: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
}

/**
 * A small autoencoder (columns-32-8-32-columns, ReLU between) that has learned to copy `samples`, by Adam on the squared
 * error. Seeded by `random`: the same samples give the same layers. About 3 s for 4,000 rows of 128.
 */
export function trainAutoencoder(samples: Matrix, random: Random): readonly Layer[] {
  const widths = [samples.columns, ...HIDDEN, samples.columns]
  const layers = widths.slice(1).map((outputs, i) => begin(widths[i] ?? 1, outputs, i < widths.length - 2, random))
  const values = layers.map(({ layer }) => new Float32Array(layer.outputs))
  const deltas = layers.map(({ layer }) => new Float32Array(layer.outputs))
  const order = Uint32Array.from({ length: samples.rows }, (_, i) => i)
  let step = 0
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random)
    for (let from = 0; from < order.length; from += BATCH) {
      const batch = order.subarray(from, from + BATCH)
      for (const row of batch)
        backward(layers, values, deltas, samples.values.subarray(row * samples.columns, (row + 1) * samples.columns))
      step++
      for (const trained of layers) descend(trained, batch.length, step)
    }
  }
  return layers.map(({ layer }) => layer)
}

/** What `mlpScore` computes for one row: the squared error of its copy, summed. */
export function reconstructionError(layers: readonly Layer[], row: Float32Array): number {
  let values: Float32Array = row
  for (const layer of layers) values = forward(layer, values, new Float32Array(layer.outputs))
  let error = 0
  for (let i = 0; i < row.length; i++) error += ((values[i] ?? 0) - (row[i] ?? 0)) ** 2
  return error
}

/** He's initialisation (2015, arXiv 1502.01852); weights and bias share one buffer of gradients and moments. */
function begin(inputs: number, outputs: number, isInner: boolean, random: Random): Trained {
  const spread = Math.sqrt(2 / inputs)
  const weights = Float32Array.from({ length: inputs * outputs }, () => spread * normal(random))
  const size = inputs * outputs + outputs
  return {
    layer: { inputs, outputs, weights, bias: new Float32Array(outputs), activation: isInner ? 'relu' : 'linear' },
    gradient: new Float32Array(size),
    first: new Float32Array(size),
    second: new Float32Array(size),
  }
}

function forward(
  { inputs, outputs, weights, bias, activation }: Layer,
  row: Float32Array,
  to: Float32Array,
): Float32Array {
  for (let o = 0; o < outputs; o++) {
    let sum = bias[o] ?? 0
    const from = o * inputs
    for (let i = 0; i < inputs; i++) sum += (weights[from + i] ?? 0) * (row[i] ?? 0)
    to[o] = activation === 'relu' && sum < 0 ? 0 : sum
  }
  return to
}

function backward(
  layers: readonly Trained[],
  values: readonly Float32Array[],
  deltas: readonly Float32Array[],
  row: Float32Array,
): void {
  let input = row
  for (const [at, { layer }] of layers.entries()) input = forward(layer, input, values[at] ?? row)
  const last = layers.length - 1
  const copied = values[last] ?? row
  const delta = deltas[last] ?? row
  for (let i = 0; i < delta.length; i++) delta[i] = 2 * ((copied[i] ?? 0) - (row[i] ?? 0))
  for (let at = last; at >= 0; at--) {
    const trained = layers[at]
    const own = deltas[at]
    if (!trained || !own) continue
    const below = at === 0 ? undefined : deltas[at - 1]
    propagate(trained, own, at === 0 ? row : (values[at - 1] ?? row), below)
  }
}

/** Adds to the gradient, and hands the error down through the ReLU of the layer below. */
function propagate(
  { layer, gradient }: Trained,
  delta: Float32Array,
  input: Float32Array,
  below: Float32Array | undefined,
): void {
  const { inputs, outputs, weights } = layer
  below?.fill(0)
  for (let o = 0; o < outputs; o++) {
    const error = delta[o] ?? 0
    if (error === 0) continue
    const from = o * inputs
    for (let i = 0; i < inputs; i++) {
      gradient[from + i] = (gradient[from + i] ?? 0) + error * (input[i] ?? 0)
      if (below) below[i] = (below[i] ?? 0) + error * (weights[from + i] ?? 0)
    }
    gradient[inputs * outputs + o] = (gradient[inputs * outputs + o] ?? 0) + error
  }
  if (below) for (let i = 0; i < below.length; i++) if ((input[i] ?? 0) <= 0) below[i] = 0
}

function descend({ layer, gradient, first, second }: Trained, rows: number, step: number): void {
  const { weights, bias } = layer
  const rate = (RATE * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step)
  for (let i = 0; i < gradient.length; i++) {
    const slope = (gradient[i] ?? 0) / rows
    const mean = BETA1 * (first[i] ?? 0) + (1 - BETA1) * slope
    const square = BETA2 * (second[i] ?? 0) + (1 - BETA2) * slope * slope
    first[i] = mean
    second[i] = square
    const change = (rate * mean) / (Math.sqrt(square) + EPSILON)
    if (i < weights.length) weights[i] = (weights[i] ?? 0) - change
    else bias[i - weights.length] = (bias[i - weights.length] ?? 0) - change
  }
  gradient.fill(0)
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1))
    const held = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = held
  }
}
