/**
 * A keyed hash of text in 53 bits, so that it is an exact number: HalfSipHash-2-4 (Aumasson and Bernstein, reference code
 * `halfsiphash.c`, 64-bit output, cut to 53) over the text's UTF-16LE bytes. Whoever lacks the key cannot tell the text from
 * the number; two texts agree by chance once in 9e15. About 0.2 us for 30 characters, and no allocation.
 */
export class KeyedHash {
  readonly #k0: number
  readonly #k1: number

  /** `key`: at least 8 bytes, of which the first 8 are used. */
  constructor(key: Uint8Array) {
    if (key.byteLength < 8) throw new RangeError(`a key has at least 8 bytes, and this one has ${key.byteLength}`)
    const view = new DataView(key.buffer, key.byteOffset, 8)
    this.#k0 = view.getInt32(0, true)
    this.#k1 = view.getInt32(4, true)
  }

  /** An integer from 0 to 2 ** 53 - 1. The rounds are written out because calls to a closure took most of the time. */
  of(text: string): number {
    const { length } = text
    let v0 = this.#k0
    let v1 = this.#k1 ^ 0xee
    let v2 = 0x6c796765 ^ this.#k0
    let v3 = 0x74656462 ^ this.#k1
    // Words of two characters, the last with the length; then, as in the reference, 4 + 4 rounds that end it.
    const words = (length >>> 1) + 1
    let low = 0
    for (let step = 0; step < words + 4; step++) {
      let word = 0
      if (step < words) {
        const at = step * 2
        if (at + 1 < length) word = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
        else word = ((length * 2) << 24) | (at < length ? text.charCodeAt(at) : 0)
        v3 ^= word
      } else if (step === words) v2 ^= 0xee
      else if (step === words + 2) {
        low = v1 ^ v3
        v1 ^= 0xdd
      }
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)

      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    const high = v1 ^ v3
    return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
  }
}
