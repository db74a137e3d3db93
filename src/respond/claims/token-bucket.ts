const MINUTE_MS = 60_000

/**
 * `limit` requests a minute: that many at once when full, then one every `60 s / limit`. Whole numbers throughout, so
 * that nothing is lost to rounding; constant space.
 */
export class TokenBucket {
  #limit: number
  /** A request costs 60,000; each millisecond brings `limit`. */
  #credit: number
  #at: number

  constructor(limit: number, now: number) {
    this.#limit = limit
    this.#credit = limit * MINUTE_MS
    this.#at = Math.trunc(now)
  }

  /** Another limit from now on; credit beyond it is gone. */
  limitTo(limit: number, now: number): void {
    this.#fill(now)
    this.#limit = limit
    this.#credit = Math.min(this.#credit, limit * MINUTE_MS)
  }

  /** Takes one request's worth and answers 0, or takes nothing and answers the milliseconds until there is one. */
  take(now: number): number {
    this.#fill(now)
    if (this.#credit < MINUTE_MS) return Math.ceil((MINUTE_MS - this.#credit) / this.#limit)
    this.#credit -= MINUTE_MS
    return 0
  }

  /** A clock that went back adds nothing. */
  #fill(now: number): void {
    const passed = Math.trunc(now) - this.#at
    this.#at = Math.trunc(now)
    if (passed > 0) this.#credit = Math.min(this.#limit * MINUTE_MS, this.#credit + passed * this.#limit)
  }
}
