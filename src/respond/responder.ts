import type { Alert } from '../contract/alert.ts'
import type { PlaybookFacts } from '../contract/desk.ts'
import type { Clock, Log, Random } from '../contract/plugin.ts'
import type { Action, Claim, Decision, Plan } from '../contract/respond.ts'
import { principalsOf } from '../runtime/alert-principals.ts'
import { RefusedError, StoreError, reasonOf } from '../runtime/errors.ts'
import { Backoff } from '../runtime/retry.ts'
import { Calls } from './calls.ts'
import type { Decisions } from './claims/decisions.ts'
import { Journal } from './journal.ts'
import { KillSwitch } from './kill-switch.ts'
import { limitRefusal } from './limits.ts'
import type { Memory } from './memory/memory.ts'
import { Planner } from './planner.ts'
import { isFor, type Playbook } from './playbook/playbook.ts'
import { endOf, isInterrupted, isWaiting, planDigest, stepsInForce, type PlanRecord } from './record.ts'
import { Stepper } from './stepper.ts'
import type { Traffic } from './traffic/traffic.ts'
import { Turns } from './turns.ts'

export interface ResponderParts {
  readonly playbooks: readonly Playbook[]
  readonly actions: ReadonlyMap<string, Action>
  readonly decisions: Decisions
  readonly traffic: Traffic
  readonly memory: Memory
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly mode: 'dry-run' | 'live'
  /** The absolute path of the file whose presence stops containment. */
  readonly killSwitch: string
  readonly verifyWithinMs: number
}

const DAEMON = 'modelward'
const MOST_REFUSED = 10_000
/** Claims that ended so long ago and that no plan took back are forgotten. */
const LEFT_OVER_MS = 3_600_000

/**
 * alerts -> playbooks: plans, takes approvals, does, verifies and takes back. In dry run it plans and does nothing else.
 * What it refuses is logged and audited. Throws RefusedError, in words for a person.
 */
export class Responder implements AsyncDisposable {
  readonly #parts: ResponderParts
  readonly #playbooks: ReadonlyMap<string, Playbook>
  readonly #journal: Journal
  readonly #planner: Planner
  readonly #stepper: Stepper
  readonly #killSwitch: KillSwitch
  readonly #turns = new Turns()
  readonly #stop = new AbortController()
  /** Alerts, playbooks and principals that came to nothing, so that a repeated alert is not refused again and again. */
  readonly #refused = new Set<string>()
  /** Plans whose end could not be carried out, with the time of the next try. */
  readonly #again = new Map<string, { readonly backoff: Backoff; at: number }>()

