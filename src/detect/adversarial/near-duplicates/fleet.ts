import type { StateChange } from '../../../contract/detect.ts'
import { SingleRow } from '../../state/single-row.ts'
import { SMALLEST_P } from '../../statistics/ladder.ts'

/** Trials of a window at most. */
export const MOST_TRIALS = 255
/** Principals that must have taught before others are judged. */
export const FEWEST_CLIENTS = 20
/** Before anything is known: one hit in one window, of principals who differ as much as a correlation of 0.1 within them. */
const PRIOR = { windows: 1, hits: 1, correlation: 0.1, weight: 20 } as const
/** Principals are never believed to differ less or more than this: a kind that few of them are of differs from the rest. */
const [LEAST_CORRELATION, MOST_CORRELATION] = [0.03, 0.9]

/** How many near duplicates a window of an ordinary principal has, learned from the first quiet window of each. */
export class Fleet {
  /** Principals by the number of hits in the one window that each taught. */
  readonly #row: SingleRow
  readonly #window: number

  constructor(name: string, window: number) {
    this.#row = new SingleRow(`${name}.2.${window}`, 1 + window)
    this.#window = window
  }

  learn(hits: number): void {
    const { numbers } = this.#row
    numbers[hits] = (numbers[hits] ?? 0) + 1
    this.#row.touch()
  }

  get clients(): number {
    return this.#row.numbers.reduce((sum, count) => sum + count, 0)
  }

  /** Hits of a usual window: the mean. */
  get usual(): number {
    return this.#moments().mean * this.#window
  }

  /**
   * The p-value of so many hits: up to the most that was seen, the share of principals with at least as many, the one
   * judged counted with them; beyond, on from there along a beta-binomial whose mean and spread are the fleet's. In [1e-9, 1].
   */
  highP(hits: number): number {
    const { numbers } = this.#row
    let [clients, above, most] = [0, 0, 0]
    for (let h = 0; h <= this.#window; h++) {
      const count = numbers[h] ?? 0
      clients += count
      if (h >= hits) above += count
      if (count > 0) most = h
    }
    const counted = (1 + above) / (clients + 1)
    if (hits <= most + 1) return counted
    const { mean, correlation } = this.#moments()
    const beyond = betaBinomialTail(this.#window, mean, correlation, hits)
    const from = betaBinomialTail(this.#window, mean, correlation, most + 1)
    return Math.max(SMALLEST_P, counted * (from > 0 ? Math.min(1, beyond / from) : 1))
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

  /** Mean share of hits, and the correlation of two trials of one window, with the prior's weight. */
  #moments(): { readonly mean: number; readonly correlation: number } {
    const n = this.#window
    let [windows, sum, squares] = [0, 0, 0]
    for (let h = 0; h <= n; h++) {
      const count = this.#row.numbers[h] ?? 0
      windows += count
      sum += count * h
      squares += count * h * h
    }
    const mean = (sum + PRIOR.hits) / ((windows + PRIOR.windows) * n)
    const variance = windows > 1 ? (squares - sum ** 2 / windows) / (windows - 1) : 0
    const binomial = n * mean * (1 - mean)
    const seen = binomial > 0 ? (variance / binomial - 1) / (n - 1) : 0
    const mixed = (seen * windows + PRIOR.correlation * PRIOR.weight) / (windows + PRIOR.weight)
    return { mean, correlation: Math.min(MOST_CORRELATION, Math.max(LEAST_CORRELATION, mixed)) }
  }
}

/** P(X >= from) for a beta-binomial of `trials` with this mean and correlation, both within (0, 1). */
export function betaBinomialTail(trials: number, mean: number, correlation: number, from: number): number {
  if (from <= 0) return 1
  const both = 1 / correlation - 1
  const [a, b] = [mean * both, (1 - mean) * both]
  // P(0) = product of (b + i) / (a + b + i); then each probability from the one before.
  let logP = 0
  for (let i = 0; i < trials; i++) logP += Math.log((b + i) / (both + i))
  let tail = 0
  for (let h = 0; h <= trials; h++) {
    if (h >= from) tail += Math.exp(logP)
    logP += Math.log(((trials - h) / (h + 1)) * ((a + h) / (b + trials - h - 1)))
  }
  return Math.min(1, tail)
}
