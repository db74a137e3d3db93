import type { Row, Section } from '../state/keyed-rows.ts'
import { Bucket, BUCKET_NUMBERS } from './bucket.ts'
import { Day, DAY_NUMBERS } from './day.ts'

const APPEARANCES = 1
const KNOWN = 2
const QUARTER = 3
const DAY = 4
const BUCKETS = DAY + DAY_NUMBERS
const NUMBERS = BUCKETS + 2 * BUCKET_NUMBERS

/** The part of a row that moves with each event. */
export const OPEN: Section = { name: 'open.2', bytes: NUMBERS * 8 }

/**
 * One principal's open buckets and what was already said of it. Two buckets are open at once: events that come a little
 * late, or from a second source that is behind, still find theirs. A view on the row.
 */
export class Account {
  readonly row: Row
  readonly #numbers: Float64Array

  constructor(row: Row) {
    this.row = row
    this.#numbers = row.numbers
  }

  /** The day that its buckets are in. */
  get day(): Day {
    return new Day(this.#numbers, DAY)
  }

  /** The open bucket that an event of this index counts into; one bucket too late counts into the older one. */
  find(index: number): Bucket | undefined {
    const first = this.#bucket(0)
    if (first.index === index && !first.isEmpty) return first
    const second = this.#bucket(1)
    if (second.index === index && !second.isEmpty) return second
    if (first.isEmpty || second.isEmpty) return undefined
    const older = first.index < second.index ? first : second
    return older.index === index + 1 ? older : undefined
  }

  /**
   * Where a new bucket goes: an empty place, else the place of the bucket that it follows, which has to be closed first.
   * That is the older one, unless both are in use by sources that are far apart and the new one goes on from the newer.
   */
  place(index: number): Bucket {
    const [first, second] = [this.#bucket(0), this.#bucket(1)]
    if (first.isEmpty) return first
    if (second.isEmpty) return second
    const [older, newer] = first.index < second.index ? [first, second] : [second, first]
    const isOneSource = newer.index - older.index <= 1 || !older.isActive
    const place = index > newer.index && !isOneSource ? newer : older
    const other = place === older ? newer : older
    other.rest()
    return place
  }

  /** True once, for a principal that no row was held for. */
  meet(): boolean {
    if (this.#numbers[KNOWN] === 1) return false
    this.#numbers[KNOWN] = 1
    return true
  }

  /** Counts a bucket with something to learn, and gives the new count. */
  appear(): number {
    const appearances = (this.#numbers[APPEARANCES] ?? 0) + 1
    this.#numbers[APPEARANCES] = appearances
    return appearances
  }

  /** True the first time that learning has come this far, in quarters: 1 when it has begun. */
  reachQuarter(quarter: number): boolean {
    if ((this.#numbers[QUARTER] ?? 0) >= quarter) return false
    this.#numbers[QUARTER] = quarter
    return true
  }

  #bucket(which: 0 | 1): Bucket {
    return new Bucket(this.#numbers, BUCKETS + which * BUCKET_NUMBERS)
  }
}
