import type { BlastRadius } from '../../contract/respond.ts'

const HOUR_MS = 3_600_000
const HOURS = 24
/** How many rows are looked at to find one to give up. */
const LOOKS = 8

/**
 * How many requests each principal sent, hour by hour, over the last 24: what a containment would have hit. Holds at most
 * `size` principals (default 100,000, then 10 MB); beyond that one that was quiet for long is forgotten. `saw` costs one
 * map look-up and one addition.
 */
export class Traffic {
  readonly #size: number
  readonly #rowOf = new Map<string, number>()
  readonly #nameOf: string[] = []
  /** Row by row, 24 counters each; the counter of an hour is hour modulo 24. */
  #counts = new Uint32Array(0)
  /** The newest hour of each row; counters of hours 24 and more before it have been cleared. */
  #newest = new Uint32Array(0)
  #hand = 0
  #firstHour = Infinity

  constructor(size = 100_000) {
    this.#size = size
  }

  get principals(): number {
    return this.#rowOf.size
  }

  saw(principal: string, at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (!(hour >= 0)) return
    if (hour < this.#firstHour) this.#firstHour = hour
    const row = this.#rowOf.get(principal) ?? this.#newRow(principal, hour)
    const newest = this.#newest[row] ?? 0
    if (hour > newest) this.#moveOn(row, newest, hour)
    else if (hour <= newest - HOURS) return
    const cell = row * HOURS + (hour % HOURS)
    this.#counts[cell] = (this.#counts[cell] ?? 0) + 1
  }

  /**
   * What denying one principal would have hit in the last `hours` (1 to 24, the present one included). Nobody else is
   * behind a principal, so the others are none. `hours` of the answer is how many of them were watched.
   */
  blastRadius(principal: string, hours: number, now: number): BlastRadius {
    const present = Math.floor(now / HOUR_MS)
    const asked = Math.min(Math.max(Math.trunc(hours), 1), HOURS)
    const watched = Math.max(0, Math.min(asked, present - this.#firstHour + 1))
    const row = this.#rowOf.get(principal)
    let targetRequests = 0
    if (row !== undefined) {
      const newest = this.#newest[row] ?? 0
      for (let hour = present - asked + 1; hour <= present; hour++)
        if (hour > newest - HOURS && hour <= newest) targetRequests += this.#counts[row * HOURS + (hour % HOURS)] ?? 0
    }
    return { hours: watched, targetRequests, otherRequests: 0, otherPrincipals: 0 }
  }

  #moveOn(row: number, newest: number, hour: number): void {
    const from = Math.max(newest + 1, hour - HOURS + 1)
    for (let cleared = from; cleared <= hour; cleared++) this.#counts[row * HOURS + (cleared % HOURS)] = 0
    this.#newest[row] = hour
  }

  #newRow(principal: string, hour: number): number {
    const row = this.#rowOf.size < this.#size ? this.#rowOf.size : this.#giveUpOne()
    if (row >= this.#newest.length) this.#grow(Math.min(this.#size, Math.max(1024, this.#newest.length * 2)))
    this.#counts.fill(0, row * HOURS, (row + 1) * HOURS)
    this.#newest[row] = hour
    this.#rowOf.set(principal, row)
    this.#nameOf[row] = principal
    return row
  }

  /** The quietest of a few rows in turn: nearly the longest unseen, at constant cost. */
  #giveUpOne(): number {
    let row = this.#hand
    for (let look = 0; look < LOOKS; look++) {
      this.#hand = (this.#hand + 1) % this.#size
      if ((this.#newest[this.#hand] ?? 0) < (this.#newest[row] ?? 0)) row = this.#hand
    }
    this.#rowOf.delete(this.#nameOf[row] ?? '')
    return row
  }

  #grow(rows: number): void {
    const counts = new Uint32Array(rows * HOURS)
    counts.set(this.#counts)
    const newest = new Uint32Array(rows)
    newest.set(this.#newest)
    this.#counts = counts
    this.#newest = newest
  }
}
