import type { FourierPlan, Held, Layer, Matrix, PermutationTest, TrainPlan } from '../../../contract/compute.ts'
import { fourierWidth } from './plan.ts'

/** How many neighbours `topK` finds at most. */
const MAX_NEIGHBOURS = 64
/** How many relabellings `mmdPermute` makes at most. */
const MAX_PERMUTATIONS = 100_000
/** Rows that `mmdPermute` takes at most: it works on rows × rows kernel values, a few rows of them at a time. */
const MAX_POOLED = 50_000

/** What a `TrainPlan` says at most. */
const [MAX_EPOCHS, MAX_BATCH, MAX_RATE] = [10_000, 4096, 1]

/** Columns that `moments` takes at most: a covariance of 128 MiB. */
const MAX_MOMENT_COLUMNS = 4096
/** Bandwidths of `rff` at least: with inputs below 2^64 no projection of any width leaves single precision. */
const LEAST_BANDWIDTH = 2 ** -32
/** How a float32 writes its size, from bit 23 on: as the power of two plus 127; infinities and no number as 255. */
const [EXPONENT, EXPONENT_BIT, EXPONENT_BIAS, INFINITE] = [0x7f800000, 23, 127, 255]
/** Inputs of `rff` are below 2^64. */
const FOURIER_EXPONENT = EXPONENT_BIAS + 64

/*
 * What every device checks before it computes. All throw RangeError in words; `what` names the matrix.
 */

export function checkMatrix(matrix: Matrix, what: string, exponent = INFINITE): void {
  const { rows, columns, values } = matrix
  if (!isCount(rows) || !isCount(columns))
    throw new RangeError(`${what} of ${rows} x ${columns}: rows and columns are whole numbers from 1`)
  if (values.length !== rows * columns)
    throw new RangeError(`${what} of ${rows} x ${columns} has ${values.length} values, not ${rows * columns}`)
  if (allBelow(values, exponent)) return
  const power = exponent - EXPONENT_BIAS
  const at = values.findIndex((value) => !(Math.abs(value) < 2 ** power))
  const wanted = exponent === INFINITE || !Number.isFinite(values[at]) ? 'a finite number' : `below 2^${power}`
  throw new RangeError(
    `row ${Math.floor(at / columns)}, column ${at % columns} of ${what} is ${String(values[at])}, not ${wanted}`,
  )
}

/** By the bits: the exponent, and those above it, overflow into the sign when what is missing to 256 is added. */
function allBelow(values: Float32Array, exponent: number): boolean {
  const missing = (256 - exponent) << EXPONENT_BIT
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  const fours = bits.length & ~3
  let found = 0
  // Four at a time: this is asked of every matrix that goes to a device.
  for (let at = 0; at < fours; at += 4)
    found |=
      (((bits[at] ?? 0) & EXPONENT) + missing) |
      (((bits[at + 1] ?? 0) & EXPONENT) + missing) |
      (((bits[at + 2] ?? 0) & EXPONENT) + missing) |
      (((bits[at + 3] ?? 0) & EXPONENT) + missing)
  for (let at = fours; at < bits.length; at++) found |= ((bits[at] ?? 0) & EXPONENT) + missing
  return found >= 0
}

export function checkTopK(queries: Matrix, references: Held, k: number): void {
  checkMatrix(queries, 'queries')
  checkColumns(queries.columns, references.columns, 'queries')
  if (!isCount(k) || k > Math.min(MAX_NEIGHBOURS, references.rows))
    throw new RangeError(
      `k of ${k}: it is a whole number in 1..${Math.min(MAX_NEIGHBOURS, references.rows)} for ${references.rows} references`,
    )
}

export function checkFourier(inputs: Matrix, plan: FourierPlan, into?: Int8Array): void {
  checkMatrix(inputs, 'inputs', FOURIER_EXPONENT)
  checkColumns(inputs.columns, plan.columns, 'inputs')
  checkPlan(plan)
  if (into && into.length !== inputs.rows * plan.features)
    throw new RangeError(`room for ${into.length} features, not ${inputs.rows} x ${plan.features}`)
}

