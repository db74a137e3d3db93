import type { EventRef } from '../../contract/event.ts'
import type { Measure } from './measures.ts'

/** Events of one group that are held at once; of more the oldest are dropped. */
export const MOST_ENTRIES = 10_000
/** Events of one group that can be named in a finding: the newest. */
export const MOST_REFS = 100

export interface Shape {
  readonly timespanMs: number
  readonly latenessMs: number
  /** Of what kind the events' values are: none, small whole numbers, or any numbers. */
  readonly values: 'none' | 'small' | 'any'
  /** Of temporal correlations: how many rules they list. */
  readonly places: number
  make(): Measure
  /** Whether the condition holds for a window that begins after `since`. */
  holds(measure: Measure, count: number, since: number): boolean
}

/**
 * The events of one group in the order of their times (of equal times in the order in which they came), and the window that
 * ends at the newest: (newest - timespan, newest]. Events from before it are held as long as a late one may need them.
 */
export class Window {
  measure: Measure
  readonly times: number[] = []
  /** As many as `times`, or none. */
  readonly values: number[] = []
  /** The newest events, each under the time of the entry that it came with. */
  readonly refTimes: number[] = []
  readonly refs: EventRef[] = []
  /** An event may stand in `refs` twice, or not in the order of time: some came with a chain. */
  hasRepeats = false
  /** The first entry that is held: those before it are gone, their room is taken back now and then. */
  head = 0
  /** The first entry in the window. */
  from = 0
  /** Entries that were dropped because there were too many. */
  dropped = 0
  /** Of the last window that held: its end, its begin and its events. */
  end = 0
  since = 0
  count = 0
  number = 0
  /** The places of the rules that were seen in it, as bits. */
  seen = 0

  constructor(measure: Measure) {
    this.measure = measure
  }

  get newest(): number {
    return this.times.at(-1) ?? Number.NEGATIVE_INFINITY
  }

  /** Takes an event and says whether the condition holds in a window that it is in: of several the newest. */
  add(shape: Shape, at: number, value: number): boolean {
    if (at >= this.newest) {
      this.#push(shape, at, value)
      return this.#holds(shape, this.times.length - 1, this.from)
    }
    const place = this.#insert(shape, at, value)
    if (place < this.head) return false
    return this.measure.isReversible ? this.#walkBack(shape, place) : this.#goThrough(shape, at)
  }

  /** The event that came last, at `at`, is of one rule more. */
  amend(shape: Shape, at: number, bits: number): boolean {
    const place = upperBound(this.times, at, this.head) - 1
    this.values[place] = (this.values[place] ?? 0) | bits
    return this.#goThrough(shape, at)
  }

  addRef(at: number, ref: EventRef): void {
    if (ref.at !== at) this.hasRepeats = true
    if (at >= (this.refTimes.at(-1) ?? Number.NEGATIVE_INFINITY)) {
      this.refTimes.push(at)
      this.refs.push(ref)
    } else {
      const place = upperBound(this.refTimes, at, 0)
      this.refTimes.splice(place, 0, at)
      this.refs.splice(place, 0, ref)
    }
    if (this.refs.length < 2 * MOST_REFS) return
    this.refTimes.splice(0, MOST_REFS)
    this.refs.splice(0, MOST_REFS)
  }

  /** The newest events of the window that held, oldest first, each once. */
  refsWithin(): readonly EventRef[] {
    const last = upperBound(this.refTimes, this.end, 0)
    const first = upperBound(this.refTimes, this.since, 0)
    if (!this.hasRepeats) return this.refs.slice(Math.max(first, last - MOST_REFS), last)
    const found = new Map(this.refs.slice(first, last).map((ref) => [ref.id, ref]))
    return [...found.values()].toSorted((a, b) => a.at - b.at).slice(-MOST_REFS)
  }

  /** Fills a window that was stored: entries in order, as they were held. */
  refill(shape: Shape): void {
    const since = this.newest - shape.timespanMs
    this.from = upperBound(this.times, since, this.head)
    const first = this.measure.isReversible ? this.from : this.head
    for (let place = first; place < this.times.length; place++)
      this.measure.add(this.values[place] ?? 0, this.times[place] ?? 0)
  }

