import { expect, test } from 'vitest'
import { base32 } from '../../src/runtime/base32.ts'
import { seededRandom } from '../../src/runtime/random.ts'

test('the same seed gives the same numbers, spread evenly over [0, 1)', () => {
  const [a, b] = [seededRandom(5), seededRandom(5)]
  const drawn = Array.from({ length: 10_000 }, () => a.next())
  expect(drawn.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => b.next()))
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...drawn)).toBeLessThan(1)
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / drawn.length))
  expect(seededRandom(6).next()).not.toBe(seededRandom(5).next())
})

test('base32 agrees with the vectors of RFC 4648, section 10', () => {
  const vectors = { f: 'my', fo: 'mzxq', foo: 'mzxw6', foob: 'mzxw6yq', fooba: 'mzxw6ytb', foobar: 'mzxw6ytboi' }
  for (const [text, expected] of Object.entries(vectors)) expect(base32(Buffer.from(text), 99)).toBe(expected)
  expect(base32(Buffer.alloc(32, 0xff), 26)).toBe('7'.repeat(26))
})
