import type { Held, Matrix } from '../../../contract/compute.ts'
import type { Piece } from './arena.ts'
import type { Memories } from './memories.ts'
import { RIGHT } from './products.ts'
import { depthOf, packRight, packedLength } from './pack.ts'
import { halfOf } from './tasks.ts'

/** Bytes of packed rows in one piece; larger references are cut. */
const SHARD_BYTES = 2 ** 30

/** Rows `first`…`first + rows` of held references, as right panels with half squared norms after them. */
export interface Shard {
  readonly first: number
  readonly rows: number
  readonly piece: Piece
  /** Addresses. */
  readonly panels: number
  readonly halves: number
}

export class WasmHeld implements Held {
  readonly rows: number
  readonly columns: number
  readonly #memories: Memories
  #shards: readonly Shard[]
  #sorted: Promise<Piece> | undefined
  #gone = false
  readonly #calls = new Set<Promise<unknown>>()

  constructor(memories: Memories, references: Matrix, shardBytes = SHARD_BYTES) {
    this.rows = references.rows
    this.columns = references.columns
    this.#memories = memories
    const most = Math.max(1, Math.floor(shardBytes / (packedLength(RIGHT, references.columns, RIGHT) * 4))) * RIGHT
    const shards: Shard[] = []
    try {
      for (let first = 0; first < references.rows; first += most)
        shards.push(shardOf(memories, references, first, Math.min(most, references.rows - first)))
    } catch (error) {
      for (const shard of shards) shard.piece.free()
      throw error
    }
    this.#shards = shards
  }

  get shards(): readonly Shard[] {
    if (this.#gone) throw new RangeError('these references were let go')
    return this.#shards
  }

  /** Lets references go only when the call is done with them. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    const running = call()
    this.#calls.add(running)
    try {
      return await running
    } finally {
      this.#calls.delete(running)
    }
  }

  /** The columns one after another, each with room for one more value, made when first wanted; `sort` puts them in order. */
  async sorted(sort: (piece: Piece) => Promise<void>): Promise<Piece> {
    const { shards } = this
    try {
      return await (this.#sorted ??= this.#turn(shards, sort))
    } catch (error) {
      this.#sorted = undefined
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#gone) return
    this.#gone = true
    await Promise.allSettled(this.#calls)
    for (const shard of this.#shards) shard.piece.free()
    this.#shards = []
    if (this.#sorted) (await this.#sorted).free()
  }

  async #turn(shards: readonly Shard[], sort: (piece: Piece) => Promise<void>): Promise<Piece> {
    const depth = depthOf(this.columns)
    const piece = this.#memories.keep((this.rows + 1) * this.columns * 4)
    const to = this.#memories.instance(piece.arena).f32
    for (const { first, rows, panels, piece: from } of shards) {
      const { f32 } = this.#memories.instance(from.arena)
      for (let row = 0; row < rows; row++) {
        const panel = panels / 4 + (row - (row % RIGHT)) * depth + (row % RIGHT)
        for (let column = 0; column < this.columns; column++)
          to[piece.at / 4 + column * (this.rows + 1) + first + row] = f32[panel + column * RIGHT] ?? NaN
      }
    }
    try {
      await sort(piece)
    } catch (error) {
      piece.free()
      throw error
    }
    return piece
  }
}

function shardOf(memories: Memories, { columns, values }: Matrix, first: number, rows: number): Shard {
  const packed = packedLength(rows, columns, RIGHT)
  const padded = Math.ceil(rows / RIGHT) * RIGHT
  const piece = memories.keep((packed + padded) * 4)
  const { f32 } = memories.instance(piece.arena)
  packRight(f32, piece.at / 4, values, first * columns, rows, columns)
  const halves = piece.at + packed * 4
  f32.fill(0, halves / 4, halves / 4 + padded)
  for (let row = 0; row < rows; row++) f32[halves / 4 + row] = halfOf(values, (first + row) * columns, columns)
  return { first, rows, piece, panels: piece.at, halves }
}
