import type { Layer, TrainPlan } from '../../../contract/compute.ts'
import { ADAM, epochOrders, rateOf } from '../plan/training.ts'
import type { Instance } from './instance.ts'
import { TILE } from './learning.ts'

/** A whole training: each step needs the one before. `start` is only read, so that it can be begun again. */
export interface TrainTask {
  readonly kind: 'train'
  /** Row-major. */
  readonly samples: number
  readonly rows: number
  readonly columns: number
  readonly layers: readonly Shape[]
  /** As `numbersOf` lays them out. */
  readonly start: number
  readonly plan: TrainPlan
  /** Where the weights and then the squared moments go. */
  readonly trained: number
  readonly scratch: number
}

export type Shape = Pick<Layer, 'inputs' | 'outputs' | 'activation'>

const BYTES = 4
/** Of what a row of values has after its columns: a one, whose weights are the bias, and zeros. */
const ONES = TILE.columns

/**
 * A layer's place among the numbers of all: input by input the weights to each output, filled up with zeros to a tile,
 * then the bias, then zeros. `at`, `stride` and `length` are in numbers, not bytes.
 */
export interface Place extends Shape {
  readonly at: number
  readonly stride: number
  /** The row of the bias. */
  readonly bias: number
  readonly length: number
}

export function placesOf(layers: readonly Shape[]): readonly Place[] {
  let at = 0
  return layers.map(({ inputs, outputs, activation }) => {
    const [bias, stride] = [filled(inputs), filled(outputs)]
    const place = { inputs, outputs, activation, at, stride, bias, length: (bias + TILE.rows) * stride }
    at += place.length
    return place
  })
}

/** Numbers of all layers. */
export function lengthOf(places: readonly Place[]): number {
  return places.reduce((sum, { length }) => sum + length, 0)
}

function filled(columns: number): number {
  return Math.ceil(columns / TILE.columns) * TILE.columns
}

/** Values of a batch: `stride` bytes from row to row, `bytes` in all. */
interface Values {
  readonly at: number
  readonly columns: number
  readonly stride: number
  readonly bytes: number
}

interface Layout {
  /** Of all layers: slopes, and the mean of Adam; weights and mean squares lie in the result. */
  readonly slopes: number
  readonly first: number
  /** A layer's weights output by output. */
  readonly turned: number
  /** 0 and -Infinity, then the factors of `descend`. */
  readonly floors: number
  readonly factors: number
  /** The batch, then what each layer makes of it; and how the error changes with each of those. */
  readonly values: readonly Values[]
  readonly deltas: readonly Values[]
  readonly end: number
}

export function trainScratch(layers: readonly Shape[], batch: number): number {
  return layoutOf(0, placesOf(layers), batch).end
}

function layoutOf(from: number, places: readonly Place[], batch: number): Layout {
  let end = from
  const take = (length: number): number => {
    const start = end
    end += Math.ceil(length / 4) * 4 * BYTES
    return start
  }
  const rows = Math.ceil(batch / TILE.rows) * TILE.rows
  const taken = (columns: number): Values => {
    const stride = filled(columns) + ONES
    return { at: take(rows * stride), columns, stride: stride * BYTES, bytes: rows * stride * BYTES }
  }
  const widths = [places[0]?.inputs ?? 0, ...places.map(({ outputs }) => outputs)]
  const numbers = lengthOf(places)
  return {
    slopes: take(numbers),
    first: take(numbers),
    turned: take(Math.max(...places.map(({ length }) => length))),
    floors: take(2),
    factors: take(5),
    values: widths.map(taken),
    deltas: widths.map(taken),
    end,
  }
}

