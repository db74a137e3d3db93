import type { StateChange } from '../../contract/detect.ts'
import { SingleRow } from '../state/single-row.ts'

const DAY_MS = 86_400_000
const DAYS = 7
/** For each day of the ring: its number since the epoch, looks, alarms. */
const PER_DAY = 3

/** How a false-alarm budget is being spent, over the last seven days of event time. */
export interface BudgetReport {
  /** False alarms a week that the operator accepts. */
  readonly perWeek: number
  readonly looks: number
  /** What the threshold was worked out for. */
  readonly looksAssumed: number
  readonly alarms: number
}

/**
 * Counts looks and alarms by day of event time, and turns the budget into a threshold. With e-values, P(e >= c) <= 1/c at
 * each look, however looks depend on each other (Markov), so L looks a week at c = L/B give at most B false alarms a week
 * in the mean, without any further assumption. L is what the last seven days showed, and `atLeast` in the beginning: in
 * the first week, while L still grows, the bound is B (1 + ln(L/atLeast)).
 */
export class Budget {
  readonly #perWeek: number
  readonly #atLeast: number
  readonly #days = new SingleRow('looks.1', DAYS * PER_DAY)
  #looks = 0
  #day = -1

  constructor(perWeek: number, atLeast: number) {
    this.#perWeek = perWeek
    this.#atLeast = atLeast
  }

  /** Evidence that costs at most the budget. */
  get threshold(): number {
    return this.#assumed / this.#perWeek
  }

  get #assumed(): number {
    return Math.max(this.#atLeast, this.#looks)
  }

  look(at: number, looks: number): void {
    this.#add(at, 1, looks)
  }

  alarm(at: number): void {
    this.#add(at, 2, 1)
  }

  /** False alarms a week that evidence this strong costs in the mean. */
  costOf(evidence: number): number {
    return this.#assumed / evidence
  }

  report(): BudgetReport {
    return { perWeek: this.#perWeek, looks: this.#looks, looksAssumed: this.#assumed, alarms: this.#sum(2) }
  }

  changes(): readonly StateChange[] {
    return this.#days.changes()
  }

  clear(): void {
    this.#days.clear()
    this.#looks = 0
    this.#day = -1
  }

  restore(change: StateChange): boolean {
    if (!this.#days.restore(change)) return false
    const { numbers } = this.#days
    this.#day = -1
    for (let i = 0; i < DAYS; i++)
      if ((numbers[i * PER_DAY + 1] ?? 0) > 0) this.#day = Math.max(this.#day, numbers[i * PER_DAY] ?? -1)
    this.#looks = this.#sum(1)
    return true
  }

  /** A day that is older than the ring counts for its oldest day, so that nothing goes uncounted. */
  #add(at: number, what: number, amount: number): void {
    const day = Math.max(Math.floor(at / DAY_MS), this.#day - DAYS + 1)
    const { numbers } = this.#days
    const slot = (((day % DAYS) + DAYS) % DAYS) * PER_DAY
    if (numbers[slot] !== day) numbers.set([day, 0, 0], slot)
    numbers[slot + what] = (numbers[slot + what] ?? 0) + amount
    this.#day = Math.max(this.#day, day)
    this.#looks = this.#sum(1)
    this.#days.touch()
  }

  #sum(what: number): number {
    const { numbers } = this.#days
    let sum = 0
    for (let i = 0; i < DAYS; i++)
      if ((numbers[i * PER_DAY] ?? 0) > this.#day - DAYS) sum += numbers[i * PER_DAY + what] ?? 0
    return sum
  }
}
