import { Alerts } from '../../src/alert/alerts.ts'
import type { Alert, Notification } from '../../src/contract/alert.ts'
import type { Score } from '../../src/contract/detect.ts'
import type { Event } from '../../src/contract/event.ts'
import type { Finding, RuleFacts } from '../../src/contract/rules.ts'
import { AlertConfig } from '../../src/alert/config.ts'
import type { AlertChanges, StoredAlerts } from '../../src/alert/alerts.ts'
import { event } from '../support/events.ts'
import type { EventParts } from '../support/events.ts'

export const NOON = Date.UTC(2026, 0, 5, 12)
export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** A rule with sensible facts for whatever a test does not care about. */
export function rule(parts: Partial<RuleFacts> = {}): RuleFacts {
  return {
    id: 'rule-1',
    title: 'Something odd',
    description: 'Somebody does something odd.',
    level: 'medium',
    file: 'rules/odd.yml',
    logsource: { category: 'inference' },
    controls: ['IA-6'],
    atlas: [],
    attack: [],
    tags: [],
    falsePositives: [],
    references: [],
    runbook: 'Look into it.',
    groupBy: ['principal'],
    digest: '00',
    ...parts,
  }
}

export interface FindingParts extends EventParts {
  readonly rule?: RuleFacts
  readonly matched?: Record<string, unknown>
  readonly score?: Score
  readonly event?: Event
}

/** A finding by principal `key:a`. */
export function finding(parts: FindingParts = {}): Finding {
  return {
    rule: parts.rule ?? rule(),
    event: parts.event ?? event({ at: NOON, principal: 'key:a', ...parts }),
    matched: parts.matched ?? {},
    ...(parts.score === undefined ? {} : { score: parts.score }),
  }
}

export function score(on: Event, parts: Partial<Score> = {}): Score {
  return {
    detector: 'drift',
    event: on,
    p: 0.001,
    direction: 'high',
    explain: { feature: 'latency', seen: 9, expected: 3, text: 'latency 9 against 3' },
    ...parts,
  }
}

export function config(parts: Record<string, unknown> = {}): AlertConfig {
  return AlertConfig.parse(parts)
}

/** What was committed, as the store would give it back: through JSON. */
export class Memory implements StoredAlerts {
  readonly notifications: Notification[] = []
  readonly #alerts = new Map<string, string>()
  readonly #documents = new Map<string, string>()

  commit(changes: AlertChanges): AlertChanges {
    for (const alert of changes.alerts) this.#alerts.set(alert.id, JSON.stringify(alert))
    for (const { kind, key, value } of changes.documents)
      if (value === null) this.#documents.delete(`${kind}\n${key}`)
      else this.#documents.set(`${kind}\n${key}`, JSON.stringify(value))
    this.notifications.push(...changes.notifications)
    return changes
  }

  alert(id: string): Alert | undefined {
    const text = this.#alerts.get(id)
    return text === undefined ? undefined : (JSON.parse(text) as Alert)
  }

  alerts({ states }: { readonly states?: readonly string[] }): readonly Alert[] {
    return [...this.#alerts.values()]
      .map((text) => JSON.parse(text) as Alert)
      .filter((alert) => states?.includes(alert.state) ?? true)
  }

  documents<T>(kind: string): readonly { readonly key: string; readonly value: T }[] {
    return [...this.#documents]
      .filter(([key]) => key.startsWith(`${kind}\n`))
      .map(([key, text]) => ({ key: key.slice(kind.length + 1), value: JSON.parse(text) as T }))
  }

  /** Everything that is kept, for comparing two runs. */
  everything(): { alerts: Record<string, unknown>; documents: Record<string, unknown> } {
    const sorted = (map: ReadonlyMap<string, string>): Record<string, unknown> =>
      Object.fromEntries(
        [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => [key, JSON.parse(text) as unknown]),
      )
    return { alerts: sorted(this.#alerts), documents: sorted(this.#documents) }
  }
}

/** A fresh set of alerts with these settings. */
export function started(parts: Record<string, unknown> = {}): Alerts {
  return new Alerts(config(parts))
}

/** What is told at `now`. */
export function told(alerts: Alerts, now: number): readonly Notification[] {
  alerts.advance(now)
  return alerts.changes().notifications
}

/** When what kind was told, and of how many alerts. */
export function kinds(notifications: readonly Notification[]): readonly (readonly [number, string, number])[] {
  return notifications.map(({ at, kind, alerts }) => [at, kind, alerts.length] as const)
}
