/** One budget of bytes shared by everything that holds records in memory. */
export class ByteBudget {
  readonly limit: number
  #used = 0
  #waiting: { bytes: number; grant: () => void }[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  /** True when `bytes` fit now; then they are taken. One request larger than the whole budget is let in when nothing else is held. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false
    this.#used += bytes
    return true
  }

  /** Waits, in order, until `bytes` fit. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.tryTake(bytes)) return
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const waiter = { bytes, grant: resolve }
      this.#waiting.push(waiter)
      signal.addEventListener(
        'abort',
        () => {
          const at = this.#waiting.indexOf(waiter)
          if (at < 0) return
          this.#waiting.splice(at, 1)
          reject(signal.reason as Error)
          this.#grant()
        },
        { once: true },
      )
    })
  }

  give(bytes: number): void {
    this.#used -= bytes
    this.#grant()
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.limit || this.#used === 0
  }

  #grant(): void {
    while (this.#waiting[0] && this.#fits(this.#waiting[0].bytes)) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#used += next.bytes
      next.grant()
    }
  }
}

/**
 * Many async sources into one reader, bounded in bytes: a source is asked for its next item only after the budget has
 * room for the last. The reader gives each item's bytes back when it is done with it.
 */
export class Funnel<T> {
  readonly #budget: ByteBudget
  readonly #sizeOf: (item: T) => number
  #items: T[] = []
  #wake: (() => void) | undefined
  #ended = false

  constructor(budget: ByteBudget, sizeOf: (item: T) => number) {
    this.#budget = budget
    this.#sizeOf = sizeOf
  }

  /** Waits for room, then hands the item over. */
  async put(item: T, signal: AbortSignal): Promise<void> {
    await this.#budget.take(this.#sizeOf(item), signal)
    this.#items.push(item)
    this.#wake?.()
  }

  /** The next item, or undefined once ended and empty, or when `waitMs` passed first (then `ended` tells which). */
  async next(waitMs: number): Promise<T | undefined> {
    if (this.#items.length === 0 && !this.#ended && waitMs > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.#wake = undefined
    return this.#items.shift()
  }

  /** The item has been dealt with: its bytes are free. */
  done(item: T): void {
    this.#budget.give(this.#sizeOf(item))
  }

  /** Ends the reader's present wait, with or without an item. */
  nudge(): void {
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  get ended(): boolean {
    return this.#ended && this.#items.length === 0
  }
}
