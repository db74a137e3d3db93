import type { EventRef } from '../../contract/event.ts'
import type { Measure } from './measures.ts'
import { Slots } from '../state/slots.ts'
import { Page, type Pool, type Refs } from './pool.ts'

/** Events of one group that are held at once; of more the oldest are dropped. */
export const MOST_ENTRIES = 10_000
/** Events of one group that can be named in a finding: the newest. */
export const MOST_REFS = 100
/** Windows of more events have a measure of their own; of others it is reckoned anew each time, which is quick and holds nothing. */
const FEW = 16

export interface Shape {
  readonly timespanMs: number
  readonly latenessMs: number
  /** Of what kind the events' values are: none, small whole numbers, or any numbers. */
  readonly values: 'none' | 'small' | 'any'
  /** Of temporal correlations: how many rules they list. */
  readonly places: number
  /** Windows of fewer events cannot hold: their measure need not be asked. */
  readonly least: number
  make(): Measure
  /** Whether the condition holds for a window that begins after `since`. */
  holds(measure: Measure, count: number, since: number): boolean
}

const SMALLEST = 1

/** What of a window is stored: its entries, and the numbers of its measure where it has one of its own. */
export interface Stored {
  readonly times: readonly number[]
  readonly values: readonly number[]
  readonly refs: readonly Refs[]
  readonly kept: readonly number[]
}

/**
 * The windows of one correlation, by the slots of their groups; one at a time is open. A slot's own numbers are: the address and
 * size class of the window's block, the first entry held, the first within, the end. A window is the events of one group in the order of their
 * times (of equal times in the order in which they came), and what is from now on called the window: those of
 * (newest - timespan, newest]. Events from before it are held as long as a late one may need them.
 */
export class Windows {
  /** Entries that were dropped because there were too many. */
  dropped = 0
  /** Of the window that held last: its begin, its events, what was compared, and the places of the rules seen, as bits. */
  since = 0
  count = 0
  number = 0
  seen = 0
  #first = 0
  #last = 0
  readonly #shape: Shape
  readonly #pool: Pool
  readonly slots = new Slots()
  readonly #hasValues: boolean
  /** Numbers of an entry, as a power of two. */
  readonly #bits: number
  /** For windows of few events. */
  readonly #scratch: Measure
  /** Of windows of many events. */
  readonly #own = new Map<number, Measure>()
  /** Some entry has several events. */
  #hasLists = false
  /** The open window: its block, and places in it. */
  #window = -1
  #page: Page
  #base = 0
  #sizeClass = 0
  /** The first entry that is held, the first in the window, and the end of all. */
  #head = 0
  #from = 0
  #end = 0

  constructor(shape: Shape, pool: Pool) {
    this.#shape = shape
    this.#pool = pool
    this.#hasValues = shape.values !== 'none'
    this.#bits = this.#hasValues ? 1 : 0
    this.#scratch = shape.make()
    this.#page = new Page(0, 0, 1, false)
  }

  /** Makes the slot's window: without events. */
  make(slot: number, sizeClass = SMALLEST): void {
    const { numbers } = this.slots
    const at = this.slots.numbersOf(slot)
    numbers.fill(0, at, at + 5)
    numbers[at] = this.#pool.take(sizeClass)
    numbers[at + 1] = sizeClass
  }

  release(slot: number): void {
    const { numbers } = this.slots
    const at = this.slots.numbersOf(slot)
    this.#pool.give(numbers[at] ?? 0, numbers[at + 1] ?? 0)
    this.#own.delete(slot)
  }

  open(slot: number): void {
    const { numbers } = this.slots
    const at = this.slots.numbersOf(slot)
    const address = numbers[at] ?? 0
    this.#window = slot
    this.#page = this.#pool.pageOf(address)
    this.#base = this.#pool.baseOf(address)
    this.#sizeClass = numbers[at + 1] ?? 0
    this.#head = numbers[at + 2] ?? 0
    this.#from = numbers[at + 3] ?? 0
    this.#end = numbers[at + 4] ?? 0
  }

