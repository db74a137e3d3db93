import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Counter, Given } from '../../contract/plugin.ts'
import { StoreFullError } from '../../runtime/errors.ts'
import { ByteBudget } from '../../runtime/queue.ts'
import type { Journal } from '../journal/journal.ts'
import { type Answer, type Rejection, busy, isRejection, rejected, send } from './answer.ts'
import { Hold, inflate, readWire, refusedEncoding } from './body.ts'
import type { HttpConfig } from './config.ts'
import type { BodyMeta } from './entry-meta.ts'
import type { FreeSpace } from './free-space.ts'
import type { Caller, Guard } from './guard.ts'
import { type Accepted, type IdempotencyKeys, keyedRequest } from './idempotency.ts'
import { cutOf, inspect } from './inspect.ts'
import { type Route, routeOf } from './route.ts'

export interface ReceiverParts {
  readonly config: HttpConfig
  readonly given: Given
  readonly journal: Journal
  readonly guard: Guard
  readonly keys: IdempotencyKeys
  readonly space: FreeSpace
  /** Called after the journal has grown. */
  readonly appended: () => void
}

/** Bytes of bodies in memory at once, over all requests. */
const MEMORY_BYTES = 64 * 1024 * 1024
/** What is still read of a body after it was refused, so that its sender gets to see the answer. */
const DRAIN_BYTES = 64 * 1024 * 1024

type Ingest = Extract<Route, { kind: 'ingest' }>

/** Answers requests: 2xx only for bodies that are in the journal and on disk. */
export class Receiver {
  readonly #parts: ReceiverParts
  readonly #memory: ByteBudget
  readonly #requests: Counter
  readonly #receivedBytes: Counter

  constructor(parts: ReceiverParts) {
    const { metrics } = parts.given
    this.#parts = parts
    this.#memory = new ByteBudget(Math.max(MEMORY_BYTES, 2 * parts.config.limits.bodyBytes))
    this.#requests = metrics.counter('modelward_http_requests_total', 'Requests answered', ['component_id', 'status'])
    this.#receivedBytes = metrics.counter(
      'modelward_component_received_bytes_total',
      'Bytes of bodies received, as sent',
      ['component_id'],
    )
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request, response)
    const status = answer && !response.destroyed ? String(answer.status) : 'aborted'
    this.#requests.add(1, { component_id: this.#parts.given.name, status })
    if (!answer || response.destroyed) return
    send(response, answer)
    if (!request.complete) drain(request)
  }

  /** Undefined when the sender went away. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const route = routeOf(request.method ?? '', request.url ?? '')
    if (isRejection(route)) return rejected(route, 'records')
    if (route.kind === 'health') return this.#health()
    const hold = new Hold(this.#memory)
    try {
      const outcome = await this.#ingest(request, response, route, hold)
      if (!outcome) return undefined
      if (isRejection(outcome)) return rejected(outcome, route.protocol)
      return route.protocol === 'otlp' ? { status: 200, body: {} } : { status: 202, body: outcome }
    } catch (error) {
      this.#parts.given.log.error('request failed', { reason: error instanceof Error ? error.message : String(error) })
      return rejected(BROKEN, route.protocol)
    } finally {
      hold.release()
    }
  }

  async #ingest(
    request: IncomingMessage,
    response: ServerResponse,
    route: Ingest,
    hold: Hold,
  ): Promise<Accepted | Rejection | undefined> {
    const { config, guard, given } = this.#parts
    const caller = guard.admit(request)
    if (isRejection(caller)) return caller
    const unread =
      refusedType(request, route) ?? refusedEncoding(request.headers['content-encoding']) ?? (await this.#full())
    if (unread) return unread
    if (request.headers.expect !== undefined) response.writeContinue()
    const wire = await readWire(request, config.limits, hold)
    if (!wire || isRejection(wire)) return wire
    this.#receivedBytes.add(wire.length, { component_id: given.name })
    const forged = guard.prove?.(request, wire)
    if (forged) return forged
    const body = await inflate(wire, request.headers['content-encoding'], config.limits, hold)
    if (isRejection(body)) return body
    return this.#take(request, route, caller, body)
  }

  async #take(request: IncomingMessage, route: Ingest, caller: Caller, body: Buffer): Promise<Accepted | Rejection> {
    const { config, keys, given } = this.#parts
    const cut = cutOf(config.limits, route.protocol)
    const found = await inspect(body, config.limits, cut)
    if (isRejection(found)) return found
    const format = route.format ?? config.format
    const meta: BodyMeta = {
      receivedAt: given.clock.now(),
      accepted: found.records,
      ...cut,
      ...(format === undefined ? {} : { format }),
    }
    const key = request.headers['idempotency-key'] ?? request.headers['webhook-id']
    if (typeof key !== 'string' || key === '') return this.#append(meta, body)
    const keyed = keyedRequest(caller.name, key, format, body)
    return keys.once(keyed, () => this.#append({ ...meta, ...keyed }, body))
  }

  async #append(meta: BodyMeta, body: Buffer): Promise<Accepted | Rejection> {
    try {
      await this.#parts.journal.append({ meta, body })
      this.#parts.appended()
      return { accepted: meta.accepted }
    } catch (error) {
      if (error instanceof StoreFullError) return DISK_FULL
      this.#parts.given.log.error('journal failed', { reason: error instanceof Error ? error.message : String(error) })
      return BROKEN
    }
  }

  /** Why nothing is taken at present. */
  async #full(): Promise<Rejection | undefined> {
    const { journal, config, space } = this.#parts
    if (journal.failure) return BROKEN
    if (journal.backlogBytes >= config.maxJournalBytes)
      return busy(429, 'MW_BACKLOG', 'too much waits to be evaluated: send it again later', 5)
    return (await space.isLow()) ? DISK_FULL : undefined
  }

  #health(): Answer {
    const { failure } = this.#parts.journal
    return failure ? { status: 503, body: { status: 'failed' } } : { status: 200, body: { status: 'ok' } }
  }
}

const DISK_FULL = busy(503, 'MW_STORE_FULL', 'the disk is nearly full: nothing was taken, send it again later', 30)
const BROKEN = busy(503, 'MW_STORE', 'the journal cannot be written: nothing was taken, send it again later', 30)

function refusedType(request: IncomingMessage, route: Ingest): Rejection | undefined {
  const type = request.headers['content-type'] ?? ''
  if (!/protobuf/i.test(type)) return undefined
  const cure = route.protocol === 'otlp' ? 'set OTEL_EXPORTER_OTLP_PROTOCOL=http/json in the sender' : 'send JSON'
  return { status: 415, code: 'MW_PROTOBUF', message: `protobuf is not read here: ${cure}` }
}

/** A sender that goes on sending after the answer is read for a while and then cut off. */
function drain(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > DRAIN_BYTES) request.destroy()
  })
}
