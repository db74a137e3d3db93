/** Cosines from -1 to 1 are counted in bins of 0.02. */
export const BINS = 100

/** The bin of a cosine. */
export function binOf(cosine: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.floor(((cosine + 1) / 2) * BINS)))
}

/**
 * Kuiper's form of the Kolmogorov-Smirnov distance between two counts over the same bins: the largest excess of one
 * distribution function plus the largest of the other, in [0, 2) (Kuiper 1960, "Tests concerning random points on a
 * circle"). The plain distance sees cosines that move; this sees as well those that gather where they were, which is all
 * that a cloud around a boundary point shows (HopSkipJump). Undefined when either is empty.
 */
export function kuiper(one: ArrayLike<number>, other: ArrayLike<number>): number | undefined {
  const [total, otherTotal] = [sumOf(one), sumOf(other)]
  if (!(total > 0 && otherTotal > 0)) return undefined
  let [difference, above, below] = [0, 0, 0]
  for (let bin = 0; bin < BINS; bin++) {
    difference += (one[bin] ?? 0) / total - (other[bin] ?? 0) / otherTotal
    above = Math.max(above, difference)
    below = Math.min(below, difference)
  }
  return above - below
}

export function meanOf(counts: ArrayLike<number>): number {
  let sum = 0
  for (let bin = 0; bin < BINS; bin++) sum += (counts[bin] ?? 0) * ((2 * (bin + 0.5)) / BINS - 1)
  return sum / Math.max(1, sumOf(counts))
}

export function sumOf(counts: ArrayLike<number>): number {
  let sum = 0
  for (let bin = 0; bin < BINS; bin++) sum += counts[bin] ?? 0
  return sum
}
