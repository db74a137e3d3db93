import type { Alert, Evidence, EvidenceScore } from '../../contract/alert.ts'
import type { EcsFields, EcsValue } from '../../contract/event.ts'
import type { Level } from '../../contract/rules.ts'
import { principalsOf } from '../../runtime/alert-principals.ts'
import type { Observer } from '../context/sink-context.ts'
import { boundedDetail } from './detail.ts'
import { addressesOf, distinct, nest } from './nest.ts'
import type { Document } from './nest.ts'
import { threatOf } from './threat.ts'

/** The release of the Elastic Common Schema that `ecsAlert` writes. */
export const ECS_VERSION = '9.4.0'

export interface EcsAlertOptions {
  readonly observer: Observer
  /** Epoch ms for `event.created`: when the notification was made, so that every attempt sends the same document. */
  readonly now: number
  /** Where people reach the console: `event.url` points to the alert there. */
  readonly url?: string
  /** `data_stream.namespace`; default `default`. */
  readonly namespace?: string
  /** Epoch ms for `event.ingested`, where no ingest pipeline stamps it; default: left out. */
  readonly ingestedAt?: number
}

/**
 * One alert as an ECS document, `event.kind: alert`, which Elastic Security's rule "External Alerts" promotes as it is:
 * a short title in `message`, `event.severity` in {21, 47, 73, 99}, `event.risk_score` 0…100. `@timestamp` is the first
 * event's time, `event.id` the alert's id in every state. What ECS has no word for is under `modelward.*`. The fields of
 * the first event's ECS view are carried along; `related.*` lists those of all. Times are ISO 8601 in UTC.
 * Throws RangeError on an alert whose times are no times.
 */
export function ecsAlert(alert: Alert, options: EcsAlertOptions): Record<string, unknown> {
  const views = alert.evidence.map((evidence) => evidence.ecs)
  const threat = threatOf(alert.rule)
  return nest([
    ['@timestamp', iso(alert.startedAt)],
    ['message', alert.rule.title],
    ['ecs.version', ECS_VERSION],
    ['event', eventField(alert, views[0], options)],
    ['rule', ruleField(alert)],
    ['threat', threat],
    ['modelward', modelwardField(alert)],
    ['data_stream', { type: 'logs', dataset: 'modelward.alerts', namespace: options.namespace ?? 'default' }],
    [
      'observer',
      {
        vendor: 'modelward',
        product: 'modelward',
        type: 'ids',
        name: options.observer.name,
        version: options.observer.version,
      },
    ],
    ['tags', alert.rule.tags.length > 0 ? [...alert.rule.tags] : undefined],
    ['labels', labelsField(alert.labels)],
    ['user.id', alert.principal],
    ['user.name', alert.principal],
    ['related', relatedField(alert, views)],
    ...carried(views[0] ?? {}),
  ])
}

/** Of several principals, how many and the first three. */
function reasonOf({ reason, principals }: Alert): string {
  if (principals === undefined) return reason
  const more = principals.length > NAMED ? ` and ${principals.length - NAMED} more` : ''
  return `${reason}; ${principals.length} principals: ${principals.slice(0, NAMED).join(', ')}${more}`
}

const NAMED = 3

const severities: Readonly<Record<Level, number>> = { informational: 21, low: 21, medium: 47, high: 73, critical: 99 }

function eventField(alert: Alert, first: EcsFields | undefined, options: EcsAlertOptions): Document {
  const endedAt = alert.endedAt ?? alert.lastAt
  const outcome = first?.['event.outcome']
  return {
    kind: 'alert',
    category: ['intrusion_detection'],
    type: ['info'],
    action: `alert-${alert.state}`,
    ...(outcome === 'success' || outcome === 'failure' || outcome === 'unknown' ? { outcome } : {}),
    id: alert.id,
    module: 'modelward',
    dataset: 'modelward.alerts',
    provider: alert.rule.id,
    severity: severities[alert.level],
    risk_score: alert.risk,
    reason: reasonOf(alert),
    start: iso(alert.startedAt),
    end: iso(endedAt),
    duration: Math.max(0, endedAt - alert.startedAt) * 1_000_000,
    created: iso(options.now),
    ...(options.ingestedAt === undefined ? {} : { ingested: iso(options.ingestedAt) }),
    ...(options.url === undefined ? {} : { url: alertUrl(options.url, alert.id) }),
  }
}

function ruleField(alert: Alert): Document {
  const { rule } = alert
  return {
    id: rule.id,
    name: rule.title,
    description: rule.description,
    ruleset: 'modelward',
    version: rule.digest.slice(0, 16),
    ...(rule.author === undefined ? {} : { author: [rule.author] }),
    ...(rule.license === undefined ? {} : { license: rule.license }),
    ...(rule.references[0] === undefined ? {} : { reference: rule.references[0] }),
  }
}

