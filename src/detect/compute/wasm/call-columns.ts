import type { ColumnDistances, Matrix } from '../../../contract/compute.ts'
import type { Piece } from './arena.ts'
import { cellsScratch, type CellsTask, type SortTask } from './cells.ts'
import type { WasmHeld } from './held.ts'
import { chunksOf, rangesOf, type Range } from './ranges.ts'
import type { Bench, Caller } from './wasm.ts'

/** What sorting or looking up one value costs, in multiply-adds. */
const STEP = 100

export async function distanceColumns(caller: Caller, held: WasmHeld, current: Matrix): Promise<ColumnDistances> {
  const { rows, columns } = current
  const sorted = await held.sorted((piece) => sort(caller, held, piece))
  const ks = new Float64Array(columns)
  const psi = new Float64Array(columns)
  for (const chunk of chunksOf(columns, rows * 4)) {
    const work = (chunk.to - chunk.from) * rows * STEP
    await caller.work(work, (bench) => compare(bench, held, sorted.at, current, chunk, { ks, psi }), sorted.arena)
  }
  return { ks, psi }
}

async function sort(caller: Caller, held: WasmHeld, piece: Piece): Promise<void> {
  const work = held.rows * held.columns * STEP
  await caller.work(
    work,
    ({ parts, run }) =>
      run(
        rangesOf(held.columns, parts, 1).map((range): SortTask => ({
          kind: 'sort',
          references: held.rows,
          ...range,
          sorted: piece.at,
        })),
      ),
    piece.arena,
  )
}

async function compare(
  { desk, parts, run }: Bench,
  held: WasmHeld,
  sorted: number,
  current: Matrix,
  chunk: Range,
  result: ColumnDistances,
): Promise<void> {
  const { rows, columns, values } = current
  const stride = Math.ceil(rows / 4) * 4
  const count = chunk.to - chunk.from
  const at = desk.take(count * stride * 4)
  const [ks, psi] = [desk.take(count * 8), desk.take(count * 8)]
  const { f32 } = desk.core
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < count; column++)
      f32[at / 4 + column * stride + row] = values[row * columns + chunk.from + column] ?? NaN
  for (let column = 0; column < count; column++)
    f32.fill(Infinity, at / 4 + column * stride + rows, at / 4 + (column + 1) * stride)
  const tasks = rangesOf(count, parts, 1).map((range): CellsTask => ({
    kind: 'cells',
    values: at,
    stride,
    rows,
    ...range,
    sorted: sorted + chunk.from * (held.rows + 1) * 4,
    references: held.rows,
    ks,
    psi,
    scratch: desk.take(cellsScratch(held.rows)),
  }))
  await run(tasks)
  const { f64 } = desk.core
  result.ks.set(f64.subarray(ks / 8, ks / 8 + count), chunk.from)
  result.psi.set(f64.subarray(psi / 8, psi / 8 + count), chunk.from)
}
