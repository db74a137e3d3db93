import type { KeyUse, StateChange } from '../../contract/detect.ts'
import { UseOrder } from './use-order.ts'

/** A part of a row that is stored under a key of its own, so that what moves seldom is written seldom. */
export interface Section {
  /** Prefix of the stored key, `open.1`; a new layout takes a new name and the old rows are deleted. */
  readonly name: string
  /** A multiple of eight. */
  readonly bytes: number
}

/** One key's memory: the same bytes seen as numbers and as bytes. `numbers[0]` belongs to the order of use. */
export class Row {
  key = ''
  /** A bit for each section that differs from what `changes` last gave. */
  dirty = 0
  /** A bit for each section that the store holds: only these are deleted with the row. */
  stored = 0
  /** Its number among the rows of its map, from 0. */
  readonly place: number
  readonly numbers: Float64Array
  readonly bytes: Uint8Array

  constructor(place: number, slab: ArrayBuffer, offset: number, bytes: number) {
    this.place = place
    this.numbers = new Float64Array(slab, offset, bytes / 8)
    this.bytes = new Uint8Array(slab, offset, bytes)
  }
}

/** A section as it lies in a row, from byte `from` to before `to`. */
interface Part {
  /** Before a row's key in the stored key. */
  readonly prefix: string
  readonly from: number
  readonly to: number
}

/** Rows are made in slabs of at most so many, and of at most so many bytes unless one row takes more. */
const [SLAB_ROWS, SLAB_BYTES] = [256, 1024 * 1024]

/**
 * A bounded map from keys to rows of fixed size, least recently used first out. "Recently" is the order of the stream,
 * which is stored with each row: after `restore` the same keys are evicted as in a run that never stopped. A stored value
 * is the section's bytes in host order, without trailing zeros (eight at a time).
 */
export class KeyedRows {
  readonly #sections: readonly Part[]
  readonly #bytes: number
  readonly #cap: number
  readonly #slabRows: number
  readonly #rows = new Map<string, Row>()
  readonly #order = new UseOrder()
  /** Every row by its place. */
  readonly #places: Row[] = []
  #uses = 0
  #evicted = 0
  #dirty: Row[] = []
  /** Keys of evicted rows, with a bit for each section that is to be deleted. */
  #gone = new Map<string, number>()
  /** Stored keys that `restore` could not read, to be deleted too. */
  #unread = new Set<string>()
  #slab = new ArrayBuffer(0)
  #slabUsed = 0

