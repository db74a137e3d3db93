import type { KeyUse, StateChange } from '../../contract/detect.ts'

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
  readonly numbers: Float64Array
  readonly bytes: Uint8Array

  constructor(slab: ArrayBuffer, offset: number, bytes: number) {
    this.numbers = new Float64Array(slab, offset, bytes / 8)
    this.bytes = new Uint8Array(slab, offset, bytes)
  }
}

const ROWS_PER_SLAB = 256

/**
 * A bounded map from keys to rows of fixed size, least recently used first out. "Recently" is the order of the stream,
 * which is stored with each row: after `restore` the same keys are evicted as in a run that never stopped. A stored value
 * is the section's bytes in host order, without trailing zeros (eight at a time).
 */
export class KeyedRows {
  readonly #sections: readonly (Section & { readonly from: number; readonly to: number })[]
  readonly #bytes: number
  readonly #cap: number
  readonly #rows = new Map<string, Row>()
  #uses = 0
  /** The oldest rows when last looked for, oldest first, with the use that made them so; one used since has a later one. */
  #oldest: { readonly row: Row; readonly use: number }[] = []
  #nextOldest = 0
  #evicted = 0
  #dirty: Row[] = []
  /** Stored keys to delete: of evicted rows, and those that `restore` could not read. */
  #gone = new Set<string>()
  #slab = new ArrayBuffer(0)
  #slabUsed = 0

  constructor(cap: number, sections: readonly Section[]) {
    if (!(cap >= 1)) throw new RangeError(`a bounded map needs room for one key at least, not ${cap}`)
    let from = 0
    this.#sections = sections.map((section) => {
      if (section.bytes % 8 !== 0) throw new RangeError(`section ${section.name}: ${section.bytes} is no multiple of 8`)
      return { ...section, from, to: (from += section.bytes) }
    })
    this.#bytes = from
    this.#cap = cap
  }

  /** The row, without counting as a use. */
  find(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  /** The row, made the most recently used; zeros when the key is new. Its first section counts as changed. */
  use(key: string): Row {
    const row = this.#rows.get(key) ?? this.#create(key)
    row.numbers[0] = ++this.#uses
    this.touch(row, 0)
    return row
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
    for (const key of this.#gone) changes.push({ key, value: null })
    for (const row of this.#dirty) {
      for (const [at, section] of this.#sections.entries())
        if (row.dirty & (1 << at)) changes.push({ key: storedKey(section, row.key), value: copies.of(row, section) })
      row.dirty = 0
    }
    this.#gone = new Set()
    this.#dirty = []
    return changes
  }

  /** Replaces everything held. Returns how many stored keys were of no known layout; they are deleted with the next changes. */
  restore(state: Iterable<StateChange>): number {
    this.#clear()
    let unknown = 0
    for (const { key, value } of state) {
      if (value === null) continue
      const section = this.#sections.find(({ name }) => key.startsWith(`${name}/`))
      if (!section || value.length > section.bytes) {
        this.#gone.add(key)
        unknown++
        continue
      }
      const name = key.slice(section.name.length + 1)
      const row = this.#rows.get(name) ?? this.#add(name)
      row.bytes.set(value, section.from)
      this.#uses = Math.max(this.#uses, row.numbers[0] ?? 0)
    }
    while (this.#rows.size > this.#cap) this.#evict()
    return unknown
  }

  #create(key: string): Row {
    const row = this.#rows.size >= this.#cap ? this.#reuse(key) : this.#add(key)
    for (const [at, section] of this.#sections.entries()) {
      this.touch(row, at)
      this.#gone.delete(storedKey(section, key))
    }
    return row
  }

  #reuse(key: string): Row {
    const row = this.#evict()
    if (!row) return this.#add(key)
    row.numbers.fill(0)
    row.key = key
    this.#rows.set(key, row)
    return row
  }

  #evict(): Row | undefined {
    const row = this.#takeOldest()
    if (!row) return undefined
    this.#rows.delete(row.key)
    for (const section of this.#sections) this.#gone.add(storedKey(section, row.key))
    // It may stay in the list of changed rows: `changes` passes over rows with nothing to say.
    row.dirty = 0
    this.#evicted++
    return row
  }

  /** Exact: rows beyond those looked for were used later, and so was each of them that was used since. */
  #takeOldest(): Row | undefined {
    for (let look = 0; look < 2; look++) {
      while (this.#nextOldest < this.#oldest.length) {
        const found = this.#oldest[this.#nextOldest++]
        if (found && found.row.numbers[0] === found.use) return found.row
      }
      this.#lookForOldest()
    }
    return undefined
  }

  /** An eighth of the rows at a time: a sort now and then costs less than a list that is mended at every use. */
  #lookForOldest(): void {
    const uses = Float64Array.from(this.#rows.values(), useOf).sort()
    const latest = uses[Math.floor(uses.length / 8)] ?? 0
    this.#oldest = []
    for (const row of this.#rows.values()) if (useOf(row) <= latest) this.#oldest.push({ row, use: useOf(row) })
    this.#oldest.sort((a, b) => a.use - b.use)
    this.#nextOldest = 0
  }

  #add(key: string): Row {
    if (this.#slabUsed + this.#bytes > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(this.#bytes * Math.min(ROWS_PER_SLAB, this.#cap))
      this.#slabUsed = 0
    }
    const row = new Row(this.#slab, this.#slabUsed, this.#bytes)
    this.#slabUsed += this.#bytes
    row.key = key
    this.#rows.set(key, row)
    return row
  }

  #clear(): void {
    this.#rows.clear()
    this.#gone.clear()
    this.#dirty = []
    this.#oldest = []
    this.#nextOldest = 0
    this.#uses = 0
    this.#evicted = 0
  }
}

function useOf(row: Row): number {
  return row.numbers[0] ?? 0
}

function storedKey(section: Section, key: string): string {
  return `${section.name}/${key}`
}

const COPIES_BYTES = 128 * 1024

/** Copies side by side in a few pieces of memory: thousands of small buffers a second leave the allocator in fragments. */
class Copies {
  #piece = new Uint8Array(0)
  #used = 0

  /** The section's numbers up to the last that is not zero; -0 is not, since these may be bytes of anything. */
  of(row: Row, section: { readonly from: number; readonly to: number }): Uint8Array {
    const { numbers } = row
    const first = section.from / 8
    let end = section.to / 8
    while (end > first && Object.is(numbers[end - 1], 0)) end--
    const bytes = end * 8 - section.from
    if (this.#used + bytes > this.#piece.byteLength) {
      this.#piece = new Uint8Array(Math.max(COPIES_BYTES, bytes))
      this.#used = 0
    }
    const copy = this.#piece.subarray(this.#used, this.#used + bytes)
    copy.set(row.bytes.subarray(section.from, end * 8))
    this.#used += bytes
    return copy
  }
}
