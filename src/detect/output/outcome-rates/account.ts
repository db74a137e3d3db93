import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { BET_NUMBERS, placeBet, wealthOf } from '../../statistics/betting.ts'

/** What may come to be more frequent: answers held back, or requests that failed. */
export const OUTCOMES = ['refusals', 'errors'] as const

const EXEMPLARS = 5
const ID_BYTES = 32

// The row, in numbers (the first belongs to the map): the window, then for each outcome its own part.
const STARTED = 1
const REQUESTS = 2
const OWN_REQUESTS = 3
const PARTS = 4
const HITS = 0
const EXPECTED = 1
const BEST = 2
const RUNG = 3
const OWN_HITS = 4
const BET = 5
const PART_NUMBERS = BET + BET_NUMBERS
const NUMBERS = PARTS + OUTCOMES.length * PART_NUMBERS
const IDS = NUMBERS * 8
export const SECTION = { name: 'outcomes.1', bytes: IDS + OUTCOMES.length * EXEMPLARS * ID_BYTES } as const

/** Requests after which half of what was known of a principal's own rate is forgotten. */
const HALF_LIFE = 2_000
const FADE = 2 ** (-1 / HALF_LIFE)

/** One principal's or endpoint's window and what is usual of it. A view on its row. */
export class Account {
  readonly #row: Row

  constructor(row: Row) {
    this.#row = row
  }

  /** A new window when the last one is over; what is usual stays. */
  enter(at: number, windowMs: number): void {
    const started = this.startedAt
    if (this.requests > 0 && at < started + windowMs && at > started - windowMs) return
    const { numbers, bytes } = this.#row
    numbers[STARTED] = at
    numbers[REQUESTS] = 0
    for (let part = 0; part < OUTCOMES.length; part++) {
      const from = PARTS + part * PART_NUMBERS
      const own = numbers[from + OWN_HITS] ?? 0
      numbers.fill(0, from, from + PART_NUMBERS)
      numbers[from + OWN_HITS] = own
    }
    bytes.fill(0, IDS)
  }

  countRequest(): void {
    this.#row.numbers[REQUESTS] = this.requests + 1
  }

  /** One trial of `part`; `bound` was known before it. */
  bet(part: number, id: string, hit: boolean, bound: number): void {
    const { numbers } = this.#row
    const from = PARTS + part * PART_NUMBERS
    numbers[from + EXPECTED] = (numbers[from + EXPECTED] ?? 0) + bound
    placeBet(numbers, from + BET, hit, bound)
    numbers[from + BEST] = Math.max(numbers[from + BEST] ?? 0, wealthOf(numbers, from + BET))
    if (!hit) return
    numbers[from + HITS] = (numbers[from + HITS] ?? 0) + 1
    const { bytes } = this.#row
    const at = IDS + part * EXEMPLARS * ID_BYTES
    bytes.copyWithin(at + ID_BYTES, at, at + (EXEMPLARS - 1) * ID_BYTES)
    writeShortText(bytes, at, ID_BYTES, id)
  }

  /** A request that raised no alert becomes part of what is usual here. */
  learn(hits: readonly boolean[]): void {
    const { numbers } = this.#row
    numbers[OWN_REQUESTS] = FADE * (numbers[OWN_REQUESTS] ?? 0) + 1
    for (const [part, hit] of hits.entries()) {
      const at = PARTS + part * PART_NUMBERS + OWN_HITS
      numbers[at] = FADE * (numbers[at] ?? 0) + (hit ? 1 : 0)
    }
  }

  get startedAt(): number {
    return this.#row.numbers[STARTED] ?? 0
  }
  get requests(): number {
    return this.#row.numbers[REQUESTS] ?? 0
  }
  /** Requests that taught what is usual, faded. */
  get ownRequests(): number {
    return this.#row.numbers[OWN_REQUESTS] ?? 0
  }
  ownHits(part: number): number {
    return this.#part(part, OWN_HITS)
  }
  hits(part: number): number {
    return this.#part(part, HITS)
  }
  /** Hits that the null hypothesis allows for at most, on average. */
  expected(part: number): number {
    return this.#part(part, EXPECTED)
  }
  wealth(part: number): number {
    return wealthOf(this.#row.numbers, PARTS + part * PART_NUMBERS + BET)
  }
  bestWealth(part: number): number {
    return Math.max(1, this.#part(part, BEST))
  }
  rung(part: number): number {
    return this.#part(part, RUNG)
  }
  setRung(part: number, rung: number): void {
    this.#row.numbers[PARTS + part * PART_NUMBERS + RUNG] = rung
  }

  exemplars(part: number): readonly string[] {
    const from = IDS + part * EXEMPLARS * ID_BYTES
    return Array.from({ length: EXEMPLARS }, (_, i) =>
      readShortText(this.#row.bytes, from + i * ID_BYTES, ID_BYTES),
    ).filter((id) => id !== '')
  }

  #part(part: number, what: number): number {
    return this.#row.numbers[PARTS + part * PART_NUMBERS + what] ?? 0
  }
}
