import { FOURIER_FEATURES, FOURIER_SCALE } from '../../features/fourier.ts'
import type { MeanVector } from '../../features/mean-vector.ts'
import {
  FOREMOST,
  FOREMOST_BYTES,
  type ForemostAt,
  foremostIds,
  keepForemost,
  mergeForemost,
} from '../../state/foremost.ts'
import type { Row, Section } from '../../state/keyed-rows.ts'
import { closeFull } from '../close-full.ts'

/** Of so many features one is looked at to tell how far a request lies: enough to rank them, and for that alone. */
const EVERY = 8
/** The largest first window, and the largest whose sums of features up to 127 are exact in 16 bits. */
export const LARGEST_FIRST = 256
/** The largest whose sums fit 16 bits in units of `UNIT`, where each 16 requests (a first window at least) may add half of one. */
const LARGEST_ROUNDED = 1_024
const UNIT = 4

// A level, in numbers; the first of the row belongs to the map.
const COUNT = 1
const SQUARES = 2
const STARTED = 3
const DISTANCES = 4
const NUMBERS = DISTANCES + FOREMOST
// And in bytes after them.
const IDS = NUMBERS * 8
const SUMS = IDS + FOREMOST_BYTES

/** A window that has just been filled. */
export interface Filled {
  readonly size: number
  /** Unbiased squared maximum mean discrepancy from the reference: about 0 for requests drawn from it, or a little below. */
  readonly distance: number
  readonly startedAt: number
  /** Ids of the requests farthest from the reference's mean, farthest first. */
  readonly exemplars: readonly string[]
}

/** Sections of a row for windows of these sizes; the first changes with every request, the others when it is full. */
export function sectionsOf(sizes: readonly number[], version: string): readonly Section[] {
  return sizes.map((size) => ({ name: `${version}.${size}`, bytes: bytesOf(size) }))
}

function bytesOf(size: number): number {
  return SUMS + FOURIER_FEATURES * (size <= LARGEST_ROUNDED ? 2 : 4)
}

function unitOf(size: number): number {
  return size > LARGEST_FIRST && size <= LARGEST_ROUNDED ? UNIT : 1
}

/**
 * One principal's open windows, each of a multiple of the size of the one before: a view on its row. A window is the sum
 * of its requests' features and of their squared lengths, in whole numbers. In windows of 257 to 1,024 requests they
 * are rounded to multiples of 4 whenever a window below is full: in the default of 1,000 five times, which adds a
 * millionth to the variance of a sum.
 */
export class OpenWindows {
  readonly #row: Row
  readonly #sizes: readonly number[]
  readonly #touch: (row: Row, section: number) => void

  constructor(row: Row, sizes: readonly number[], touch: (row: Row, section: number) => void) {
    this.#row = row
    this.#sizes = sizes
    this.#touch = touch
  }

