import type { Random } from '../contract/plugin.ts'

/** The longest wait that another side may ask for. */
const ASKED_CAP_MS = 3_600_000

/** Exponential backoff with full jitter: uniform in [0, min(cap, first·2ⁿ)], never below what the other side asked for (an hour at most). */
export class Backoff {
  readonly #random: Random
  readonly #firstMs: number
  readonly #capMs: number
  #failures = 0

  constructor(random: Random, firstMs = 200, capMs = 60_000) {
    this.#random = random
    this.#firstMs = firstMs
    this.#capMs = capMs
  }

  get failures(): number {
    return this.#failures
  }

  /** How long to wait after one more failure. */
  failed(askedMs = 0): number {
    const ceiling = Math.min(this.#capMs, this.#firstMs * 2 ** Math.min(this.#failures, 30))
    this.#failures++
    const asked = Number.isFinite(askedMs) ? Math.max(askedMs, 0) : 0
    return Math.max(this.#random.next() * ceiling, Math.min(asked, ASKED_CAP_MS))
  }

  succeeded(): void {
    this.#failures = 0
  }
}
