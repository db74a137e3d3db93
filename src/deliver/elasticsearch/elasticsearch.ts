import type { Client } from '@elastic/elasticsearch'
import { z } from 'zod'
import type { Alert, Notification } from '../../contract/alert.ts'
import type { Outcome, Sink } from '../../contract/deliver.ts'
import type { Plugin } from '../../contract/plugin.ts'
import { reasonOf } from '../../runtime/errors.ts'
import type { SinkContext } from '../context/sink-context.ts'
import { ecsAlert } from '../encode/ecs.ts'
import { BulkWriter } from './bulk-writer.ts'
import type { Line, Written } from './bulk-writer.ts'
import { connectionFields, nodesProblem, openClient } from './connection.ts'
import { documentId } from './document-id.ts'
import { UnreachableError } from './pinned-authority.ts'
import type { Verdict } from './verdict.ts'

const config = z
  .strictObject({
    ...connectionFields,
    namespace: z
      .string()
      .regex(/^[a-z0-9_.]{1,100}$/, 'must be lower-case letters, digits, _ or .')
      .default('default')
      .describe('Last part of the data stream’s name: logs-modelward.alerts-<namespace>.'),
    maxBatchBytes: z
      .int()
      .min(10_000)
      .max(50_000_000)
      .default(5_000_000)
      .describe('Size of one bulk request; http.max_content_length of the cluster is 100 MB unless changed.'),
  })
  .superRefine((config, context) => {
    const problem = nodesProblem(config)
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['nodes'], message: problem })
  })
type Config = z.infer<typeof config>

const MOST_DOCUMENTS = 1000

/** Alerts as ECS documents in the data stream `logs-modelward.alerts-<namespace>`, each alert once a state. */
export const elasticsearch: Plugin<Sink, Config, SinkContext> = {
  kind: 'elasticsearch',
  summary:
    'Indexes each alert once when it fires and once when it resolves, as ECS, where Kibana and Elastic Security look.',
  needs: ['outgoing HTTPS to the nodes', 'index privilege create_doc on logs-modelward.alerts-<namespace>'],
  config,
  examples: [
    { nodes: ['https://elasticsearch.example.org:9200'], auth: { apiKey: '${file:/etc/modelward/elasticsearch.key}' } },
    {
      nodes: ['https://es-1.example.org:9200', 'https://es-2.example.org:9200'],
      auth: { username: 'modelward_writer', password: '${env:ELASTIC_PASSWORD}' },
      ca: '/etc/modelward/elasticsearch-ca.pem',
      compatibility: 8,
      namespace: 'production',
    },
  ],
  async open(config, context) {
    return new ElasticsearchSink(config, context)
  },
}

/** Documents of one notification whose fate is known, while others of it have to be tried again. */
type Settled = ReadonlyMap<string, Verdict>

interface Task {
  readonly notification: Notification
  readonly lines: readonly Line[]
  readonly unwritable?: string
}

class ElasticsearchSink implements Sink {
  readonly #config: Config
  readonly #context: SinkContext
  #client: Client | undefined
  #settled: ReadonlyMap<string, Settled> = new Map()

  constructor(config: Config, context: SinkContext) {
    this.#config = config
    this.#context = context
  }

