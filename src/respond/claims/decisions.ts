import type { Claim, Decision } from '../../contract/respond.ts'
import type { AuditEntry } from '../../contract/store.ts'
import { RefusedError } from '../../runtime/errors.ts'
import type { Memory } from '../memory/memory.ts'
import { TokenBucket } from './token-bucket.ts'

const KIND = 'claim'
const MOST_CLAIMS = 100_000
const ALLOW: Decision = { effect: 'allow', claims: [] }

interface Held {
  readonly claims: Map<string, Claim>
  /** What the active claims add up to, true until `until`. */
  decision: Decision
  from: number
  until: number
  /** Stays through a deny, so that a throttled caller does not begin anew after it. */
  bucket: TokenBucket | undefined
}

/**
 * Who is held back just now. The effect on a principal is the strongest of its active claims: deny before throttle, the
 * lowest limit of throttles; each claim holds from its start to its end, whatever becomes of the others. At most `most`
 * claims (default 100,000); they survive a restart.
 */
export class Decisions {
  readonly #memory: Memory
  readonly #most: number
  readonly #held = new Map<string, Held>()
  readonly #principalOf = new Map<string, string>()

  /** Takes up the claims that were in force. */
  constructor(memory: Memory, most = MOST_CLAIMS) {
    this.#memory = memory
    this.#most = most
    for (const { value } of memory.documents<Claim>(KIND)) this.#add(value)
  }

  /** What to tell a gateway about one request of this principal; a throttled one costs a token. One look-up. */
  check(principal: string, now: number): Decision {
    const held = this.#held.get(principal)
    if (held === undefined) return ALLOW
    if (now >= held.until || now < held.from) this.#weigh(held, now)
    const { bucket, decision } = held
    if (bucket === undefined || decision.effect !== 'throttle') return decision
    const retryAfterMs = bucket.take(now)
    return retryAfterMs === 0 ? { ...decision, effect: 'allow' } : { ...decision, retryAfterMs }
  }

  get(id: string): Claim | undefined {
    const principal = this.#principalOf.get(id)
    return principal === undefined ? undefined : this.#held.get(principal)?.claims.get(id)
  }

  /** The claims in force, the one that ends first first. */
  claims(now: number): readonly Claim[] {
    return [...this.#held.values()]
      .flatMap(({ claims }) => [...claims.values()].filter((claim) => isActive(claim, now)))
      .toSorted((a, b) => a.endsAt - b.endsAt)
  }

  claimsOn(principal: string, now: number): readonly Claim[] {
    return [...(this.#held.get(principal)?.claims.values() ?? [])].filter((claim) => isActive(claim, now))
  }

  /** In force once it resolves, and still after a restart. The same id again replaces the claim. Throws RefusedError when full. */
  async put(claim: Claim): Promise<void> {
    if (!this.#principalOf.has(claim.id) && this.#principalOf.size >= this.#most)
      throw new RefusedError(`${this.#most} claims are in force, which is the most; revert some first`)
    await this.#memory.commit({ documents: [{ kind: KIND, key: claim.id, value: claim }] })
    this.#drop(claim.id)
    this.#add(claim)
  }

  /** Answers false when there is no such claim. */
  async remove(id: string): Promise<boolean> {
    if (!this.#principalOf.has(id)) return false
    await this.#memory.commit({ documents: [{ kind: KIND, key: id, value: null }] })
    this.#drop(id)
    return true
  }

  /** Forgets the claims that ended at or before `now`. */
  async sweep(now: number): Promise<void> {
    const ended = [...this.#held.values()].flatMap(({ claims }) =>
      [...claims.values()].filter(({ endsAt }) => endsAt <= now),
    )
    if (ended.length === 0) return
    const documents = ended.map(({ id }) => ({ kind: KIND, key: id, value: null }))
    await this.#memory.commit({ documents, audit: ended.map((claim) => expiry(claim, now)) })
    for (const { id } of ended) this.#drop(id)
  }

  #add(claim: Claim): void {
    const { principal } = claim.target
    const held = this.#held.get(principal) ?? nobody()
    held.claims.set(claim.id, claim)
    held.until = -Infinity
    this.#held.set(principal, held)
    this.#principalOf.set(claim.id, principal)
  }

  #drop(id: string): void {
    const principal = this.#principalOf.get(id)
    const held = principal === undefined ? undefined : this.#held.get(principal)
    if (principal === undefined || held === undefined) return
    held.claims.delete(id)
    held.until = -Infinity
    this.#principalOf.delete(id)
    if (held.claims.size === 0) this.#held.delete(principal)
  }

  /** Works out the effect anew, and from when until when it stays the same. */
  #weigh(held: Held, now: number): void {
    const all = [...held.claims.values()]
    const active = all.filter((claim) => isActive(claim, now))
    const bounds = all.flatMap(({ startsAt, endsAt }) => [startsAt, endsAt])
    held.from = Math.max(-Infinity, ...bounds.filter((at) => at <= now))
    held.until = Math.min(Infinity, ...bounds.filter((at) => at > now))
    held.decision = strongest(active)
    const limit = Math.min(...active.map((claim) => claim.limit ?? Infinity))
    if (limit === Infinity) held.bucket = undefined
    else if (held.bucket === undefined) held.bucket = new TokenBucket(limit, now)
    else held.bucket.limitTo(limit, now)
  }
}

function nobody(): Held {
  return { claims: new Map(), decision: ALLOW, from: -Infinity, until: -Infinity, bucket: undefined }
}

function isActive(claim: Claim, now: number): boolean {
  return claim.startsAt <= now && now < claim.endsAt
}

/** Every active claim is named, with the reason of the one that decides. */
function strongest(active: readonly Claim[]): Decision {
  const strength = (claim: Claim): number => (claim.effect === 'deny' ? -1 : (claim.limit ?? Infinity))
  const first = active.toSorted((a, b) => strength(a) - strength(b) || (a.id < b.id ? -1 : 1))[0]
  if (first === undefined) return ALLOW
  const { effect, limit, reason } = first
  const claims = active.map(({ id }) => id)
  return { effect, ...(effect === 'throttle' && limit !== undefined ? { limit } : {}), reason, claims }
}

function expiry(claim: Claim, now: number): AuditEntry {
  const { id, target, effect, owner, endsAt } = claim
  const detail = { principal: target.principal, effect, owner, endsAt }
  return { at: now, actor: 'modelward', action: 'claim.expire', subject: id, detail }
}
