import type { Plan, StepState } from '../contract/respond.ts'
import type { AuditEntry, DocumentChange } from '../contract/store.ts'
import type { Clock } from '../contract/plugin.ts'
import { RefusedError } from '../runtime/errors.ts'
import type { Memory } from './memory/memory.ts'
import { digestOf } from './playbook/canonical.ts'
import { actionStepOf, isInterrupted, isWaiting, stepOf, stepsInForce, withState, type PlanRecord } from './record.ts'

const KIND = 'plan'
const MOST_PLANS = 5_000

/** Who did what; the journal adds when and to which plan. */
export interface Deed {
  readonly actor: string
  readonly action: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/**
 * The plans. A change is true here only once it is on disk together with its line in the audit log. At most `most`
 * (default 5,000): then the oldest that is over gives way.
 */
export class Journal {
  readonly #memory: Memory
  readonly #clock: Clock
  readonly #most: number
  readonly #records = new Map<string, PlanRecord>()
  readonly #plansFor = new Map<string, Set<string>>()

  constructor(memory: Memory, clock: Clock, most = MOST_PLANS) {
    this.#memory = memory
    this.#clock = clock
    this.#most = most
    const kept = memory.documents<PlanRecord>(KIND).map(({ value }) => value)
    for (const record of kept.toSorted((a, b) => a.plan.createdAt - b.plan.createdAt)) this.#keep(record)
  }

  /** Throws RefusedError when there is none. */
  get(id: string): PlanRecord {
    const record = this.#records.get(id)
    if (record === undefined) throw new RefusedError(`there is no plan ${id}`)
    return record
  }

  /** In the order in which they were made. */
  all(): readonly PlanRecord[] {
    return [...this.#records.values()]
  }

  latest(alert: string, playbook: string, principal: string): PlanRecord | undefined {
    const ids = [...(this.#plansFor.get(subjectOf(alert, playbook, principal)) ?? [])]
    return ids.map((id) => this.get(id)).toSorted((a, b) => b.generation - a.generation)[0]
  }

  async write(record: PlanRecord, deed: Deed): Promise<PlanRecord> {
    const { plan } = record
    const entry = this.#entry(plan.id, deed, {
      playbook: plan.playbook,
      alert: plan.alert,
      principal: plan.target.principal,
      digest: plan.digest,
    })
    const surplus = this.#records.has(plan.id) ? undefined : this.#roomFor(plan)
    const documents: DocumentChange[] = [{ kind: KIND, key: plan.id, value: record }]
    if (surplus !== undefined) documents.push({ kind: KIND, key: surplus.plan.id, value: null })
    await this.#memory.commit({ documents, audit: [entry] })
    if (surplus !== undefined) this.#forget(surplus)
    this.#keep(record)
    return record
  }

  /** One step into another state. */
  move(id: string, index: number, to: { state: StepState; detail: string; actor: string }): Promise<PlanRecord> {
    const record = this.get(id)
    const { action, request, summary } = stepOf(record.plan, index)
    const status = { state: to.state, at: this.#clock.now(), detail: to.detail }
    return this.write(withState(record, index, status), {
      actor: to.actor,
      action: `step.${to.state}`,
      detail: {
        step: index,
        does: action,
        claim: actionStepOf(record, index).claimId,
        request: digestOf(request ?? summary),
        outcome: to.detail,
      },
    })
  }

  /** Something that was not done, and why; for the audit log. */
  async note(subject: string, deed: Deed): Promise<void> {
    await this.#memory.commit({ audit: [this.#entry(subject, deed, {})] })
  }

  #entry(subject: string, { actor, action, detail }: Deed, facts: Record<string, unknown>): AuditEntry {
    return { at: this.#clock.now(), actor, action, subject, detail: { ...facts, ...detail } }
  }

  /** The oldest plan that is over, when there are too many. Throws RefusedError when none is. */
  #roomFor({ id }: Plan): PlanRecord | undefined {
    if (this.#records.size < this.#most) return undefined
    for (const record of this.#records.values())
      if (!isWaiting(record) && !isInterrupted(record) && stepsInForce(record).length === 0) return record
    throw new RefusedError(`${this.#most} plans are open, which is the most; ${id} was not made`)
  }

  #keep(record: PlanRecord): void {
    const { id, alert, playbook, target } = record.plan
    this.#records.set(id, record)
    const key = subjectOf(alert, playbook, target.principal)
    this.#plansFor.set(key, (this.#plansFor.get(key) ?? new Set()).add(id))
  }

  #forget({ plan }: PlanRecord): void {
    this.#records.delete(plan.id)
    const key = subjectOf(plan.alert, plan.playbook, plan.target.principal)
    const ids = this.#plansFor.get(key)
    ids?.delete(plan.id)
    if (ids?.size === 0) this.#plansFor.delete(key)
  }
}

/** What no two plans that are open are about. */
function subjectOf(alert: string, playbook: string, principal: string): string {
  return `${alert}\n${playbook}\n${principal}`
}