  async send(notifications: readonly Notification[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const tasks = notifications.map((notification) => this.#encode(notification))
    const open = tasks.flatMap((task) => task.lines.filter(({ id }) => !this.#settledOf(task).has(id)))
    const written = await this.#write(open, signal)
    this.#report(written)
    const fresh = new Map(open.map(({ id }, at) => [id, written[at]?.verdict ?? missing]))
    const results = tasks.map((task) => ({ task, verdicts: this.#verdictsOf(task, fresh) }))
    this.#settled = new Map(
      results
        .filter(({ verdicts }) => hasRetry(verdicts))
        .map(({ task, verdicts }) => [task.notification.id, settled(verdicts)]),
    )
    return results.map(({ task, verdicts }) => outcomeOf(task, [...verdicts.values()]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.close()
  }

  #encode(notification: Notification): Task {
    try {
      return { notification, lines: notification.alerts.map((alert) => this.#line(notification, alert)) }
    } catch (error) {
      return { notification, lines: [], unwritable: `the alert cannot be written as ECS: ${reasonOf(error)}` }
    }
  }

  /** `event.ingested` is the time of this attempt; where the ingest pipeline runs it puts the cluster's own in its place. */
  #line(notification: Notification, alert: Alert): Line {
    const { observer, consoleUrl, clock } = this.#context
    const document = ecsAlert(alert, {
      observer,
      now: notification.at,
      ingestedAt: clock.now(),
      namespace: this.#config.namespace,
      ...(consoleUrl === undefined ? {} : { url: consoleUrl }),
    })
    return { id: documentId(alert), json: JSON.stringify(document) }
  }

  async #write(lines: readonly Line[], signal: AbortSignal): Promise<readonly Written[]> {
    if (lines.length === 0) return []
    try {
      this.#client ??= await openClient(this.#config)
    } catch (error) {
      const reason = `connecting to Elasticsearch: ${reasonOf(error)}`
      const loud = !(error instanceof UnreachableError)
      return lines.map(() => ({ verdict: { kind: 'retry', reason, loud } }))
    }
    const limits = { documents: MOST_DOCUMENTS, bytes: this.#config.maxBatchBytes }
    const index = `logs-modelward.alerts-${this.#config.namespace}`
    const writer = new BulkWriter(this.#client, index, limits, () => this.#context.clock.now())
    return writer.write(lines, signal)
  }

  #report(written: readonly Written[]): void {
    const { metrics, log, name } = this.#context
    const counter = metrics.counter('modelward_elasticsearch_documents_total', 'What became of documents sent.', [
      'sink',
      'result',
    ])
    for (const { verdict, failureStore } of written) {
      counter.add(1, { sink: name, result: verdict.kind })
      if (failureStore !== undefined) counter.add(1, { sink: name, result: `failure_store_${failureStore}` })
    }
    if (written.some(({ verdict, failureStore }) => verdict.kind === 'stored' && failureStore === 'used'))
      log.warn('elasticsearch put alerts into the failure store of the data stream', { sink: name })
    const loud = written.find(({ verdict }) => verdict.kind === 'retry' && verdict.loud)?.verdict
    if (loud?.kind !== 'retry') return
    log.error('elasticsearch refuses alerts until its configuration is changed', { sink: name, reason: loud.reason })
    this.#forgetClient()
  }

  /** The next attempt reads the secrets again: a rotated one may be what was missing. */
  #forgetClient(): void {
    const client = this.#client
    this.#client = undefined
    void client?.close().catch(() => undefined)
  }

  #settledOf(task: Task): Settled {
    return this.#settled.get(task.notification.id) ?? new Map()
  }

  #verdictsOf(task: Task, fresh: ReadonlyMap<string, Verdict>): ReadonlyMap<string, Verdict> {
    const before = this.#settledOf(task)
    return new Map(task.lines.map(({ id }) => [id, before.get(id) ?? fresh.get(id) ?? missing]))
  }
}

const missing: Verdict = { kind: 'retry', reason: 'no answer for this document' }

function hasRetry(verdicts: ReadonlyMap<string, Verdict>): boolean {
  return [...verdicts.values()].some(({ kind }) => kind === 'retry')
}

function settled(verdicts: ReadonlyMap<string, Verdict>): Settled {
  return new Map([...verdicts].filter(([, { kind }]) => kind !== 'retry'))
}

/** Done only when every document is; while one has to be tried again, so has the notification. */
function outcomeOf(task: Task, verdicts: readonly Verdict[]): Outcome {
  if (task.unwritable !== undefined) return { park: task.unwritable }
  const retries = verdicts.filter((verdict) => verdict.kind === 'retry')
  if (retries[0]) {
    const afterMs = Math.max(...retries.map((retry) => retry.afterMs ?? 0))
    return { retry: retries[0].reason, ...(afterMs === 0 ? {} : { afterMs }) }
  }
  const parked = verdicts.filter((verdict) => verdict.kind === 'park')
  if (parked[0]) return { park: `${parked.length} of ${verdicts.length} alerts refused: ${parked[0].reason}` }
  return verdicts.length > 0 && verdicts.every(({ kind }) => kind === 'duplicate')
    ? { done: true, duplicate: true }
    : { done: true }
}
