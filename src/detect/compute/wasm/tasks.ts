import type { Instance } from './instance.ts'
import { countCells, sortColumns, type CellsTask, type SortTask } from './cells.ts'
import { radicesOf } from './hadamard.ts'
import { LEFT, RIGHT } from './products.ts'
import { kernelSums, covarianceSums, type CovarianceTask, type KernelTask } from './sums.ts'
import { depthOf, packLeft, packedLength } from './pack.ts'
import { train, type TrainTask } from './train.ts'

/*
 * The parts of a call that a thread does at a time. All that they read and write lies in the arena's memory; addresses are
 * in bytes. A task done twice gives the same, so one that a lost thread left behind is done again.
 */

/** Rows that are packed and worked on together: they stay in the second-level cache. */
const BLOCK = 96

/** Queries `from`…`to` against right panels `panelFrom`…`panelTo`. */
export interface SearchTask {
  readonly kind: 'nearest'
  readonly queries: number
  readonly from: number
  readonly to: number
  readonly columns: number
  readonly panels: number
  readonly halves: number
  readonly references: number
  readonly panelFrom: number
  readonly panelTo: number
  readonly k: number
  /** Squared distances as float64 and rows as int32, k for each query, nearest first; Infinity and -1 where there are fewer. */
  readonly squares: number
  readonly rows: number
  readonly scratch: number
}

export interface LayersTask {
  readonly kind: 'layers'
  readonly inputs: number
  readonly from: number
  readonly to: number
  readonly columns: number
  readonly layers: readonly PackedLayer[]
  /** Float32, one for each row. */
  readonly errors: number
  readonly scratch: number
}

export interface PackedLayer {
  readonly inputs: number
  readonly outputs: number
  readonly panels: number
  readonly bias: number
  /** Address of the least output: 0 or -Infinity. */
  readonly floor: number
}

export interface FeaturesTask {
  readonly kind: 'features'
  readonly inputs: number
  readonly from: number
  readonly to: number
  readonly columns: number
  readonly width: number
  /** Blocks in fours: signs, turns and phases of four blocks lie side by side. */
  readonly groups: number
  readonly signs: number
  readonly turns: number
  readonly phases: number
  /** Bytes: for each row 4 · groups · width. */
  readonly out: number
  readonly scratch: number
}

export type Task =
  | SearchTask
  | LayersTask
  | FeaturesTask
  | CellsTask
  | SortTask
  | KernelTask
  | CovarianceTask
  | TrainTask

export function execute(core: Instance, task: Task): void {
  switch (task.kind) {
    case 'nearest':
      return nearest(core, task)
    case 'layers':
      return layers(core, task)
    case 'features':
      return features(core, task)
    case 'cells':
      return countCells(core, task)
    case 'sort':
      return sortColumns(core, task)
    case 'kernel':
      return kernelSums(core, task)
    case 'covariance':
      return covarianceSums(core, task)
    case 'train':
      return train(core, task)
  }
}

export function nearestScratch(columns: number): number {
  return (packedLength(BLOCK, columns, LEFT) + BLOCK) * 4
}

/**
 * Screening in float32, with every reference that could be among the k nearest given the largest rounding error then
 * measured in float64: the result is exact, whatever the rounding. See `halvesOf` for the bound.
 */
function nearest(core: Instance, task: SearchTask): void {
  const { columns, k } = task
  const depth = depthOf(columns)
  const { f32, f64, i32 } = core
  f64.fill(Infinity, task.squares / 8 + task.from * k, task.squares / 8 + task.to * k)
  i32.fill(-1, task.rows / 4 + task.from * k, task.rows / 4 + task.to * k)
  const thresholds = task.scratch / 4 + packedLength(BLOCK, columns, LEFT)
  const norms = new Float64Array(BLOCK)
  for (let block = task.from; block < task.to; block += BLOCK) {
    const rows = Math.min(BLOCK, task.to - block)
    const start = task.queries / 4 + block * columns
    packLeft(f32, task.scratch / 4, f32, start, rows, columns)
    f32.fill(-Infinity, thresholds, thresholds + BLOCK)
    for (let row = 0; row < rows; row++) {
      norms[row] = squaredNorm(f32, start + row * columns, columns)
      f32[thresholds + row] = Infinity
    }
    core.examine = (row, panel, bits) => {
      if (row >= rows) return
      const first = (task.panelFrom + panel) * RIGHT
      const places = task.squares / 8 + (block + row) * k
      for (let lane = 0; lane < RIGHT && first + lane < task.references; lane++) {
        if (((bits >>> lane) & 1) === 0) continue
        const square = exactSquare(f32, start + row * columns, task.panels / 4 + first * depth + lane, columns)
        if (!(square < (f64[places + k - 1] ?? NaN))) continue
        insert(f64, places, i32, task.rows / 4 + (block + row) * k, k, square, first + lane)
        f32[thresholds + row] = thresholdOf(f64[places + k - 1] ?? NaN, norms[row] ?? NaN, columns)
      }
    }
    const panelFrom = task.panels + task.panelFrom * RIGHT * depth * 4
    const halves = task.halves + task.panelFrom * RIGHT * 4
    const count = task.panelTo - task.panelFrom
    core.run.screen(task.scratch, Math.ceil(rows / LEFT), panelFrom, count, depth, halves, thresholds * 4)
  }
}

