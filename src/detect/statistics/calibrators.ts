/**
 * p-values to e-values. Both functions have integral 1 over (0, 1], so that the result has a mean of at most 1 while p is a
 * p-value (Vovk and Wang 2021, "E-values: calibration, combination and applications", Annals of Statistics 49, sec. 2).
 */

/** The mixture of all `k p^(k-1)`, k in (0, 1): (1 - p + p ln p) / (p ln² p). For p in (0, 1]; 1/2 at p = 1. */
export function mixedCalibrator(p: number): number {
  const log = Math.log(p)
  // Near 1 the quotient is 0/0: 1/2 + (1-p)/6 + … is its Taylor series.
  if (1 - p < 1e-4) return 0.5 + (1 - p) / 6
  return (1 - p + p * log) / (p * log * log)
}

/** All or nothing: 1/level where p reaches `level`, else 0. */
export function stepCalibrator(p: number, level: number): number {
  return p <= level ? 1 / level : 0
}