export function train(core: Instance, task: TrainTask): void {
  const { f32, run } = core
  const { samples, rows, columns, plan } = task
  const places = placesOf(task.layers)
  const numbers = lengthOf(places)
  const layout = layoutOf(task.scratch, places, Math.min(plan.batch, rows))
  const second = task.trained + numbers * BYTES
  f32.fill(0, layout.slopes / BYTES, layout.end / BYTES)
  f32.fill(0, second / BYTES, second / BYTES + numbers)
  f32.copyWithin(task.trained / BYTES, task.start / BYTES, task.start / BYTES + numbers)
  f32[layout.floors / BYTES + 1] = -Infinity
  for (const values of layout.values) setOnes(f32, values)
  const [batch] = layout.values
  if (!batch) return
  let step = 0
  for (const order of epochOrders(rows, plan))
    for (let from = 0; from < rows; from += plan.batch) {
      const taken = order.subarray(from, from + plan.batch)
      for (const [place, row] of taken.entries()) {
        const start = samples / BYTES + row * columns
        f32.copyWithin((batch.at + place * batch.stride) / BYTES, start, start + columns)
      }
      slopesOf(core, places, layout, task.trained, taken.length)
      f32.set([1 / taken.length, ADAM.mean, ADAM.square, rateOf(plan, ++step), ADAM.epsilon], layout.factors / BYTES)
      run.descend(task.trained, layout.slopes, layout.first, second, numbers * BYTES, layout.factors)
    }
}

function setOnes(f32: Float32Array, { at, columns, stride, bytes }: Values): void {
  for (let row = at; row < at + bytes; row += stride) f32[row / BYTES + filled(columns)] = 1
}

/** Forward, back, and the sums of the slopes over the first `rows` of the batch; the rows after them are no samples. */
function slopesOf(core: Instance, places: readonly Place[], layout: Layout, weights: number, rows: number): void {
  const { run } = core
  const { values, deltas } = layout
  const rowTiles = Math.ceil(rows / TILE.rows)
  for (const [index, { at, stride, bias, activation }] of places.entries()) {
    const [given, made] = [values[index], values[index + 1]]
    if (!given || !made) continue
    const floor = layout.floors + (activation === 'relu' ? 0 : BYTES)
    const own = weights + at * BYTES
    const tiles = stride / TILE.columns
    run.multiply(
      given.at,
      given.stride,
      BYTES,
      own,
      stride * BYTES,
      bias + 1,
      made.at,
      made.stride,
      rowTiles,
      tiles,
      floor,
    )
  }
  const [given, made, last] = [values[0], values.at(-1), deltas.at(-1)]
  if (!given || !made || !last) return
  run.differ(made.at, given.at, last.at, rowTiles * TILE.rows * last.stride)
  for (let index = places.length - 1; index >= 0; index--) {
    const [place, from, to, delta] = [places[index], values[index], values[index + 1], deltas[index + 1]]
    if (place && from && to && delta) backward(core, layout, weights, { place, from, to, delta, rows, index })
  }
}

interface Back {
  readonly place: Place
  readonly from: Values
  readonly to: Values
  readonly delta: Values
  readonly rows: number
  readonly index: number
}

function backward(
  { run }: Instance,
  layout: Layout,
  weights: number,
  { place, from, to, delta, rows, index }: Back,
): void {
  const { at, stride, bias, activation } = place
  const rowTiles = Math.ceil(rows / TILE.rows)
  const none = layout.floors + BYTES
  if (activation === 'relu') run.mask(delta.at, to.at, rowTiles * TILE.rows * delta.stride)
  run.multiply(
    from.at,
    BYTES,
    from.stride,
    delta.at,
    delta.stride,
    rows,
    layout.slopes + at * BYTES,
    stride * BYTES,
    (bias + TILE.rows) / TILE.rows,
    stride / TILE.columns,
    none,
  )
  const below = layout.deltas[index]
  if (index === 0 || !below) return
  run.turn(weights + at * BYTES, stride * BYTES, bias, stride, layout.turned, bias * BYTES)
  run.multiply(
    delta.at,
    delta.stride,
    BYTES,
    layout.turned,
    bias * BYTES,
    stride,
    below.at,
    below.stride,
    rowTiles,
    bias / TILE.columns,
    none,
  )
}
