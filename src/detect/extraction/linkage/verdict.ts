import type { Score } from '../../../contract/detect.ts'
import type { Calibration } from '../../calibration/calibration.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { unionBound } from '../../statistics/combine.ts'
import type { Account } from './account.ts'
import { scaled, type PoolReference } from './frozen.ts'
import type { PartyWindow } from './parties.ts'
import type { Ties } from './ties.ts'

/** What a score is about besides its window. */
export interface About {
  readonly detector: string
  readonly event: ModelRequest
  readonly window: number
  readonly ties: Ties
  /** How many times more accounts are known than when it was calibrated: chance finds more among more. */
  readonly more: number
}

/** Of an account's window: how many of its templates others had used. */
export function templateScore(about: About, account: Account, calibration: Calibration): Score {
  const { event, window, ties, more } = about
  const { shared, distinct } = account
  const partners = account.partners()
  const named = partners.map(({ name, templates }) => `${name} (${templates})`).join(', ')
  const names = partners.map(({ name }) => name)
  return {
    detector: about.detector,
    event,
    principal: event.principal,
    p: unionBound(calibration.high(shared), more),
    counts: 'window',
    direction: 'high',
    window: { from: account.startedAt, to: event.at, events: window },
    explain: {
      feature: 'shared_templates',
      seen: shared,
      expected: calibration.typical,
      text:
        `${shared} of ${distinct} different beginnings and endings of prompts in ${window} requests had been used ` +
        `by other accounts, typically ${calibration.typical}${named === '' ? '' : `; most in common with ${named}`}`,
      exemplars: account.exemplars(),
      partners: names,
      cluster: ties.label === 0 ? [event.principal, ...names].toSorted()[0] : clusterOf(ties),
    },
  }
}

/**
 * Of a window that linked accounts filled together. It is odd only if the accounts are one party and one party does not ask
 * so: p is the larger of the two p-values (an intersection-union test, Berger 1982, Technometrics 24).
 */
export function pooledScore(about: About, filled: PartyWindow, pool: PoolReference): Score {
  const { members } = filled
  const { event, window, ties } = about
  const { calibration, floor } = pool
  const value = scaled(filled.distance, floor)
  const tails = { high: calibration.high(value), low: calibration.low(value) }
  const direction = tails.high < tails.low ? 'high' : 'low'
  const asked = unionBound(tails[direction], 2)
  const seen = rounded(filled.distance)
  const expected = rounded(Math.max(0, Math.exp(calibration.typical) - floor))
  const what =
    direction === 'high'
      ? 'differ more from what callers ask for here than those of one caller usually do'
      : 'are spread over all that callers ask for here, more evenly than those of any one caller usually are'
  return {
    detector: about.detector,
    event,
    principal: event.principal,
    p: Math.max(asked, ties.chance),
    counts: 'window',
    direction,
    window: { from: filled.startedAt, to: event.at, events: window },
    part: 'cluster',
    explain: {
      feature: 'pooled_distance',
      seen,
      expected,
      text:
        `${window} requests of ${members.length} accounts that are linked (by chance with a probability of ` +
        `${ties.chance.toPrecision(1)}) ${what}: distance ${seen}, typically ${expected}`,
      exemplars: filled.exemplars,
      partners: members.filter((name) => name !== event.principal),
      cluster: clusterOf(ties),
      link_p: ties.chance,
    },
  }
}

/** The same for all accounts of a cluster. */
function clusterOf({ label }: Ties): string {
  return `cluster:${label.toString(36)}`
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
