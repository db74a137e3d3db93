import { request } from 'undici'
import type { Clock } from '../contract/plugin.ts'
import { retryAfterMs } from '../deliver/http/retry-after.ts'
import { AddressGuard } from '../deliver/webhook/address-guard.ts'
import { guardedAgent } from '../deliver/webhook/guarded-agent.ts'
import type { Post } from '../respond/context/action-context.ts'
import type { Receiver } from '../respond/actions/webhook/config.ts'

const MOST_BYTES = 64 * 1024
const TIMEOUT_MS = 15_000

/**
 * A way out for playbooks that is as careful as the webhook sink: only to addresses that the receiver's settings let
 * through, checked when connecting; no redirects; bounded time and answer.
 */
export function openGuardedPost(
  receivers: readonly Receiver[],
  clock: Clock,
): { readonly post: Post; close(): Promise<void> } {
  const agents = new Map(
    receivers.map((receiver) => {
      const loopbackOnly = receiver.url.startsWith('http:')
      const allow = loopbackOnly ? [...receiver.allowAddresses, '127.0.0.0/8', '::1/128'] : receiver.allowAddresses
      return [receiver.url, guardedAgent(new AddressGuard({ allow, loopbackOnly }), undefined)] as const
    }),
  )
  const post: Post = async (url, body, headers, signal) => {
    const dispatcher = agents.get(url)
    if (!dispatcher) throw new Error('only receivers named in respond.webhooks are posted to')
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const reply = await request(url, { method: 'POST', body, headers: { ...headers }, dispatcher, signal: limited })
    const askedMs = retryAfterMs(headerOf(reply.headers['retry-after']), clock.now())
    return {
      status: reply.statusCode,
      body: await bounded(reply.body),
      ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
    }
  }
  return { post, close: async () => void (await Promise.all([...agents.values()].map((agent) => agent.destroy()))) }
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

async function bounded(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes >= MOST_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8', 0, MOST_BYTES)
}