  constructor(cap: number, sections: readonly Section[]) {
    if (!(cap >= 1)) throw new RangeError(`a bounded map needs room for one key at least, not ${cap}`)
    let from = 0
    this.#sections = sections.map((section) => {
      if (section.bytes % 8 !== 0) throw new RangeError(`section ${section.name}: ${section.bytes} is no multiple of 8`)
      return { prefix: `${section.name}/`, from, to: (from += section.bytes) }
    })
    this.#bytes = from
    this.#cap = cap
    this.#slabRows = Math.max(1, Math.min(cap, SLAB_ROWS, Math.floor(SLAB_BYTES / from)))
  }

  /** The row, without counting as a use. */
  find(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  /** The row, made the most recently used; zeros when the key is new. Its first section counts as changed. */
  use(key: string): Row {
    return this.#used(key, this.#rows.get(key))
  }

  /**
   * As `use`, for rows that are asked for more often than they change: one that is among the last eighth of the cap to be
   * used keeps its place in the order, and nothing of it is stored for that.
   */
  recall(key: string): Row {
    const row = this.#rows.get(key)
    return row && this.#uses - useOf(row) < this.#cap / 8 ? row : this.#used(key, row)
  }

  /** `section` of the row has changed and must be stored. */
  touch(row: Row, section: number): void {
    if (row.dirty === 0) this.#dirty.push(row)
    row.dirty |= 1 << section
  }

  keys(): KeyUse {
    return { held: this.#rows.size, cap: this.#cap, evicted: this.#evicted }
  }

  changes(): StateChange[] {
    const changes: StateChange[] = []
    const copies = new Copies()
    for (const key of this.#unread) changes.push({ key, value: null })
    for (const [key, stored] of this.#gone)
      for (const [at, { prefix }] of this.#sections.entries())
        if (stored & (1 << at)) changes.push({ key: prefix + key, value: null })
    for (const row of this.#dirty) {
      const { dirty, key } = row
      // Most rows have changed in nothing but their first section.
      for (let at = 0, rest = dirty; rest !== 0; at++, rest >>>= 1) {
        const section = this.#sections[at]
        if ((rest & 1) !== 0 && section) changes.push({ key: section.prefix + key, value: copies.of(row, section) })
      }
      row.stored |= dirty
      row.dirty = 0
    }
    this.#unread = new Set()
    this.#gone = new Map()
    this.#dirty = []
    return changes
  }

  /** Replaces everything held. Returns how many stored keys were of no known layout; they are deleted with the next changes. */
  restore(state: Iterable<StateChange>): number {
    this.#clear()
    let unknown = 0
    for (const { key, value } of state) {
      if (value === null) continue
      const at = this.#sections.findIndex(({ prefix }) => key.startsWith(prefix))
      const section = this.#sections[at]
      if (!section || value.length > section.to - section.from) {
        this.#unread.add(key)
        unknown++
        continue
      }
      const name = key.slice(section.prefix.length)
      const row = this.#rows.get(name) ?? this.#add(name)
      row.bytes.set(value, section.from)
      row.stored |= 1 << at
      this.#uses = Math.max(this.#uses, row.numbers[0] ?? 0)
    }
    this.#order.clear()
    for (const { place } of [...this.#rows.values()].toSorted((a, b) => useOf(a) - useOf(b))) this.#order.add(place)
    while (this.#rows.size > this.#cap) this.#evict()
    return unknown
  }

  #used(key: string, known: Row | undefined): Row {
    const row = known ?? this.#create(key)
    if (known) this.#order.use(known.place)
    row.numbers[0] = ++this.#uses
    this.touch(row, 0)
    return row
  }

  #create(key: string): Row {
    const row = this.#rows.size >= this.#cap ? this.#reuse(key) : this.#add(key)
    // What the store still holds of the key's last row is overwritten; other sections wait until they are touched.
    row.stored = this.#gone.get(key) ?? 0
    this.touch(row, 0)
    row.dirty |= row.stored
    this.#gone.delete(key)
    return row
  }

  #reuse(key: string): Row {
    const row = this.#evict()
    if (!row) return this.#add(key)
    row.numbers.fill(0)
    row.key = key
    this.#rows.set(key, row)
    this.#order.add(row.place)
    return row
  }

  #evict(): Row | undefined {
    const place = this.#order.takeOldest()
    const row = place === undefined ? undefined : this.#places[place]
    if (!row) return undefined
    this.#rows.delete(row.key)
    if (row.stored !== 0) this.#gone.set(row.key, row.stored)
    row.stored = 0
    // It may stay in the list of changed rows: `changes` passes over rows with nothing to say.
    row.dirty = 0
    this.#evicted++
    return row
  }

  #add(key: string): Row {
    if (this.#slabUsed + this.#bytes > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(this.#bytes * this.#slabRows)
      this.#slabUsed = 0
    }
    const row = new Row(this.#places.length, this.#slab, this.#slabUsed, this.#bytes)
    this.#slabUsed += this.#bytes
    row.key = key
    this.#rows.set(key, row)
    this.#places.push(row)
    this.#order.add(row.place)
    return row
  }

  #clear(): void {
    this.#rows.clear()
    this.#order.clear()
    this.#places.length = 0
    this.#gone.clear()
    this.#unread.clear()
    this.#dirty = []
    this.#uses = 0
    this.#evicted = 0
  }
}

function useOf(row: Row): number {
  return row.numbers[0] ?? 0
}

const COPIES_BYTES = 128 * 1024

/** Copies side by side in a few pieces of memory: thousands of small buffers a second leave the allocator in fragments. */
class Copies {
  #piece = new Uint8Array(0)
  #used = 0

  /** The section's numbers up to the last that is not zero; -0 is not, since these may be bytes of anything. */
  of(row: Row, section: Part): Uint8Array {
    const { numbers, bytes } = row
    const first = section.from / 8
    let end = section.to / 8
    while (end > first && isZero(numbers[end - 1])) end--
    const length = end * 8 - section.from
    if (this.#used + bytes.length > this.#piece.byteLength) {
      this.#piece = new Uint8Array(Math.max(COPIES_BYTES, bytes.length))
      this.#used = 0
    }
    // What is copied beyond the end gives way to the next copy: that costs less than a view on the part before it.
    const isWhole = section.from === 0 && section.to === bytes.length
    this.#piece.set(isWhole ? bytes : bytes.subarray(section.from, end * 8), this.#used)
    const copy = this.#piece.subarray(this.#used, this.#used + length)
    this.#used += length
    return copy
  }
}

/** Compared in this order since `Object.is(value, 0)` is a call each time. */
function isZero(value: number | undefined): boolean {
  return value === 0 && !Object.is(value, -0)
}
