import { unionBound } from '../../statistics/combine.ts'
import { distinctError } from '../../statistics/hyper-log-log.ts'
import { REGISTERS } from './suspect.ts'
import type { Suspect } from './suspect.ts'

export interface Verdict {
  readonly p: number
  readonly e: number
  /** What decided: ever new tokens in request after request, or their sheer number. */
  readonly feature: 'new_biased_tokens' | 'biased_tokens'
}

/**
 * The null model has two parts, and p is the Bonferroni sum of two p-values that are valid at every moment of a window.
 *
 * 1. Given everything before, the next probing request of an ordinary caller biases a token it has not biased before with
 *    probability at most `bound` (fleet.ts: at most 0.3 on a prompt it probed before, at most 0.5 where telemetry has no
 *    prompt hash; less as the fleet teaches). Requests on a prompt not seen before say nothing, so callers who choose
 *    between different answers for each text stay quiet; the first few requests with new tokens are free. Against this a
 *    bet is placed at each such request (statistics/betting.ts); p = 1 / largest wealth. We look after every request, and
 *    only an anytime-valid p-value allows that. A sketch decides what is new and never calls an old token new, so errors
 *    of the sketch favour the caller.
 * 2. The number D of different tokens that an ordinary caller biases in a window has a Pareto tail with exponent 2:
 *    P(D >= d) <= (`ordinaryTokens` / d)^2. D only grows within a window, so looking often costs nothing. The estimate is
 *    lowered by two standard errors. This finds sweeps spread over many prompts, or slowed down by repeated tokens.
 */
export function judge(suspect: Suspect, ordinaryTokens: number): Verdict {
  const distinct = suspect.distinctTokens / (1 + 2 * distinctError(REGISTERS))
  const manyTokens = distinct > ordinaryTokens ? (ordinaryTokens / distinct) ** 2 : 1
  const newTokens = 1 / suspect.bestWealth
  return {
    p: unionBound(Math.min(newTokens, manyTokens), 2),
    e: suspect.wealth,
    feature: newTokens <= manyTokens ? 'new_biased_tokens' : 'biased_tokens',
  }
}