function modelwardField(alert: Alert): Document {
  const { rule } = alert
  const score = strongestScore(alert.evidence)
  return {
    control: { id: [...rule.controls] },
    alert: {
      state: alert.state,
      level: alert.level,
      count: alert.count,
      ...(alert.principals === undefined ? {} : { principals: [...alert.principals] }),
      ...(alert.unnamed === undefined ? {} : { unnamed: alert.unnamed }),
      revision: alert.revision,
      last_at: iso(alert.lastAt),
      ...(alert.silencedBy === undefined ? {} : { silenced_by: alert.silencedBy }),
      ...(alert.acknowledgedBy === undefined ? {} : { acknowledged_by: alert.acknowledgedBy }),
      ...(alert.resolvedBy === undefined ? {} : { resolved_by: alert.resolvedBy }),
    },
    dedup_key: alert.fingerprint,
    group_by: [...rule.groupBy],
    group: boundedDetail(alert.labels),
    runbook: rule.runbook,
    ...(rule.playbook === undefined ? {} : { playbook: rule.playbook }),
    ...(rule.attack.length === 0 ? {} : { attack: { technique: { id: rule.attack.map(({ id }) => id) } } }),
    ...(score === undefined ? {} : { detector: { type: score.detector } }),
    evidence: evidenceField(alert, score),
    detail: boundedDetail(alert.evidence[0]?.matched ?? {}),
  }
}

function evidenceField(alert: Alert, score: EvidenceScore | undefined): Document {
  const actions = distinct(
    alert.evidence.map(({ ecs }) => ecs),
    ['event.action'],
  )
  return {
    event: { id: alert.evidence.map(({ event }) => event.id), ...(actions.length > 0 ? { action: [...actions] } : {}) },
    records: alert.evidence.map(recordOf),
    ...(score === undefined ? {} : scoreField(score)),
  }
}

/** Numbers that are none (an infinite statistic) are left out rather than refused by the receiver. */
function scoreField(score: EvidenceScore): Document {
  return {
    feature: score.feature,
    direction: score.direction,
    text: score.text,
    ...finite('value', score.seen),
    ...finite('baseline', score.expected),
    ...finite('p_value', score.p),
    ...finite('e_value', score.e),
    ...(score.exemplars === undefined ? {} : { exemplars: [...score.exemplars] }),
  }
}

function finite(name: string, value: number | null | undefined): Document {
  return typeof value === 'number' && Number.isFinite(value) ? { [name]: value } : {}
}

/** Where to find the event again. */
function recordOf({ event, score }: Evidence): Document {
  return {
    id: event.id,
    at: iso(event.at),
    source: event.source,
    format: event.format,
    ...(event.file === undefined ? {} : { file: event.file }),
    ...(event.index === undefined ? {} : { record: event.index }),
    ...(score === undefined ? {} : { detector: score.detector, ...finite('p', score.p), text: score.text }),
  }
}

/** The least likely of the scores; a score still without a p-value only when there is no other. */
function strongestScore(evidence: readonly Evidence[]): EvidenceScore | undefined {
  let strongest: EvidenceScore | undefined
  for (const { score } of evidence)
    if (score && (strongest === undefined || (score.p ?? 2) < (strongest.p ?? 2))) strongest = score
  return strongest
}

/** ECS asks for label keys without dots. */
function labelsField(labels: Readonly<Record<string, string>>): Document | undefined {
  const entries = Object.entries(labels)
  if (entries.length === 0) return undefined
  return boundedDetail(Object.fromEntries(entries.map(([key, value]) => [key.replaceAll('.', '_'), value])))
}

function relatedField(alert: Alert, views: readonly EcsFields[]): Document | undefined {
  const user = new Set([...principalsOf(alert), ...distinct(views, userFields)])
  const lists = {
    ip: distinct(views, addressFields).filter((item) => addressesOf(item).length > 0),
    user: [...user],
    hosts: distinct(views, hostFields),
    hash: distinct(views, hashFields),
  }
  const filled = Object.entries(lists).filter(([, list]) => list.length > 0)
  return filled.length === 0 ? undefined : Object.fromEntries(filled)
}

const userFields = ['user.id', 'user.name', 'related.user']
const addressFields = ['source.ip', 'client.ip', 'destination.ip', 'server.ip', 'host.ip', 'related.ip']
const hostFields = ['host.name', 'host.hostname', 'source.domain', 'destination.domain', 'url.domain', 'related.hosts']
const hashFields = ['file.hash.sha256', 'file.hash.md5', 'process.hash.sha256', 'related.hash']

/** Fields of these roots are the alert's own. */
const ownRoots = new Set('@timestamp message ecs event rule threat data_stream observer tags labels related'.split(' '))
/** Prompts and outputs stay with the daemon, even where the operator has it keep them. */
const text = new Set(['modelward.prompt', 'modelward.output'])
/** Typed `nested` in ECS although they are lists of texts, so that no Elasticsearch would take them. */
const untakeable = new Set([
  'gen_ai.response.finish_reasons',
  'gen_ai.request.stop_sequences',
  'gen_ai.request.encoding_formats',
])

function* carried(view: EcsFields): Iterable<readonly [string, EcsValue]> {
  for (const [name, value] of Object.entries(view)) {
    const root = name.split('.', 1)[0] ?? name
    if (ownRoots.has(root) || untakeable.has(name) || text.has(name)) continue
    if (!name.endsWith('.ip')) yield [name, value]
    else if (typeof value === 'object') {
      if (addressesOf(value).length > 0) yield [name, addressesOf(value)]
    } else if (addressesOf(value).length > 0) yield [name, value]
  }
}

function alertUrl(console: string, id: string): string {
  return new URL(`alerts/${encodeURIComponent(id)}`, console.endsWith('/') ? console : `${console}/`).href
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
