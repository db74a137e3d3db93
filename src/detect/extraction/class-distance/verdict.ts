import type { Explanation } from '../../../contract/detect.ts'
import type { Calibration } from '../../calibration/calibration.ts'
import { unionBound } from '../../statistics/combine.ts'
import { type DriftGate, driftWords, type Moved } from '../../fleet/drift-gate.ts'
import type { Frozen } from './model.ts'
import { VOTERS, WINDOW } from './window.ts'
import type { Filled } from './window.ts'

const LOOKS = ['distance', 'vote', 'outside'] as const
type Look = (typeof LOOKS)[number]

export interface Judged {
  readonly p: number
  /** Before the fleet is looked at. */
  readonly alone: number
  /** Which look is the most unusual. */
  readonly by: Look
  /** Present when the fleet moves, with how many of how many. */
  readonly drift: Moved | undefined
}

/** p of a window: that of the most unusual look, for as many as there were; at least the rank among a moving fleet. */
export function judge(filled: Filled, frozen: Frozen, fleet: DriftGate): Judged {
  const ps: Record<Look, number | undefined> = {
    distance: frozen.excess.high(filled.excess),
    vote: filled.far === undefined ? undefined : frozen.far.high(filled.far),
    outside: frozen.outside.high(filled.outside),
  }
  const looks = LOOKS.flatMap((by) => (ps[by] === undefined ? [] : [{ by, p: ps[by] }])).toSorted((a, b) => a.p - b.p)
  const [{ by, p: smallest } = { by: 'distance' as const, p: 1 }] = looks
  const alone = unionBound(smallest, looks.length)
  return { ...fleet.held(alone), alone, by }
}

/** What the most unusual look saw, against a typical client's, in words. */
export function explain(filled: Filled, { by, drift }: Judged, frozen: Frozen): Explanation {
  const { far, exemplars } = filled
  const { feature, value, calibration, words } = LOOK[by](filled, frozen)
  const [seen, expected] = [rounded(value), rounded(calibration.typical)]
  const what = words(seen, expected)
  return {
    feature,
    seen,
    expected,
    text: `${what}; compared with ${calibration.clients} clients that are not in the reference${driftWords(drift)}`,
    exemplars,
    ...(far === undefined ? {} : { far_of_last_queries: far }),
    ...(drift ? { fleet_moved: drift.unusual } : {}),
  }
}

interface Told {
  readonly feature: string
  readonly value: number
  readonly calibration: Calibration
  readonly words: (seen: number, expected: number) => string
}

const LOOK: Readonly<Record<Look, (filled: Filled, frozen: Frozen) => Told>> = {
  distance: ({ excess }, frozen) => ({
    feature: 'distance_from_class',
    value: excess,
    calibration: frozen.excess,
    words: (seen, expected) =>
      `${WINDOW} queries have a Fréchet distance from the classes that the model gave them of ${seen} beyond the usual (typically ${expected})`,
  }),
  vote: ({ far }, frozen) => ({
    feature: 'queries_far_from_class',
    value: far ?? 0,
    calibration: frozen.far,
    words: (seen, expected) =>
      `${seen} of the last ${VOTERS} queries lie farther from what is known of their class than 95 % of benign queries do (typically ${expected})`,
  }),
  outside: ({ outside }, frozen) => ({
    feature: 'outside_of_benign_directions',
    value: outside,
    calibration: frozen.outside,
    words: (seen, expected) =>
      `${WINDOW} queries have more in directions that benign queries of their class hardly use: ${seen} standard deviations a query on average (typically ${expected})`,
  }),
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