  constructor(parts: ResponderParts) {
    const { actions, clock, random, memory, log } = parts
    const calls = new Calls(clock, random)
    this.#parts = parts
    this.#playbooks = new Map(parts.playbooks.map((playbook) => [playbook.id, playbook]))
    this.#journal = new Journal(memory, clock)
    this.#killSwitch = new KillSwitch(parts.killSwitch)
    this.#planner = new Planner({ ...parts, calls })
    this.#stepper = new Stepper({
      actions,
      journal: this.#journal,
      clock,
      calls,
      log,
      verifyWithinMs: parts.verifyWithinMs,
      refusal: () => this.#standstill(),
    })
  }

  playbooks(): readonly PlaybookFacts[] {
    return this.#parts.playbooks.map(({ id, title, description, file, approval, steps }) => ({
      id,
      title,
      description,
      file,
      approval,
      actions: steps.map(({ action }) => action),
    }))
  }

  /** The newest first. */
  plans(): readonly Plan[] {
    return this.#journal
      .all()
      .map(({ plan }) => plan)
      .toReversed()
  }

  claims(): readonly Claim[] {
    return this.#parts.decisions.claims(this.#parts.clock.now())
  }

  check(principal: string): Decision {
    return this.#parts.decisions.check(principal, this.#parts.clock.now())
  }

  saw(principal: string, at: number): void {
    this.#parts.traffic.saw(principal, at)
  }

  /**
   * Plans what is for this alert, once an alert, playbook and principal, and does at once what needs no person. Answers the
   * plans made by this call. An alert that is not firing or is silenced plans nothing.
   */
  consider(alert: Alert): Promise<readonly Plan[]> {
    if (alert.state !== 'firing' || alert.silencedBy !== undefined) return Promise.resolve([])
    return this.#turns.run(`alert ${alert.id}`, async () => {
      const made: string[] = []
      const named = alert.rule.playbook
      if (named !== undefined && !this.#playbooks.has(named))
        await this.#refuseOnce(alert, named, `there is no playbook ${named}`)
      for (const playbook of this.#parts.playbooks)
        if (isFor(playbook, alert)) made.push(...(await this.#considerOne(playbook, alert)))
      return made.map((id) => this.#journal.get(id).plan)
    })
  }

  /**
   * Plans because a person asks: a plan for each principal of the alert, or for `only` one of them. Who cannot be planned
   * for is left out with the reason on record while there is another. While an earlier plan is open and still says the
   * same, that is the plan.
   */
  plan(playbook: string, alert: Alert, by: string, only?: string): Promise<readonly Plan[]> {
    return this.#turns.run(`alert ${alert.id}`, async () => {
      const found = this.#playbooks.get(playbook)
      if (found === undefined) throw new RefusedError(`there is no playbook ${playbook}`)
      if (alert.state === 'resolved')
        throw new RefusedError(`alert ${alert.id} is resolved; there is nothing to contain`)
      const named = principalsOf(alert)
      if (only !== undefined && !named.includes(only))
        throw new RefusedError(`alert ${alert.id} has no finding of ${only}`)
      const plans: Plan[] = []
      const refusals: string[] = []
      for (const principal of only === undefined ? named : [only])
        try {
          plans.push(await this.#planAgain(found, alert, principal, by))
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error
          refusals.push(error.message)
        }
      if (plans.length === 0) throw new RefusedError(refusals.join('; ') || namesNobody(alert))
      for (const reason of refusals) await this.#noteRefusal(alert.id, by, { playbook, reason })
      return plans
    })
  }

  /** Approves what was read, and does it: resolves when every step is done and verified, or has failed. */
  approve(plan: string, digest: string, by: string): Promise<Plan> {
    return this.#turns.run(plan, async () => {
      await this.#turns.run('approvals', () => this.#approve(plan, digest, by))
      await this.#stepper.run(plan, this.#stop.signal)
      return this.#journal.get(plan).plan
    })
  }

  reject(plan: string, by: string): Promise<Plan> {
    return this.#turns.run(plan, async () => {
      const record = this.#journal.get(plan)
      if (!isWaiting(record)) throw new RefusedError(`plan ${plan} does not wait for an approval any more`)
      return (await this.#close(record, by, 'plan.reject')).plan
    })
  }

  /** Takes back every step that was applied, the last first. Also while the kill switch is set. */
  revert(plan: string, by: string): Promise<Plan> {
    return this.#turns.run(plan, async () => {
      if (stepsInForce(this.#journal.get(plan)).length === 0)
        throw new RefusedError(`plan ${plan} holds nothing in force that can be taken back`)
      await this.#stepper.cancel(plan, `not done, because ${by} took the plan back`)
      await this.#stepper.settle(plan, this.#stop.signal)
      await this.#stepper.undo(plan, by, this.#stop.signal)
      return this.#journal.get(plan).plan
    })
  }

  /** Ends what is over: plans nobody approved, containments at their end. What fails is tried again at a later tick. */
  async tick(now: number): Promise<void> {
    const due = this.#journal.all().filter((record) => !this.#turns.isBusy(record.plan.id) && this.#isDue(record, now))
    const ended = due.map(({ plan }) => this.#turns.run(plan.id, () => this.#end(plan.id, now)))
    for (const [index, outcome] of (await Promise.allSettled(ended)).entries()) {
      if (outcome.status === 'fulfilled' || this.#stop.signal.aborted) continue
      if (outcome.reason instanceof StoreError) throw outcome.reason
      this.#parts.log.error('ending a plan failed', { plan: due[index]?.plan.id, reason: reasonOf(outcome.reason) })
    }
    await this.#parts.decisions.sweep(now - LEFT_OVER_MS)
  }

  /**
   * After a start: what was under way is looked at, then what was approved goes on. Claims are in force already. Resolves
   * early when `signal` aborts; a later start or tick goes on.
   */
  async recover(signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, this.#stop.signal])
    try {
      for (const { plan } of this.#journal.all().filter(isInterrupted))
        await this.#turns.run(plan.id, () => this.#goOn(plan.id, until))
    } catch (error) {
      if (!until.aborted) throw error
    }
  }

  /** Stops what is under way; the next start finds it in the journal. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('stopping'))
    await this.#turns.ended()
  }

  /** The plans that were made now; who has one already is not planned for again. */
  async #considerOne(playbook: Playbook, alert: Alert): Promise<readonly string[]> {
    const principals = principalsOf(alert)
    if (principals.length === 0) await this.#refuseOnce(alert, playbook.id, namesNobody(alert))
    if (alert.unnamed !== undefined) await this.#refuseOnce(alert, playbook.id, namesNoMore(alert, principals.length))
    const made: string[] = []
    for (const principal of principals) {
      const before = this.#journal.latest(alert.id, playbook.id, principal)
      const record = before ?? (await this.#tryToPlan(playbook, alert, principal))
      if (record === undefined) continue
      if (before === undefined) made.push(record.plan.id)
      if (playbook.approval === 'auto' && this.#parts.mode === 'live') await this.#auto(record)
    }
    return made
  }

  async #tryToPlan(playbook: Playbook, alert: Alert, principal: string): Promise<PlanRecord | undefined> {
    if (this.#refused.has(refusalKey(alert, playbook.id, principal))) return undefined
    try {
      const record = await this.#planner.work(playbook, alert, { principal, generation: 0 }, this.#stop.signal)
      return await this.#journal.write(record, { actor: DAEMON, action: 'plan.create' })
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      await this.#refuseOnce(alert, playbook.id, error.message, principal)
      return undefined
    }
  }

  async #planAgain(playbook: Playbook, alert: Alert, principal: string, by: string): Promise<Plan> {
    const before = this.#journal.latest(alert.id, playbook.id, principal)
    if (before !== undefined && (await this.#isStillGood(before, playbook))) return before.plan
    const generation = (before?.generation ?? -1) + 1
    const record = await this.#planner.work(playbook, alert, { principal, generation }, this.#stop.signal)
    if (before !== undefined) await this.#replace(before.plan.id, by)
    return (await this.#journal.write(record, { actor: by, action: 'plan.create' })).plan
  }

  async #refuseOnce(alert: Alert, playbook: string, reason: string, principal = ''): Promise<void> {
    const key = refusalKey(alert, playbook, principal)
    if (this.#refused.has(key)) return
    await this.#noteRefusal(alert.id, DAEMON, { playbook, reason })
    this.#refused.add(key)
    const [oldest] = this.#refused
    if (this.#refused.size > MOST_REFUSED && oldest !== undefined) this.#refused.delete(oldest)
  }

  /** A plan that its limits held back is tried again when the alert is told of again. */
  async #auto(record: PlanRecord): Promise<void> {
    const { plan } = record
    if (!isWaiting(record) || this.#parts.clock.now() >= plan.expiresAt) return
    try {
      await this.approve(plan.id, plan.digest, `${DAEMON} (auto)`)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
    }
  }

  async #isStillGood(before: PlanRecord, playbook: Playbook): Promise<boolean> {
    const { plan, playbookDigest } = before
    return (
      isWaiting(before) &&
      this.#parts.clock.now() < plan.expiresAt &&
      playbookDigest === playbook.digest &&
      plan.dryRun === (this.#parts.mode === 'dry-run') &&
      (await this.#planner.drifted(before, this.#stop.signal)) === undefined
    )
  }

  /** In the plan's own turn: it may just be approved. */
  #replace(id: string, by: string): Promise<void> {
    return this.#turns.run(id, async () => {
      const record = this.#journal.get(id)
      if (isWaiting(record)) await this.#close(record, by, 'plan.replace')
    })
  }

  async #approve(id: string, digest: string, by: string): Promise<void> {
    const record = this.#journal.get(id)
    const refusal = this.#approvalRefusal(record, digest, by) ?? (await this.#driftRefusal(record))
    if (refusal !== undefined) {
      await this.#noteRefusal(id, by, { playbook: record.plan.playbook, reason: refusal, digest })
      throw new RefusedError(refusal)
    }
    const at = this.#parts.clock.now()
    const states = record.plan.steps.map(() => ({ state: 'approved' as const, at, detail: `by ${by}` }))
    const plan = { ...record.plan, approval: { by, at, digest }, states }
    await this.#journal.write({ ...record, plan }, { actor: by, action: 'plan.approve' })
  }

  #approvalRefusal(record: PlanRecord, digest: string, by: string): string | undefined {
    const { plan } = record
    const now = this.#parts.clock.now()
    if (by.trim() === '') return 'an approval names who gives it'
    if (plan.approval !== undefined) return `plan ${plan.id} was approved by ${plan.approval.by} already`
    if (plan.rejectedBy !== undefined) return `plan ${plan.id} was rejected by ${plan.rejectedBy}`
    if (now >= plan.expiresAt) return `plan ${plan.id} expired at ${new Date(plan.expiresAt).toISOString()}; plan again`
    if (digest !== planDigest(plan)) return `the digest is not that of plan ${plan.id}; read the plan again`
    const standstill = this.#standstill()
    if (standstill !== undefined) return standstill
    if (plan.dryRun) return `plan ${plan.id} was made in dry run; plan again`
    const playbook = this.#playbooks.get(plan.playbook)
    if (playbook === undefined) return `there is no playbook ${plan.playbook} any more`
    if (playbook.digest !== record.playbookDigest) return `the playbook ${plan.playbook} has changed since; plan again`
    return limitRefusal(playbook, record, this.#journal.all(), now)
  }

  async #driftRefusal(record: PlanRecord): Promise<string | undefined> {
    const index = await this.#planner.drifted(record, this.#stop.signal)
    if (index === undefined) return undefined
    return `what step ${index + 1} of plan ${record.plan.id} rests on has changed since it was planned; plan again`
  }

  #standstill(): string | undefined {
    if (this.#parts.mode === 'dry-run') return 'this daemon runs playbooks dry; set respond.mode: live'
    return this.#killSwitch.refusal()
  }

  async #noteRefusal(subject: string, actor: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    this.#parts.log.warn('containment refused', { subject, actor, ...detail })
    await this.#journal.note(subject, { actor, action: 'plan.refuse', detail })
  }

  #close(record: PlanRecord, by: string, action: string): Promise<PlanRecord> {
    return this.#journal.write({ ...record, plan: { ...record.plan, rejectedBy: by } }, { actor: by, action })
  }

  #isDue(record: PlanRecord, now: number): boolean {
    if (isWaiting(record)) return now >= record.plan.expiresAt
    if ((this.#again.get(record.plan.id)?.at ?? 0) > now) return false
    return isInterrupted(record) || hasEnded(record, now)
  }

  async #end(id: string, now: number): Promise<void> {
    const record = this.#journal.get(id)
    if (isWaiting(record)) {
      if (now >= record.plan.expiresAt) await this.#close(record, `${DAEMON} (expired)`, 'plan.expire')
      return
    }
    const again = this.#again.get(id) ?? { backoff: new Backoff(this.#parts.random, 60_000, 3_600_000), at: 0 }
    again.at = now + again.backoff.failed(30_000)
    this.#again.set(id, again)
    await this.#goOn(id, this.#stop.signal)
    await this.#stepper.undo(id, DAEMON, this.#stop.signal, now)
    const left = this.#journal.get(id)
    if (!isInterrupted(left) && !hasEnded(left, now)) this.#again.delete(id)
  }

  async #goOn(id: string, signal: AbortSignal): Promise<void> {
    await this.#stepper.settle(id, signal)
    await this.#stepper.run(id, signal)
  }
}

function refusalKey({ id }: Alert, playbook: string, principal: string): string {
  return `${id}\n${playbook}\n${principal}`
}

function namesNobody({ id }: Alert): string {
  return `alert ${id} names no principal to contain`
}

function namesNoMore({ id }: Alert, names: number): string {
  return `alert ${id} names ${names} principals; for those who came after them nothing is planned`
}

function hasEnded(record: PlanRecord, now: number): boolean {
  return stepsInForce(record).some((index) => endOf(record, index) <= now)
}
