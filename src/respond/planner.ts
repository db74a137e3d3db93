import type { Alert } from '../contract/alert.ts'
import type { Clock } from '../contract/plugin.ts'
import type { Action, BlastRadius, Plan, StepPlan } from '../contract/respond.ts'
import { base32 } from '../runtime/base32.ts'
import { RefusedError } from '../runtime/errors.ts'
import type { Calls } from './calls.ts'
import { digestOf } from './playbook/canonical.ts'
import { parseDuration } from '../runtime/duration.ts'
import { isProtected, type Playbook } from './playbook/playbook.ts'
import { actionStepOf, claimIdOf, endAfter, planDigest, reasonFor, type PlanRecord } from './record.ts'

const HOURS = 24

export interface PlannerParts {
  readonly actions: ReadonlyMap<string, Action>
  readonly clock: Clock
  readonly calls: Calls
  readonly traffic: { blastRadius(principal: string, hours: number, now: number): BlastRadius }
  readonly mode: 'dry-run' | 'live'
}

/** Whose containment is worked out, the how-manieth of this alert, playbook and principal, from 0. */
interface Whom {
  readonly principal: string
  readonly generation: number
}

/** Works out what a playbook would do about an alert, and does nothing of it. */
export class Planner {
  readonly #parts: PlannerParts

  constructor(parts: PlannerParts) {
    this.#parts = parts
  }

  /**
   * The same alert, playbook, principal, generation, time and outside state give the same plan. Throws RefusedError, in
   * words.
   */
  async work(playbook: Playbook, alert: Alert, whom: Whom, signal: AbortSignal): Promise<PlanRecord> {
    const { principal, generation } = whom
    if (isProtected(playbook, principal)) throw new RefusedError(`${principal} is protected by ${playbook.id}`)
    const now = this.#parts.clock.now()
    const id = planId(playbook, alert, whom)
    const kept: Alert = { ...alert, evidence: [] }
    const target = { principal }
    const steps: StepPlan[] = []
    for (const step of playbook.steps)
      steps.push(
        await this.#call(
          step.action,
          {
            claimId: claimIdOf(id, step.action, target, step.with),
            target,
            parameters: step.with,
            reason: reasonFor(playbook.id, alert),
            alert: kept,
            endsAt: endAfter(now, step.with),
          },
          signal,
        ),
      )
    const plan: Omit<Plan, 'digest'> = {
      id,
      playbook: playbook.id,
      alert: alert.id,
      target,
      steps,
      createdAt: now,
      expiresAt: now + parseDuration(playbook.expires),
      blastRadius: this.#parts.traffic.blastRadius(principal, HOURS, now),
      dryRun: this.#parts.mode === 'dry-run',
      states: steps.map(() => ({ state: 'planned', at: now, detail: '' })),
    }
    return { plan: { ...plan, digest: planDigest(plan) }, alert: kept, playbookDigest: playbook.digest, generation }
  }

  /** The number of the first step whose outside state is another one than when it was planned. */
  async drifted(record: PlanRecord, signal: AbortSignal): Promise<number | undefined> {
    for (const [index, step] of record.plan.steps.entries()) {
      const fresh = await this.#call(step.action, actionStepOf(record, index), signal)
      if (fresh.stateFingerprint !== step.stateFingerprint) return index
    }
    return undefined
  }

  #call(name: string, step: Parameters<Action['plan']>[0], signal: AbortSignal): Promise<StepPlan> {
    const action = this.#parts.actions.get(name)
    if (action === undefined) throw new RefusedError(`there is no action ${name}`)
    return this.#parts.calls.persist((signal) => action.plan(step, signal), signal)
  }
}

/** The principal is part of it only where an alert is about several. */
function planId(playbook: Playbook, alert: Alert, { principal, generation }: Whom): string {
  const meaning = [alert.id, playbook.id, playbook.digest, generation, ...(alert.principals ? [principal] : [])]
  return base32(Buffer.from(digestOf(meaning), 'hex'), 26)
}
