const WEEK_MS = 7 * 86_400_000
/** Less than this much time says nothing about a week. */
const SHORTEST_MS = 3_600_000

/** How often held-out principals raised a false alarm, brought to a week of the whole fleet. */
export interface MeasuredRate {
  readonly alarms: number
  /** Event time that was measured, in weeks. */
  readonly weeks: number
  /** Share of the principals that was measured on. */
  readonly share: number
  readonly perWeek: number
  /** Exact 95 % limits of `perWeek` (Garwood 1936): of a Poisson count. */
  readonly atLeast: number
  readonly atMost: number
}

/** `from` and `to` are epoch ms of the first and last event. */
export function measuredRate(
  alarms: number,
  { from, to }: { readonly from: number; readonly to: number },
  measured: number,
  principals: number,
): MeasuredRate {
  const weeks = Math.max(SHORTEST_MS, to - from) / WEEK_MS
  const share = measured / principals
  const scale = 1 / (weeks * share)
  return {
    alarms,
    weeks,
    share,
    perWeek: alarms * scale,
    atLeast: alarms === 0 ? 0 : countWith(alarms - 1, 0.975) * scale,
    atMost: countWith(alarms, 0.025) * scale,
  }
}

/** The Poisson mean under which at most `count` is seen with this probability. */
function countWith(count: number, probability: number): number {
  let [low, high] = [0, 10 + 3 * count]
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2
    if (atMost(count, middle) > probability) low = middle
    else high = middle
  }
  return low
}

/** P(X <= count) for a Poisson X. */
function atMost(count: number, mean: number): number {
  let [term, sum] = [Math.exp(-mean), 0]
  for (let i = 0; i <= count; i++) {
    sum += term
    term *= mean / (i + 1)
  }
  return sum
}
