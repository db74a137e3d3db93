import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Desk } from '../../contract/desk.ts'
import type { Counter, Metrics } from '../../contract/plugin.ts'
import type { Decision } from '../../contract/respond.ts'
import type { Token } from '../access/token.ts'
import { RequestError, badInput } from '../http/request-error.ts'

type Caller = Parameters<Desk['decide']>[0]

const MOST_CALLERS = 16
const STATUS = { allow: 200, deny: 403, throttle: 429 } as const
const WEIGHT = { allow: 0, throttle: 1, deny: 2 } as const

/** What is kept of a gateway's rights: `token` undefined means it needs none. */
export interface DecideParts {
  readonly desk: Desk
  readonly metrics: Metrics
  readonly token: Token | undefined
}

/**
 * Answers gateways what to do with a caller, for any method: 200 allow, 403 deny, 429 throttle with `retry-after`, and
 * the Decision as JSON. A request may name its caller in several ways (key headers, a hash, a principal), and all are
 * asked about: the strongest answer counts, so that an added header never makes it milder. Keys are neither kept nor
 * logged nor sent back.
 * `?require=1`: a request without any key is a 400. `?throttle=403`: for nginx auth_request, which knows no 429.
 */
export class Decisions {
  readonly #parts: DecideParts
  readonly #count: Counter

  constructor(parts: DecideParts) {
    this.#parts = parts
    this.#count = parts.metrics.counter('modelward_decisions_total', 'Answers given to gateways', ['effect'])
  }

  /** Throws RequestError: 400, 401. */
  answer(request: IncomingMessage, response: ServerResponse, query: string): void {
    this.#admit(request)
    const callers = callersOf(request.rawHeaders)
    if (callers.length === 0 && query.includes('require=1'))
      throw badInput('no key: send it as Authorization: Bearer, x-api-key, api-key, x-modelward-key-sha256, or name x-modelward-principal') // prettier-ignore
    let strongest: Decision = { effect: 'allow', claims: [] }
    for (const caller of callers) strongest = stronger(strongest, this.#parts.desk.decide(caller))
    this.#count.add(1, LABELS[strongest.effect])
    send(response, strongest, query.includes('throttle=403'))
  }

  #admit({ headers }: IncomingMessage): void {
    const { token } = this.#parts
    if (token === undefined) return
    const given = headers['x-modelward-gateway-token']
    if (typeof given === 'string' && token.is(given)) return
    throw new RequestError(401, 'MW_UNAUTHENTICATED', 'send the gateway token as x-modelward-gateway-token')
  }
}

const LABELS = { allow: { effect: 'allow' }, throttle: { effect: 'throttle' }, deny: { effect: 'deny' } } as const

/** Every caller that the headers name, repeated headers included: which of them the gateway believes is not known here. */
function callersOf(rawHeaders: readonly string[]): readonly Caller[] {
  const callers: Caller[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    const value = rawHeaders[at + 1] ?? ''
    if (name === 'authorization') add(callers, value, (key) => ({ key: key.replace(/^[A-Za-z-]+ +/, '') }))
    else if (name === 'x-api-key' || name === 'api-key') add(callers, value, (key) => ({ key }))
    else if (name === 'x-modelward-key-sha256') add(callers, value, hashed)
    else if (name === 'x-modelward-principal') add(callers, value, (principal) => ({ principal }))
  }
  return callers
}

/** A proxy may have joined repeated headers by commas. */
function add(callers: Caller[], value: string, callerOf: (word: string) => Caller): void {
  const words = value.includes(',') ? value.split(',') : [value]
  for (const word of words) {
    const trimmed = word.trim()
    if (trimmed === '') continue
    if (callers.length >= MOST_CALLERS) throw badInput(`a request may name ${MOST_CALLERS} keys`)
    callers.push(callerOf(trimmed))
  }
}

function hashed(word: string): Caller {
  const key = word.toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(key)) throw badInput('x-modelward-key-sha256: send 64 hex digits')
  return { key }
}

function stronger(a: Decision, b: Decision): Decision {
  if (WEIGHT[a.effect] !== WEIGHT[b.effect]) return WEIGHT[a.effect] > WEIGHT[b.effect] ? a : b
  return (b.retryAfterMs ?? 0) > (a.retryAfterMs ?? 0) || (a.reason === undefined && b.reason !== undefined) ? b : a
}

function send(response: ServerResponse, decision: Decision, throttleAsDeny: boolean): void {
  const body = JSON.stringify(decision)
  const { effect } = decision
  const status = effect === 'throttle' && throttleAsDeny ? STATUS.deny : STATUS[effect]
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-modelward-effect': effect,
  }
  if (effect === 'throttle') headers['retry-after'] = retryAfterSeconds(decision)
  response.writeHead(status, headers)
  response.end(body)
}

function retryAfterSeconds({ retryAfterMs, limit }: Decision): number {
  const ms = retryAfterMs ?? (limit === undefined || limit <= 0 ? 60_000 : 60_000 / limit)
  return Math.max(1, Math.ceil(ms / 1000))
}
