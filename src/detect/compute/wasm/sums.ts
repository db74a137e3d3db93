import type { Instance } from './instance.ts'
import { LEFT, RIGHT } from './products.ts'
import { depthOf, packLeft, packRight, packedLength } from './pack.ts'

/** Rows of kernel values made at a time, and how many of their columns. */
export const TILE_ROWS = 48
export const TILE_COLUMNS = 64
/** Kernel values are rounded to multiples of this: so a float32 sum of 64 of them is exact, and no order of work shows. */
const GRAIN = 2 ** -18

/** Kernel values of rows `from`…`to` (multiples of TILE_ROWS) with all later rows, summed for each relabelling. */
export interface KernelTask {
  readonly kind: 'kernel'
  /** Centred rows, row-major and as right panels; squared norms as float64. */
  readonly values: number
  readonly panels: number
  readonly norms: number
  readonly rows: number
  readonly columns: number
  readonly from: number
  readonly to: number
  readonly bandwidths: readonly number[]
  /** For each TILE_COLUMNS rows right panels of relabellings: 1 where the row is in the first sample, else 0. */
  readonly labels: number
  readonly labelPanels: number
  /** Float64: kernel sums within the first sample by relabelling, and of each row with all others. */
  readonly within: number
  readonly rowSums: number
  readonly scratch: number
}

/** Rows of the covariance: left panels `from`…`to` of the columns, of centred row-major values, added to `out`. */
export interface CovarianceTask {
  readonly kind: 'covariance'
  readonly values: number
  readonly rows: number
  readonly columns: number
  readonly from: number
  readonly to: number
  /** Float64, left panels × LEFT rows of `stride` bytes. */
  readonly out: number
  readonly stride: number
  readonly scratch: number
}

interface KernelScratch {
  readonly left: number
  readonly tile: number
  readonly kernels: number
  readonly zero: number
  readonly sums: number
  readonly end: number
}

export function kernelScratch(columns: number, labelPanels: number): number {
  return kernelLayout(0, columns, labelPanels).end
}

function kernelLayout(at: number, columns: number, labelPanels: number): KernelScratch {
  const tile = at + packedLength(TILE_ROWS, columns, LEFT) * 4
  const kernels = tile + TILE_ROWS * TILE_COLUMNS * 4
  const zero = kernels + TILE_ROWS * TILE_COLUMNS * 4
  const sums = zero + (TILE_COLUMNS + 4) * 4
  return { left: at, tile, kernels, zero, sums, end: sums + TILE_ROWS * labelPanels * RIGHT * 8 }
}

export function kernelSums(core: Instance, task: KernelTask): void {
  const { f32, f64, run } = core
  const { rows, columns, labelPanels } = task
  const depth = depthOf(columns)
  const layout = kernelLayout(task.scratch, columns, labelPanels)
  const wide = labelPanels * RIGHT
  f64.fill(0, task.within / 8, task.within / 8 + wide)
  f64.fill(0, task.rowSums / 8, task.rowSums / 8 + rows)
  f32.fill(0, layout.zero / 4, layout.zero / 4 + TILE_COLUMNS)
  f32[layout.zero / 4 + TILE_COLUMNS] = -Infinity
  for (let first = task.from; first < task.to; first += TILE_ROWS) {
    const present = Math.min(TILE_ROWS, rows - first)
    packLeft(f32, layout.left / 4, f32, task.values / 4 + first * columns, present, columns)
    f64.fill(0, layout.sums / 8, layout.sums / 8 + TILE_ROWS * wide)
    const block = Math.floor(first / TILE_COLUMNS)
    for (let other = block * TILE_COLUMNS; other < rows; other += TILE_COLUMNS) {
      const panels = Math.ceil(Math.min(TILE_COLUMNS, rows - other) / RIGHT)
      const rights = task.panels + other * depth * 4
      const floor = layout.zero + TILE_COLUMNS * 4
      run.dense(layout.left, TILE_ROWS / LEFT, rights, panels, depth, layout.zero, layout.tile, TILE_COLUMNS * 4, floor)
      fillKernels(f32, f64, task, layout, first, other)
      const labels = task.labels + (other / TILE_COLUMNS) * TILE_COLUMNS * wide * 4
      run.accumulate(layout.kernels, TILE_ROWS / LEFT, labels, labelPanels, TILE_COLUMNS, layout.sums, wide * 8)
    }
    for (let row = first; row < first + present; row++)
      for (let label = 0; label < wide; label++)
        if (f32[labelIndex(task.labels, wide, row, label)] === 1) {
          const at = task.within / 8 + label
          f64[at] = (f64[at] ?? 0) + (f64[layout.sums / 8 + (row - first) * wide + label] ?? 0)
        }
  }
}