function exactSquare(f32: Float32Array, query: number, reference: number, columns: number): number {
  let sum = 0
  for (let column = 0; column < columns; column++) {
    const difference = (f32[query + column] ?? 0) - (f32[reference + column * RIGHT] ?? 0)
    sum += difference * difference
  }
  return sum
}

/** After those that are as near: they were seen before, so they are lower rows. */
function insert(
  f64: Float64Array,
  squares: number,
  i32: Int32Array,
  rows: number,
  k: number,
  square: number,
  row: number,
): void {
  let place = k - 1
  for (; place > 0 && (f64[squares + place - 1] ?? NaN) > square; place--) {
    f64[squares + place] = f64[squares + place - 1] ?? NaN
    i32[rows + place] = i32[rows + place - 1] ?? -1
  }
  f64[squares + place] = square
  i32[rows + place] = row
}

function squaredNorm(f32: Float32Array, from: number, columns: number): number {
  let sum = 0
  for (let at = from; at < from + columns; at++) sum += (f32[at] ?? 0) ** 2
  return sum
}

/** Norms from which float32 products could overflow: then every reference is measured in float64. */
const LARGEST_SQUARE = 1e36
const SMALLEST = 1e-36

/** A bound on the relative rounding error of a float32 dot product of so many columns (Higham 2002, section 3.1), and a little. */
function roundingOf(columns: number): number {
  return (columns + 16) * 2 ** -24 * 1.01
}

/**
 * |q - r|² ≤ D is |r|²/2 - q·r ≤ (D - |q|²)/2. The computed dot product is off by at most e·|q||r| ≤ e·(|q|² + |r|²)/2
 * with e of `roundingOf`; the part of |r| is taken off the half norm here, that of |q| is added to the threshold below.
 */
export function halfOf(f32: Float32Array, from: number, columns: number): number {
  const square = squaredNorm(f32, from, columns)
  return square > LARGEST_SQUARE ? NaN : (square / 2) * (1 - 2 * roundingOf(columns))
}

function thresholdOf(square: number, norm: number, columns: number): number {
  if (norm > LARGEST_SQUARE) return NaN
  const threshold = (square - norm) / 2 + norm * roundingOf(columns)
  return threshold + Math.abs(threshold) * 2 ** -22 + SMALLEST
}

export function layersScratch(columns: number, task: readonly PackedLayer[]): number {
  const widest = Math.max(columns, ...task.map((layer) => layer.outputs)) + RIGHT
  return (packedLength(BLOCK, widest, LEFT) + BLOCK * widest) * 4
}

function layers(core: Instance, task: LayersTask): void {
  const { columns } = task
  const { f32 } = core
  const widest = Math.max(columns, ...task.layers.map((layer) => layer.outputs)) + RIGHT
  const made = task.scratch + packedLength(BLOCK, widest, LEFT) * 4
  for (let block = task.from; block < task.to; block += BLOCK) {
    const rows = Math.min(BLOCK, task.to - block)
    const given = task.inputs / 4 + block * columns
    let [source, stride] = [given, columns]
    for (const layer of task.layers) {
      packLeft(f32, task.scratch / 4, f32, source, rows, layer.inputs, stride)
      const panels = Math.ceil(layer.outputs / RIGHT)
      stride = panels * RIGHT
      source = made / 4
      core.run.dense(
        task.scratch,
        Math.ceil(rows / LEFT),
        layer.panels,
        panels,
        depthOf(layer.inputs),
        layer.bias,
        made,
        stride * 4,
        layer.floor,
      )
    }
    for (let row = 0; row < rows; row++) {
      let sum = 0
      for (let column = 0; column < columns; column++)
        sum += ((f32[given + row * columns + column] ?? 0) - (f32[source + row * stride + column] ?? 0)) ** 2
      f32[task.errors / 4 + block + row] = sum
    }
  }
}

export function featuresScratch(width: number): number {
  return width * 20
}

function features(core: Instance, task: FeaturesTask): void {
  const { columns, width, groups } = task
  const { f32, run } = core
  const work = task.scratch
  const row = task.scratch + width * 16
  const passes = plainPasses(core, width)
  const radix = radicesOf(width)[0] ?? 2
  const [first, later] = [run[`row${radix}`], run[`signed${radix}`]]
  f32.fill(0, row / 4, row / 4 + width)
  for (let at = task.from; at < task.to; at++) {
    const start = task.inputs / 4 + at * columns
    const from = columns === width ? start * 4 : row
    if (from === row) for (let column = 0; column < columns; column++) f32[row / 4 + column] = f32[start + column] ?? 0
    for (let group = 0; group < groups; group++) {
      for (let round = 0; round < 3; round++) {
        const signs = task.signs + (group * 3 + round) * width * 16
        if (round === 0) first(from, signs, work, width)
        else later(row, signs, work, width)
        for (const pass of passes) pass(work, width)
      }
      const out = task.out + (at * groups + group) * width * 4
      run.cosine(work, width, task.turns + group * 16, task.phases + group * width * 16, out, width)
    }
  }
}

/** Those after the first, in order. */
function plainPasses({ run }: Instance, width: number): readonly ((work: number, width: number) => void)[] {
  const [first = 2, ...rest] = radicesOf(width)
  let half: number = first
  return rest.map((radix) => {
    const pass = run[`plain${radix}x${half}`]
    if (!pass) throw new RangeError(`there are no passes for a width of ${width}`)
    half *= radix
    return pass
  })
}
