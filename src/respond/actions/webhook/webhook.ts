import { z } from 'zod'
import type { Action, ActionStep, StepPlan } from '../../../contract/respond.ts'
import { RefusedError, TransientError } from '../../../runtime/errors.ts'
import type { ActionContext, ActionPlugin, PostReply } from '../../context/action-context.ts'
import { digestOf } from '../../playbook/canonical.ts'
import { durationText } from '../../../runtime/duration.ts'
import { Config, type Receiver } from './config.ts'
import { webhookSignature } from '../../../runtime/webhook-signature.ts'

const MOST_ANSWERS = 10_000

const parameters = z.strictObject({
  webhook: z.string().min(1).describe('The name of a receiver under respond.webhooks.'),
  message: z.string().max(2_000).optional(),
  for: durationText('1m', '30d')
    .optional()
    .describe('With it, this is a containment that is taken back at its end; without, a notice that has no end.'),
})

type Verified = Awaited<ReturnType<Action['verify']>>
type Verb = 'apply' | 'verify' | 'revert'

/** Hands a containment over to somebody's own automation, signed after Standard Webhooks 1.0.0. */
export const webhook: ActionPlugin<Config> = {
  kind: 'webhook',
  summary: 'Posts a signed request to your own automation, and another one to take it back.',
  needs: ['outgoing HTTPS to the hosts under respond.webhooks', 'read access to their signing secrets'],
  config: Config,
  parameters,
  examples: [
    {},
    {
      receivers: [
        { name: 'owner', url: 'https://soar.example.org/containment', secret: '${file:/etc/modelward/owner.key}' },
      ],
    },
  ],
  open: (config, context) => Promise.resolve(new WebhookAction(config, context)),
}

class WebhookAction implements Action {
  readonly #receivers: ReadonlyMap<string, Receiver>
  readonly #context: ActionContext
  /** What receivers said of a claim when it was applied. */
  readonly #answers = new Map<string, Verified>()

  constructor(config: Config, context: ActionContext) {
    this.#receivers = new Map(config.receivers.map((receiver) => [receiver.name, receiver]))
    this.#context = context
  }

  async plan(step: ActionStep): Promise<StepPlan> {
    const with_ = parameters.parse(step.parameters)
    const { name, url } = this.#receiver(step)
    const reversible = with_.for !== undefined
    return {
      action: webhook.kind,
      parameters: with_,
      summary: `post ${reversible ? `a containment for ${with_.for}` : 'a notice'} about ${step.target.principal} to ${name}`,
      request: `POST ${shownUrl(url)}\nwebhook-id: ${step.claimId}\nwebhook-signature: ***\n\n${bodyOf('apply', step)}`,
      undo: reversible
        ? `POST ${shownUrl(url)} with type containment.revert`
        : 'nothing: a notice cannot be taken back',
      reversible,
      stateFingerprint: digestOf({ name, url }),
    }
  }

  async apply(step: ActionStep, signal: AbortSignal): Promise<string> {
    const reply = await this.#post('apply', step, signal)
    this.#remember(step.claimId, answerOf(reply))
    return `${this.#receiver(step).name} answered ${reply.status}`
  }

  async verify(step: ActionStep, signal: AbortSignal): Promise<Verified> {
    if (this.#receiver(step).answersVerify) return answerOf(await this.#post('verify', step, signal))
    return this.#answers.get(step.claimId) ?? { state: 'unknown', detail: 'what the receiver said of it is not known' }
  }

  async undo(step: ActionStep, signal: AbortSignal): ReturnType<Action['undo']> {
    const reply = await this.#post('revert', step, signal)
    this.#answers.delete(step.claimId)
    if (fieldOf(reply, 'drifted') === true)
      return { state: 'drifted', detail: 'the receiver found it changed by somebody else and left it' }
    return { state: 'reverted', detail: `${this.#receiver(step).name} answered ${reply.status}` }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  #receiver(step: ActionStep): Receiver {
    const { webhook: name } = parameters.parse(step.parameters)
    const receiver = this.#receivers.get(name)
    if (receiver === undefined) throw new RefusedError(`there is no receiver "${name}"; add it under respond.webhooks`)
    return receiver
  }

  /** Answers a 2xx; everything else is thrown, as TransientError when another try may help. The secret is read each time. */
  async #post(verb: Verb, step: ActionStep, signal: AbortSignal): Promise<PostReply> {
    const { url, name, secret } = this.#receiver(step)
    const body = bodyOf(verb, step)
    const now = this.#context.clock.now()
    const id = idOf(verb, step, now)
    const timestamp = Math.floor(now / 1000)
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': webhookSignature(await secret.read(), id, timestamp, body),
    }
    let reply: PostReply
    try {
      reply = await this.#context.post(url, body, headers, signal)
    } catch (cause) {
      if (signal.aborted) throw cause
      throw new TransientError(`posting to ${name}`, { cause })
    }
    if (reply.status >= 200 && reply.status < 300) return reply
    if ([408, 425, 429].includes(reply.status) || reply.status >= 500)
      throw new TransientError(`${name} answered ${reply.status}`, afterOf(reply))
    throw new Error(`${name} answered ${reply.status}; it does not take this request`)
  }

  #remember(claimId: string, answer: Verified): void {
    this.#answers.set(claimId, answer)
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > MOST_ANSWERS && oldest !== undefined) this.#answers.delete(oldest)
  }
}

/** Receivers drop an id that they have seen: an apply or a revert that is repeated is dropped, a look is not. */
function idOf(verb: Verb, { claimId }: ActionStep, now: number): string {
  if (verb === 'apply') return claimId
  return verb === 'revert' ? `${claimId}-revert` : `${claimId}-verify-${now}`
}

/** Without the query, in which some receivers keep a token. */
function shownUrl(url: string): string {
  const { origin, pathname, search } = new URL(url)
  return `${origin}${pathname}${search === '' ? '' : '?***'}`
}

function bodyOf(verb: Verb, { claimId, target, parameters, reason, alert, endsAt }: ActionStep): string {
  return JSON.stringify({
    type: `containment.${verb}`,
    timestamp: new Date(alert.lastAt).toISOString(),
    data: {
      claim: claimId,
      target,
      parameters,
      reason,
      ends_at: parameters['for'] === undefined ? null : new Date(endsAt).toISOString(),
      alert: { id: alert.id, rule: alert.rule.title, level: alert.level, reason: alert.reason, risk: alert.risk },
    },
  })
}

function answerOf(reply: PostReply): Verified {
  const effective = fieldOf(reply, 'effective')
  if (effective === true) return { state: 'effective', detail: 'the receiver says that it is effective' }
  if (effective === false) return { state: 'ineffective', detail: 'the receiver says that it is not effective' }
  return { state: 'unknown', detail: `the receiver answered ${reply.status} and does not say whether it is effective` }
}

/** A field of a JSON answer; undefined when the answer is none. */
function fieldOf(reply: PostReply, name: string): unknown {
  try {
    const answer: unknown = JSON.parse(reply.body)
    return typeof answer === 'object' && answer !== null
      ? Object.entries(answer).find(([key]) => key === name)?.[1]
      : undefined
  } catch {
    return undefined
  }
}

function afterOf({ retryAfterMs }: PostReply): { afterMs?: number } {
  return retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }
}
