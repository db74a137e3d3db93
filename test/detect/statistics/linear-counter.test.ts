import { describe, expect, test } from 'vitest'
import { hashText } from '../../../src/detect/statistics/hyper-log-log.ts'
import { countBits, noteBit } from '../../../src/detect/statistics/linear-counter.ts'

function counterOf(count: number, from: number, bytes = 64): { readonly bits: Uint8Array; readonly missed: number } {
  const bits = new Uint8Array(bytes)
  let missed = 0
  for (let i = 0; i < count; i++) if (!noteBit(bits, hashText(String(from + i)))) missed++
  return { bits, missed }
}

describe('linear counting', () => {
  test.each([1, 10, 100, 500])('counts %i elements in 512 bits within its standard error', (count) => {
    // Whang et al., theorem 5: sqrt(m (e^t - t - 1)) / n, with t = n / m.
    const load = count / 512
    const stated = Math.sqrt(512 * (Math.exp(load) - load - 1)) / count
    const errors = Array.from({ length: 200 }, (_, run) => countBits(counterOf(count, run * 10_007).bits) / count - 1)
    const rootMeanSquare = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
    expect(rootMeanSquare).toBeLessThan(stated * 1.25 + 0.01)
  })

  test('misses fewer than one in twenty-five of the first thirty elements', () => {
    const missed = Array.from({ length: 200 }, (_, run) => counterOf(30, run * 10_007).missed)
    expect(missed.reduce((sum, count) => sum + count, 0) / (200 * 30)).toBeLessThan(0.04)
  })

  test('never calls an element new twice, and stays finite when it is full', () => {
    const { bits } = counterOf(20_000, 0)
    for (let i = 0; i < 20_000; i++) expect(noteBit(bits, hashText(String(i)))).toBe(false)
    expect(countBits(bits)).toBeCloseTo(512 * Math.log(1024), 6)
    expect(countBits(new Uint8Array(64))).toBeCloseTo(0, 12)
  })
})
