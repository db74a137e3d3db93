import type { Rows } from '../state/rows.ts'
import { Slots } from '../state/slots.ts'
import { Page, type Pool } from './pool.ts'
import { isList, type References } from './references.ts'

/** Events of one group that are held at once; of more the oldest are dropped. */
export const MOST_ENTRIES = 10_000
/** Events of one group that can be named in a finding: the newest. */
export const MOST_REFS = 100
const SMALLEST = 1
/** In an entry: its time, the number of its events among the references, and its value where entries have one. */
const REFS = 1
const VALUE = 2

/**
 * The entries of one correlation's groups in the order of time, by the slots of the groups; those of one group at a time are
 * open. A slot's own numbers are: the address and size class of its block, the first entry held, the first within the
 * window, the end.
 */
export class Entries {
  readonly slots: Slots
  readonly references: References
  readonly #pool: Pool
  readonly #width: number
  /** Some entry has several events. */
  #hasLists = false
  slot = -1
  #page: Page
  #base = 0
  #sizeClass = 0
  /** Places in the open group's block: the first entry that is held, the first in the window, and the end of all. */
  head = 0
  from = 0
  end = 0

  /** `rows`: where the groups are found. */
  constructor(pool: Pool, references: References, rows?: Rows) {
    this.slots = new Slots(rows)
    this.#pool = pool
    this.#width = pool.width
    this.references = references
    this.#page = new Page(0, 0, 1, 0)
  }

  /** Makes the slot's block: room for so many entries, and none in it. */
  make(slot: number, entries = 0): void {
    const sizeClass = sizeClassOf(entries)
    const { numbers } = this.slots
    const at = this.slots.numbersOf(slot)
    numbers.fill(0, at, at + 5)
    numbers[at] = this.#pool.take(sizeClass)
    numbers[at + 1] = sizeClass
  }

  release(slot: number): void {
    this.open(slot)
    for (let place = this.head; place < this.end; place++) this.unname(place)
    this.#pool.give(this.#address(), this.#sizeClass)
  }

  open(slot: number): void {
    const { numbers } = this.slots
    const at = this.slots.numbersOf(slot)
    const address = numbers[at] ?? 0
    this.slot = slot
    this.#page = this.#pool.pageOf(address)
    this.#base = this.#pool.baseOf(address)
    this.#sizeClass = numbers[at + 1] ?? 0
    this.head = numbers[at + 2] ?? 0
    this.from = numbers[at + 3] ?? 0
    this.end = numbers[at + 4] ?? 0
  }

  /** Keeps `head`, `from` and `end`; they are lost otherwise when another group is opened. */
  close(): void {
    const { numbers } = this.slots
    const at = this.slots.numbersOf(this.slot)
    numbers[at + 2] = this.head
    numbers[at + 3] = this.from
    numbers[at + 4] = this.end
  }

  /** Entries held. */
  get length(): number {
    return this.end - this.head
  }

  /** The time of the last, -Infinity without one. */
  get newest(): number {
    return this.end > this.head ? this.time(this.end - 1) : Number.NEGATIVE_INFINITY
  }

  time(place: number): number {
    return this.#page.numbers[(this.#base + place) * this.#width] ?? 0
  }

  /** 0 where entries have no values. */
  value(place: number): number {
    return this.#width > VALUE ? (this.#page.numbers[(this.#base + place) * this.#width + VALUE] ?? 0) : 0
  }

  setValue(place: number, value: number): void {
    if (this.#width > VALUE) this.#page.numbers[(this.#base + place) * this.#width + VALUE] = value
  }

  /** The number of its events. */
  refs(place: number): number {
    return this.#page.numbers[(this.#base + place) * this.#width + REFS] ?? 0
  }

  /** Its events are not named any more. */
  unname(place: number): void {
    this.references.drop(this.refs(place))
    this.#page.numbers[(this.#base + place) * this.#width + REFS] = 0
  }

  put(place: number, at: number, value: number, refs: number): void {
    const entry = (this.#base + place) * this.#width
    this.#page.numbers[entry] = at
    this.#page.numbers[entry + REFS] = refs
    if (this.#width > VALUE) this.#page.numbers[entry + VALUE] = value
    if (refs === 0) return
    this.references.keep(refs)
    const named = this.references.get(refs)
    if (named && isList(named)) this.#hasLists = true
  }

  /** Room for one entry more, at the end or at `place`. */
  makeRoom(): void {
    if (this.end < 2 ** this.#sizeClass) return
    const { length } = this
    const full = 2 ** this.#sizeClass
    if (length * 2 > full) this.#move(this.#sizeClass + 1)
    else if (length * 8 < full && this.#sizeClass > SMALLEST) this.#move(sizeClassOf(length * 2))
    else this.#copyWithin(0, this.head, this.end)
    this.from -= this.head
    this.head = 0
    this.end = length
  }

  /** Moves up the entries from `place` on. */
  shift(place: number): void {
    this.#copyWithin(place + 1, place, this.end++)
  }

  /** An entry has come to stand at `place`: only the newest keep their events, twice as many as can be named. */
  forgetRefs(place: number): void {
    const tooOld = this.end - 2 * MOST_REFS - 1
    if (tooOld >= this.head) this.unname(tooOld)
    if (place < tooOld) this.unname(place)
    if (!this.#hasLists) return
    let named = 0
    for (let at = this.end - 1; at >= this.head; at--) {
      const refs = this.references.get(this.refs(at))
      if (named >= 2 * MOST_REFS) this.unname(at)
      else if (refs) named += isList(refs) ? refs.length : 1
    }
  }

  /** The first place whose time is later. */
  upperBound(at: number): number {
    let from = this.head
    let high = this.end
    while (from < high) {
      const middle = (from + high) >>> 1
      if (this.time(middle) <= at) from = middle + 1
      else high = middle
    }
    return from
  }

  #address(): number {
    return this.slots.numbers[this.slots.numbersOf(this.slot)] ?? 0
  }

  #copyWithin(to: number, from: number, end: number): void {
    const first = this.#base * this.#width
    const width = this.#width
    this.#page.numbers.copyWithin(first + to * width, first + from * width, first + end * width)
  }

  #move(sizeClass: number): void {
    const page = this.#page
    const [from, to] = [(this.#base + this.head) * this.#width, (this.#base + this.end) * this.#width]
    const address = this.#pool.take(sizeClass)
    this.#page = this.#pool.pageOf(address)
    this.#base = this.#pool.baseOf(address)
    for (let at = from, into = this.#base * this.#width; at < to; at++, into++)
      this.#page.numbers[into] = page.numbers[at] ?? 0
    this.#pool.give(this.#address(), this.#sizeClass)
    this.#sizeClass = sizeClass
    const { numbers } = this.slots
    const at = this.slots.numbersOf(this.slot)
    numbers[at] = address
    numbers[at + 1] = sizeClass
  }
}

/** The smallest block that so many entries fit into. */
function sizeClassOf(entries: number): number {
  return Math.max(SMALLEST, 32 - Math.clz32(Math.max(0, entries - 1)))
}