  /** Entries held. */
  get length(): number {
    return this.#end - this.#head
  }

  /** By place among the entries held; `newest` is that of the last, -Infinity without one. */
  timeAt(place: number): number {
    return this.#time(this.#head + place)
  }

  valueAt(place: number): number {
    return this.#value(this.#head + place)
  }

  refsAt(place: number): Refs {
    return this.#page.refs[this.#base + this.#head + place]
  }

  get newest(): number {
    return this.#end > this.#head ? this.#time(this.#end - 1) : Number.NEGATIVE_INFINITY
  }

  /** What the measure has to be stored with. */
  kept(): readonly number[] {
    return this.#own.get(this.#window)?.kept() ?? []
  }

  /** Takes an event and says whether the condition holds in a window that it is in: of several the newest. */
  add(at: number, value: number, refs: Refs): boolean {
    if (refs && isList(refs)) this.#hasLists = true
    if (this.#end === 2 ** this.#sizeClass) this.#makeRoom()
    if (at >= this.newest) {
      this.#push(at, value, refs)
      this.#close()
      if (this.#end - this.#from < this.#shape.least) return false
      return this.#holds(this.#measure(), this.#from, this.#end - 1)
    }
    const place = this.#insert(at, value, refs)
    this.#close()
    if (place < this.#head) return false
    return this.#scratch.isReversible ? this.#walkBack(place) : this.#goThrough(at)
  }

  /** The event that came last, at `at`, is of one rule more. */
  amend(at: number, bits: number): boolean {
    const place = this.#upperBound(at) - 1
    this.#page.numbers[2 * (this.#base + place) + 1] = this.#value(place) | bits
    return this.#goThrough(at)
  }

  /** The newest events of the window that held, oldest first, each once. */
  refsWithin(isMixed: boolean): readonly EventRef[] {
    const found: EventRef[] = []
    let areMixed = isMixed
    for (let place = this.#last; place >= this.#first && (areMixed || found.length < MOST_REFS); place--) {
      const refs = this.#page.refs[this.#base + place]
      if (refs === undefined) continue
      if (isList(refs)) {
        areMixed = true
        found.push(...refs.toReversed())
      } else {
        areMixed ||= refs.at !== this.#time(place)
        found.push(refs)
      }
    }
    found.reverse()
    if (!areMixed) return found
    const byId = new Map(found.map((ref) => [ref.id, ref]))
    return [...byId.values()].toSorted((a, b) => a.at - b.at).slice(-MOST_REFS)
  }

  /** Makes the slot's window with entries as they were held. */
  restore(slot: number, { times, values, refs, kept }: Stored): void {
    this.make(slot, sizeClassOf(times.length))
    this.open(slot)
    for (const [place, time] of times.entries()) this.#put(place, time, values[place] ?? 0, refs[place])
    this.#hasLists ||= refs.some((one) => one && isList(one))
    this.#end = times.length
    this.#from = this.#upperBound(this.newest - this.#shape.timespanMs)
    this.#close()
    if (kept.length === 0) return
    const own = this.#shape.make()
    this.#fill(own, this.#from)
    own.keep(kept)
    this.#own.set(slot, own)
  }

  #close(): void {
    const { numbers } = this.slots
    const at = this.slots.numbersOf(this.#window)
    numbers[at + 2] = this.#head
    numbers[at + 3] = this.#from
    numbers[at + 4] = this.#end
  }

  #time(place: number): number {
    return this.#page.numbers[(this.#base + place) << this.#bits] ?? 0
  }

  #value(place: number): number {
    return this.#hasValues ? (this.#page.numbers[2 * (this.#base + place) + 1] ?? 0) : 0
  }

  #push(at: number, value: number, refs: Refs): void {
    const since = at - this.#shape.timespanMs
    const own = this.#own.size > 0 ? this.#own.get(this.#window) : undefined
    const end = this.#end++
    let from = this.#from
    for (; from < end && this.#time(from) <= since; from++) own?.remove(this.#value(from))
    this.#from = from
    this.#put(end, at, value, refs)
    own?.add(value, at)
    const gone = since - this.#shape.latenessMs
    for (; this.#time(this.#head) <= gone; this.#head++) this.#page.refs[this.#base + this.#head] = undefined
    this.#limit(own)
    this.#forgetRefs(end)
  }

  #insert(at: number, value: number, refs: Refs): number {
    const page = this.#page
    const base = this.#base
    const own = this.#own.get(this.#window)
    const isWithin = at > this.newest - this.#shape.timespanMs
    const place = this.#upperBound(at)
    const bits = this.#bits
    page.numbers.copyWithin((base + place + 1) << bits, (base + place) << bits, (base + this.#end) << bits)
    page.refs.copyWithin(base + place + 1, base + place, base + this.#end)
    this.#put(place, at, value, refs)
    this.#end++
    if (!isWithin) this.#from++
    else if (own?.isReversible) own.add(value, at)
    this.#limit(own)
    this.#forgetRefs(place)
    return place
  }

  #put(place: number, at: number, value: number, refs: Refs): void {
    const entry = this.#base + place
    this.#page.numbers[entry << this.#bits] = at
    if (this.#hasValues) this.#page.numbers[2 * entry + 1] = value
    this.#page.refs[entry] = refs
  }

  /** Drops what is too much; where that cannot be taken back from the measure, more at once. */
  #limit(own: Measure | undefined): void {
    let most = this.#end - this.#head - MOST_ENTRIES
    if (most <= 0) return
    const { isReversible } = this.#scratch
    if (!isReversible) most += MOST_ENTRIES >>> 2
    for (; most > 0; most--, this.#head++, this.dropped++) {
      this.#page.refs[this.#base + this.#head] = undefined
      if (this.#from > this.#head) continue
      own?.remove(this.#value(this.#head))
      this.#from++
    }
    if (isReversible || !own) return
    own.clear()
    this.#fill(own, this.#head)
  }

  /** An entry has come to stand at `place`: only the newest keep their events, twice as many as can be named. */
  #forgetRefs(place: number): void {
    const page = this.#page
    const base = this.#base
    const tooOld = this.#end - 2 * MOST_REFS - 1
    if (tooOld >= this.#head) page.refs[base + tooOld] = undefined
    if (place < tooOld) page.refs[base + place] = undefined
    if (!this.#hasLists) return
    let named = 0
    for (let at = this.#end - 1; at >= this.#head; at--) {
      const refs = page.refs[base + at]
      if (named >= 2 * MOST_REFS) page.refs[base + at] = undefined
      else if (refs) named += isList(refs) ? refs.length : 1
    }
  }

  /** The block is full: what is gone makes room, or a block of another size. */
  #makeRoom(): void {
    const page = this.#page
    const base = this.#base
    const { length } = this
    const full = 2 ** this.#sizeClass
    if (length * 2 > full) this.#move(this.#sizeClass + 1)
    else if (length * 8 < full && this.#sizeClass > SMALLEST) this.#move(Math.max(SMALLEST, sizeClassOf(length * 2)))
    else {
      const start = base + this.#head
      page.numbers.copyWithin(base << this.#bits, start << this.#bits, (start + length) << this.#bits)
      page.refs.copyWithin(base, start, start + length)
      page.refs.fill(undefined, base + length, base + full)
    }
    this.#from -= this.#head
    this.#head = 0
    this.#end = length
  }

  #move(sizeClass: number): void {
    const page = this.#page
    const [from, to] = [this.#base + this.#head, this.#base + this.#end]
    const address = this.#pool.take(sizeClass)
    const [newPage, newBase] = [this.#pool.pageOf(address), this.#pool.baseOf(address)]
    const bits = this.#bits
    for (let at = from << bits, into = newBase << bits; at < to << bits; at++, into++)
      newPage.numbers[into] = page.numbers[at] ?? 0
    for (let at = from, into = newBase; at < to; at++, into++) newPage.refs[into] = page.refs[at]
    const { numbers } = this.slots
    const at = this.slots.numbersOf(this.#window)
    this.#pool.give(numbers[at] ?? 0, this.#sizeClass)
    numbers[at] = address
    numbers[at + 1] = sizeClass
    this.#page = newPage
    this.#base = newBase
    this.#sizeClass = sizeClass
  }

  /** What is known of the events in the window. */
  #measure(): Measure {
    const count = this.#end - this.#from
    if (!this.#hasValues) return this.#scratch
    const own = this.#own.size > 0 ? this.#own.get(this.#window) : undefined
    if (own && count > FEW / 2) return own
    if (own) this.#own.delete(this.#window)
    let measure = this.#scratch
    if (count > FEW) this.#own.set(this.#window, (measure = this.#shape.make()))
    else measure.clear()
    this.#fill(measure, this.#from)
    return measure
  }

  #fill(measure: Measure, from: number): void {
    for (let place = from; place < this.#end; place++) measure.add(this.#value(place), this.#time(place))
  }

  #holds(measure: Measure, first: number, last: number): boolean {
    const { places, timespanMs } = this.#shape
    const since = this.#time(last) - timespanMs
    const count = last - first + 1
    if (!this.#shape.holds(measure, count, since)) return false
    this.#first = first
    this.#last = last
    this.since = since
    this.count = count
    this.number = measure.number(count, since)
    this.seen = 0
    for (let place = 0; place < places; place++) if (measure.saw(place, since)) this.seen |= 1 << place
    return true
  }

  /** From the newest window back to the one that ends at the late event; then forth again. */
  #walkBack(late: number): boolean {
    const { timespanMs } = this.#shape
    const measure = this.#measure()
    const tooNew = this.#time(late) + timespanMs
    let last = this.#end - 1
    let first = this.#from
    let isFound = false
    while (last >= late) {
      const end = this.#time(last)
      isFound = end < tooNew && this.#holds(measure, first, last)
      if (isFound) break
      for (; last >= late && this.#time(last) === end; last--) measure.remove(this.#value(last))
      if (last < late) break
      const since = this.#time(last) - timespanMs
      for (; first > this.#head && this.#time(first - 1) > since; first--)
        measure.add(this.#value(first - 1), this.#time(first - 1))
    }
    if (measure === this.#scratch) return isFound
    while (++last < this.#end) measure.add(this.#value(last), this.#time(last))
    for (; first < this.#from; first++) measure.remove(this.#value(first))
    return isFound
  }

  /** Every window in turn from the begin: for a measure that cannot go back. */
  #goThrough(late: number): boolean {
    const { timespanMs } = this.#shape
    const tooNew = late + timespanMs
    const measure = this.#measure()
    measure.clear()
    let isFound = false
    let first = this.#head
    for (let last = this.#head; last < this.#end; last++) {
      const end = this.#time(last)
      measure.add(this.#value(last), end)
      while (this.#time(first) <= end - timespanMs) first++
      const isLast = last + 1 === this.#end || this.#time(last + 1) !== end
      if (end >= late && end < tooNew && isLast) isFound = this.#holds(measure, first, last) || isFound
    }
    return isFound
  }

  /** The first place whose time is later. */
  #upperBound(at: number): number {
    let from = this.#head
    let high = this.#end
    while (from < high) {
      const middle = (from + high) >>> 1
      if (this.#time(middle) <= at) from = middle + 1
      else high = middle
    }
    return from
  }
}

/** The smallest block that so many entries fit into. */
function sizeClassOf(entries: number): number {
  return Math.max(SMALLEST, 32 - Math.clz32(Math.max(0, entries - 1)))
}

export function isList(refs: EventRef | readonly EventRef[]): refs is readonly EventRef[] {
  return Array.isArray(refs)
}
