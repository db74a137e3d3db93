import { KeyedHash } from '../../runtime/keyed-hash.ts'
import type { Leak } from './leak.ts'

/** Last characters that may be shown at most, and how long a secret must be for any to be shown. */
export const MOST_SHOWN = 4
const LEAST_TO_SHOW = 12

/** What may be said of a secret: never enough to use it. */
export interface Masked {
  readonly length: number
  /** Its last few characters; '' where it is too short for that. */
  readonly tail: string
  /** 14 hex digits under a key of the installation: the same secret, the same digits. */
  readonly fingerprint: string
}

/** Masks secrets under one key. */
export class Mask {
  readonly #hash: KeyedHash
  readonly #shown: number

  /** `shown`: last characters shown, 0 to 4. */
  constructor(key: Uint8Array, shown: number) {
    this.#hash = new KeyedHash(key)
    this.#shown = Math.min(MOST_SHOWN, shown)
  }

  mask({ secret }: Leak): Masked {
    const tail = secret.length < LEAST_TO_SHOW || this.#shown === 0 ? '' : secret.slice(-this.#shown)
    return { length: secret.length, tail, fingerprint: this.number(secret).toString(16).padStart(14, '0') }
  }

  /** The fingerprint as an exact number above 0. */
  number(secret: string): number {
    return this.#hash.of(secret) || 1
  }
}
