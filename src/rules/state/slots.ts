import { Rows, type Place } from './rows.ts'

const NONE = -1

/**
 * The rows that one member holds, as numbered slots under keys in the order of touching: a doubly linked list through the
 * rows. A million slots cost the garbage collector nothing.
 */
export class Slots {
  /** The slot left alone longest, and the one touched last; -1 where there is none. */
  first = NONE
  last = NONE
  size = 0
  readonly #rows: Rows
  readonly #place: Place

  /** `rows`: where others hold theirs too. */
  constructor(rows = new Rows()) {
    this.#rows = rows
    this.#place = rows.join()
  }

  /** The owner's numbers are `numbers[numbersOf(slot) + 0…]`, all 0 at first; `enter` replaces the array now and then. */
  get numbers(): Int32Array {
    return this.#rows.wholes
  }

  numbersOf(slot: number): number {
    return 2 * slot * this.#rows.width + this.#place.own
  }

  /** -1 where the key is nobody's. */
  find(key: number): number {
    const slot = this.#rows.find(key)
    return slot >= 0 && this.#rows.isHeld(slot, this.#place) ? slot : NONE
  }

  keyOf(slot: number): number {
    return this.#rows.floats[slot * this.#rows.width] ?? 0
  }

  /** Event time of the last touch. */
  timeOf(slot: number): number {
    return this.#rows.floats[slot * this.#rows.width + this.#place.time] ?? 0
  }

  /** The one touched next after it, or -1. */
  after(slot: number): number {
    return this.#rows.wholes[2 * slot * this.#rows.width + this.#place.after] ?? NONE
  }

  /** A slot for a key that has none: the one touched last. Slots are numbered from 0, and numbers are used again. */
  enter(key: number, at: number): number {
    const slot = this.#rows.hold(key, this.#place)
    this.#setTime(slot, at)
    this.#append(slot)
    this.size++
    return slot
  }

  /** Puts it last; its time never goes back. */
  touch(slot: number, at: number): void {
    if (at > this.timeOf(slot)) this.#setTime(slot, at)
    if (slot === this.last) return
    this.#unlink(slot)
    this.#append(slot)
  }

  remove(slot: number): void {
    this.#unlink(slot)
    this.#rows.leave(slot, this.#place)
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

  #setTime(slot: number, at: number): void {
    this.#rows.floats[slot * this.#rows.width + this.#place.time] = at
  }

  #append(slot: number): void {
    const { wholes, width } = this.#rows
    const { before, after } = this.#place
    wholes[2 * slot * width + before] = this.last
    wholes[2 * slot * width + after] = NONE
    if (this.last === NONE) this.first = slot
    else wholes[2 * this.last * width + after] = slot
    this.last = slot
  }

  #unlink(slot: number): void {
    const { wholes, width } = this.#rows
    const { before, after } = this.#place
    const earlier = wholes[2 * slot * width + before] ?? NONE
    const later = wholes[2 * slot * width + after] ?? NONE
    if (earlier === NONE) this.first = later
    else wholes[2 * earlier * width + after] = later
    if (later === NONE) this.last = earlier
    else wholes[2 * later * width + before] = earlier
  }
}
