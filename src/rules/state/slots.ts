/** In `#links`: the slots touched before and after. */
const LINKS = 2
/** A record: the key and the time of the last touch as floats, then whole numbers that are the owner's. */
const FLOATS = 5
const WHOLES = 2 * FLOATS
const OWN = 4
/** Whole numbers of every slot that its owner may use. */
export const OWN_NUMBERS = WHOLES - OWN
const NONE = -1
/** Slots that there is room for at first; it doubles. */
const FIRST = 16

/**
 * Numbered slots under keys, in the order of touching. It is all numbers in a few typed arrays, about 56 bytes a slot, so
 * that a million cost the garbage collector nothing: a table of open addresses (linear probing, at most half full), where a
 * key's low bits are its address because keys are hashes already, and a doubly linked list for the order.
 */
export class Slots {
  /** The slot left alone longest, and the one touched last; -1 where there is none. */
  first = NONE
  last = NONE
  size = 0
  /** Slot + 1 by address; 0 is nobody's. */
  #table = new Int32Array(2 * FIRST)
  #links = new Int32Array(LINKS * FIRST)
  #floats = new Float64Array(FLOATS * FIRST)
  /** The same bytes. */
  #wholes = new Int32Array(this.#floats.buffer)
  /** Slots that were given out and taken back, linked by what comes after. */
  #vacant = NONE
  #made = 0

  constructor() {
    this.#floats.fill(Number.NaN)
  }

  /** The owner's numbers are `numbers[numbersOf(slot) + 0…]`, all 0 at first; `enter` replaces the array now and then. */
  get numbers(): Int32Array {
    return this.#wholes
  }

  numbersOf(slot: number): number {
    return slot * WHOLES + OWN
  }

  /** -1 where the key is nobody's. `guess`: a slot that is looked at first, such as another's for the same key. */
  find(key: number, guess = 0): number {
    const floats = this.#floats
    if (floats[guess * FLOATS] === key) return guess
    const table = this.#table
    const mask = table.length - 1
    for (let at = key & mask; ; at = (at + 1) & mask) {
      const slot = (table[at] ?? 0) - 1
      if (slot < 0 || floats[slot * FLOATS] === key) return slot
    }
  }

  keyOf(slot: number): number {
    return this.#floats[slot * FLOATS] ?? 0
  }

  /** Event time of the last touch. */
  timeOf(slot: number): number {
    return this.#floats[slot * FLOATS + 1] ?? 0
  }

  /** The one touched next after it, or -1. */
  after(slot: number): number {
    return this.#links[slot * LINKS + 1] ?? NONE
  }

  /** A slot for a key that has none: the one touched last. Slots are numbered from 0, and numbers are used again. */
  enter(key: number, at: number): number {
    let slot = this.#vacant
    if (slot === NONE) {
      slot = this.#made++
      if (slot * LINKS === this.#links.length) this.#grow()
    } else this.#vacant = this.after(slot)
    this.#wholes.fill(0, this.numbersOf(slot), (slot + 1) * WHOLES)
    this.#floats[slot * FLOATS] = key
    this.#floats[slot * FLOATS + 1] = at
    this.#address(slot, key)
    this.#append(slot)
    this.size++
    return slot
  }

  /** Puts it last; its time never goes back. */
  touch(slot: number, at: number): void {
    if (at > this.timeOf(slot)) this.#floats[slot * FLOATS + 1] = at
    if (slot === this.last) return
    this.#unlink(slot)
    this.#append(slot)
  }

  remove(slot: number): void {
    this.#unaddress(slot)
    this.#unlink(slot)
    this.#floats[slot * FLOATS] = Number.NaN
    this.#links[slot * LINKS + 1] = this.#vacant
    this.#vacant = slot
    this.size--
  }

  /** Puts them in the order of their times; of equal times in the order in which they stood. */
  sort(): void {
    const slots: number[] = []
    for (let slot = this.first; slot !== NONE; slot = this.after(slot)) slots.push(slot)
    slots.sort((a, b) => this.timeOf(a) - this.timeOf(b))
    this.first = this.last = NONE
    for (const slot of slots) this.#append(slot)
  }

  #append(slot: number): void {
    const links = this.#links
    links[slot * LINKS] = this.last
    links[slot * LINKS + 1] = NONE
    if (this.last === NONE) this.first = slot
    else links[this.last * LINKS + 1] = slot
    this.last = slot
  }

  #unlink(slot: number): void {
    const links = this.#links
    const before = links[slot * LINKS] ?? NONE
    const after = links[slot * LINKS + 1] ?? NONE
    if (before === NONE) this.first = after
    else links[before * LINKS + 1] = after
    if (after === NONE) this.last = before
    else links[after * LINKS] = before
  }

  #address(slot: number, key: number): void {
    const table = this.#table
    const mask = table.length - 1
    let at = key & mask
    while (table[at] !== 0) at = (at + 1) & mask
    table[at] = slot + 1
  }

  /** Takes it out of the table and moves up those behind it that stand too far from their own address. */
  #unaddress(slot: number): void {
    const table = this.#table
    const mask = table.length - 1
    let hole = this.keyOf(slot) & mask
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const own = this.keyOf((table[at] ?? 0) - 1) & mask
      if (((at - own) & mask) < ((at - hole) & mask)) continue
      table[hole] = table[at] ?? 0
      hole = at
    }
    table[hole] = 0
  }

  #grow(): void {
    const links = new Int32Array(this.#links.length * 2)
    links.set(this.#links)
    this.#links = links
    const floats = new Float64Array(this.#floats.length * 2)
    floats.fill(Number.NaN, this.#floats.length)
    floats.set(this.#floats)
    this.#floats = floats
    this.#wholes = new Int32Array(floats.buffer)
    this.#table = new Int32Array(this.#table.length * 2)
    for (let slot = this.first; slot !== NONE; slot = this.after(slot)) this.#address(slot, this.keyOf(slot))
  }
}
