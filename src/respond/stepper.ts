import type { Clock, Log } from '../contract/plugin.ts'
import type { Action, StepState } from '../contract/respond.ts'
import { TransientError, reasonOf } from '../runtime/errors.ts'
import type { Calls } from './calls.ts'
import type { Journal } from './journal.ts'
import { actionStepOf, endOf, stepOf, stepsInForce, type PlanRecord } from './record.ts'

export interface StepperParts {
  readonly actions: ReadonlyMap<string, Action>
  readonly journal: Journal
  readonly clock: Clock
  readonly calls: Calls
  readonly log: Log
  readonly verifyWithinMs: number
  /** Why nothing may be applied just now. */
  readonly refusal: () => string | undefined
}

type Verdict = Awaited<ReturnType<Action['verify']>>

const DAEMON = 'modelward'
const FIRST_LOOK_MS = 500
const LAST_LOOK_MS = 10_000

/**
 * Takes the steps of a plan through their states: approved -> applying -> applied -> effective | ineffective | unknown,
 * and back: reverting -> reverted | drifted. The intent is on disk before an action is called and the outcome after it,
 * so that after a crash it is known what has to be looked at. One caller a plan at a time.
 */
export class Stepper {
  readonly #parts: StepperParts

  constructor(parts: StepperParts) {
    this.#parts = parts
  }

  /** Applies what is approved, step by step. The first that does not work stops the rest. */
  async run(id: string, signal: AbortSignal): Promise<void> {
    for (const index of this.#parts.journal.get(id).plan.steps.keys()) {
      const state = this.#state(id, index)
      const goesOn = state === 'approved' ? await this.#apply(id, index, signal) : !hasFailed(state)
      if (!goesOn) return this.cancel(id, `not done, because step ${index + 1} did not work`)
    }
  }

  /** Takes back what is in force, last step first, or only the steps that have ended by `endedBy`. */
  async undo(id: string, actor: string, signal: AbortSignal, endedBy = Infinity): Promise<void> {
    const record = this.#parts.journal.get(id)
    for (const index of stepsInForce(record).toReversed())
      if (endedBy === Infinity || endOf(record, index) <= endedBy) await this.#undo(id, index, actor, signal)
  }

  /** Approved steps that were not begun will not be. */
  async cancel(id: string, reason: string): Promise<void> {
    for (const index of this.#parts.journal.get(id).plan.steps.keys())
      if (this.#state(id, index) === 'approved') await this.#move(id, index, 'failed', reason)
  }

  /** What was under way when the daemon ended, or when the disk was full, is looked at and never simply done again. */
  async settle(id: string, signal: AbortSignal): Promise<void> {
    for (const index of this.#parts.journal.get(id).plan.steps.keys()) {
      const state = this.#state(id, index)
      if (state === 'applying' || state === 'applied') await this.#settleApply(id, index, signal)
      else if (state === 'reverting') await this.#settleUndo(id, index, signal)
    }
  }

  /** Answers whether the steps behind may run. */
  async #apply(id: string, index: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    const record = this.#parts.journal.get(id)
    const refused = this.#parts.refusal() ?? this.#tooLate(record, index)
    if (refused !== undefined) return this.#failed(id, index, refused)
    await this.#move(id, index, 'applying', stepOf(record.plan, index).summary)
    let detail: string
    try {
      detail = await this.#parts.calls.persist(
        (signal) => this.#action(record, index).apply(actionStepOf(record, index), signal),
        signal,
      )
    } catch (error) {
      if (signal.aborted) throw error
      return this.#notApplied(id, index, error, signal)
    }
    await this.#move(id, index, 'applied', detail)
    const verdict = await this.#verify(record, index, signal, this.#parts.verifyWithinMs)
    await this.#move(id, index, verdict.state, verdict.detail)
    return verdict.state !== 'ineffective'
  }

