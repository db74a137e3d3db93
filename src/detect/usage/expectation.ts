import { unionBound } from '../statistics/combine.ts'
import type { Ladder } from '../statistics/ladder.ts'
import type { Centre } from '../statistics/robust.ts'
import { upperQuantileT5, upperTailT5 } from '../statistics/student-t.ts'
import { amountAt, FEATURES, levelOf, STEPS_PER_E } from './features.ts'

/** The weight of all other buckets together, in buckets of the same hour. */
const SHRINKAGE = 0.5
/** Spread that is always allowed for: 10 % of the amount, which also covers the rounding of remembered levels. */
const LEAST_SPREAD = 0.1 * STEPS_PER_E
/** A quarter of the variance of the logarithm of a Poisson count, which keeps small counts from looking steady by chance. */
const COUNT_NOISE = 0.25 * STEPS_PER_E ** 2

/**
 * What a bucket is expected to hold: the median of the same hour of the day, shrunk towards the median of all buckets as if
 * drawn from the first with weight n / (n + 1/2). The spread is that of this mixture, so while n is small and the two
 * disagree, much is allowed.
 */
export function expectation(
  sameHour: Centre & { readonly buckets: number },
  overall: Centre,
  learned: number,
): { readonly level: number; readonly spread: number } {
  const weight = sameHour.buckets / (sameHour.buckets + SHRINKAGE)
  const level = weight * sameHour.median + (1 - weight) * overall.median
  const variance =
    weight * sameHour.spread ** 2 +
    (1 - weight) * overall.spread ** 2 +
    weight * (1 - weight) * (sameHour.median - overall.median) ** 2 +
    LEAST_SPREAD ** 2 +
    COUNT_NOISE / (1 + amountAt(level))
  return { level, spread: Math.sqrt(variance * (1 + 1 / learned)) }
}

/**
 * The tail: (level - expected) / spread against Student's t with five degrees of freedom, Bonferroni over the features.
 * Running totals only rise within a bucket, so P(the total ever reaches x) = P(the closed bucket holds at least x): a
 * crossing may be told at once, and looking after every event needs no further correction.
 *
 * How honest p is was measured (test/detect/usage): for Poisson, overdispersed, lognormal and autocorrelated totals, with
 * and without a daily rhythm, P(p <= a) <= a from 0.05 down to 0.001. It is no theorem: totals with a Pareto tail of index
 * 2 reach p <= 0.001 ten times as often. Hence what counts as evidence is not this p but its rank among days (`days.ts`).
 */
export class Tail {
  readonly #quantiles: readonly number[]

  constructor(ladder: Ladder) {
    this.#quantiles = ladder.levels.map((p) => upperQuantileT5(p / FEATURES.length))
  }

  p(amount: number, level: number, spread: number): number {
    return unionBound(upperTailT5((levelOf(amount) - level) / spread), FEATURES.length)
  }

  /** The amount at which p reaches the ladder's level after `rung`; Infinity after the last. */
  next(rung: number, level: number, spread: number): number {
    const quantile = this.#quantiles[rung]
    return quantile === undefined ? Infinity : amountAt(level + quantile * spread)
  }
}
