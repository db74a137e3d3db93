import { createHash } from 'node:crypto'
import type { Clock, Random } from '../../contract/plugin.ts'

/** One signed-in browser. */
export interface Session {
  /** The name that its changes are audited under. */
  readonly by: string
  /** What every form of this session carries, and nobody else's page can know. */
  readonly csrf: string
  readonly expiresAt: number
  /** Whether lists load themselves anew. */
  refreshes: boolean
}

const MOST = 500
const HOUR_MS = 3_600_000

/** Sessions live in memory: a restart signs everybody out. At most 500; one more ends the oldest. */
export class Sessions {
  readonly #open = new Map<string, Session>()
  readonly #clock: Clock
  readonly #random: Random
  readonly #lifeMs: number

  constructor(given: { readonly clock: Clock; readonly random: Random }, hours: number) {
    this.#clock = given.clock
    this.#random = given.random
    this.#lifeMs = hours * HOUR_MS
  }

  get size(): number {
    return this.#open.size
  }

  /** Milliseconds until a session opened now ends. */
  get lifeMs(): number {
    return this.#lifeMs
  }

  /** Opens one; the id is for the cookie and is not kept, only its hash. */
  open(by: string): { readonly id: string; readonly session: Session } {
    this.#forgetEnded()
    const oldest = this.#open.size >= MOST ? this.#open.keys().next().value : undefined
    if (oldest !== undefined) this.#open.delete(oldest)
    const id = this.#word()
    const session = { by, csrf: this.#word(), expiresAt: this.#clock.now() + this.#lifeMs, refreshes: false }
    this.#open.set(digestOf(id), session)
    return { id, session }
  }

  find(id: string): Session | undefined {
    const session = this.#open.get(digestOf(id))
    return session && session.expiresAt > this.#clock.now() ? session : undefined
  }

  close(session: Session): void {
    for (const [digest, other] of this.#open) if (other === session) this.#open.delete(digest)
  }

  #forgetEnded(): void {
    const now = this.#clock.now()
    for (const [digest, session] of this.#open) if (session.expiresAt <= now) this.#open.delete(digest)
  }

  #word(): string {
    return Buffer.from(this.#random.bytes(32)).toString('base64url')
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id, 'utf8').digest('base64')
}