  /** A receiver that did not answer may have done it all the same: then it is asked, and what nobody knows stays unknown. */
  async #notApplied(id: string, index: number, error: unknown, signal: AbortSignal): Promise<boolean> {
    const reason = reasonOf(error)
    if (!(error instanceof TransientError)) return this.#failed(id, index, reason)
    const verdict = await this.#verify(this.#parts.journal.get(id), index, signal, 0)
    if (verdict.state === 'ineffective') return this.#failed(id, index, reason)
    await this.#move(id, index, verdict.state, `${reason}; ${verdict.detail}`)
    return verdict.state === 'effective'
  }

  /** Looks until it is effective, nobody can tell, or the time is over; 0 looks once. */
  async #verify(record: PlanRecord, index: number, signal: AbortSignal, withinMs: number): Promise<Verdict> {
    const { clock } = this.#parts
    const until = clock.monotonic() + withinMs
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)) {
      const { verdict, isFinal } = await this.#look(record, index, signal)
      const leftMs = until - clock.monotonic()
      if (isFinal || leftMs <= 0) return verdict
      await clock.sleep(Math.min(waitMs, leftMs), signal)
    }
  }

  async #look(record: PlanRecord, index: number, signal: AbortSignal): Promise<{ verdict: Verdict; isFinal: boolean }> {
    try {
      const step = actionStepOf(record, index)
      const verdict = await this.#parts.calls.once((signal) => this.#action(record, index).verify(step, signal), signal)
      return { verdict, isFinal: verdict.state !== 'ineffective' }
    } catch (error) {
      if (signal.aborted) throw error
      const verdict: Verdict = { state: 'unknown', detail: `it could not be verified: ${reasonOf(error)}` }
      return { verdict, isFinal: !(error instanceof TransientError) }
    }
  }

  async #undo(id: string, index: number, actor: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const record = this.#parts.journal.get(id)
    await this.#move(id, index, 'reverting', stepOf(record.plan, index).undo, actor)
    try {
      const step = actionStepOf(record, index)
      const end = await this.#parts.calls.persist((signal) => this.#action(record, index).undo(step, signal), signal)
      await this.#move(id, index, end.state, end.detail, actor)
      if (end.state === 'drifted')
        this.#parts.log.warn('somebody else changed what a playbook did, left as it is', {
          plan: id,
          detail: end.detail,
        })
    } catch (error) {
      if (signal.aborted) throw error
      await this.#move(id, index, 'unknown', `taking it back failed: ${reasonOf(error)}`, actor)
      this.#parts.log.error('a containment could not be taken back', { plan: id, step: index, reason: reasonOf(error) })
    }
  }

  async #settleApply(id: string, index: number, signal: AbortSignal): Promise<void> {
    const verdict = await this.#verify(this.#parts.journal.get(id), index, signal, 0)
    const neverWorked = verdict.state === 'ineffective' && this.#state(id, index) === 'applying'
    await this.#move(id, index, neverWorked ? 'failed' : verdict.state, `it was interrupted; ${verdict.detail}`)
  }

  async #settleUndo(id: string, index: number, signal: AbortSignal): Promise<void> {
    const verdict = await this.#verify(this.#parts.journal.get(id), index, signal, 0)
    if (verdict.state === 'effective') await this.#undo(id, index, DAEMON, signal)
    else if (verdict.state === 'ineffective')
      await this.#move(id, index, 'reverted', `taking it back was interrupted; ${verdict.detail}`)
    else await this.#move(id, index, 'unknown', `taking it back was interrupted; ${verdict.detail}`)
  }

  async #failed(id: string, index: number, reason: string): Promise<false> {
    await this.#move(id, index, 'failed', reason)
    this.#parts.log.error('a step of a playbook failed', { plan: id, step: index, reason })
    return false
  }

  #tooLate(record: PlanRecord, index: number): string | undefined {
    return endOf(record, index) <= this.#parts.clock.now() ? 'its time was over before it was done' : undefined
  }

  #action(record: PlanRecord, index: number): Action {
    const { action } = stepOf(record.plan, index)
    const found = this.#parts.actions.get(action)
    if (found === undefined) throw new Error(`there is no action ${action} any more`)
    return found
  }

  #state(id: string, index: number): StepState {
    return this.#parts.journal.get(id).plan.states[index]?.state ?? 'planned'
  }

  async #move(id: string, index: number, state: StepState, detail: string, actor = DAEMON): Promise<void> {
    await this.#parts.journal.move(id, index, { state, detail, actor })
  }
}

function hasFailed(state: StepState): boolean {
  return state === 'failed' || state === 'ineffective'
}
