import type { Explanation } from '../../../contract/detect.ts'
import type { Calibration } from '../../calibration/calibration.ts'
import { sumOf } from './distances.ts'
import type { Gathering } from './distances.ts'

/** A full window, as it is told. */
export interface Seen {
  readonly cosines: Uint8Array
  readonly repeats: number
  readonly collinear: number
  readonly rests: boolean
  readonly exemplars: readonly string[]
}

export function explain(seen: Seen, found: Gathering, calibration: Calibration): Explanation {
  const rest = seen.rests
    ? '; a scene at rest: one centre that does not move and one answer, as of a camera, and no evidence'
    : ''
  return {
    feature: 'delta_similarity',
    seen: round(found.excess),
    expected: round(calibration.typical),
    text:
      `of ${sumOf(seen.cosines)} steps between consecutive inputs ${percent(found.share)} turn by a cosine of ` +
      `${round(found.from)} to ${round(found.to)} to the step before, usual ${percent(found.usual)}: an excess of ` +
      `${round(found.excess)}, usual ${round(calibration.typical)}; ${seen.repeats} repeats and ${seen.collinear} steps ` +
      `on one line not counted${rest}`,
    exemplars: seen.exemplars,
    cosine_from: round(found.from),
    cosine_to: round(found.to),
    repeats: seen.repeats,
    collinear: seen.collinear,
    rests: seen.rests,
  }
}

export function explainLearning(seen: Seen, progress: number): Explanation {
  return {
    feature: 'delta_similarity',
    seen: sumOf(seen.cosines),
    expected: null,
    text:
      'a window of steps between inputs is full, but what is usual is not known yet: it is being learned from quiet windows ' +
      'of several principals; run `modelward baseline FILES…` to know it at once',
    learning: progress,
    exemplars: seen.exemplars,
  }
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
