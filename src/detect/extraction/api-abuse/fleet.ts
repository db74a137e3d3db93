/** How a probing request was compared: with what its caller had biased on the same prompt, or (no prompt hash) at all. */
export type TrialKind = 'prompt' | 'caller'

/** Hits and trials of either kind. */
export const FLEET_NUMBERS = 4

/**
 * What is assumed of ordinary callers before anything was learned, in probing requests that bring new tokens per probing
 * request, with the weight of so many trials; and the most that is ever believed, whatever the fleet does. The ceiling
 * keeps a fleet of quiet attackers from teaching that everybody probes; the floor allows for callers unlike the mean.
 */
const PRIOR = { prompt: { rate: 0.15, ceiling: 0.3 }, caller: { rate: 0.25, ceiling: 0.5 } } as const
const PRIOR_TRIALS = 50
const FLOOR = 0.1

/** Twice the upper bound (two standard errors) of the learned rate: ordinary callers differ, and none may exceed it. */
export function boundOf(fleet: Float64Array, kind: TrialKind): number {
  const at = kind === 'prompt' ? 0 : 2
  const { rate, ceiling } = PRIOR[kind]
  const trials = (fleet[at + 1] ?? 0) + PRIOR_TRIALS
  const mean = ((fleet[at] ?? 0) + rate * PRIOR_TRIALS) / trials
  const upper = mean + 2 * Math.sqrt((mean * (1 - mean)) / trials)
  return Math.min(ceiling, Math.max(FLOOR, 2 * upper))
}

export function noteTrial(fleet: Float64Array, kind: TrialKind, hit: boolean): void {
  const at = kind === 'prompt' ? 0 : 2
  fleet[at] = (fleet[at] ?? 0) + (hit ? 1 : 0)
  fleet[at + 1] = (fleet[at + 1] ?? 0) + 1
}
