import type { StateChange } from '../../contract/detect.ts'
import { SingleRow } from '../state/single-row.ts'
import { unionBound } from '../statistics/combine.ts'
import { amountAt, FEATURES, HIGHEST_LEVEL, rememberedLevel } from './features.ts'

const APPEARANCES = 0
const SINGLETONS = 1
const FIRST_BUCKET = 2
const LEVELS = HIGHEST_LEVEL + 1
/** With fewer buckets of other principals there is no saying what a new one usually does: p could not fall under 0.008. */
const LEAST_BUCKETS = 500
/** With fewer appearances, a first-seen principal is nothing to tell. */
const LEAST_APPEARANCES = 100

/** What all principals have in common: how often new ones come, and what they do at first. Learned from quiet buckets only. */
export class Fleet {
  readonly #meetings = new SingleRow('fleet.1', 3)
  /** The number of buckets, then for each feature how many of them stood at each level. */
  readonly #beginnings = new SingleRow('beginnings.1', 1 + FEATURES.length * LEVELS)

  /** A principal has something learned in one bucket more; `appearances` of its own, this one included. */
  noteAppearance(bucket: number, appearances: number): void {
    const { numbers } = this.#meetings
    if (numbers[APPEARANCES] === 0) numbers[FIRST_BUCKET] = bucket
    numbers[APPEARANCES] = (numbers[APPEARANCES] ?? 0) + 1
    if (appearances === 1) numbers[SINGLETONS] = (numbers[SINGLETONS] ?? 0) + 1
    if (appearances === 2) numbers[SINGLETONS] = Math.max(0, (numbers[SINGLETONS] ?? 0) - 1)
    this.#meetings.touch()
  }

  /**
   * The probability that the next principal to appear is a new one, by Good and Turing: those that appeared in exactly one
   * bucket, per appearance. Undefined during the first `learningBuckets` buckets.
   */
  newcomerP(bucket: number, learningBuckets: number): number | undefined {
    const { numbers } = this.#meetings
    const appearances = numbers[APPEARANCES] ?? 0
    if (appearances < LEAST_APPEARANCES || bucket - (numbers[FIRST_BUCKET] ?? 0) < learningBuckets) return undefined
    return unionBound(((numbers[SINGLETONS] ?? 0) + 1) / (appearances + 1), 1)
  }

  get appearances(): number {
    return this.#meetings.numbers[APPEARANCES] ?? 0
  }

  /** A quiet bucket of a principal that is itself still learning: each principal adds only its first buckets. */
  noteBeginning(levels: readonly number[]): void {
    const { numbers } = this.#beginnings
    numbers[0] = (numbers[0] ?? 0) + 1
    for (const [feature, level] of levels.entries()) {
      const at = 1 + feature * LEVELS + level
      numbers[at] = (numbers[at] ?? 0) + 1
    }
    this.#beginnings.touch()
  }

  get beginnings(): number {
    return this.#beginnings.numbers[0] ?? 0
  }
  get knowsBeginnings(): boolean {
    return this.beginnings >= LEAST_BUCKETS
  }

  /** The rank of this total among beginnings (a conformal p-value: new principals are like earlier new ones), Bonferroni over features. */
  beginningP(feature: number, amount: number): number {
    let higher = 0
    for (let level = rememberedLevel(amount); level < LEVELS; level++) higher += this.#at(feature, level)
    return unionBound((1 + higher) / (this.beginnings + 1), FEATURES.length)
  }

  /** The smallest total with a `beginningP` of at most `p`; Infinity when there is none. */
  beginningAmount(feature: number, p: number): number {
    // beginningP(level) <= p, solved for the number of beginnings that may stand at the level or higher.
    let room = (p / FEATURES.length) * (this.beginnings + 1) - 1
    let level = HIGHEST_LEVEL + 1
    while (level > 0 && room - this.#at(feature, level - 1) >= 0) room -= this.#at(feature, --level)
    return room < 0 || level > HIGHEST_LEVEL ? Infinity : amountAt(level - 0.5)
  }

  /** The median total of beginnings. */
  beginningMedian(feature: number): number {
    let left = this.beginnings / 2
    for (let level = 0; level < LEVELS; level++) if ((left -= this.#at(feature, level)) <= 0) return amountAt(level)
    return 0
  }

  changes(): StateChange[] {
    return [...this.#meetings.changes(), ...this.#beginnings.changes()]
  }
  clear(): void {
    this.#meetings.clear()
    this.#beginnings.clear()
  }
  restore(change: StateChange): boolean {
    return this.#meetings.restore(change) || this.#beginnings.restore(change)
  }

  #at(feature: number, level: number): number {
    return this.#beginnings.numbers[1 + feature * LEVELS + level] ?? 0
  }
}
