import type { StateChange } from '../../contract/detect.ts'
import { SingleRow } from '../state/single-row.ts'

/** Fewer principals, or fewer days of theirs, say nothing about a day of another. */
const LEAST_CLIENTS = 20
const LEAST_DAYS = 200
/**
 * All counts are halved every so many days, so what is older weighs less and less. A day that is to be evidence alone at
 * one false alarm a week must be more unusual than those of eight weeks.
 */
const HALVED_EVERY = 180

const CLIENTS = 0
const HALVED_ON = 1
const BEYOND = 2
const AT_RUNG = 3

/**
 * How unusual the most unusual bucket of a day is, for the quiet days of all principals: the rung of the ladder that the
 * smallest raw p of the day came to. A principal adds one count a day, however much it does, so p(rung) = (1 + days as
 * unusual) / (1 + days) is conformal: a day like those before falls under p with probability at most p, whatever the
 * distribution of totals and however wrong the model behind the raw p is.
 *
 * Days on which something alerted are not learned. Were they left out, the rest would lack its own tail and p would be
 * too small, so those with anything unusual are counted without being looked at, as more unusual than every other. Hence
 * an account that alerts day after day costs reach (p is never under their share) and gains nothing else.
 */
export class Days {
  readonly #rungs: number
  readonly #row: SingleRow

  /** `rungs`: levels of the ladder. */
  constructor(rungs: number) {
    this.#rungs = rungs
    this.#row = new SingleRow('days.1', AT_RUNG + rungs + 1)
  }

  /** A quiet day has ended, by its number since the epoch; `isFirst` of its principal. */
  note(day: number, rung: number, isFirst: boolean): void {
    this.#forget(day)
    this.#count(AT_RUNG + rung)
    if (isFirst) this.#count(CLIENTS)
  }

  /** A day has ended on which something alerted and usage was unusual. */
  noteBeyond(): void {
    this.#count(BEYOND)
  }

  get clients(): number {
    return this.#row.numbers[CLIENTS] ?? 0
  }

  get days(): number {
    return this.#sumFrom(0)
  }

  /** p of a day whose smallest raw p came to this rung; undefined while too little is known. */
  p(rung: number): number | undefined {
    const days = this.days
    if (this.clients < LEAST_CLIENTS || days < LEAST_DAYS) return undefined
    return (1 + this.#sumFrom(rung)) / (1 + days)
  }

  /** True where p of this rung is within a factor of two of the smallest there is: waiting gains nothing. */
  isAsSmallAsCanBe(rung: number): boolean {
    return 1 + this.#sumFrom(rung) <= 2 * (1 + (this.#row.numbers[BEYOND] ?? 0))
  }

  changes(): StateChange[] {
    return this.#row.changes()
  }
  clear(): void {
    this.#row.clear()
  }
  restore(change: StateChange): boolean {
    return this.#row.restore(change)
  }

  #count(at: number): void {
    this.#row.numbers[at] = (this.#row.numbers[at] ?? 0) + 1
    this.#row.touch()
  }

  /** Days of at least this rung, those beyond among them. */
  #sumFrom(rung: number): number {
    const { numbers } = this.#row
    let sum = numbers[BEYOND] ?? 0
    for (let each = rung; each <= this.#rungs; each++) sum += numbers[AT_RUNG + each] ?? 0
    return sum
  }

  #forget(day: number): void {
    const { numbers } = this.#row
    if (this.days === 0) numbers[HALVED_ON] = day
    if (day < (numbers[HALVED_ON] ?? 0) + HALVED_EVERY) return
    for (let at = BEYOND; at < numbers.length; at++) numbers[at] = (numbers[at] ?? 0) / 2
    numbers[HALVED_ON] = day
  }
}
