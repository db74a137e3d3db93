import type { Alert, AlertState, Evidence, Silence } from '../../src/contract/alert.ts'
import type { DaemonStatus, Desk, PlaybookFacts, SinkStatus, SourceStatus } from '../../src/contract/desk.ts'
import type { ParkedRow } from '../../src/contract/deliver.ts'
import type { Claim, Decision, Plan } from '../../src/contract/respond.ts'
import type { Level } from '../../src/contract/rules.ts'
import type { Quarantined } from '../../src/contract/store.ts'
import { RefusedError } from '../../src/runtime/errors.ts'

export const NOW = Date.UTC(2026, 0, 5, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

export interface AlertParts {
  readonly id?: string
  readonly title?: string
  readonly level?: Level
  readonly state?: AlertState
  readonly principal?: string | null
  readonly control?: string
  readonly startedAt?: number
  readonly count?: number
  readonly risk?: number
  readonly reason?: string
  readonly evidence?: readonly Evidence[]
  readonly acknowledgedBy?: string
}

/** An alert as the alert room makes it. */
export function alert(parts: AlertParts = {}): Alert {
  const { id = 'alert1', title = 'Usage far above baseline', principal = 'key:3f9c2a7be1d04c55' } = parts
  const startedAt = parts.startedAt ?? NOW - 40 * MINUTE
  const reason = parts.reason ?? `${title}: 412 new biased tokens in 500 requests, 3 expected (${String(principal)})`
  return {
    id,
    fingerprint: `f-${id}`,
    rule: {
      id: `rule-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
      title,
      description: 'One caller goes through the vocabulary of a model with biased tokens and reads the probabilities.',
      level: parts.level ?? 'high',
      file: 'rules/detectors/last-layer-stealing.yml',
      controls: [parts.control ?? 'IN-1'],
      atlas: [{ id: 'AML.T0024.002', name: 'Extract AI Model' }],
      attack: [{ id: 'T1552.005', name: 'Cloud Instance Metadata API' }],
      tags: [],
      falsePositives: [
        'A classifier that biases a fixed, small set of label tokens; it needs few tokens and scores low',
      ],
      references: ['https://arxiv.org/abs/2403.06634'],
      runbook: `1. Read the score's words: how many different tokens were biased, in how many requests, since when.
2. Confirm the containment of the key that the playbook proposes; each further request gives away more.
3. Ask the key's owner what runs there.`,
      groupBy: ['principal'],
      playbook: 'contain-key',
      digest: 'd'.repeat(64),
    },
    level: parts.level ?? 'high',
    state: parts.state ?? 'firing',
    startedAt,
    lastAt: startedAt + 30 * MINUTE,
    ...(parts.state === 'resolved' ? { endedAt: startedAt + HOUR } : {}),
    count: parts.count ?? 37,
    ...(principal === null ? {} : { principal }),
    labels: principal === null ? { 'cloud.account.id': '123456789012' } : { principal },
    reason,
    risk: parts.risk ?? 78,
    evidence: parts.evidence ?? [evidence(startedAt, 1), evidence(startedAt + 30 * MINUTE, 37)],
    ...(parts.acknowledgedBy === undefined ? {} : { acknowledgedBy: parts.acknowledgedBy }),
    revision: 3,
  }
}

export function evidence(at: number, index: number): Evidence {
  return {
    event: {
      id: `k3jq7w2m4v5x6c8b9n0p1r${String(index).padStart(4, '0')}`,
      at,
      source: 'litellm',
      format: 'litellm',
      file: '/var/log/litellm/requests-2026-01-05.jsonl',
      index,
    },
    matched: { detector: 'api-abuse', p: 2e-7, direction: 'high', feature: 'new_biased_tokens' },
    ecs: { 'event.action': 'chat' },
    score: {
      detector: 'api-abuse',
      p: 2e-7,
      e: 5_000_000,
      direction: 'high',
      feature: 'new_biased_tokens',
      seen: 412,
      expected: 3,
      text: '412 different tokens were biased with probabilities in 500 requests; an ordinary caller biases 3',
      exemplars: ['k3jq7w2m4v5x6c8b9n0p1r0001'],
    },
  }
}

export function plan(parts: Partial<Plan> = {}): Plan {
  return {
    id: 'plan1',
    playbook: 'contain-key',
    alert: 'alert1',
    target: { principal: 'key:3f9c2a7be1d04c55' },
    steps: [
      {
        action: 'decision',
        parameters: { effect: 'deny', for: '1h' },
        summary: 'Tell every gateway to turn key:3f9c2a7be1d04c55 away until 2026-01-05 13:00 UTC',
        request: 'claim deny key:3f9c2a7be1d04c55 until 2026-01-05T13:00:00.000Z',
        undo: 'Take the claim back; the next decision lets the caller through',
        reversible: true,
        stateFingerprint: 'none',
      },
      {
        action: 'webhook',
        parameters: { webhook: 'owner' },
        summary: 'Tell the owner of the key through the webhook "owner"',
        request: 'POST https://hooks.example.org/owner\nwebhook-signature: ***\n\n{"principal":"key:3f9c2a7be1d04c55"}',
        undo: 'None: a message that was sent cannot be unsent',
        reversible: false,
        stateFingerprint: 'none',
      },
    ],
    digest: '9b1f0c8e5d7a4b3c2f1e0d9c8b7a69584736251403f2e1d0c9b8a79685746352',
    createdAt: NOW - 5 * MINUTE,
    expiresAt: NOW + 23 * HOUR,
    blastRadius: { hours: 24, targetRequests: 5_412, otherRequests: 0, otherPrincipals: 0 },
    dryRun: false,
    states: [{ state: 'planned', at: NOW - 5 * MINUTE, detail: 'for alert1' }],
    ...parts,
  }
}

/** An alert about several principals. */
export function sharedAlert(principals: readonly string[], parts: AlertParts = {}): Alert {
  return { ...alert({ ...parts, principal: null }), principals, labels: { cluster: 'c1' } }
}

/** A desk with a small world behind it that its commands change. Every part may be replaced. */
export class FakeDesk implements Desk {
  alertRows: Alert[]
  planRows: Plan[]
  silenceRows: Silence[] = []
  claimRows: Claim[] = []
  playbookRows: PlaybookFacts[] = [
    {
      id: 'contain-key',
      title: 'Deny a caller for an hour',
      description: 'Every gateway that asks for decisions turns the caller away for one hour.',
      file: 'rules/playbooks/contain-key.yaml',
      approval: 'human',
      actions: ['decision'],
    },
    {
      id: 'notify-owner',
      title: "Tell the caller's owner",
      description: 'Posts a signed notice to the receiver called owner.',
      file: 'rules/playbooks/notify-owner.yaml',
      approval: 'auto',
      actions: ['webhook'],
    },
  ]
  sourceRows: SourceStatus[] = []
  sinkRows: SinkStatus[] = []
  quarantineRows: Quarantined[] = []
  parkedRows: ParkedRow[] = []
  state: DaemonStatus = {
    version: '0.1.0',
    startedAt: NOW - 26 * HOUR,
    dataDirectory: '/var/lib/modelward',
    dryRun: false,
    rules: 84,
    detectors: [],
    budget: { perWeek: 1, looks: 0, alarms: 0 },
    counts: [],
    balance: { received: 10, committed: 10, quarantined: {}, dropped: {}, inFlight: 0 },
    degraded: [],
    ready: true,
    storeBytes: 48_400_000,
    freeBytes: 91_000_000_000,
  }
  decisions = new Map<string, Decision>()
  /** What was done, and by whom: `acknowledge alert1 by dana`. */
  readonly done: string[] = []
  /** Thrown by the next command. */
  failure: Error | undefined

  constructor(alerts: readonly Alert[] = [alert()], plans: readonly Plan[] = [plan()]) {
    this.alertRows = [...alerts]
    this.planRows = [...plans]
  }

  alerts(query: Parameters<Desk['alerts']>[0]): readonly Alert[] {
    return this.alertRows
      .filter(({ state }) => query.states?.includes(state) ?? true)
      .filter(
        ({ principal, principals = [principal] }) =>
          query.principal === undefined || principals.includes(query.principal),
      )
      .filter(({ rule }) => query.rule === undefined || rule.id === query.rule)
      .filter(({ lastAt }) => lastAt >= (query.since ?? 0))
      .slice(0, query.limit ?? Infinity)
  }

  alert(id: string): Alert | undefined {
    return this.alertRows.find((row) => row.id === id)
  }

  document(alert: Alert): Readonly<Record<string, unknown>> {
    return { 'event.kind': 'alert', 'event.id': alert.id, 'rule.name': alert.rule.title }
  }

  acknowledge(id: string, by: string): Promise<Alert> {
    return this.#changeAlert(id, `acknowledge ${id} by ${by}`, { acknowledgedBy: by })
  }

  resolve(id: string, by: string): Promise<Alert> {
    return this.#changeAlert(id, `resolve ${id} by ${by}`, { state: 'resolved', resolvedBy: by, endedAt: NOW })
  }

  silences(): readonly Silence[] {
    return this.silenceRows
  }

  async silence(request: Parameters<Desk['silence']>[0], by: string): Promise<Silence> {
    this.#note(`silence ${request.matchers.map(({ name, value }) => `${name}=${value}`).join(',')} by ${by}`)
    const made = { id: `silence${this.silenceRows.length + 1}`, author: by, startsAt: NOW, ...request }
    this.silenceRows.push(made)
    return made
  }

  async expireSilence(id: string, by: string): Promise<void> {
    this.#note(`expire ${id} by ${by}`)
    this.silenceRows = this.silenceRows.map((row) => (row.id === id ? { ...row, endsAt: NOW } : row))
  }

  playbooks(): readonly PlaybookFacts[] {
    return this.playbookRows
  }

  plans(): readonly Plan[] {
    return this.planRows
  }

  async plan(playbook: string, alert: string, by: string, only?: string): Promise<readonly Plan[]> {
    this.#note(`plan ${playbook} for ${alert} by ${by}`)
    const { principal, principals = [principal ?? 'key:nobody'] } = this.alert(alert) ?? {}
    const made = (only === undefined ? principals : [only]).map((each, index) =>
      plan({ id: `plan${this.planRows.length + 1 + index}`, playbook, alert, target: { principal: each } }),
    )
    this.planRows.push(...made)
    return made
  }

  async approve(id: string, digest: string, by: string): Promise<Plan> {
    if (this.planRows.find((row) => row.id === id)?.digest !== digest)
      throw new RefusedError('the plan has another digest: read it again')
    return this.#changePlan(id, `approve ${id} by ${by}`, (row) => ({
      ...row,
      approval: { by, at: NOW, digest },
      states: [
        ...row.states,
        { state: 'approved', at: NOW, detail: `by ${by}` },
        { state: 'effective', at: NOW + 2_000, detail: 'the decision was read back: deny' },
      ],
    }))
  }

  async reject(id: string, by: string): Promise<Plan> {
    return this.#changePlan(id, `reject ${id} by ${by}`, (row) => ({ ...row, rejectedBy: by }))
  }

  async revert(id: string, by: string): Promise<Plan> {
    return this.#changePlan(id, `revert ${id} by ${by}`, (row) => ({
      ...row,
      states: [...row.states, { state: 'reverted', at: NOW, detail: `by ${by}` }],
    }))
  }

  claims(): readonly Claim[] {
    return this.claimRows
  }

  decide({ key, principal }: Parameters<Desk['decide']>[0]): Decision {
    return this.decisions.get(key ?? principal ?? '') ?? { effect: 'allow', claims: [] }
  }

  sources(): readonly SourceStatus[] {
    return this.sourceRows
  }

  sinks(): readonly SinkStatus[] {
    return this.sinkRows
  }

  status(): DaemonStatus {
    return this.state
  }

  quarantined(limit: number): readonly Quarantined[] {
    return this.quarantineRows.slice(0, limit)
  }

  async replayQuarantine(by: string): Promise<{ readonly read: number; readonly kept: number }> {
    this.#note(`replay by ${by}`)
    return { read: this.quarantineRows.length, kept: 0 }
  }

  parked(): readonly ParkedRow[] {
    return this.parkedRows
  }

  async metrics(): Promise<string> {
    return '# TYPE modelward_up gauge\nmodelward_up 1\n'
  }

  verifyAudit(): ReturnType<Desk['verifyAudit']> {
    return { intact: true, entries: 12, checkpoints: 1 }
  }

  async reload(by: string): ReturnType<Desk['reload']> {
    this.#note(`reload by ${by}`)
    return { reloaded: true, problems: [] }
  }

  async #changeAlert(id: string, what: string, change: Partial<Alert>): Promise<Alert> {
    this.#note(what)
    this.alertRows = this.alertRows.map((row) => (row.id === id ? { ...row, ...change } : row))
    const changed = this.alert(id)
    if (!changed) throw new RefusedError(`there is no alert ${id}`)
    return changed
  }

  #changePlan(id: string, what: string, change: (row: Plan) => Plan): Plan {
    this.#note(what)
    this.planRows = this.planRows.map((row) => (row.id === id ? change(row) : row))
    const changed = this.planRows.find((row) => row.id === id)
    if (!changed) throw new RefusedError(`there is no plan ${id}`)
    return changed
  }

  #note(what: string): void {
    if (this.failure) throw this.failure
    this.done.push(what)
  }
}
