const MINUTE_MS = 60_000

/** `limit` requests a minute: that many at once when full, then one every `60 s / limit`. Takes constant space. */
export class TokenBucket {
  #limit: number
  #tokens: number
  #at: number

  constructor(limit: number, now: number) {
    this.#limit = limit
    this.#tokens = limit
    this.#at = now
  }

  /** Another limit from now on; tokens above it are gone. */
  limitTo(limit: number, now: number): void {
    this.#fill(now)
    this.#limit = limit
    this.#tokens = Math.min(this.#tokens, limit)
  }

  /** Takes one token and answers 0, or takes none and answers the milliseconds until there is one. */
  take(now: number): number {
    this.#fill(now)
    if (this.#tokens >= 1) {
      this.#tokens--
      return 0
    }
    return Math.max(1, Math.ceil(((1 - this.#tokens) * MINUTE_MS) / this.#limit))
  }

  /** A clock that went back adds nothing. */
  #fill(now: number): void {
    const passed = now - this.#at
    this.#at = now
    if (passed > 0) this.#tokens = Math.min(this.#limit, this.#tokens + (passed * this.#limit) / MINUTE_MS)
  }
}
