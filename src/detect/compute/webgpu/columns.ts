import type { ColumnDistances, Matrix } from '../../../contract/compute.ts'
import { decileIndices, stabilityIndex } from '../plan/plan.ts'
import { COUNT, SCAN, SCAN_RESULTS } from './columns-wgsl.ts'
import type { Device } from './device.ts'
import { uploadShards } from './held.ts'
import type { GpuHeld, Shard, SortedColumns } from './held.ts'
import type { Job } from './job.ts'

/** Counters of the columns that are looked at together, bytes. */
const COUNTER_BYTES = 256 * 1024 * 1024
/** Columns and rows of a workgroup that counts. */
const COUNT_COLUMNS = 64
const COUNT_ROWS = 4
/** Workgroups along the rows; each takes every so many-th row. */
const ROW_GROUPS = 256
/** n · m below this: gaps between the two distribution functions are compared as whole numbers. */
const EXACT = 2 ** 31

/**
 * Kolmogorov-Smirnov distance and stability index of each column without sorting the current rows: each value is looked up
 * in the sorted reference column and counted, at a reference value or between two; then one pass over the counts. Values
 * are compared as integers that sort like them, so ties are exact and nothing is flushed to zero.
 */
export async function columnDistances(device: Device, held: GpuHeld, current: Matrix): Promise<ColumnDistances> {
  const { rows: references, columns } = held
  const ks = new Float64Array(columns)
  const psi = new Float64Array(columns)
  const chunks = await held.sortedColumns(columnsAtOnce(device, references, columns))
  const shards = await uploadShards(device, current)
  try {
    for (const chunk of chunks) {
      const found = await countChunk(device, { references, chunk, shards, current })
      for (let column = 0; column < chunk.columns; column++) {
        const at = column * SCAN_RESULTS
        const [rank = 0, count = 0] = found.subarray(at, at + 2)
        ks[chunk.first + column] = Math.abs(rank / references - count / current.rows)
        psi[chunk.first + column] = stabilityIndex(
          chunk.below.subarray(column * 9, column * 9 + 9),
          references,
          found.subarray(at + 2, at + 11),
          current.rows,
        )
      }
    }
  } finally {
    for (const { buffer } of shards) buffer.destroy()
  }
  return { ks, psi }
}

function columnsAtOnce(device: Device, references: number, columns: number): number {
  const most = Math.floor(Math.min(COUNTER_BYTES, device.bindingBytes) / (4 * (2 * references + 1)))
  if (most === 0)
    throw new RangeError(
      `counters for ${references} reference rows are more than the ${Math.min(COUNTER_BYTES, device.bindingBytes)} bytes for one column`,
    )
  return Math.min(most, columns, device.workgroups)
}

interface Count {
  readonly references: number
  readonly chunk: SortedColumns
  readonly shards: readonly Shard[]
  readonly current: Matrix
}

async function countChunk(device: Device, { references, chunk, shards, current }: Count): Promise<Uint32Array> {
  const count = await device.pipeline(COUNT)
  const scan = await device.pipeline(SCAN)
  const read = await device.run((job: Job) => {
    const counters = job.storage(chunk.columns * (2 * references + 1))
    const found = job.storage(chunk.columns * SCAN_RESULTS)
    for (const { buffer, rows } of shards) {
      const groups = Math.min(ROW_GROUPS, Math.ceil(rows / COUNT_ROWS))
      const params = job.params(rows, current.columns, chunk.first, chunk.columns, references, groups * COUNT_ROWS)
      const grid = [Math.ceil(chunk.columns / COUNT_COLUMNS), groups] as const
      job.dispatch(count, [params, buffer, chunk.buffer, counters], grid)
    }
    const exact = references * current.rows < EXACT ? 1 : 0
    const edges = job.upload(Uint32Array.from(decileIndices(references)))
    const params = job.params(references, current.rows, exact)
    job.dispatch(scan, [params, chunk.buffer, edges, counters, found], [chunk.columns])
    return [found]
  })
  return new Uint32Array(read[0] ?? new ArrayBuffer(0))
}