  #push(shape: Shape, at: number, value: number): void {
    const { times, values, measure } = this
    const since = at - shape.timespanMs
    while ((times[this.from] ?? at) <= since) this.#leave()
    times.push(at)
    if (shape.values !== 'none') values.push(value)
    measure.add(value, at)
    const gone = since - shape.latenessMs
    while ((times[this.head] ?? at) <= gone) this.head++
    this.#limit(shape)
  }

  #insert(shape: Shape, at: number, value: number): number {
    const { times, values } = this
    const isWithin = at > this.newest - shape.timespanMs
    const place = upperBound(times, at, this.head)
    times.splice(place, 0, at)
    if (shape.values !== 'none') values.splice(place, 0, value)
    if (!isWithin) this.from++
    else if (this.measure.isReversible) this.measure.add(value, at)
    return place - this.#limit(shape)
  }

  /** The first entry of the window leaves it. */
  #leave(): void {
    this.measure.remove(this.values[this.from] ?? 0)
    this.from++
  }

  /** Drops what is too much, and takes room back. How many places the entries have moved. */
  #limit(shape: Shape): number {
    const { times, values } = this
    let most = times.length - this.head - MOST_ENTRIES
    if (most > 0) {
      const isReversible = this.measure.isReversible
      if (!isReversible) most += MOST_ENTRIES >>> 2
      for (; most > 0; most--, this.head++, this.dropped++) if (this.from === this.head) this.#leave()
      if (!isReversible) this.#again(shape)
    }
    const moved = this.head
    if (moved < 16 || moved * 2 < times.length) return 0
    times.copyWithin(0, moved)
    times.length -= moved
    if (shape.values !== 'none') {
      values.copyWithin(0, moved)
      values.length -= moved
    }
    this.from -= moved
    this.head = 0
    return moved
  }

  #again(shape: Shape): void {
    this.measure = shape.make()
    for (let place = this.head; place < this.times.length; place++)
      this.measure.add(this.values[place] ?? 0, this.times[place] ?? 0)
  }

  #holds(shape: Shape, last: number, first: number): boolean {
    const end = this.times[last] ?? 0
    const since = end - shape.timespanMs
    const count = last - first + 1
    if (!shape.holds(this.measure, count, since)) return false
    this.end = end
    this.since = since
    this.count = count
    this.number = this.measure.number(count, since)
    this.seen = 0
    for (let place = 0; place < shape.places; place++) if (this.measure.saw(place, since)) this.seen |= 1 << place
    return true
  }

  /** From the newest window back to the one that ends at the late event; then forth again. */
  #walkBack(shape: Shape, late: number): boolean {
    const { times, values, measure, head, from } = this
    const tooNew = (times[late] ?? 0) + shape.timespanMs
    let last = times.length - 1
    let first = from
    let isFound = false
    while (last >= late) {
      const end = times[last] ?? 0
      isFound = end < tooNew && this.#holds(shape, last, first)
      if (isFound) break
      for (; last >= late && times[last] === end; last--) measure.remove(values[last] ?? 0)
      if (last < late) break
      const since = (times[last] ?? 0) - shape.timespanMs
      for (; first > head && (times[first - 1] ?? 0) > since; first--)
        measure.add(values[first - 1] ?? 0, times[first - 1] ?? 0)
    }
    while (++last < times.length) measure.add(values[last] ?? 0, times[last] ?? 0)
    for (; first < from; first++) measure.remove(values[first] ?? 0)
    return isFound
  }

  /** Every window in turn from the begin: for a measure that cannot go back. */
  #goThrough(shape: Shape, late: number): boolean {
    const { times, values } = this
    const tooNew = late + shape.timespanMs
    this.measure = shape.make()
    let isFound = false
    let first = this.head
    for (let last = this.head; last < times.length; last++) {
      const end = times[last] ?? 0
      this.measure.add(values[last] ?? 0, end)
      while ((times[first] ?? 0) <= end - shape.timespanMs) first++
      if (end >= late && end < tooNew && times[last + 1] !== end) isFound = this.#holds(shape, last, first) || isFound
    }
    return isFound
  }
}

/** The first place from `low` on whose time is later. */
function upperBound(times: readonly number[], at: number, low: number): number {
  let high = times.length
  let from = low
  while (from < high) {
    const middle = (from + high) >>> 1
    if ((times[middle] ?? 0) <= at) from = middle + 1
    else high = middle
  }
  return from
}
