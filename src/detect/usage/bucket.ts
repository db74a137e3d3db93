import { FEATURES } from './features.ts'

// What each event touches stands together, within two cache lines.
const INDEX = 0
const ACTIVE = 1
const TOTALS = 2
const LEARNED = TOTALS + FEATURES.length
const NEXT = LEARNED + 1
const EXPECTED = NEXT + FEATURES.length
const SPREAD = EXPECTED + FEATURES.length
const RUNG = SPREAD + FEATURES.length
const REFERENCE = RUNG + FEATURES.length
const REFERENCE_BUCKETS = REFERENCE + 1

/** Numbers that one open bucket takes in a row. */
export const BUCKET_NUMBERS = REFERENCE_BUCKETS + 1

/** What a bucket is compared with: nothing yet, the principal's own past, or the first days of other principals. */
export type Reference = 'none' | 'own' | 'fleet'
const REFERENCES: readonly Reference[] = ['none', 'own', 'fleet']

/** An open bucket of one principal: running totals, and the levels they are compared with. A view on the row. */
export class Bucket {
  readonly #numbers: Float64Array
  readonly #at: number

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers
    this.#at = at
  }

  get isEmpty(): boolean {
    return this.total(0) === 0
  }
  get index(): number {
    return this.#get(INDEX)
  }
  /** True when every event that was counted was also learned: none of them alerted. */
  get isQuiet(): boolean {
    return this.#get(LEARNED) >= this.total(0)
  }

  /** False when no event has come since `rest` was called. */
  get isActive(): boolean {
    return this.#get(ACTIVE) === 1
  }
  rest(): void {
    this.#set(ACTIVE, 0)
  }

  clear(index: number): void {
    this.#numbers.fill(0, this.#at, this.#at + BUCKET_NUMBERS)
    this.#set(INDEX, index)
    this.#numbers.fill(Infinity, this.#at + NEXT, this.#at + NEXT + FEATURES.length)
  }

  total(feature: number): number {
    return this.#get(TOTALS + feature)
  }
  /** Adds to the running total; true when it has reached the next level at which something is told. */
  add(feature: number, amount: number): boolean {
    const total = this.#get(TOTALS + feature) + amount
    this.#set(TOTALS + feature, total)
    this.#set(ACTIVE, 1)
    return total >= this.#get(NEXT + feature)
  }
  /** Counts a learned event; true for the bucket's first. */
  learn(): boolean {
    const learned = this.#get(LEARNED) + 1
    this.#set(LEARNED, learned)
    return learned === 1
  }

  get reference(): Reference {
    return REFERENCES[this.#get(REFERENCE)] ?? 'none'
  }
  /** How many buckets the reference rests on. */
  get referenceBuckets(): number {
    return this.#get(REFERENCE_BUCKETS)
  }
  compareWith(reference: Reference, buckets: number): void {
    this.#set(REFERENCE, REFERENCES.indexOf(reference))
    this.#set(REFERENCE_BUCKETS, buckets)
  }

  expected(feature: number): number {
    return this.#get(EXPECTED + feature)
  }
  spread(feature: number): number {
    return this.#get(SPREAD + feature)
  }
  expect(feature: number, level: number, spread: number): void {
    this.#set(EXPECTED + feature, level)
    this.#set(SPREAD + feature, spread)
  }

  rung(feature: number): number {
    return this.#get(RUNG + feature)
  }
  /** `rung` levels have been told; the next is due when the total reaches `next`. */
  told(feature: number, rung: number, next: number): void {
    this.#set(RUNG + feature, rung)
    this.#set(NEXT + feature, next)
  }

  #get(offset: number): number {
    return this.#numbers[this.#at + offset] ?? 0
  }
  #set(offset: number, value: number): void {
    this.#numbers[this.#at + offset] = value
  }
}
