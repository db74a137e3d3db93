import { describe, expect, test } from 'vitest'
import { KeyedHash } from '../../src/runtime/keyed-hash.ts'

/**
 * HalfSipHash-2-4 with 64 bits of output: `vectors_hsip64` of the reference (veorq/SipHash, vectors.h), for the key 00 01 … 07
 * and messages 00 01 02 … of every even length, because our texts are of two bytes a character. As in vectors.h: low byte first.
 */
const VECTORS: readonly [length: number, hex: string][] = [
  [0, '218d1f59b9b83cc8'],
  [2, '064f39ef7c50eb57'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
  [8, 'edfee820bce4858c'],
  [10, '95b0469f06a6f2ee'],
  [12, '7bc71f9faef5c799'],
  [14, '3bb1a870eae8e658'],
  [16, '7336aad25f7bf3b5'],
  [18, 'c9b2db2b9a3e42f9'],
  [20, '1bf52b0a6feea7db'],
  [22, 'e20103fa1ba776ef'],
  [24, '70741045ae3fa6f1'],
  [26, '0d899ed8112923f0'],
  [28, '2d925ffb1e0016b5'],
  [30, '291aaf864898179d'],
  [32, '28709d46d811626c'],
  [34, '8324e4d7528f9830'],
  [36, '86d67a40ec4276dc'],
  [38, 'cbd92ee724d42109'],
]

const hash = new KeyedHash(Uint8Array.from({ length: 8 }, (_, at) => at))

/** Bytes 00 01 02 … as UTF-16LE text. */
function textOf(length: number): string {
  return Buffer.from(Array.from({ length }, (_, at) => at)).toString('utf16le')
}

describe('vectors', () => {
  test.each(VECTORS)('%i bytes', (length, hex) => {
    const whole = Buffer.from(hex, 'hex').readBigUInt64LE()
    expect(BigInt(hash.of(textOf(length)))).toBe(whole & (2n ** 53n - 1n))
  })
})

test('a number is exact and never negative, and another key gives others', () => {
  const other = new KeyedHash(Uint8Array.from({ length: 16 }, (_, at) => at + 1))
  for (const text of ['', 'a', 'ab', 'user:ζ🙂', 'x'.repeat(1_000)]) {
    expect(Number.isSafeInteger(hash.of(text))).toBe(true)
    expect(hash.of(text)).toBeGreaterThanOrEqual(0)
    expect(other.of(text)).not.toBe(hash.of(text))
  }
})

test('texts that differ anywhere differ', () => {
  const texts = Array.from({ length: 20_000 }, (_, at) => `user-${at}`)
  expect(new Set(texts.map((text) => hash.of(text))).size).toBe(texts.length)
  expect(hash.of('\u0000')).not.toBe(hash.of(''))
  expect(hash.of('a\u0000')).not.toBe(hash.of('a'))
})

test('a key that is too short is refused', () => {
  expect(() => new KeyedHash(new Uint8Array(7))).toThrow('at least 8 bytes')
})
