import type { Explanation } from '../../../contract/detect.ts'
import { wOf } from './frozen.ts'
import type { Ordinary } from './frozen.ts'
import type { Session } from './session.ts'

/** W, against a typical client's, in words. */
export function explain(session: Session, w: number, { calibration }: Ordinary): Explanation {
  const { queries, repeats, distances, exemplars } = session
  const [seen, expected] = [rounded(w), rounded(wOf(calibration.typical))]
  return {
    feature: 'distances_between_queries',
    seen,
    expected,
    text: `the distances of ${distances} queries from the nearest earlier one of their class scatter with Shapiro-Wilk W ${seen}, typically ${expected}: natural inputs scatter like a bell curve (1), while queries made from each other by steps are too regular; compared with ${calibration.clients} clients`,
    exemplars,
    queries,
    repeats,
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}
