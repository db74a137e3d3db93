import { readFile } from 'node:fs/promises'
import type { Agent } from 'undici'
import type { Notification } from '../../contract/alert.ts'
import type { Outcome, Sink } from '../../contract/deliver.ts'
import type { Clock, Plugin } from '../../contract/plugin.ts'
import { TransientError, reasonOf } from '../../runtime/errors.ts'
import { webhookSignature } from '../../runtime/webhook-signature.ts'
import type { SinkContext } from '../context/sink-context.ts'
import { ecsAlert } from '../encode/ecs.ts'
import { AddressGuard, RefusedAddressError } from './address-guard.ts'
import { config } from './config.ts'
import type { Config } from './config.ts'
import { guardedAgent } from './guarded-agent.ts'
import { verdictOf } from './verdict.ts'

/** From the start of a request to the status of its answer. */
const TOTAL_TIMEOUT_MS = 15_000
/** An answer's body says nothing to us: so much of it is read, for so long, to keep the connection usable. */
const MOST_BODY_BYTES = 64 * 1024
const DRAIN_TIMEOUT_MS = 1000

/** Signed HTTP posts after Standard Webhooks 1.0.0, one a notification, its id as `webhook-id`. */
export const webhook: Plugin<Sink, Config, SinkContext> = {
  kind: 'webhook',
  summary:
    'Posts each notification as JSON, signed after Standard Webhooks; reaches public addresses only unless told.',
  needs: ['outgoing HTTPS to the host of `url`', 'read access to the signing secret'],
  config,
  examples: [
    { url: 'https://soar.example.org/hooks/modelward', secret: '${file:/etc/modelward/webhook.key}' },
    {
      url: 'http://127.0.0.1:9000/alerts',
      secret: '${env:MODELWARD_WEBHOOK_KEY}',
      allowPlainHttp: true,
      allowAddresses: ['127.0.0.1/32'],
      ports: [9000],
    },
  ],
  async open(config, context) {
    const ca = config.ca === undefined ? undefined : await readFile(config.ca, 'utf8')
    const url = new URL(config.url)
    const guard = new AddressGuard({ allow: config.allowAddresses, loopbackOnly: url.protocol === 'http:' })
    return new WebhookSink(config, url, guardedAgent(guard, ca), context)
  },
}

class WebhookSink implements Sink {
  readonly #config: Config
  readonly #url: URL
  readonly #agent: Agent
  readonly #context: SinkContext

  constructor(config: Config, url: URL, agent: Agent, context: SinkContext) {
    this.#config = config
    this.#url = url
    this.#agent = agent
    this.#context = context
  }

  /** One after the other; what stands behind a notification that must wait is not sent, so that order holds. */
  async send(notifications: readonly Notification[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    for (const notification of notifications) {
      const outcome = await this.#sendOne(notification, signal)
      outcomes.push(outcome)
      if ('retry' in outcome) break
    }
    const last = outcomes.at(-1)
    const afterMs = last && 'retry' in last ? last.afterMs : undefined
    while (outcomes.length < notifications.length)
      outcomes.push({
        retry: 'an earlier notification has to be delivered first',
        ...(afterMs === undefined ? {} : { afterMs }),
      })
    return outcomes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  async #sendOne(notification: Notification, signal: AbortSignal): Promise<Outcome> {
    let body: string
    try {
      body = this.#body(notification)
    } catch (error) {
      return { park: `the notification cannot be written as JSON: ${reasonOf(error)}` }
    }
    try {
      const headers = await this.#headers(notification, body)
      return await this.#post(headers, body, signal)
    } catch (error) {
      if (error instanceof RefusedAddressError)
        this.#context.log.error('webhook refused to connect', { reason: error.message })
      return { retry: `posting to the webhook: ${reasonOf(error)}` }
    }
  }

  #body(notification: Notification): string {
    const { observer, consoleUrl } = this.#context
    const { id, at, kind, groupKey, labels, alerts } = notification
    const options = { observer, now: at, ...(consoleUrl === undefined ? {} : { url: consoleUrl }) }
    return JSON.stringify({
      type: `alert.${kind}`,
      timestamp: new Date(at).toISOString(),
      data: {
        notification: { id, kind, group_key: groupKey, labels },
        alerts: alerts.map((alert) => ecsAlert(alert, options)),
      },
    })
  }

  /** The secrets are read for each attempt, so that a rotated one is used at once. */
  async #headers(notification: Notification, body: string): Promise<Record<string, string>> {
    const timestamp = Math.floor(this.#context.clock.now() / 1000)
    const bearer = await this.#config.bearer?.read()
    return {
      'content-type': 'application/json',
      'user-agent': `modelward/${this.#context.observer.version}`,
      'webhook-id': notification.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': webhookSignature(await this.#config.secret.read(), notification.id, timestamp, body),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer.reveal()}` }),
    }
  }

  async #post(headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Outcome> {
    const { clock } = this.#context
    const { origin, pathname, search } = this.#url
    const response = await within(clock, TOTAL_TIMEOUT_MS, signal, (signal) =>
      this.#agent.request({ origin, path: pathname + search, method: 'POST', headers, body, signal }),
    )
    await within(clock, DRAIN_TIMEOUT_MS, signal, (signal) =>
      response.body.dump({ limit: MOST_BODY_BYTES, signal }),
    ).catch(() => undefined)
    const retryAfter = response.headers['retry-after']
    return verdictOf(response.statusCode, typeof retryAfter === 'string' ? retryAfter : undefined, clock.now())
  }
}

/** Runs `work` under a signal that also aborts after `ms` of the given clock. */
async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const late = new AbortController()
  clock.sleep(ms, ended.signal).then(
    () => late.abort(new TransientError(`no answer within ${ms} ms`)),
    () => undefined,
  )
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } finally {
    ended.abort()
  }
}
