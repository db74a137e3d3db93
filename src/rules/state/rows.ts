/** A row: the key as a float, how many members hold it, the row that is free after it; then each member's record. */
const HEAD = 2
/** A member's record: the time of its last touch as a float, its own whole numbers, and the rows touched before and after. */
const RECORD = 5
/** Whole numbers of every record that the member's owner may use. */
export const OWN_NUMBERS = 6
const HOLDERS = 2
const NEXT_FREE = 3
const NONE = -1
/** What is touched after, in the record of a member that does not hold the row. */
const ABSENT = -2
/** Rows that there is room for at first; it doubles. */
const FIRST = 16

/** Where in a row's floats and whole numbers a member's record is. */
export interface Place {
  readonly time: number
  readonly own: number
  readonly before: number
  readonly after: number
}

/**
 * Keys and what several members hold under each, side by side: whoever holds the same keys for each event finds them once
 * and in the cache. It is all numbers in two typed arrays, 16 bytes a row and 40 for each member, beside a table of open
 * addresses (linear probing, at most half full), where a key's low bits are its address because keys are hashes already.
 */
export class Rows {
  /** A row's numbers are at `row * width`; growing replaces the array. */
  floats = new Float64Array(0)
  /** The same bytes, at `row * 2 * width`. */
  wholes = new Int32Array(0)
  width = HEAD
  #members = 0
  /** Row + 1 by address; 0 is nobody's. */
  #table = new Int32Array(2 * FIRST)
  #free = NONE
  #made = 0
  /** The row found last: members look for the same one after the other. */
  #last = 0

  /** A place for one member more. Call it before the first row is made. */
  join(): Place {
    if (this.#made > 0) throw new RangeError('members join before there are rows')
    const time = HEAD + RECORD * this.#members++
    this.width = time + RECORD
    return { time, own: 2 * time + 2, before: 2 * time + 8, after: 2 * time + 9 }
  }

  /** -1 where no member holds the key. */
  find(key: number): number {
    const { floats, width } = this
    if (floats[this.#last * width] === key) return this.#last
    const table = this.#table
    const mask = table.length - 1
    for (let at = key & mask; ; at = (at + 1) & mask) {
      const row = (table[at] ?? 0) - 1
      if (row < 0) return NONE
      if (floats[row * width] === key) return (this.#last = row)
    }
  }

  isHeld(row: number, { after }: Place): boolean {
    return this.wholes[2 * row * this.width + after] !== ABSENT
  }

  /** One member more holds the key; its record is all 0. Rows are numbered from 0, and numbers are used again. */
  hold(key: number, { time }: Place): number {
    const found = this.find(key)
    const row = found < 0 ? this.#make(key) : found
    const start = row * this.width
    this.wholes[2 * start + HOLDERS] = (this.wholes[2 * start + HOLDERS] ?? 0) + 1
    this.floats.fill(0, start + time, start + time + RECORD)
    return row
  }

  /** One member less holds the row. */
  leave(row: number, { after }: Place): void {
    const start = row * this.width
    this.wholes[2 * start + after] = ABSENT
    const left = (this.wholes[2 * start + HOLDERS] ?? 0) - 1
    this.wholes[2 * start + HOLDERS] = left
    if (left > 0) return
    this.#unaddress(row)
    this.floats[start] = Number.NaN
    this.wholes[2 * start + NEXT_FREE] = this.#free
    this.#free = row
  }

  #make(key: number): number {
    let row = this.#free
    if (row === NONE) {
      row = this.#made++
      if (row * this.width === this.floats.length) this.#grow()
    } else this.#free = this.wholes[2 * row * this.width + NEXT_FREE] ?? NONE
    const start = row * this.width
    this.wholes.fill(ABSENT, 2 * start, 2 * (start + this.width))
    this.wholes[2 * start + HOLDERS] = 0
    this.floats[start] = key
    this.#address(row, key)
    this.#last = row
    return row
  }

  #address(row: number, key: number): void {
    const table = this.#table
    const mask = table.length - 1
    let at = key & mask
    while (table[at] !== 0) at = (at + 1) & mask
    table[at] = row + 1
  }

  /** Takes it out of the table and moves up those behind it that stand too far from their own address. */
  #unaddress(row: number): void {
    const table = this.#table
    const mask = table.length - 1
    let hole = this.#keyOf(row) & mask
    while (table[hole] !== row + 1) hole = (hole + 1) & mask
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const own = this.#keyOf((table[at] ?? 0) - 1) & mask
      if (((at - own) & mask) < ((at - hole) & mask)) continue
      table[hole] = table[at] ?? 0
      hole = at
    }
    table[hole] = 0
  }

  #keyOf(row: number): number {
    return this.floats[row * this.width] ?? 0
  }

  /** Every row is in use when there is no room. */
  #grow(): void {
    const before = this.floats
    const rows = before.length / this.width
    const floats = new Float64Array(Math.max(2 * rows, FIRST) * this.width)
    floats.set(before)
    this.floats = floats
    this.wholes = new Int32Array(floats.buffer)
    this.#table = new Int32Array(2 * Math.max(2 * rows, FIRST))
    for (let row = 0; row < rows; row++) this.#address(row, this.#keyOf(row))
  }
}
