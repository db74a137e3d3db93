import { FOURIER_FEATURES, FOURIER_SCALE } from '../../features/fourier.ts'
import type { Row, Section } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'

/** Events kept as the farthest from the reference. */
const EXEMPLARS = 5
const ID_BYTES = 32
/** Of so many features one is looked at to tell how far a request lies: enough to rank them, and for that alone. */
const EVERY = 8
/** The largest first window, whose sums are 16 bits wide: 256 * 127 < 2 ** 15. */
export const LARGEST_FIRST = 256

// A level, in numbers; the first of the row belongs to the map.
const COUNT = 1
const SQUARES = 2
const STARTED = 3
const DISTANCES = 4
const NUMBERS = DISTANCES + EXEMPLARS
// And in bytes after them.
const IDS = NUMBERS * 8
const SUMS = IDS + EXEMPLARS * ID_BYTES

/** What is compared with: the mean features of the reference, in quantised units. */
export interface Centre {
  readonly mean: Float64Array
  /** Its squared length. */
  readonly squared: number
}

/** A window that has just been filled. */
export interface Filled {
  readonly size: number
  /** Unbiased squared maximum mean discrepancy from the reference: about 0 for requests drawn from it, or a little below. */
  readonly distance: number
  readonly startedAt: number
  /** Ids of the requests farthest from the reference's mean, farthest first. */
  readonly exemplars: readonly string[]
}

export function centreOf(mean: Float64Array): Centre {
  return { mean, squared: mean.reduce((sum, value) => sum + value * value, 0) }
}

/** Sections of a row for windows of these sizes; the first changes with every request, the others when it is full. */
export function sectionsOf(sizes: readonly number[], version: string): readonly Section[] {
  return sizes.map((size, level) => ({ name: `${version}.${size}`, bytes: bytesOf(level) }))
}

function bytesOf(level: number): number {
  return SUMS + FOURIER_FEATURES * (level === 0 ? 2 : 4)
}

/**
 * One principal's open windows, each of a multiple of the size of the one before: a view on its row. A window is the sum
 * of its requests' features and of their squared lengths, in whole numbers.
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
  add(features: Int8Array, at: number, id: string, centre: Centre): Filled[] {
    const first = new Level(this.#row, 0)
    this.#touch(this.#row, 0)
    first.begin(at)
    first.add(features, id, centre)
    const filled: Filled[] = []
    for (let level = 0; level < this.#sizes.length; level++) {
      const size = this.#sizes[level] ?? 0
      const full = new Level(this.#row, level)
      if (full.count < size) break
      filled.push(full.told(size, centre))
      if (level + 1 < this.#sizes.length) {
        new Level(this.#row, level + 1).addAll(full)
        this.#touch(this.#row, level + 1)
      }
      full.clear()
      this.#touch(this.#row, level)
    }
    return filled
  }
}

class Level {
  readonly #numbers: Float64Array
  readonly #bytes: Uint8Array
  readonly #sums: Int16Array | Int32Array

  constructor(row: Row, level: number) {
    let from = 0
    for (let below = 0; below < level; below++) from += bytesOf(below)
    this.#numbers = row.numbers.subarray(from / 8, from / 8 + NUMBERS)
    this.#bytes = row.bytes.subarray(from, from + bytesOf(level))
    const { buffer, byteOffset } = row.bytes
    const start = byteOffset + from + SUMS
    this.#sums =
      level === 0 ? new Int16Array(buffer, start, FOURIER_FEATURES) : new Int32Array(buffer, start, FOURIER_FEATURES)
  }

  get count(): number {
    return this.#numbers[COUNT] ?? 0
  }

  begin(at: number): void {
    if (this.count === 0) this.#numbers[STARTED] = at
  }

  add(features: Int8Array, id: string, { mean }: Centre): void {
    const sums = this.#sums
    let squares = 0
    for (let i = 0; i < FOURIER_FEATURES; i++) {
      const value = features[i] ?? 0
      sums[i] = (sums[i] ?? 0) + value
      squares = (squares + Math.imul(value, value)) | 0
    }
    let along = 0
    for (let i = 0; i < FOURIER_FEATURES; i += EVERY) along += (features[i] ?? 0) * (mean[i] ?? 0)
    this.#add(COUNT, 1)
    this.#add(SQUARES, squares)
    // Without what is the same for all requests; shifted so that an empty place, which is 0, is always the nearest.
    this.#keep(squares - 2 * EVERY * along + 4 * FOURIER_FEATURES * FOURIER_SCALE ** 2, id)
  }

  /** Takes over what a full window below this one holds. */
  addAll(below: Level): void {
    this.begin(below.#numbers[STARTED] ?? 0)
    const [sums, more] = [this.#sums, below.#sums]
    for (let i = 0; i < FOURIER_FEATURES; i++) sums[i] = (sums[i] ?? 0) + (more[i] ?? 0)
    this.#add(COUNT, below.count)
    this.#add(SQUARES, below.#numbers[SQUARES] ?? 0)
    for (let i = 0; i < EXEMPLARS; i++) this.#keep(below.#numbers[DISTANCES + i] ?? 0, below.#idAt(i))
  }

  told(size: number, { mean, squared }: Centre): Filled {
    let [own, along] = [0, 0]
    for (let i = 0; i < FOURIER_FEATURES; i++) {
      const sum = this.#sums[i] ?? 0
      own += sum * sum
      along += sum * (mean[i] ?? 0)
    }
    const pairs = (own - (this.#numbers[SQUARES] ?? 0)) / (size * (size - 1))
    const scale = 2 / (FOURIER_FEATURES * FOURIER_SCALE ** 2)
    const ids = Array.from({ length: EXEMPLARS }, (_, i) => this.#idAt(i))
    return {
      size,
      distance: scale * (pairs - (2 * along) / size + squared),
      startedAt: this.#numbers[STARTED] ?? 0,
      exemplars: ids.filter((id) => id !== ''),
    }
  }

  clear(): void {
    this.#numbers.fill(0, COUNT)
    this.#bytes.fill(0, IDS)
  }

  #keep(distance: number, id: string): void {
    const numbers = this.#numbers
    if (!(distance > (numbers[DISTANCES + EXEMPLARS - 1] ?? 0))) return
    let place = EXEMPLARS - 1
    while (place > 0 && distance > (numbers[DISTANCES + place - 1] ?? 0)) place--
    numbers.copyWithin(DISTANCES + place + 1, DISTANCES + place, DISTANCES + EXEMPLARS - 1)
    const at = IDS + place * ID_BYTES
    this.#bytes.copyWithin(at + ID_BYTES, at, IDS + (EXEMPLARS - 1) * ID_BYTES)
    numbers[DISTANCES + place] = distance
    writeShortText(this.#bytes, at, ID_BYTES, id)
  }

  #idAt(place: number): string {
    return readShortText(this.#bytes, IDS + place * ID_BYTES, ID_BYTES)
  }

  #add(at: number, value: number): void {
    this.#numbers[at] = (this.#numbers[at] ?? 0) + value
  }
}
