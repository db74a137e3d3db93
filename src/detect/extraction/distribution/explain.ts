import type { Explanation } from '../../../contract/detect.ts'
import { driftWords } from '../../fleet/drift-gate.ts'
import type { Judged } from './verdict.ts'
import type { Filled } from './window.ts'

/** The distance, against a typical client's, in words. */
export function explain(filled: Filled, judged: Judged): Explanation {
  const { size, distance, exemplars } = filled
  const { direction, typical, clients, drift } = judged
  const seen = rounded(distance)
  const expected = rounded(typical)
  const what =
    direction === 'high'
      ? `differ more from what callers ask for here than is usual (random-feature MMD ${seen}, typically ${expected})`
      : `are spread over all that callers ask for here, more evenly than any one caller's usually are (random-feature MMD ${seen}, typically ${expected})`
  return {
    feature: 'distance_from_reference',
    seen,
    expected,
    text: `${size} requests in a row ${what}; compared with ${clients} clients that are not in the reference${driftWords(drift)}`,
    ...(direction === 'high' ? { exemplars } : {}),
    window_requests: size,
    ...(drift === undefined ? {} : { fleet_moved: drift.unusual }),
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
