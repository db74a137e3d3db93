import type { Detector, Score } from '../../../src/contract/detect.ts'
import { usage } from '../../../src/detect/usage/usage.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { HOUR, MONDAY } from '../traffic.ts'
import type { Draw } from './families.ts'

/** What the rule `usage-far-above-baseline` alerts on. */
const RULE_P = 1e-4

export interface FleetOptions {
  readonly draw: Draw
  readonly principals: number
  readonly days: number
  readonly seed: number
  /** Before each principal's number. */
  readonly prefix?: string
  /** Days of the fleet's own that are known from the start. */
  readonly known?: Detector
}

export interface FleetRun {
  readonly detector: Detector
  /** One a principal and day, once the fleet knows enough. */
  readonly days: readonly number[]
  /** The scores of those days. */
  readonly scores: readonly Score[]
  readonly hours: number
  readonly alerts: number
}

/** A fleet with one request an hour each; what alerts is not learned, as in the daemon. */
export async function runFleet({
  draw,
  principals,
  days,
  seed,
  prefix = 'key:',
  known,
}: FleetOptions): Promise<FleetRun> {
  const detector = await usage.open(usage.config.parse({}), given('usage'))
  // Of the other fleet only what all have in common: none of its principals is here.
  if (known) detector.restore(known.changes().filter(({ key }) => key === 'days.1'))
  const random = seededRandom(seed)
  const told: Score[] = []
  let [hours, alerts] = [0, 0]
  for (let hour = 0; hour < 24 * days; hour++)
    for (let principal = 0; principal < principals; principal++) {
      const inputTokens = draw(random, hour, principal)
      if (inputTokens === 0) continue
      hours++
      const scores = watch(detector, `${prefix}${principal}`, MONDAY + hour * HOUR, inputTokens)
      if (scores.some(isRuleHit)) alerts++
      told.push(...scores.filter(isDay))
    }
  return { detector, days: told.map(({ p }) => p ?? 1), scores: told, hours, alerts }
}

/** The scores of one request in the hour after `days` days. */
export function request(detector: Detector, principal: string, days: number, tokens: number): readonly Score[] {
  return watch(detector, principal, MONDAY + 24 * days * HOUR, tokens)
}

export function isDay(score: Score): boolean {
  return score.direction === 'unusual-day'
}

export function isRuleHit(score: Score): boolean {
  return score.direction === 'high' && score.p !== null && score.p <= RULE_P
}

function watch(detector: Detector, principal: string, at: number, inputTokens: number): readonly Score[] {
  const each = event({ at: Math.floor(at), principal, inference: { inputTokens } })
  const scores = detector.score(each)
  if (!scores.some(isRuleHit)) detector.learn(each)
  return scores
}
