/** Median and spread (1.4826 times the median absolute deviation, in the values' unit) of small whole numbers. */
export interface Centre {
  readonly median: number
  readonly spread: number
}

/** Makes the median absolute deviation estimate the standard deviation of a normal distribution. */
const TO_STANDARD_DEVIATION = 1.4826

/**
 * Median and MAD of the first `count` of `values`, which it sorts in place. Half of the values may be anything without
 * moving the result beyond the other half. The same numbers as simple-statistics' `median` and
 * `medianAbsoluteDeviation`, without their copies: it runs for each bucket of each principal.
 */
export function centreOf(values: Uint8Array, count: number, scratch: Uint16Array): Centre {
  if (count === 0) return { median: 0, spread: 0 }
  const sorted = values.subarray(0, count).sort()
  const twiceMedian = (sorted[(count - 1) >> 1] ?? 0) + (sorted[count >> 1] ?? 0)
  const distances = scratch.subarray(0, count)
  for (let i = 0; i < count; i++) distances[i] = Math.abs(2 * (sorted[i] ?? 0) - twiceMedian)
  distances.sort()
  const fourTimesMad = (distances[(count - 1) >> 1] ?? 0) + (distances[count >> 1] ?? 0)
  return { median: twiceMedian / 2, spread: (TO_STANDARD_DEVIATION * fourTimesMad) / 4 }
}
