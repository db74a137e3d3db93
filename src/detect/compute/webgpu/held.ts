import type { Held, Matrix } from '../../../contract/compute.ts'
import { decileIndices } from '../plan/plan.ts'
import { centreOf, scaleOf } from '../scale/scale.ts'
import type { Device } from './device.ts'
import { float, storage, upload } from './job.ts'
import { NORMS } from './top-k-wgsl.ts'

/** Shards begin at multiples of a tile's rows. */
const SHARD_STEP = 64
const THREADS = 64

export interface Shard {
  readonly buffer: GPUBuffer
  /** Row of the whole matrix. */
  readonly first: number
  readonly rows: number
}

/** What the ranking of neighbours needs of the references beside their values. */
export interface Ranking {
  /** Power of two that brings the values near 1: squares neither overflow nor vanish. */
  readonly scale: number
  readonly centre: Float32Array
  readonly centreBuffer: GPUBuffer
  /** Squared length of each centred and scaled row, by shard. */
  readonly norms: readonly GPUBuffer[]
  readonly longest: number
}

/** Some columns of the references, each column's values in order. */
export interface SortedColumns {
  readonly first: number
  readonly columns: number
  /** columns × rows integers that sort like the values. */
  readonly buffer: GPUBuffer
  /** columns × 9: how many values are at most the one at each decile. */
  readonly below: Uint32Array
}

/** References resident on the GPU, in shards that one binding can hold. */
export class GpuHeld implements Held {
  readonly rows: number
  readonly columns: number
  readonly shards: readonly Shard[]
  readonly #device: Device
  readonly #centre: { readonly scale: number; readonly values: Float32Array }
  readonly #own: GPUBuffer[] = []
  #ranking: Promise<Ranking> | undefined
  #sorted: Promise<readonly SortedColumns[]> | undefined
  #users = 0
  #gone = false

  static async of(device: Device, matrix: Matrix): Promise<GpuHeld> {
    const shards = await uploadShards(device, matrix)
    return new GpuHeld(device, matrix, shards)
  }

  private constructor(device: Device, matrix: Matrix, shards: readonly Shard[]) {
    this.#device = device
    this.rows = matrix.rows
    this.columns = matrix.columns
    this.shards = shards
    this.#centre = { scale: scaleOf(matrix.values), values: centreOf(matrix) }
  }

  /** Works with the references; those that are let go meanwhile stay until it is done. */
  async use<Result>(device: Device, work: (held: GpuHeld) => Promise<Result>): Promise<Result> {
    if (this.#device !== device) throw new RangeError('these references are held by another device')
    if (this.#gone) throw new RangeError('these references were let go')
    this.#users++
    try {
      return await work(this)
    } finally {
      this.#users--
      this.#destroyUnused()
    }
  }

  ranking(): Promise<Ranking> {
    this.#ranking ??= this.#rank()
    return this.#ranking
  }

  /** All columns in order, so many in one buffer. Sorted once, on the CPU. */
  sortedColumns(atOnce: number): Promise<readonly SortedColumns[]> {
    this.#sorted ??= this.#sort(atOnce)
    return this.#sorted
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone = true
    this.#destroyUnused()
  }

  #destroyUnused(): void {
    if (!this.#gone || this.#users > 0) return
    for (const { buffer } of this.shards) buffer.destroy()
    for (const buffer of this.#own) buffer.destroy()
  }

  async #rank(): Promise<Ranking> {
    const pipeline = await this.#device.pipeline(NORMS)
    const { scale, values } = this.#centre
    const { centreBuffer, norms } = await this.#device.guarded((device) => ({
      centreBuffer: upload(device, values),
      norms: this.shards.map((shard) => storage(device, shard.rows)),
    }))
    this.#own.push(centreBuffer, ...norms)
    const read = await this.#device.run((job) => {
      this.shards.forEach(({ buffer, rows }, index) => {
        const groups = Math.ceil(rows / THREADS)
        const x = Math.min(groups, this.#device.workgroups)
        const params = job.params(rows, this.columns, float(scale), x * THREADS)
        job.dispatch(pipeline, [params, buffer, centreBuffer, norms[index] ?? buffer], [x, Math.ceil(groups / x)])
      })
      return norms
    })
    let longest = 0
    for (const part of read) for (const norm of new Float32Array(part)) longest = Math.max(longest, Math.sqrt(norm))
    return { scale, centre: values, centreBuffer, norms, longest }
  }

  async #sort(atOnce: number): Promise<readonly SortedColumns[]> {
    const { rows, columns } = this
    const read = await this.#device.run(() => this.shards.map(({ buffer }) => buffer))
    const parts = read.map((part) => new Float32Array(part))
    const chunks: SortedColumns[] = []
    for (let first = 0; first < columns; first += atOnce) {
      const count = Math.min(atOnce, columns - first)
      const keys = new Uint32Array(count * rows)
      const below = new Uint32Array(count * 9)
      for (let column = 0; column < count; column++) {
        const sorted = sortedColumn(parts, rows, columns, first + column)
        keys.set(keysOf(sorted), column * rows)
        below.set(countsBelow(sorted), column * 9)
      }
      const buffer = await this.#device.guarded((device) => upload(device, keys))
      this.#own.push(buffer)
      chunks.push({ first, columns: count, buffer, below })
    }
    return chunks
  }
}

function sortedColumn(parts: readonly Float32Array[], rows: number, columns: number, column: number): Float32Array {
  const values = new Float32Array(rows)
  let row = 0
  // Zeros lose their sign: they are equal.
  for (const part of parts) for (let at = column; at < part.length; at += columns) values[row++] = (part[at] ?? 0) + 0
  return values.sort()
}

/** The bits of each value, turned so that they sort as integers. */
function keysOf(sorted: Float32Array): Uint32Array {
  const bits = new Uint32Array(sorted.buffer, sorted.byteOffset, sorted.length)
  return bits.map((word) => (word >>> 31 === 1 ? ~word : word | 0x80000000))
}

function countsBelow(sorted: Float32Array): number[] {
  return decileIndices(sorted.length).map((index) => {
    let [low, high] = [index, sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sorted[middle] ?? 0) <= (sorted[index] ?? 0)) low = middle + 1
      else high = middle
    }
    return low
  })
}

/** Rows on the GPU, no more of them in one buffer than one binding may have. RangeError when a row is too long for that. */
export async function uploadShards(device: Device, { rows, columns, values }: Matrix): Promise<Shard[]> {
  const step = shardRows(device, columns)
  const shards: Shard[] = []
  try {
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      const part = values.subarray(first * columns, (first + count) * columns)
      shards.push({ first, rows: count, buffer: await device.guarded((gpu) => upload(gpu, part)) })
    }
  } catch (error) {
    for (const { buffer } of shards) buffer.destroy()
    throw error
  }
  return shards
}

/** How many rows of so many columns one binding may have: a multiple of a tile's rows. */
export function shardRows(device: Device, columns: number): number {
  const step = Math.floor(device.bindingBytes / (4 * columns * SHARD_STEP)) * SHARD_STEP
  if (step === 0)
    throw new RangeError(
      `${SHARD_STEP} rows of ${columns} columns are more than the ${device.bindingBytes} bytes that this GPU binds at once`,
    )
  return step
}
