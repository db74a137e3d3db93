import type { Explanation } from '../../../contract/detect.ts'

/** A full window, as it is told. */
export interface Seen {
  readonly of: 'vector' | 'text'
  readonly trials: number
  readonly hits: number
  /** Of the hits. */
  readonly close: number
  readonly between: number
  readonly repeats: number
  readonly collinear: number
  readonly ownTrials: number
  readonly ownWeight: number
  readonly rests: boolean
  readonly exemplars: readonly string[]
}

/** Close ones count twice, so a vector's window weighs at most this times its trials. */
export const WEIGHT_OF = { vector: 2, text: 1 } as const
/** How many between near and far speak against one that is near. */
const AGAINST = 0.5

/**
 * What a window's near inputs weigh. A search leaves a gap: what is near, and nothing between near and far. Inputs that
 * are alike by their kind (images of one class) thin out gradually, and what is between takes away from what is near.
 * It takes nothing from what is close, so it hides no fine search. Of texts near ones are counted alone.
 */
export function weightOf({ of, hits, close, between }: Pick<Seen, 'of' | 'hits' | 'close' | 'between'>): number {
  return of === 'text' ? hits : close + Math.max(close, Math.floor(hits - AGAINST * between))
}

export function explain(seen: Seen, usual: number): Explanation {
  const own = seen.ownTrials > 0 ? `, and ${round((seen.ownWeight / seen.ownTrials) * seen.trials)} of its own` : ''
  const graded = seen.of === 'vector' ? ` (${seen.close} closely; ${seen.between} others are between near and far)` : ''
  const rest = seen.rests
    ? '; a scene at rest: one centre that does not move and one answer, as of a camera, and no evidence'
    : ''
  return {
    feature: 'near_duplicates',
    seen: weightOf(seen),
    expected: round(usual),
    text:
      `${seen.hits} of ${seen.trials} different ${seen.of} inputs nearly repeat one of the 16 before${graded}: a weight of ` +
      `${weightOf(seen)}, usual for the fleet ${round(usual)}${own}; ${seen.repeats} exact repeats and ${seen.collinear} steps on one line not counted${rest}`,
    exemplars: seen.exemplars,
    near: seen.hits,
    close: seen.close,
    between: seen.between,
    repeats: seen.repeats,
    collinear: seen.collinear,
    rests: seen.rests,
  }
}

export function explainLearning(seen: Seen, progress: number): Explanation {
  return {
    feature: 'near_duplicates',
    seen: weightOf(seen),
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
