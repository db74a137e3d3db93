import type { Matrix, Neighbours } from '../../../contract/compute.ts'
import { scaleOf } from '../scale/scale.ts'
import type { Device } from './device.ts'
import type { GpuHeld, Ranking, Shard } from './held.ts'
import { float } from './job.ts'
import type { Job } from './job.ts'
import { MERGE, NO_INDEX, RECOMPUTE, screen } from './top-k-wgsl.ts'

/** Queries in one submission. */
const MOST_QUERIES = 4096
/** Strips × tiles of queries that are aimed at, so that a large GPU is busy; in software they are only work to merge. */
const WORKGROUPS = 1024
const FALLBACK_WORKGROUPS = 4
/** Lists of all strips of one submission, bytes. */
const LIST_BYTES = 64 * 1024 * 1024
const THREADS = 64
/** Unit roundoff of float32. */
const ROUNDOFF = 2 ** -24

interface Best {
  readonly scores: Float32Array
  readonly indices: Uint32Array
  readonly squares: Float32Array
}

interface Search {
  readonly held: GpuHeld
  readonly ranking: Ranking
  readonly keep: number
  readonly exact: boolean
  readonly scale: number
}

/**
 * The k nearest: a matrix product ranks the references, more than k of them are kept for each query, and the distances of
 * those are computed from differences. A query for which rounding might have left out a neighbour (its k-th distance is
 * within the product's error bound of the worst that was kept: many near copies, or a query far off) is ranked once more
 * by differences. So the answer is that of exact distances, up to rounding of the distances themselves.
 */
export async function topK(device: Device, queries: Matrix, held: GpuHeld, k: number): Promise<Neighbours> {
  const ranking = await held.ranking()
  const keep = Math.min(held.rows, Math.max(2 * k, k + 8))
  const answer = new Answer(queries.rows, k)
  const unsure: number[] = []
  for (const { first, matrix } of chunksOf(device, queries, keep)) {
    const search = { held, ranking, keep, exact: false, scale: ranking.scale }
    const best = await rank(device, matrix, search)
    for (let row = 0; row < matrix.rows; row++) {
      const lengthOfRow = centredLength(matrix, row, ranking)
      const last = answer.take(best, row, keep, first + row, ranking.scale)
      const worst = best.scores[row * keep + keep - 1] ?? NaN
      const slack = (queries.columns + 16) * ROUNDOFF * (lengthOfRow + ranking.longest * (1 + 1e-3)) ** 2
      const sure = keep === held.rows ? Number.isFinite(last) : worst + lengthOfRow ** 2 - slack > last
      if (!sure || (best.indices[row * keep + keep - 1] ?? NO_INDEX) === NO_INDEX) unsure.push(first + row)
    }
  }
  const again = rowsOf(queries, unsure)
  const scale = Math.min(ranking.scale, scaleOf(again.values))
  for (const { first, matrix } of chunksOf(device, again, k)) {
    const best = await rank(device, matrix, { held, ranking, keep: k, exact: true, scale })
    for (let row = 0; row < matrix.rows; row++) answer.take(best, row, k, unsure[first + row] ?? 0, scale)
  }
  return answer
}

class Answer implements Neighbours {
  readonly k: number
  readonly distances: Float32Array
  readonly indices: Int32Array

  constructor(rows: number, k: number) {
    this.k = k
    this.distances = new Float32Array(rows * k)
    this.indices = new Int32Array(rows * k)
  }

  /** The k nearest of the kept become the answer for `target`; gives the largest squared distance among them, scaled. */
  take({ indices, squares }: Best, row: number, keep: number, target: number, scale: number): number {
    const order = Array.from({ length: keep }, (_, at) => row * keep + at).sort(
      (a, b) => (squares[a] ?? 0) - (squares[b] ?? 0) || (indices[a] ?? 0) - (indices[b] ?? 0),
    )
    let last = NaN
    for (let place = 0; place < this.k; place++) {
      const from = order[place] ?? 0
      last = squares[from] ?? NaN
      this.distances[target * this.k + place] = Math.sqrt(last) / scale
      this.indices[target * this.k + place] = indices[from] ?? 0
    }
    return last
  }
}

