import type { Repetition } from '../text/repetition.ts'

/** What is compared between a principal's windows and the fleet's. */
export const FEATURES = ['output_run', 'output_repeated', 'prompt_run'] as const
/** Steps of each feature. */
const LEVELS = 32
/** Windows of the fleet, then how many of them were at each level, feature by feature. */
export const FLEET_NUMBERS = 1 + FEATURES.length * LEVELS

const STEPS_PER_DOUBLING = 2
const SWITCHED = 4

/** Levels of one request: half doublings of the run (four more when other text follows it), 1/31 of the repeated share. */
export function levelsOf(output: Repetition, promptRun: number): readonly number[] {
  return [
    held(Math.floor(STEPS_PER_DOUBLING * Math.log2(1 + output.run)) + (output.switched ? SWITCHED : 0)),
    held(Math.round(output.repeated * (LEVELS - 1))),
    held(Math.floor(STEPS_PER_DOUBLING * Math.log2(1 + promptRun))),
  ]
}

/** Conformal p-value: (1 + earlier windows at this level or above) / (1 + earlier windows). */
export function pOf(fleet: Float64Array, feature: number, level: number): number {
  let above = 0
  for (let i = level; i < LEVELS; i++) above += fleet[1 + feature * LEVELS + i] ?? 0
  return (1 + above) / (1 + (fleet[0] ?? 0))
}

/** The level that half of the fleet's windows do not pass. */
export function typical(fleet: Float64Array, feature: number): number {
  const half = (fleet[0] ?? 0) / 2
  let below = 0
  for (let level = 0; level < LEVELS; level++) {
    below += fleet[1 + feature * LEVELS + level] ?? 0
    if (below >= half) return level
  }
  return 0
}

export function noteWindow(fleet: Float64Array, levels: readonly number[]): void {
  fleet[0] = (fleet[0] ?? 0) + 1
  for (const [feature, level] of levels.entries()) {
    const at = 1 + feature * LEVELS + level
    fleet[at] = (fleet[at] ?? 0) + 1
  }
}

function held(level: number): number {
  return Math.min(LEVELS - 1, Math.max(0, level))
}
