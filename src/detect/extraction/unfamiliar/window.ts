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

// A level, in numbers; the first of the row belongs to the map.
const [COUNT, STARTED, SURPRISES] = [1, 2, 3]
const NUMBERS = SURPRISES + FOREMOST
// And in bytes after them.
const IDS = NUMBERS * 8
const LARGEST = IDS + FOREMOST_BYTES

/** A window that has just been filled. */
export interface Filled {
  readonly size: number
  /** Mean surprise of its `top` most surprising requests. */
  readonly surprise: number
  readonly top: number
  readonly startedAt: number
  /** Ids of the most surprising requests, the first of them first. */
  readonly exemplars: readonly string[]
}

/** Sections of a row for windows of these sizes; the first changes with every request, the others when it is full. */
export function sectionsOf(sizes: readonly number[], version: string): readonly Section[] {
  const bytes = bytesOf(sizes)
  return sizes.map((size) => ({ name: `${version}.${size}`, bytes }))
}

/** Each keeps as many surprises as the largest counts: one small window may bring all of them. */
function bytesOf(sizes: readonly number[]): number {
  return LARGEST + 8 * Math.ceil(topOf(sizes.at(-1) ?? 0) / 2)
}

/** Requests of a window that count: 10 of 50, 20 of 200, 45 of 1,000. Who mixes in ordinary ones has a part in them still. */
export function topOf(size: number): number {
  return Math.round(Math.sqrt(2 * size))
}

/** One principal's open windows, each of a multiple of the size of the one before: their largest surprises, in order. */
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
  add(surprise: number, at: number, id: string): readonly Filled[] {
    const bytes = bytesOf(this.#sizes)
    const first = new Level(this.#row, 0, bytes)
    this.#touch(this.#row, 0)
    first.add(surprise, at, id)
    if (first.count < (this.#sizes[0] ?? 0)) return NONE
    return closeFull(first, {
      sizes: this.#sizes,
      open: (level) => new Level(this.#row, level, bytes),
      tell: (full, size) => full.told(size),
      touch: (level) => this.#touch(this.#row, level),
    })
  }
}

const NONE: readonly Filled[] = []

class Level {
  readonly #row: Row
  /** Where it begins, in bytes and in numbers of the row. */
  readonly #from: number
  readonly #first: number
  readonly #bytes: number

  constructor(row: Row, level: number, bytes: number) {
    this.#row = row
    this.#from = level * bytes
    this.#first = this.#from / 8
    this.#bytes = bytes
  }

  get count(): number {
    return this.#row.numbers[this.#first + COUNT] ?? 0
  }

  add(surprise: number, at: number, id: string): void {
    this.#begin(at, 1)
    insert(this.#largest(), surprise)
    keepForemost(this.#row, this.#foremost, surprise, id)
  }

  /** Takes over what a full window below this one holds. */
  addAll(below: Level): void {
    this.#begin(below.#startedAt, below.count)
    const largest = this.#largest()
    for (const surprise of below.#largest()) insert(largest, surprise)
    mergeForemost(this.#row, this.#foremost, below.#foremost)
  }

  told(size: number): Filled {
    const top = topOf(size)
    const largest = this.#largest()
    let sum = 0
    for (let i = 0; i < top; i++) sum += largest[i] ?? 0
    return {
      size,
      surprise: sum / top,
      top,
      startedAt: this.#startedAt,
      exemplars: foremostIds(this.#row, this.#foremost),
    }
  }

  clear(): void {
    this.#row.numbers.fill(0, this.#first + COUNT, this.#first + this.#bytes / 8)
  }

  #begin(at: number, requests: number): void {
    const { numbers } = this.#row
    if (this.count === 0) numbers[this.#first + STARTED] = at
    numbers[this.#first + COUNT] = this.count + requests
  }

  get #startedAt(): number {
    return this.#row.numbers[this.#first + STARTED] ?? 0
  }

  get #foremost(): ForemostAt {
    return { numbers: this.#first + SURPRISES, bytes: this.#from + IDS }
  }

  /** Largest first; zeros where nothing is yet, since no surprise is smaller. */
  #largest(): Float32Array {
    const { buffer, byteOffset } = this.#row.bytes
    return new Float32Array(buffer, byteOffset + this.#from + LARGEST, (this.#bytes - LARGEST) / 4)
  }
}

/** Into numbers in falling order, of which the last gives way. */
function insert(largest: Float32Array, value: number): void {
  let place = largest.length
  while (place > 0 && value > (largest[place - 1] ?? 0)) place--
  if (place === largest.length) return
  largest.copyWithin(place + 1, place)
  largest[place] = value
}
