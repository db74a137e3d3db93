import type { Account } from './account.ts'
import { OUTCOMES } from './account.ts'

/** Requests, then hits of each outcome, both faded. */
export const FLEET_NUMBERS = 1 + OUTCOMES.length

/** What is assumed before anything was learned, in hits per request, with the weight of so many requests. */
const PRIOR_RATE = [0.05, 0.05] as const
const PRIOR_REQUESTS = 200
/** What one caller has shown weighs against what the fleet shows as if the fleet were so many requests of its own. */
const FLEET_WEIGHT = 100
/** The most that is ever taken for usual: a fleet of attackers must not teach that everything fails. */
const CEILING = 0.9
/** Callers differ: one may fail this often whatever the fleet does. */
const FLOOR = 0.1
/** Requests after which half of what the fleet taught is forgotten. */
const FLEET_HALF_LIFE = 200_000
const FADE = 2 ** (-1 / FLEET_HALF_LIFE)

/**
 * The most that the next request of an ordinary caller has as a probability of this outcome: `tolerance` times the upper
 * bound (two standard errors) of its own rate, which begins as the fleet's. In [0.1, 0.9].
 */
export function boundOf(account: Account, fleet: Float64Array, part: number, tolerance: number): number {
  const [prior = 0.05] = PRIOR_RATE.slice(part)
  const fleetRequests = (fleet[0] ?? 0) + PRIOR_REQUESTS
  const fleetRate = ((fleet[1 + part] ?? 0) + prior * PRIOR_REQUESTS) / fleetRequests
  const requests = account.ownRequests + FLEET_WEIGHT
  const rate = (account.ownHits(part) + fleetRate * FLEET_WEIGHT) / requests
  const upper = rate + 2 * Math.sqrt((rate * (1 - rate)) / requests)
  return Math.min(CEILING, Math.max(FLOOR, tolerance * upper))
}

export function noteOutcome(fleet: Float64Array, hits: readonly boolean[]): void {
  fleet[0] = FADE * (fleet[0] ?? 0) + 1
  for (const [part, hit] of hits.entries()) fleet[1 + part] = FADE * (fleet[1 + part] ?? 0) + (hit ? 1 : 0)
}
