import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../runtime/secret.ts'

/** Compares in a time that tells nothing of the secret: digests of equal length, always all of them. */
export class Token {
  readonly #digest: Buffer

  constructor(secret: Secret) {
    this.#digest = digestOf(secret.reveal())
  }

  is(given: string): boolean {
    return timingSafeEqual(this.#digest, digestOf(given))
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}