/** Index into float32 of whether `row` is in the first sample under relabelling `label`, of `wide` relabellings. */
export function labelIndex(labels: number, wide: number, row: number, label: number): number {
  const within = row % TILE_COLUMNS
  return (
    labels / 4 + (row - within) * wide + (label - (label % RIGHT)) * TILE_COLUMNS + within * RIGHT + (label % RIGHT)
  )
}

/** Turns a tile of dot products into a left panel of kernel values: 0 where the other row is not a later one. */
function fillKernels(
  f32: Float32Array,
  f64: Float64Array,
  task: KernelTask,
  layout: KernelScratch,
  first: number,
  other: number,
): void {
  const factors = task.bandwidths.map((bandwidth) => -1 / (2 * bandwidth * bandwidth))
  for (let row = 0; row < TILE_ROWS; row++)
    for (let column = 0; column < TILE_COLUMNS; column++) {
      const [one, two] = [first + row, other + column]
      let kernel = 0
      if (two > one && two < task.rows) {
        const square = squareOf(f32, f64, task, one, two, f32[layout.tile / 4 + row * TILE_COLUMNS + column] ?? NaN)
        for (const factor of factors) kernel += Math.exp(square * factor)
        kernel = Math.round(kernel / factors.length / GRAIN) * GRAIN
        f64[task.rowSums / 8 + one] = (f64[task.rowSums / 8 + one] ?? 0) + kernel
        f64[task.rowSums / 8 + two] = (f64[task.rowSums / 8 + two] ?? 0) + kernel
      }
      f32[layout.kernels / 4 + (row - (row % LEFT)) * TILE_COLUMNS + column * LEFT + (row % LEFT)] = kernel
    }
}

/** Of near rows the difference of norms and product would be mostly rounding: they are measured in float64. */
const NEAR = 0.05

function squareOf(
  f32: Float32Array,
  f64: Float64Array,
  task: KernelTask,
  one: number,
  two: number,
  product: number,
): number {
  const norms = (f64[task.norms / 8 + one] ?? 0) + (f64[task.norms / 8 + two] ?? 0)
  const square = norms - 2 * product
  if (square > NEAR * norms) return square
  const [from, other] = [task.values / 4 + one * task.columns, task.values / 4 + two * task.columns]
  let sum = 0
  for (let column = 0; column < task.columns; column++)
    sum += ((f32[from + column] ?? 0) - (f32[other + column] ?? 0)) ** 2
  return sum
}

/** Rows whose products are summed in float32 before they are added in float64. */
const SUMMED_ROWS = 256

export function covarianceScratch(columns: number): number {
  return (
    (Math.ceil(columns / LEFT) * LEFT + Math.ceil(columns / RIGHT) * RIGHT) * SUMMED_ROWS * 4 +
    columns * SUMMED_ROWS * 4
  )
}

export function covarianceSums(core: Instance, task: CovarianceTask): void {
  const { f32, f64, run } = core
  const { columns, from, to } = task
  const lefts = task.scratch
  const rights = lefts + Math.ceil(columns / LEFT) * LEFT * SUMMED_ROWS * 4
  const turned = (rights + Math.ceil(columns / RIGHT) * RIGHT * SUMMED_ROWS * 4) / 4
  const out = task.out + from * LEFT * task.stride
  f64.fill(0, out / 8, (task.out + to * LEFT * task.stride) / 8)
  for (let first = 0; first < task.rows; first += SUMMED_ROWS) {
    const rows = Math.min(SUMMED_ROWS, task.rows - first)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        f32[turned + column * rows + row] = f32[task.values / 4 + (first + row) * columns + column] ?? 0
    const some = Math.min(columns, to * LEFT) - from * LEFT
    packLeft(f32, lefts / 4, f32, turned + from * LEFT * rows, some, rows)
    packRight(f32, rights / 4, f32, turned, columns, rows)
    run.accumulate(lefts, to - from, rights, Math.ceil(columns / RIGHT), depthOf(rows), out, task.stride)
  }
}
