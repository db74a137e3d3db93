/** Cosines from -1 to 1 are counted in bins of 0.02. */
export const BINS = 100

/** The bin of a cosine. */
export function binOf(cosine: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.floor(((cosine + 1) / 2) * BINS)))
}

/** Steps that go on in their direction, as a moving scene's do, are what no known attack does: bins from here on do not count. */
const AHEAD = binOf(0.2)

/** Where a window gathers: the cosines between `from` and `to`, its share of them, and the usual share. */
export interface Gathering {
  /** `share` less `usual`, in [0, 1]. */
  readonly excess: number
  readonly from: number
  readonly to: number
  readonly share: number
  readonly usual: number
}

/**
 * The largest excess of a window's share over the usual share in any interval of cosines under 0.2: Kuiper's form of the
 * two-sample Kolmogorov-Smirnov distance (Kuiper 1960, "Tests concerning random points on a circle"), one-sided. The plain
 * distance sees cosines that move; this sees as well those that gather where they were, which is all that a cloud around
 * a boundary point shows (HopSkipJump), and not those that only scatter, as a client's with one kind of image do.
 * Undefined when either is empty.
 */
export function gathering(window: ArrayLike<number>, usual: ArrayLike<number>): Gathering | undefined {
  const [total, usualTotal] = [sumOf(window), sumOf(usual)]
  if (!(total > 0 && usualTotal > 0)) return undefined
  let [best, from, to] = [0, 0, 0]
  let [running, start] = [0, 0]
  for (let bin = 0; bin < AHEAD; bin++) {
    if (running <= 0) [running, start] = [0, bin]
    running += (window[bin] ?? 0) / total - (usual[bin] ?? 0) / usualTotal
    if (running > best) [best, from, to] = [running, start, bin + 1]
  }
  const shareIn = (counts: ArrayLike<number>, sum: number): number => sumOf(counts, from, to) / sum
  return {
    excess: best,
    from: (2 * from) / BINS - 1,
    to: (2 * to) / BINS - 1,
    share: shareIn(window, total),
    usual: shareIn(usual, usualTotal),
  }
}

/** The least of a window's excesses over several usual shapes: that of the one it is most like. */
export function leastGathering(window: ArrayLike<number>, shapes: readonly ArrayLike<number>[]): Gathering | undefined {
  const found = shapes.map((shape) => gathering(window, shape)).filter((each) => each !== undefined)
  return found.toSorted((a, b) => a.excess - b.excess)[0]
}

/** Variance of cosines, by their bins. */
export function scatterOf(counts: ArrayLike<number>): number {
  let [total, sum, squares] = [0, 0, 0]
  for (let bin = 0; bin < BINS; bin++) {
    const count = counts[bin] ?? 0
    const cosine = (2 * bin + 1) / BINS - 1
    total += count
    sum += count * cosine
    squares += count * cosine ** 2
  }
  return total === 0 ? 0 : squares / total - (sum / total) ** 2
}

export function sumOf(counts: ArrayLike<number>, from = 0, to = BINS): number {
  let sum = 0
  for (let bin = from; bin < to; bin++) sum += counts[bin] ?? 0
  return sum
}
