import type { Explanation } from '../../../contract/detect.ts'

/** A full window, as it is told. */
export interface Seen {
  readonly of: 'vector' | 'text'
  readonly trials: number
  readonly hits: number
  readonly repeats: number
  readonly collinear: number
  readonly ownTrials: number
  readonly ownHits: number
  readonly rests: boolean
  readonly exemplars: readonly string[]
}

export function explain(seen: Seen, usual: number): Explanation {
  const own = seen.ownTrials > 0 ? `, and ${round((seen.ownHits / seen.ownTrials) * seen.trials)} of its own` : ''
  const rest = seen.rests
    ? '; a scene at rest: one centre that does not move and one answer, as of a camera, and no evidence'
    : ''
  return {
    feature: 'near_duplicates',
    seen: seen.hits,
    expected: round(usual),
    text:
      `${seen.hits} of ${seen.trials} different ${seen.of} inputs nearly repeat one of the 16 before; usual for the fleet ` +
      `are ${round(usual)}${own}; ${seen.repeats} exact repeats and ${seen.collinear} steps on one line not counted${rest}`,
    exemplars: seen.exemplars,
    repeats: seen.repeats,
    collinear: seen.collinear,
    rests: seen.rests,
  }
}

export function explainLearning(seen: Seen, progress: number): Explanation {
  return {
    feature: 'near_duplicates',
    seen: seen.hits,
    expected: null,
    text:
      `${seen.hits} of ${seen.trials} different ${seen.of} inputs nearly repeat one of the 16 before; how many are usual ` +
      'is being learned from quiet windows of several principals',
    learning: Math.min(0.99, progress),
    exemplars: seen.exemplars,
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