  /** Adds a request. Windows that it fills are told, the smallest first, and begin anew. */
  add(features: Int8Array, at: number, id: string, centre: MeanVector): readonly Filled[] {
    const first = new Level(this.#row, this.#sizes, 0)
    this.#touch(this.#row, 0)
    first.begin(at)
    first.add(features, id, centre)
    if (first.count < (this.#sizes[0] ?? 0)) return NONE
    return closeFull(first, {
      sizes: this.#sizes,
      open: (level) => new Level(this.#row, this.#sizes, level),
      tell: (full, size) => full.told(size, centre),
      touch: (level) => this.#touch(this.#row, level),
    })
  }
}

const NONE: readonly Filled[] = []

/** Views of the row's memory are made where they are needed only: this is made anew for every request. */
class Level {
  readonly #row: Row
  readonly #size: number
  /** Where it begins, in bytes and in numbers of the row. */
  readonly #from: number
  readonly #first: number

  constructor(row: Row, sizes: readonly number[], level: number) {
    let from = 0
    for (let below = 0; below < level; below++) from += bytesOf(sizes[below] ?? 0)
    this.#row = row
    this.#size = sizes[level] ?? 0
    this.#from = from
    this.#first = from / 8
  }

  get count(): number {
    return this.#get(COUNT)
  }

  begin(at: number): void {
    if (this.count === 0) this.#set(STARTED, at)
  }

  /** To the first level: four at once, from words of four features (little-endian). */
  add(features: Int8Array, id: string, { mean }: MeanVector): void {
    const words = new Int32Array(features.buffer, features.byteOffset, FOURIER_FEATURES / 4)
    const pairs = new Int32Array(this.#row.bytes.buffer, this.#sumsAt, FOURIER_FEATURES / 2)
    let squares = 0
    for (let i = 0; i < FOURIER_FEATURES / 4; i++) {
      const word = words[i] ?? 0
      const a = (word << 24) >> 24
      const b = (word << 16) >> 24
      const c = (word << 8) >> 24
      const d = word >> 24
      const one = pairs[2 * i] ?? 0
      const two = pairs[2 * i + 1] ?? 0
      pairs[2 * i] = ((one + a) & 0xffff) | (((one >> 16) + b) << 16)
      pairs[2 * i + 1] = ((two + c) & 0xffff) | (((two >> 16) + d) << 16)
      squares = (squares + Math.imul(a, a) + Math.imul(b, b) + Math.imul(c, c) + Math.imul(d, d)) | 0
    }
    let along = 0
    for (let i = 0; i < FOURIER_FEATURES; i += EVERY) along += (features[i] ?? 0) * (mean[i] ?? 0)
    this.#set(COUNT, this.#get(COUNT) + 1)
    this.#set(SQUARES, this.#get(SQUARES) + squares)
    // Without what is the same for all requests; shifted so that an empty place, which is 0, is always the nearest.
    const distance = squares - 2 * EVERY * along + 4 * FOURIER_FEATURES * FOURIER_SCALE ** 2
    keepForemost(this.#row, this.#farthest, distance, id)
  }

  /** Takes over what a full window below this one holds. */
  addAll(below: Level): void {
    this.begin(below.#get(STARTED))
    const [sums, more] = [this.#sums(), below.#sums()]
    const factor = unitOf(below.#size) / unitOf(this.#size)
    for (let i = 0; i < FOURIER_FEATURES; i++) sums[i] = (sums[i] ?? 0) + Math.round((more[i] ?? 0) * factor)
    this.#set(COUNT, this.#get(COUNT) + below.count)
    this.#set(SQUARES, this.#get(SQUARES) + below.#get(SQUARES))
    mergeForemost(this.#row, this.#farthest, below.#farthest)
  }

  told(size: number, { mean, squared }: MeanVector): Filled {
    const sums = this.#sums()
    const unit = unitOf(size)
    let [own, along] = [0, 0]
    for (let i = 0; i < FOURIER_FEATURES; i++) {
      const sum = (sums[i] ?? 0) * unit
      own += sum * sum
      along += sum * (mean[i] ?? 0)
    }
    const pairs = (own - this.#get(SQUARES)) / (size * (size - 1))
    const scale = 2 / (FOURIER_FEATURES * FOURIER_SCALE ** 2)
    return {
      size,
      distance: scale * (pairs - (2 * along) / size + squared),
      startedAt: this.#get(STARTED),
      exemplars: foremostIds(this.#row, this.#farthest),
    }
  }

  clear(): void {
    this.#row.numbers.fill(0, this.#first + COUNT, this.#first + bytesOf(this.#size) / 8)
  }

  get #farthest(): ForemostAt {
    return { numbers: this.#first + DISTANCES, bytes: this.#from + IDS }
  }

  /** In bytes of the row's buffer. */
  get #sumsAt(): number {
    return this.#row.bytes.byteOffset + this.#from + SUMS
  }

  #sums(): Int16Array | Int32Array {
    const { buffer } = this.#row.bytes
    return this.#size <= LARGEST_ROUNDED
      ? new Int16Array(buffer, this.#sumsAt, FOURIER_FEATURES)
      : new Int32Array(buffer, this.#sumsAt, FOURIER_FEATURES)
  }

  #get(at: number): number {
    return this.#row.numbers[this.#first + at] ?? 0
  }

  #set(at: number, value: number): void {
    this.#row.numbers[this.#first + at] = value
  }
}