function centredLength({ columns, values }: Matrix, row: number, { centre, scale }: Ranking): number {
  let sum = 0
  for (let column = 0; column < columns; column++) {
    const value = ((values[row * columns + column] ?? 0) - (centre[column] ?? 0)) * scale
    sum += value * value
  }
  return Math.sqrt(sum)
}

async function rank(device: Device, queries: Matrix, search: Search): Promise<Best> {
  const { held, ranking, keep, exact, scale } = search
  const tile = queries.rows <= 64 ? 64 : device.tile
  const pipelines = {
    screen: await device.pipeline(screen(tile, exact)),
    merge: await device.pipeline(MERGE),
    recompute: await device.pipeline(RECOMPUTE),
  }
  const lists = queries.rows * keep
  const recompute = (job: Job, buffers: readonly GPUBuffer[], { buffer, first, rows }: Shard): void => {
    const groups = Math.ceil(lists / THREADS)
    const x = Math.min(groups, device.workgroups)
    const params = job.params(queries.rows, keep, queries.columns, first, rows, x * THREADS, float(scale))
    const [input, , indices, squares] = buffers
    if (!input || !indices || !squares) return
    job.dispatch(pipelines.recompute, [params, input, buffer, indices, squares], [x, Math.ceil(groups / x)])
  }
  const read = await device.run((job) => {
    const [input, scores, indices, squares] = [
      job.upload(queries.values),
      job.storage(lists),
      job.storage(lists),
      job.storage(lists),
    ]
    held.shards.forEach((shard, index) => {
      const { strips, tilesPerStrip } = stripsOf(device, shard.rows, queries.rows, keep, tile)
      const stripScores = job.storage(lists * strips)
      const stripIndices = job.storage(lists * strips)
      const words = [queries.rows, shard.rows, queries.columns, keep, strips, tilesPerStrip, shard.first, float(scale)]
      const extra = exact ? [] : [ranking.centreBuffer, ranking.norms[index] ?? input]
      const bound = [job.params(...words), input, shard.buffer, stripScores, stripIndices, ...extra]
      job.dispatch(pipelines.screen, bound, [Math.ceil(queries.rows / tile), strips])
      const merge = [job.params(queries.rows, keep, strips, index === 0 ? 1 : 0), stripScores, stripIndices]
      job.dispatch(pipelines.merge, [...merge, scores, indices], [Math.ceil(queries.rows / THREADS)])
    })
    for (const shard of held.shards) recompute(job, [input, scores, indices, squares], shard)
    return [scores, indices, squares]
  })
  const [scores = empty, indices = empty, squares = empty] = read
  return { scores: new Float32Array(scores), indices: new Uint32Array(indices), squares: new Float32Array(squares) }
}

const empty = new ArrayBuffer(0)

function stripsOf(
  device: Device,
  references: number,
  queries: number,
  keep: number,
  tile: number,
): { strips: number; tilesPerStrip: number } {
  const tiles = Math.ceil(references / tile)
  const wanted = (device.fallback ? FALLBACK_WORKGROUPS : WORKGROUPS) / Math.ceil(queries / tile)
  const room = Math.floor(Math.min(LIST_BYTES, device.bindingBytes) / (queries * keep * 4))
  const tilesPerStrip = Math.ceil(tiles / Math.max(1, Math.min(tiles, Math.ceil(wanted), room)))
  return { strips: Math.ceil(tiles / tilesPerStrip), tilesPerStrip }
}

function* chunksOf(device: Device, queries: Matrix, keep: number): Generator<{ first: number; matrix: Matrix }> {
  const room = Math.floor(device.bindingBytes / (4 * Math.max(queries.columns, keep)))
  const step = Math.max(1, Math.min(MOST_QUERIES, room))
  for (let first = 0; first < queries.rows; first += step) {
    const rows = Math.min(step, queries.rows - first)
    const values = queries.values.subarray(first * queries.columns, (first + rows) * queries.columns)
    yield { first, matrix: { rows, columns: queries.columns, values } }
  }
}

function rowsOf({ columns, values }: Matrix, rows: readonly number[]): Matrix {
  const picked = new Float32Array(rows.length * columns)
  rows.forEach((row, at) => picked.set(values.subarray(row * columns, (row + 1) * columns), at * columns))
  return { rows: rows.length, columns, values: picked }
}
