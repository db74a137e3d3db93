import type { Explanation } from '../../../contract/detect.ts'
import { meanOf, sumOf } from './distances.ts'
import type { Ordinary } from './ordinary.ts'

/** A full window, as it is told. */
export interface Seen {
  readonly cosines: Uint8Array
  readonly repeats: number
  readonly collinear: number
  readonly rests: boolean
  readonly exemplars: readonly string[]
}

export function explain(seen: Seen, distance: number, { shape, calibration }: Ordinary): Explanation {
  const [mean, usual] = [meanOf(seen.cosines), meanOf(shape)]
  const rest = seen.rests
    ? '; a scene at rest: one centre that does not move and one answer, as of a camera, and no evidence'
    : ''
  return {
    feature: 'delta_similarity',
    seen: round(distance),
    expected: round(calibration.typical),
    text:
      `directions of ${sumOf(seen.cosines)} steps between consecutive inputs are ${round(distance)} from the fleet's ` +
      `(Kuiper distance; usual ${round(calibration.typical)}), mean cosine ${round(mean)} against ${round(usual)}; ` +
      `${seen.repeats} repeats and ${seen.collinear} steps on one line not counted${rest}`,
    exemplars: seen.exemplars,
    mean_cosine: round(mean),
    usual_mean_cosine: round(usual),
    repeats: seen.repeats,
    collinear: seen.collinear,
    rests: seen.rests,
  }
}

export function explainLearning(seen: Seen, progress: number): Explanation {
  return {
    feature: 'delta_similarity',
    seen: round(meanOf(seen.cosines)),
    expected: null,
    text:
      'a window of steps between inputs is full, but what is usual is not known yet: it is being learned from quiet windows ' +
      'of several principals; run `modelward baseline FILES…` to know it at once',
    learning: progress,
    exemplars: seen.exemplars,
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
