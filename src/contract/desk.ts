import type { Alert, Matcher, Silence } from './alert.ts'
import type { SourceLag } from './record.ts'
import type { Claim, Decision, Plan } from './respond.ts'
import type { ParkedRow } from './deliver.ts'
import type { AlertQuery, AuditVerdict, Count, Quarantined } from './store.ts'

/**
 * What people and gateways may see and do, whatever the way in: console pages, HTTP API, command line. Everything that
 * changes something names who did it and is audited. Throws RefusedError, in words for a person, for what is not there
 * or not allowed in its state.
 */
export interface Desk {
  alerts(query: AlertQuery): readonly Alert[]
  alert(id: string): Alert | undefined
  /** The ECS alert document, as receivers get it. */
  document(alert: Alert): Readonly<Record<string, unknown>>
  acknowledge(id: string, by: string): Promise<Alert>
  resolve(id: string, by: string): Promise<Alert>
  silences(): readonly Silence[]
  silence(request: SilenceRequest, by: string): Promise<Silence>
  expireSilence(id: string, by: string): Promise<void>

  playbooks(): readonly PlaybookFacts[]
  plans(): readonly Plan[]
  /** A plan for everyone whom the alert names, or for one of them; at least one plan. */
  plan(playbook: string, alert: string, by: string, principal?: string): Promise<readonly Plan[]>
  /** The digest must be the one the approver has read. */
  approve(plan: string, digest: string, by: string): Promise<Plan>
  reject(plan: string, by: string): Promise<Plan>
  revert(plan: string, by: string): Promise<Plan>
  claims(): readonly Claim[]
  /** What a gateway should do with a caller. `key` is a raw API key or its lowercase hex sha256; it is not kept. */
  decide(caller: { readonly key?: string; readonly principal?: string }): Decision

  sources(): readonly SourceStatus[]
  sinks(): readonly SinkStatus[]
  status(): DaemonStatus
  quarantined(limit: number): readonly Quarantined[]
  /** Sends quarantined records through the way again; those that are read now leave the quarantine. */
  replayQuarantine(by: string): Promise<{ readonly read: number; readonly kept: number }>
  parked(): readonly ParkedRow[]
  metrics(): Promise<string>
  verifyAudit(): AuditVerdict
  reload(by: string): Promise<ReloadResult>
}

export interface SilenceRequest {
  readonly comment: string
  readonly endsAt: number
  readonly matchers: readonly Matcher[]
}

export interface PlaybookFacts {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly file: string
  readonly approval: 'human' | 'auto'
  readonly actions: readonly string[]
}

export interface SourceStatus {
  readonly name: string
  readonly kind: string
  readonly state: 'reading' | 'restarting' | 'ended'
  readonly address?: string
  readonly lag: readonly SourceLag[]
  readonly received: number
  readonly lastRecordAt?: number
  readonly problem?: string
}

export interface SinkStatus {
  readonly name: string
  readonly kind: string
  readonly state: 'idle' | 'sending' | 'retrying'
  readonly waiting: number
  readonly oldestAt?: number
  readonly sent: number
  readonly parked: number
  readonly problem?: string
}

export interface DaemonStatus {
  readonly version: string
  readonly startedAt: number
  readonly dataDirectory: string
  readonly dryRun: boolean
  readonly rules: number
  readonly detectors: readonly DetectorStatus[]
  readonly budget: BudgetStatus
  readonly counts: readonly Count[]
  /** received = committed + quarantined + dropped + inFlight; anything else is a fault of ours. */
  readonly balance: Balance
  /** Empty when all is well: what is wrong, in words, for health and the page. */
  readonly degraded: readonly string[]
  /** Config and store are open and at least one collector reads. */
  readonly ready: boolean
  readonly storeBytes: number
  readonly freeBytes: number
}

export interface DetectorStatus {
  readonly name: string
  readonly keys: number
  readonly cap: number
  readonly evicted: number
}

/** The false-alarm budget of the evidence on callers, over the last seven days of event time. */
export interface BudgetStatus {
  /** False alarms a week that the config accepts. */
  readonly perWeek: number
  readonly looks: number
  /** Times that evidence passed the threshold: true alarms and false ones. */
  readonly alarms: number
  /** What the last baseline measured on callers that were held out. */
  readonly measured?: {
    readonly perWeek: number
    /** Upper 95 % limit. */
    readonly atMost: number
    readonly at: number
  }
}

export interface Balance {
  readonly received: number
  readonly committed: number
  readonly quarantined: Readonly<Record<string, number>>
  readonly dropped: Readonly<Record<string, number>>
  readonly inFlight: number
}

export interface ReloadResult {
  readonly reloaded: boolean
  readonly problems: readonly string[]
}
