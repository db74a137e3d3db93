import type { Alert, Silence } from '../contract/alert.ts'
import type {
  DaemonStatus,
  Desk,
  PlaybookFacts,
  ReloadResult,
  SilenceRequest,
  SinkStatus,
  SourceStatus,
} from '../contract/desk.ts'
import type { ParkedRow } from '../contract/deliver.ts'
import type { Claim, Decision, Plan } from '../contract/respond.ts'
import type { AlertQuery, AuditVerdict, Quarantined, Store } from '../contract/store.ts'
import { RefusedError } from '../runtime/errors.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'

/** What the desk needs of the daemon behind it. */
export interface DeskParts {
  readonly store: Store
  readonly alerts: AlertCommands
  readonly containment: Containment
  readonly metrics: MetricRegistry
  readonly clock: { now(): number }
  /** Runs between two batches and resolves once committed. */
  readonly errand: <T>(work: () => T) => Promise<T>
  readonly audit: (actor: string, action: string, subject: string, detail?: Record<string, unknown>) => void
  readonly again: (records: readonly Quarantined[]) => { readonly read: number; readonly kept: number }
  readonly document: (alert: Alert) => Readonly<Record<string, unknown>>
  readonly principalOfKey: (key: string) => string
  readonly sources: () => readonly SourceStatus[]
  readonly sinks: () => readonly SinkStatus[]
  readonly status: () => DaemonStatus
  readonly reload: (by: string) => Promise<ReloadResult>
}

interface AlertCommands {
  get(id: string): Alert | undefined
  acknowledge(id: string, by: string, now: number): Alert
  resolve(id: string, by: string, now: number): Alert
  silences(): readonly Silence[]
  silence(request: SilenceRequest & { readonly author: string }, now: number): Silence
  expireSilence(id: string, by: string, now: number): void
}

interface Containment {
  playbooks(): readonly PlaybookFacts[]
  plans(): readonly Plan[]
  claims(): readonly Claim[]
  plan(playbook: string, alert: Alert, by: string, principal?: string): Promise<readonly Plan[]>
  approve(plan: string, digest: string, by: string): Promise<Plan>
  reject(plan: string, by: string): Promise<Plan>
  revert(plan: string, by: string): Promise<Plan>
  check(principal: string): Decision
}

/** The desk over a running daemon. Whatever changes the alerts goes between two batches and is committed before it is answered. */
export class DaemonDesk implements Desk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  alerts(query: AlertQuery): readonly Alert[] {
    return this.#parts.store.alerts(query)
  }

  alert(id: string): Alert | undefined {
    return this.#parts.alerts.get(id) ?? this.#parts.store.alert(id)
  }

  document(alert: Alert): Readonly<Record<string, unknown>> {
    return this.#parts.document(alert)
  }

  acknowledge(id: string, by: string): Promise<Alert> {
    return this.#command(by, 'alert.acknowledge', id, (now) => this.#parts.alerts.acknowledge(id, by, now))
  }

  resolve(id: string, by: string): Promise<Alert> {
    return this.#command(by, 'alert.resolve', id, (now) => this.#parts.alerts.resolve(id, by, now))
  }

  silences(): readonly Silence[] {
    return this.#parts.alerts.silences()
  }

  silence(request: SilenceRequest, by: string): Promise<Silence> {
    return this.#command(by, 'silence.create', request.comment, (now) =>
      this.#parts.alerts.silence({ ...request, author: by }, now),
    )
  }

  async expireSilence(id: string, by: string): Promise<void> {
    await this.#command(by, 'silence.expire', id, (now) => this.#parts.alerts.expireSilence(id, by, now))
  }

  playbooks(): readonly PlaybookFacts[] {
    return this.#parts.containment.playbooks()
  }

  plans(): readonly Plan[] {
    return this.#parts.containment.plans()
  }

  async plan(playbook: string, alert: string, by: string, principal?: string): Promise<readonly Plan[]> {
    const found = this.alert(alert)
    if (!found) throw new RefusedError(`there is no alert ${alert}`)
    return this.#parts.containment.plan(playbook, found, by, principal)
  }

  approve(plan: string, digest: string, by: string): Promise<Plan> {
    return this.#parts.containment.approve(plan, digest, by)
  }

  reject(plan: string, by: string): Promise<Plan> {
    return this.#parts.containment.reject(plan, by)
  }

  revert(plan: string, by: string): Promise<Plan> {
    return this.#parts.containment.revert(plan, by)
  }

  claims(): readonly Claim[] {
    return this.#parts.containment.claims()
  }

  decide(caller: { readonly key?: string; readonly principal?: string }): Decision {
    const principal =
      caller.principal ?? (caller.key === undefined ? undefined : this.#parts.principalOfKey(caller.key))
    if (principal === undefined) return { effect: 'allow', claims: [] }
    return this.#parts.containment.check(principal)
  }

  sources(): readonly SourceStatus[] {
    return this.#parts.sources()
  }

  sinks(): readonly SinkStatus[] {
    return this.#parts.sinks()
  }

  status(): DaemonStatus {
    return this.#parts.status()
  }

  quarantined(limit: number): readonly Quarantined[] {
    return this.#parts.store.quarantined({ limit })
  }

  replayQuarantine(by: string): Promise<{ readonly read: number; readonly kept: number }> {
    const records = this.#parts.store.quarantined({ limit: 10_000 })
    return this.#command(by, 'quarantine.replay', `${records.length} records`, () => this.#parts.again(records))
  }

  parked(): readonly ParkedRow[] {
    return this.#parts.store.outbox.parked()
  }

  metrics(): Promise<string> {
    return this.#parts.metrics.text()
  }

  verifyAudit(): AuditVerdict {
    return this.#parts.store.audit.verify()
  }

  reload(by: string): Promise<ReloadResult> {
    return this.#parts.reload(by)
  }

  #command<T>(by: string, action: string, subject: string, work: (now: number) => T): Promise<T> {
    const { errand, audit, clock } = this.#parts
    return errand(() => {
      const value = work(clock.now())
      audit(by, action, subject)
      return value
    })
  }
}
