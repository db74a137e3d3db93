import type { Matrix, Neighbours } from '../../../contract/compute.ts'
import type { Shard, WasmHeld } from './held.ts'
import { LEFT, RIGHT } from './products.ts'
import { chunksOf, rangesOf, type Range } from './ranges.ts'
import { nearestScratch, type SearchTask } from './tasks.ts'
import type { Bench, Caller } from './wasm.ts'

/** References of a part from which cutting them is better than cutting the queries. */
const WORTH_CUTTING = 2048

/** The nearest so far, squared: k for each query. */
interface Best {
  readonly squares: Float64Array
  readonly rows: Int32Array
}

export async function findNearest(caller: Caller, queries: Matrix, held: WasmHeld, k: number): Promise<Neighbours> {
  const best: Best = {
    squares: new Float64Array(queries.rows * k).fill(Infinity),
    rows: new Int32Array(queries.rows * k).fill(-1),
  }
  for (const shard of held.shards)
    for (const chunk of chunksOf(queries.rows, queries.columns * 4 + k * 12 * (caller.threads + 1))) {
      const work = (chunk.to - chunk.from) * shard.rows * queries.columns
      await caller.work(work, (bench) => search(bench, queries, chunk, shard, k, best), shard.piece.arena)
    }
  return { k, distances: Float32Array.from(best.squares, Math.sqrt), indices: best.rows }
}

async function search(bench: Bench, queries: Matrix, chunk: Range, shard: Shard, k: number, best: Best): Promise<void> {
  const { desk, parts } = bench
  const { columns } = queries
  const count = chunk.to - chunk.from
  const panels = Math.ceil(shard.rows / RIGHT)
  const cutReferences = shard.rows >= WORTH_CUTTING * parts
  const whole = { from: 0, to: panels }
  const at = desk.put(queries.values.subarray(chunk.from * columns, chunk.to * columns))
  const tasks = (cutReferences ? rangesOf(panels, parts, 1) : rangesOf(count, parts, LEFT)).map(
    (range): SearchTask => ({
      kind: 'nearest',
      queries: at,
      ...(cutReferences ? { from: 0, to: count } : range),
      columns,
      panels: shard.panels,
      halves: shard.halves,
      references: shard.rows,
      panelFrom: cutReferences ? range.from : whole.from,
      panelTo: cutReferences ? range.to : whole.to,
      k,
      squares: desk.take(count * k * 8),
      rows: desk.take(count * k * 4),
      scratch: desk.take(nearestScratch(columns)),
    }),
  )
  await bench.run(tasks)
  for (const task of tasks)
    for (let query = task.from; query < task.to; query++)
      merge(best, (chunk.from + query) * k, k, shard.first, {
        squares: desk.core.f64.subarray(task.squares / 8 + query * k, task.squares / 8 + (query + 1) * k),
        rows: desk.core.i32.subarray(task.rows / 4 + query * k, task.rows / 4 + (query + 1) * k),
      })
}

/** `found` holds higher rows than those in `best`, counted from `first`. */
function merge(best: Best, at: number, k: number, first: number, found: Best): void {
  const squares = best.squares.slice(at, at + k)
  const rows = best.rows.slice(at, at + k)
  let [old, fresh] = [0, 0]
  for (let place = 0; place < k; place++) {
    const known = squares[old] ?? Infinity
    const other = found.squares[fresh] ?? Infinity
    const keeps = known <= other
    best.squares[at + place] = keeps ? known : other
    best.rows[at + place] = keeps ? (rows[old] ?? -1) : first + (found.rows[fresh] ?? -1)
    if (keeps) old++
    else fresh++
  }
}
