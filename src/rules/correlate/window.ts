import type { EventRef } from '../../contract/event.ts'
import { Entries, MOST_ENTRIES, MOST_REFS } from './entries.ts'
import type { Measure } from './measures.ts'
import type { Pool } from './pool.ts'
import type { Rows } from '../state/rows.ts'
import type { Slots } from '../state/slots.ts'
import { isList, type References, type Refs } from './references.ts'

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

/** What of a window is stored: its entries, and the numbers of its measure where it has one of its own. */
export interface Stored {
  readonly times: readonly number[]
  readonly values: readonly number[]
  readonly refs: readonly (Refs | undefined)[]
  readonly kept: readonly number[]
}

/**
 * The windows of one correlation, by the slots of their groups; one at a time is open. A window is the events of one group in
 * the order of their times (of equal times in the order in which they came), and what is from now on called the window: those
 * of (newest - timespan, newest]. Events from before it are held as long as a late one may need them.
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
  readonly #hasValues: boolean
  readonly #entries: Entries
  /** For windows of few events. */
  readonly #scratch: Measure
  /** Of windows of many events. */
  readonly #own = new Map<number, Measure>()

  constructor(shape: Shape, pool: Pool, references: References, rows: Rows) {
    this.#shape = shape
    this.#hasValues = shape.values !== 'none'
    this.#entries = new Entries(pool, references, rows)
    this.#scratch = shape.make()
  }

  get slots(): Slots {
    return this.#entries.slots
  }

  /** Makes the slot's window: without events. */
  make(slot: number): void {
    this.#entries.make(slot)
  }

  release(slot: number): void {
    this.#entries.release(slot)
    this.#own.delete(slot)
  }

  open(slot: number): void {
    this.#entries.open(slot)
  }

  get newest(): number {
    return this.#entries.newest
  }

  /** Takes an event (`refs` is its number among the references) and says whether the condition holds in a window that it is in: of several the newest. */
  add(at: number, value: number, refs: number): boolean {
    const entries = this.#entries
    entries.makeRoom()
    if (at >= entries.newest) {
      this.#push(at, value, refs)
      entries.close()
      if (entries.end - entries.from < this.#shape.least) return false
      return this.#holds(this.#measure(), entries.from, entries.end - 1)
    }
    const place = this.#insert(at, value, refs)
    entries.close()
    if (place < entries.head) return false
    return this.#scratch.isReversible ? this.#walkBack(place) : this.#goThrough(at)
  }

  /** The event that came last, at `at`, is of one rule more. */
  amend(at: number, bits: number): boolean {
    const place = this.#entries.upperBound(at) - 1
    this.#entries.setValue(place, this.#entries.value(place) | bits)
    return this.#goThrough(at)
  }

  /** The newest events of the window that held, oldest first, each once. */
  refsWithin(isMixed: boolean): readonly EventRef[] {
    const entries = this.#entries
    const found: EventRef[] = []
    let areMixed = isMixed
    for (let place = this.#last; place >= this.#first && (areMixed || found.length < MOST_REFS); place--) {
      const refs = entries.references.get(entries.refs(place))
      if (refs === undefined) continue
      if (isList(refs)) {
        areMixed = true
        found.push(...refs.toReversed())
      } else {
        areMixed ||= refs.at !== entries.time(place)
        found.push(refs)
      }
    }
    found.reverse()
    if (!areMixed) return found
    const byId = new Map(found.map((ref) => [ref.id, ref]))
    return [...byId.values()].toSorted((a, b) => a.at - b.at).slice(-MOST_REFS)
  }

  /** What is stored of the open window. */
  stored(): Stored {
    const entries = this.#entries
    const [times, values, refs]: [number[], number[], (Refs | undefined)[]] = [[], [], []]
    for (let place = entries.head; place < entries.end; place++) {
      times.push(entries.time(place))
      if (this.#hasValues) values.push(entries.value(place))
      refs.push(entries.references.get(entries.refs(place)))
    }
    return { times, values, refs, kept: this.#own.get(entries.slot)?.kept() ?? NOTHING }
  }

  /** Makes the slot's window with entries as they were held. */
  restore(slot: number, { times, values, refs, kept }: Stored): void {
    const entries = this.#entries
    entries.make(slot, times.length)
    entries.open(slot)
    for (const [place, time] of times.entries()) {
      const named = refs[place]
      const number = named ? entries.references.enter(named) : 0
      entries.put(place, time, values[place] ?? 0, number)
      entries.references.drop(number)
    }
    entries.end = times.length
    entries.from = entries.upperBound(entries.newest - this.#shape.timespanMs)
    entries.close()
    if (kept.length === 0) return
    const own = this.#shape.make()
    this.#fill(own, entries.from)
    own.keep(kept)
    this.#own.set(slot, own)
  }

  #push(at: number, value: number, refs: number): void {
    const entries = this.#entries
    const since = at - this.#shape.timespanMs
    const own = this.#own.size > 0 ? this.#own.get(entries.slot) : undefined
    const end = entries.end++
    let { from } = entries
    for (; from < end && entries.time(from) <= since; from++) own?.remove(entries.value(from))
    entries.from = from
    entries.put(end, at, value, refs)
    own?.add(value, at)
    const gone = since - this.#shape.latenessMs
    for (; entries.time(entries.head) <= gone; entries.head++) entries.unname(entries.head)
    this.#limit(own)
    entries.forgetRefs(end)
  }

  #insert(at: number, value: number, refs: number): number {
    const entries = this.#entries
    const own = this.#own.get(entries.slot)
    const isWithin = at > entries.newest - this.#shape.timespanMs
    const place = entries.upperBound(at)
    entries.shift(place)
    entries.put(place, at, value, refs)
    if (!isWithin) entries.from++
    else if (own?.isReversible) own.add(value, at)
    this.#limit(own)
    entries.forgetRefs(place)
    return place
  }

  /** Drops what is too much; where that cannot be taken back from the measure, more at once. */
  #limit(own: Measure | undefined): void {
    const entries = this.#entries
    let most = entries.length - MOST_ENTRIES
    if (most <= 0) return
    const { isReversible } = this.#scratch
    if (!isReversible) most += MOST_ENTRIES >>> 2
    for (; most > 0; most--, entries.head++, this.dropped++) {
      entries.unname(entries.head)
      if (entries.from > entries.head) continue
      own?.remove(entries.value(entries.head))
      entries.from++
    }
    if (isReversible || !own) return
    own.clear()
    this.#fill(own, entries.head)
  }

  /** What is known of the events in the window. */
  #measure(): Measure {
    const count = this.#entries.end - this.#entries.from
    if (!this.#hasValues) return this.#scratch
    const own = this.#own.size > 0 ? this.#own.get(this.#entries.slot) : undefined
    if (own && count > FEW / 2) return own
    if (own) this.#own.delete(this.#entries.slot)
    let measure = this.#scratch
    if (count > FEW) this.#own.set(this.#entries.slot, (measure = this.#shape.make()))
    else measure.clear()
    this.#fill(measure, this.#entries.from)
    return measure
  }

  #fill(measure: Measure, from: number): void {
    for (let place = from; place < this.#entries.end; place++)
      measure.add(this.#entries.value(place), this.#entries.time(place))
  }

  #holds(measure: Measure, first: number, last: number): boolean {
    const { places, timespanMs } = this.#shape
    const since = this.#entries.time(last) - timespanMs
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
    const tooNew = this.#entries.time(late) + timespanMs
    let last = this.#entries.end - 1
    let first = this.#entries.from
    let isFound = false
    while (last >= late) {
      const end = this.#entries.time(last)
      isFound = end < tooNew && this.#holds(measure, first, last)
      if (isFound) break
      for (; last >= late && this.#entries.time(last) === end; last--) measure.remove(this.#entries.value(last))
      if (last < late) break
      const since = this.#entries.time(last) - timespanMs
      for (; first > this.#entries.head && this.#entries.time(first - 1) > since; first--)
        measure.add(this.#entries.value(first - 1), this.#entries.time(first - 1))
    }
    if (measure === this.#scratch) return isFound
    while (++last < this.#entries.end) measure.add(this.#entries.value(last), this.#entries.time(last))
    for (; first < this.#entries.from; first++) measure.remove(this.#entries.value(first))
    return isFound
  }

  /** Every window in turn from the begin: for a measure that cannot go back. */
  #goThrough(late: number): boolean {
    const { timespanMs } = this.#shape
    const tooNew = late + timespanMs
    const measure = this.#measure()
    measure.clear()
    let isFound = false
    let first = this.#entries.head
    for (let last = this.#entries.head; last < this.#entries.end; last++) {
      const end = this.#entries.time(last)
      measure.add(this.#entries.value(last), end)
      while (this.#entries.time(first) <= end - timespanMs) first++
      const isLast = last + 1 === this.#entries.end || this.#entries.time(last + 1) !== end
      if (end >= late && end < tooNew && isLast) isFound = this.#holds(measure, first, last) || isFound
    }
    return isFound
  }
}

const NOTHING: readonly number[] = []
