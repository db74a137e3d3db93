import { hash } from 'node:crypto'
import type { Clock } from '../../contract/plugin.ts'
import type { Rejection } from './answer.ts'

/** A request that must count once: who sent it under which key, and what it said. Digests of 16 bytes, as base64url. */
export interface KeyedRequest {
  readonly key: string
  readonly body: string
}

/** What became of a keyed request: how many records were accepted. */
export interface Accepted {
  readonly accepted: number
}

interface Known extends Accepted {
  readonly body: string
  readonly at: number
}

const WINDOW_MS = 600_000
/** Keys remembered at once; beyond it the oldest are forgotten early. About 10 MiB. */
const CAPACITY = 50_000
const ROW_BYTES = 16 + 16 + 8 + 4

/** Digests of a key (within its sender) and of what was sent under it; a route's format is part of what was sent. */
export function keyedRequest(sender: string, key: string, format: string | undefined, body: Uint8Array): KeyedRequest {
  return { key: digest(`${sender}\n${key}`), body: digest(`${format ?? ''}\n${hash('sha256', body, 'hex')}`) }
}

/** Remembers for 10 minutes which keyed requests were accepted, so that a repeat is answered like the first and counts once. */
export class IdempotencyKeys {
  readonly #clock: Clock
  /** Oldest first. */
  readonly #known = new Map<string, Known>()
  readonly #pending = new Map<string, { readonly body: string; readonly outcome: Promise<Accepted | Rejection> }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs `accept` unless this request was accepted before or is being accepted now; then gives that outcome. */
  async once(request: KeyedRequest, accept: () => Promise<Accepted | Rejection>): Promise<Accepted | Rejection> {
    this.#forgetOld()
    const earlier = this.#known.get(request.key) ?? this.#pending.get(request.key)
    if (earlier && earlier.body !== request.body) return CONFLICT
    if (earlier && 'outcome' in earlier) return earlier.outcome
    if (earlier) return { accepted: earlier.accepted }
    const outcome = accept()
    this.#pending.set(request.key, { body: request.body, outcome })
    try {
      const result = await outcome
      if ('accepted' in result) this.remember(request, result.accepted, this.#clock.now())
      return result
    } finally {
      this.#pending.delete(request.key)
    }
  }

  /** `at` is when it was accepted, epoch ms. */
  remember(request: KeyedRequest, accepted: number, at: number): void {
    this.#known.delete(request.key)
    this.#known.set(request.key, { body: request.body, accepted, at })
    const oldest = this.#known.size > CAPACITY ? this.#known.keys().next().value : undefined
    if (oldest !== undefined) this.#known.delete(oldest)
  }

  get size(): number {
    this.#forgetOld()
    return this.#known.size
  }

  /** Everything remembered, for the journal: 44 bytes a key. */
  toBytes(): Buffer {
    this.#forgetOld()
    const bytes = Buffer.alloc(this.#known.size * ROW_BYTES)
    let at = 0
    for (const [key, known] of this.#known) {
      bytes.write(key, at, 16, 'base64url')
      bytes.write(known.body, at + 16, 16, 'base64url')
      bytes.writeDoubleBE(known.at, at + 32)
      bytes.writeUInt32BE(known.accepted, at + 40)
      at += ROW_BYTES
    }
    return bytes
  }

  restore(bytes: Uint8Array): void {
    const rows = Buffer.from(bytes)
    for (let at = 0; at + ROW_BYTES <= rows.length; at += ROW_BYTES) {
      const request = {
        key: rows.toString('base64url', at, at + 16),
        body: rows.toString('base64url', at + 16, at + 32),
      }
      this.remember(request, rows.readUInt32BE(at + 40), rows.readDoubleBE(at + 32))
    }
  }

  #forgetOld(): void {
    const since = this.#clock.now() - WINDOW_MS
    for (const [key, { at }] of this.#known) {
      if (at >= since) return
      this.#known.delete(key)
    }
  }
}

const CONFLICT: Rejection = {
  status: 422,
  code: 'MW_KEY_REUSED',
  message: 'this idempotency key was used for another body: use a key of its own for each body',
}

function digest(text: string): string {
  return hash('sha256', text, 'buffer').subarray(0, 16).toString('base64url')
}
