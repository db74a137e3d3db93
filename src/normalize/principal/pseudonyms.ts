import { type KeyObject, createHmac, createSecretKey, hash } from 'node:crypto'

/** Who can act. A `role` is shared by its sessions; a `service` is a program. */
export type PrincipalKind = 'key' | 'user' | 'service' | 'role' | 'session'

export const PRINCIPAL_KINDS = ['key', 'user', 'service', 'role', 'session'] as const satisfies PrincipalKind[]

/** Who acted, in clear: never leaves the normaliser. */
export interface Identity {
  readonly kind: PrincipalKind
  readonly identity: string
}

export interface PseudonymOptions {
  /** Keeps the way back in memory, so that `reveal` answers. Default false. */
  readonly remember?: boolean
  /** Identities held of each kind, and pseudonyms that can be revealed. Default 200,000. */
  readonly cacheSize?: number
}

const SHORTEST_KEY = 16
const LONGEST_HELD = 512

/**
 * Keyed pseudonyms: `kind:` and the first 132 bits of HMAC-SHA-256(key, kind ‖ 0 ‖ identity) in base64url, 22 characters.
 * The same key, kind and identity give the same pseudonym everywhere; without the key nobody can tell who it is or
 * whether it is a given person. Throws RangeError for a key under 16 bytes.
 */
export class Pseudonyms {
  readonly #key: KeyObject
  readonly #size: number
  readonly #held = new Map<string, RecentMap>()
  readonly #back: RecentMap | undefined

  constructor(key: Uint8Array, options: PseudonymOptions = {}) {
    if (key.length < SHORTEST_KEY) throw new RangeError(`a pseudonym key has at least ${SHORTEST_KEY} bytes`)
    this.#key = createSecretKey(key)
    this.#size = options.cacheSize ?? 200_000
    this.#back = options.remember === true ? new RecentMap(this.#size) : undefined
  }

  of(kind: PrincipalKind, identity: string): string {
    let held = this.#held.get(kind)
    if (held === undefined) this.#held.set(kind, (held = new RecentMap(this.#size)))
    const known = held.get(identity)
    if (known !== undefined) {
      // A read keeps the way back as young as the way there.
      this.#back?.get(known)
      return known
    }
    const pseudonym = `${kind}:${this.#mac(kind, identity).toString('base64url').slice(0, 22)}`
    if (identity.length <= LONGEST_HELD) {
      held.set(identity, pseudonym)
      this.#back?.set(pseudonym, identity)
    }
    return pseudonym
  }

  /** A key for another purpose, 32 bytes: HMAC-SHA-256(key, 1 ‖ purpose). Knowing it tells nothing of this one. */
  derive(purpose: string): Uint8Array {
    return createHmac('sha256', this.#key).update('\u0001').update(purpose).digest()
  }

  /** The identity behind a pseudonym seen lately; undefined unless `remember` is set. */
  reveal(pseudonym: string): string | undefined {
    return this.#back?.get(pseudonym)
  }

  /** 16 hex digits over a text: equal texts, equal hashes, and no way to test a guess without the key. */
  textHash(text: string): string {
    return this.#mac('text', text).toString('hex', 0, 8)
  }

  #mac(kind: string, value: string): Buffer {
    return createHmac('sha256', this.#key).update(`${kind}\0${value}`).digest()
  }
}

const SHA256_HEX = /^[0-9a-f]{64}$/i

/**
 * The identity of an API key: the lower-case hex SHA-256 of the raw key (a leading `Bearer ` is not part of it). What is
 * such a hash already is taken as it is, so that a gateway which logs hashes and one which presents keys mean one principal.
 */
export function apiKeyIdentity(rawOrHash: string): string {
  if (SHA256_HEX.test(rawOrHash)) return rawOrHash.toLowerCase()
  const key = rawOrHash.trim().replace(/^bearer\s+/i, '')
  return SHA256_HEX.test(key) ? key.toLowerCase() : hash('sha256', key)
}

/** A bounded map that forgets what was not read for long: two generations, so that a hit costs one look-up. */
class RecentMap {
  readonly #half: number
  #young = new Map<string, string>()
  #old = new Map<string, string>()

  constructor(size: number) {
    this.#half = Math.max(1, size >> 1)
  }

  get(key: string): string | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: string): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
