import type { Explanation } from '../../../contract/detect.ts'
import { unionBound } from '../../statistics/combine.ts'
import type { Fleet, Moved } from './fleet.ts'
import type { Frozen } from './model.ts'
import { VOTERS, WINDOW } from './window.ts'
import type { Filled } from './window.ts'

export interface Judged {
  readonly p: number
  /** Before the fleet is looked at. */
  readonly alone: number
  /** Which of the two is the more unusual. */
  readonly by: 'distance' | 'vote'
  /** Present when the fleet moves, with how many of how many. */
  readonly drift: Moved | undefined
}

/** p of a window: that of the more unusual of distance and vote, for two looks; at least the rank among a moving fleet. */
export function judge({ excess, far }: Filled, frozen: Frozen, fleet: Fleet): Judged {
  const distance = frozen.excess.high(excess)
  const vote = far === undefined ? 1 : frozen.far.high(far)
  const alone = far === undefined ? distance : unionBound(Math.min(distance, vote), 2)
  const drift = fleet.moved
  const p = drift ? Math.max(alone, fleet.rank(alone)) : alone
  return { p, alone, by: vote < distance ? 'vote' : 'distance', drift }
}

/** The distance or the vote, against a typical client's, in words. */
export function explain({ excess, far, exemplars }: Filled, { by, drift }: Judged, frozen: Frozen): Explanation {
  const calibration = by === 'vote' ? frozen.far : frozen.excess
  const [seen, expected] = [rounded(by === 'vote' ? (far ?? 0) : excess), rounded(calibration.typical)]
  const what =
    by === 'vote'
      ? `${seen} of the last ${VOTERS} queries lie farther from what the model knows of their class than 95 % of benign queries do (typically ${expected})`
      : `${WINDOW} queries are farther from the classes that the model gave them than usual (Fréchet distance beyond the usual ${seen}, typically ${expected})`
  const moved = drift
    ? `; ${drift.unusual} of the last ${drift.of} callers moved too: drift, not theft, and only the rank among them counts`
    : ''
  return {
    feature: by === 'vote' ? 'queries_far_from_class' : 'distance_from_class',
    seen,
    expected,
    text: `${what}; compared with ${calibration.clients} clients that are not in the reference${moved}`,
    exemplars,
    ...(far === undefined ? {} : { far_of_last_queries: far }),
    ...(drift ? { fleet_moved: drift.unusual } : {}),
  }
}

/** Said once for each principal while there is nothing to compare with. */
export function nothingToCompareWith(): Explanation {
  return {
    feature: 'distance_from_class',
    seen: 0,
    expected: null,
    learning: 0,
    text: 'no frozen reference of the vectors of each class: run `modelward baseline FILES…` on benign traffic',
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
