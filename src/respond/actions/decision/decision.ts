import { z } from 'zod'
import type { Action, ActionStep, Claim, StepPlan } from '../../../contract/respond.ts'
import type { Clock } from '../../../contract/plugin.ts'
import type { Decisions } from '../../claims/decisions.ts'
import type { ActionPlugin } from '../../context/action-context.ts'
import { digestOf } from '../../playbook/canonical.ts'
import { durationText } from '../../../runtime/duration.ts'

const forHowLong = durationText('1m', '30d').default('1h')

const parameters = z.discriminatedUnion(
  'effect',
  [
    z.strictObject({ effect: z.literal('deny'), for: forHowLong }),
    z.strictObject({
      effect: z.literal('throttle'),
      limit: z.int().min(1).max(1_000_000).describe('Requests a minute.'),
      for: forHowLong,
    }),
  ],
  'must be deny or throttle',
)

/** Puts a claim on a principal into the embedded list of decisions, which gateways ask before they let a request through. */
export const decision: ActionPlugin<Record<string, never>> = {
  kind: 'decision',
  summary: 'Denies or throttles a principal, for a time, at every gateway that asks for decisions.',
  needs: ['a gateway that asks the decisions endpoint and does what it answers'],
  config: z.strictObject({}),
  parameters,
  examples: [{}],
  open: (_config, { decisions, clock }) => Promise.resolve(new DecisionAction(decisions, clock)),
}

class DecisionAction implements Action {
  readonly #decisions: Decisions
  readonly #clock: Clock

  constructor(decisions: Decisions, clock: Clock) {
    this.#decisions = decisions
    this.#clock = clock
  }

  async plan(step: ActionStep): Promise<StepPlan> {
    const with_ = parameters.parse(step.parameters)
    const { principal } = step.target
    const what = with_.effect === 'deny' ? 'deny' : `throttle to ${with_.limit} requests a minute`
    const others = this.#decisions
      .claimsOn(principal, this.#clock.now())
      .filter(({ id }) => id !== step.claimId)
      .map(({ id, effect, limit, endsAt }) => ({ id, effect, limit, endsAt }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return {
      action: decision.kind,
      parameters: with_,
      summary: `${what}: ${principal}, for ${with_.for}${others.length === 0 ? '' : ` (beside ${others.length} other claims)`}`,
      request: JSON.stringify({ claim: step.claimId, target: step.target, ...with_ }),
      undo: `remove the claim ${step.claimId}; other claims on ${principal} stay`,
      reversible: true,
      stateFingerprint: digestOf(others),
    }
  }

  /** The same claim again keeps its start, and counts as the same. */
  async apply(step: ActionStep): Promise<string> {
    const claim = claimOf(step, this.#clock.now())
    const present = this.#decisions.get(step.claimId)
    if (present === undefined || !isSame(present, claim)) await this.#decisions.put(claim)
    return `the claim ${step.claimId} is in the list until ${new Date(step.endsAt).toISOString()}`
  }

  async verify(step: ActionStep): ReturnType<Action['verify']> {
    const now = this.#clock.now()
    const claim = this.#decisions.get(step.claimId)
    if (claim === undefined) return { state: 'ineffective', detail: 'the list has no such claim' }
    if (!isSame(claim, claimOf(step, now)))
      return { state: 'ineffective', detail: 'the claim in the list is another one by now' }
    if (now >= claim.endsAt) return { state: 'ineffective', detail: 'the claim has ended' }
    return { state: 'effective', detail: 'read back from the list of decisions' }
  }

  async undo(step: ActionStep): ReturnType<Action['undo']> {
    const claim = this.#decisions.get(step.claimId)
    if (claim === undefined) return { state: 'drifted', detail: 'the list does not have the claim any more' }
    if (!isSame(claim, claimOf(step, claim.startsAt)))
      return { state: 'drifted', detail: 'somebody changed the claim; it was left as it is' }
    await this.#decisions.remove(step.claimId)
    const left = this.#decisions.claimsOn(step.target.principal, this.#clock.now()).length
    return { state: 'reverted', detail: left === 0 ? 'claim removed' : `claim removed; ${left} other claims remain` }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

function claimOf(step: ActionStep, startsAt: number): Claim {
  const with_ = parameters.parse(step.parameters)
  return {
    id: step.claimId,
    target: step.target,
    effect: with_.effect,
    ...(with_.effect === 'throttle' ? { limit: with_.limit } : {}),
    reason: step.reason,
    owner: `alert ${step.alert.id}`,
    startsAt,
    endsAt: step.endsAt,
  }
}

/** Whether two claims ask for the same; when they began does not matter. */
function isSame(a: Claim, b: Claim): boolean {
  return digestOf({ ...a, startsAt: 0 }) === digestOf({ ...b, startsAt: 0 })
}
