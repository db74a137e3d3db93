import type { PermutationResult, PermutationTest } from '../../../contract/compute.ts'
import { permutationP, relabellings, unbiasedMmd } from '../plan/plan.ts'
import { centre, meanOf } from './call-moments.ts'
import type { Desk } from './memories.ts'
import { RIGHT } from './products.ts'
import { packRight, packedLength } from './pack.ts'
import { rangesOf, type Range } from './ranges.ts'
import { kernelScratch, labelIndex, TILE_COLUMNS, TILE_ROWS, type KernelTask } from './sums.ts'
import type { Bench, Caller } from './wasm.ts'

/** What the labels of one pass over the kernel may take; more relabellings mean more passes. */
const LABEL_BYTES = 256 * 2 ** 20
/** Threads take the rows in so many pieces each: those of the first rows are the longest. */
const PIECES = 8

/**
 * With kernel values rounded to multiples of 2^-18 and sums that are exact, every relabelling's statistic is a function of
 * the rounded kernel alone: equal partitions tie exactly. Of K only sums are needed: within the first sample (w'Kw by
 * relabelling, a product of kernel tiles with labels) and of each row with all others.
 */
export async function permute(caller: Caller, test: PermutationTest): Promise<PermutationResult> {
  const { rows, columns } = test.pooled
  const bits = relabellings(test)
  // Relabelling 0 is the labels as they are.
  const count = test.permutations + 1
  const all = new Float64Array(count)
  const most = Math.max(RIGHT, Math.floor(LABEL_BYTES / (rows * 4) / RIGHT) * RIGHT)
  for (const range of rangesOf(count, Math.ceil(count / most), RIGHT)) {
    const work = (rows * rows * (columns + range.to - range.from)) / 2
    await caller.work(work, (bench) => pass(bench, test, bits, range, all))
  }
  const statistic = all[0] ?? NaN
  const permuted = all.slice(1)
  return { statistic, permuted, p: permutationP(statistic, permuted) }
}

async function pass(
  bench: Bench,
  test: PermutationTest,
  bits: Uint32Array,
  range: Range,
  all: Float64Array,
): Promise<void> {
  const { desk, parts } = bench
  const { rows, columns } = test.pooled
  const labelPanels = Math.ceil((range.to - range.from) / RIGHT)
  const wide = labelPanels * RIGHT
  const held = { ...layRows(desk, test), labels: layLabels(desk, test, bits, range, wide) }
  const tasks = rangesOf(rows, parts === 1 ? 1 : parts * PIECES, TILE_ROWS).map((part): KernelTask => ({
    kind: 'kernel',
    ...held,
    rows,
    columns,
    ...part,
    bandwidths: test.bandwidths,
    labelPanels,
    within: desk.take(wide * 8),
    rowSums: desk.take(rows * 8),
    scratch: desk.take(kernelScratch(columns, labelPanels)),
  }))
  await bench.run(tasks)
  const { f32, f64 } = desk.core
  const rowSums = new Float64Array(rows)
  for (const task of tasks)
    for (let row = 0; row < rows; row++) rowSums[row] = (rowSums[row] ?? 0) + (f64[task.rowSums / 8 + row] ?? 0)
  const total = rowSums.reduce((sum, value) => sum + value, 0) / 2
  for (let label = 0; label < range.to - range.from; label++) {
    const within = tasks.reduce((sum, task) => sum + (f64[task.within / 8 + label] ?? 0), 0)
    let touching = 0
    for (let row = 0; row < rows; row++)
      if (f32[labelIndex(held.labels, wide, row, label)] === 1) touching += rowSums[row] ?? 0
    const across = touching - 2 * within
    all[range.from + label] = unbiasedMmd(within, total - within - across, across, test.first, rows - test.first)
  }
}

function layRows(desk: Desk, { pooled }: PermutationTest): Pick<KernelTask, 'values' | 'panels' | 'norms'> {
  const { rows, columns } = pooled
  const values = desk.take(rows * columns * 4)
  const panels = desk.take(packedLength(rows, columns, RIGHT) * 4)
  const norms = desk.take(rows * 8)
  const { f32, f64 } = desk.core
  centre(f32, values / 4, pooled, { from: 0, to: rows }, meanOf(pooled))
  packRight(f32, panels / 4, f32, values / 4, rows, columns)
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let at = values / 4 + row * columns; at < values / 4 + (row + 1) * columns; at++) sum += (f32[at] ?? 0) ** 2
    f64[norms / 8 + row] = sum
  }
  return { values, panels, norms }
}

function layLabels(desk: Desk, test: PermutationTest, bits: Uint32Array, range: Range, wide: number): number {
  const { rows } = test.pooled
  const words = Math.ceil(test.permutations / 32)
  const length = Math.ceil(rows / TILE_COLUMNS) * TILE_COLUMNS * wide
  const labels = desk.take(length * 4)
  const { f32 } = desk.core
  f32.fill(0, labels / 4, labels / 4 + length)
  for (let row = 0; row < rows; row++)
    for (let label = range.from; label < range.to; label++) {
      const bit = label - 1
      const first = label === 0 ? row < test.first : (((bits[row * words + (bit >>> 5)] ?? 0) >>> (bit & 31)) & 1) === 1
      if (first) f32[labelIndex(labels, wide, row, label - range.from)] = 1
    }
  return labels
}
