import { SMALLEST_P } from './ladder.ts'

/** Bonferroni: a p-value for the smallest of `tests` p-values, however they depend on each other. In [1e-9, 1]. */
export function unionBound(smallest: number, tests: number): number {
  return Math.min(1, Math.max(SMALLEST_P, smallest * tests))
}
