import { decileIndices, stabilityIndex } from '../plan/plan.ts'
import type { Instance } from './instance.ts'

/** Sorts columns `from`…`to` of `sorted` in place: each is `references` values and a NaN that equals nothing. */
export interface SortTask {
  readonly kind: 'sort'
  readonly references: number
  readonly from: number
  readonly to: number
  readonly sorted: number
}

/** Columns `from`…`to` of current values, column by column, against the sorted reference. */
export interface CellsTask {
  readonly kind: 'cells'
  /** Column 0. */
  readonly values: number
  /** Values of a column, a multiple of 4; those beyond `rows` are Infinity. */
  readonly stride: number
  readonly rows: number
  readonly from: number
  readonly to: number
  readonly sorted: number
  readonly references: number
  /** Float64, one for each column. */
  readonly ks: number
  readonly psi: number
  readonly scratch: number
}

export function sortColumns(core: Instance, task: SortTask): void {
  for (let column = task.from; column < task.to; column++) {
    const start = task.sorted / 4 + column * (task.references + 1)
    core.f32.subarray(start, start + task.references).sort()
    core.f32[start + task.references] = NaN
  }
}

export function cellsScratch(references: number): number {
  return (2 * references + 2) * 4
}

/**
 * A value falls between two sorted references or on one: counted so, the distribution functions can be compared at every
 * step of either without sorting the current values.
 */
export function countCells(core: Instance, task: CellsTask): void {
  const { f32, f64, i32 } = core
  const { references, rows } = task
  const cells = task.scratch / 4
  const deciles = decileIndices(references)
  for (let column = task.from; column < task.to; column++) {
    const start = task.sorted + column * (references + 1) * 4
    i32.fill(0, cells, cells + 2 * references + 2)
    core.run.search(task.values + column * task.stride * 4, task.stride, start, references, task.scratch)
    const last = cells + 2 * references
    i32[last] = (i32[last] ?? 0) - (task.stride - rows)
    const sorted = f32.subarray(start / 4, start / 4 + references)
    f64[task.ks / 8 + column] = scan(i32, cells, sorted, rows)
    f64[task.psi / 8 + column] = stability(i32, cells, sorted, rows, deciles)
  }
}

/** The largest gap between the distribution functions; turns `cells` into how many values lie up to the end of each. */
function scan(i32: Int32Array, cells: number, sorted: Float32Array, rows: number): number {
  const count = sorted.length
  let [seen, largest] = [0, 0]
  for (let at = 0; at < count; at++) {
    seen += i32[cells + 2 * at] ?? 0
    i32[cells + 2 * at] = seen
    if (at === 0 || sorted[at] !== sorted[at - 1]) largest = Math.max(largest, Math.abs(at / count - seen / rows))
    seen += i32[cells + 2 * at + 1] ?? 0
    i32[cells + 2 * at + 1] = seen
    if (at === count - 1 || sorted[at] !== sorted[at + 1])
      largest = Math.max(largest, Math.abs((at + 1) / count - seen / rows))
  }
  return largest
}

function stability(
  i32: Int32Array,
  cells: number,
  sorted: Float32Array,
  rows: number,
  deciles: readonly number[],
): number {
  const before: number[] = []
  const now: number[] = []
  for (const decile of deciles) {
    let end = decile
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[decile]) end++
    before.push(end + 1)
    // Values on the edge are counted at the first reference that is equal to it, and seen from there on.
    now.push(i32[cells + 2 * end + 1] ?? 0)
  }
  return stabilityIndex(before, sorted.length, now, rows)
}