function checkPlan(plan: FourierPlan): void {
  const width = fourierWidth(plan.columns)
  if (!isCount(plan.features) || plan.features % width !== 0)
    throw new RangeError(`${plan.features} features: they are a multiple of ${width} for ${plan.columns} columns`)
  checkBandwidths(plan.bandwidths)
  if (plan.bandwidths.some((bandwidth) => bandwidth < LEAST_BANDWIDTH))
    throw new RangeError(`bandwidths of ${plan.bandwidths.join(', ')}: at least ${LEAST_BANDWIDTH} for features`)
}

export function checkPermutation(test: PermutationTest): void {
  checkMatrix(test.pooled, 'pooled rows')
  const { rows } = test.pooled
  if (!isCount(test.first) || test.first < 2 || rows - test.first < 2)
    throw new RangeError(`samples of ${test.first} and ${rows - test.first} rows: each needs at least 2`)
  if (rows > MAX_POOLED) throw new RangeError(`${rows} pooled rows: at most ${MAX_POOLED}`)
  if (!isCount(test.permutations) || test.permutations > MAX_PERMUTATIONS)
    throw new RangeError(`${test.permutations} permutations: a whole number in 1..${MAX_PERMUTATIONS}`)
  checkBandwidths(test.bandwidths)
}

export function checkColumnPair(reference: Held, current: Matrix): void {
  checkMatrix(current, 'current rows')
  checkColumns(current.columns, reference.columns, 'current rows')
}

export function checkLayers(inputs: Matrix, layers: readonly Layer[]): void {
  checkMatrix(inputs, 'inputs')
  if (layers.length === 0) throw new RangeError('a network without layers')
  let width = inputs.columns
  layers.forEach((layer, index) => {
    if (layer.inputs !== width)
      throw new RangeError(`layer ${index} takes ${layer.inputs} inputs, but what comes before it gives ${width}`)
    checkMatrix({ rows: layer.outputs, columns: layer.inputs, values: layer.weights }, `weights of layer ${index}`)
    checkMatrix({ rows: 1, columns: layer.outputs, values: layer.bias }, `bias of layer ${index}`)
    width = layer.outputs
  })
  if (width !== inputs.columns)
    throw new RangeError(`the last layer gives ${width} outputs for rows of ${inputs.columns} columns`)
}

export function checkTraining(samples: Matrix, start: readonly Layer[], { epochs, batch, rate }: TrainPlan): void {
  checkLayers(samples, start)
  if (!isCount(epochs) || epochs > MAX_EPOCHS)
    throw new RangeError(`${epochs} epochs: a whole number in 1..${MAX_EPOCHS}`)
  if (!isCount(batch) || batch > MAX_BATCH)
    throw new RangeError(`a batch of ${batch} rows: a whole number in 1..${MAX_BATCH}`)
  if (!(rate > 0 && rate <= MAX_RATE)) throw new RangeError(`a rate of ${rate}: above 0, at most ${MAX_RATE}`)
}

/** `numbers` are the weights and squared moments that training ended with. */
export function checkTrained(...numbers: readonly Float32Array[]): void {
  if (!numbers.every((some) => allBelow(some, INFINITE)))
    throw new RangeError('training went beyond single precision: scale the samples, or lower the rate')
}

export function checkMoments(inputs: Matrix): void {
  checkMatrix(inputs, 'inputs')
  if (inputs.rows < 2) throw new RangeError('a covariance needs at least 2 rows')
  if (inputs.columns > MAX_MOMENT_COLUMNS)
    throw new RangeError(`${inputs.columns} columns: a covariance is made of at most ${MAX_MOMENT_COLUMNS}`)
}

function checkColumns(columns: number, expected: number, what: string): void {
  if (columns !== expected) throw new RangeError(`${what} of ${columns} columns do not fit ${expected} columns`)
}

function checkBandwidths(bandwidths: readonly number[]): void {
  if (bandwidths.length === 0 || !bandwidths.every((bandwidth) => Number.isFinite(bandwidth) && bandwidth > 0))
    throw new RangeError(`bandwidths of ${bandwidths.join(', ')}: at least one, all above 0`)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
