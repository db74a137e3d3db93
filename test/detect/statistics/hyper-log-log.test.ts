import { describe, expect, test } from 'vitest'
import { countDistinct, distinctError, hashText, noteElement } from '../../../src/detect/statistics/hyper-log-log.ts'

function sketchOf(elements: Iterable<string>, bits: number): Uint8Array {
  const registers = new Uint8Array(2 ** bits)
  for (const element of elements) noteElement(registers, hashText(element))
  return registers
}

function tokens(count: number, from: number): string[] {
  return Array.from({ length: count }, (_, i) => String(from + i))
}

describe('HyperLogLog', () => {
  test.each([
    [6, 0.13],
    [8, 0.065],
    [10, 0.0325],
  ])(
    'with 2^%i registers errs by %f (one standard deviation), from ten elements to a hundred thousand',
    (bits, stated) => {
      expect(distinctError(2 ** bits)).toBeCloseTo(stated, 4)
      for (const count of [10, 100, 1_000, 10_000, 100_000]) {
        const runs = count > 1_000 ? 20 : 100
        const errors = Array.from({ length: runs }, (_, run) => {
          return countDistinct(sketchOf(tokens(count, run * 1_000_003), bits)) / count - 1
        })
        const rootMeanSquare = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / runs)
        const bias = errors.reduce((sum, error) => sum + error, 0) / runs
        // Four standard errors of a root mean square of so many runs.
        expect(rootMeanSquare).toBeLessThan(stated * (1 + 4 / Math.sqrt(2 * runs)))
        expect(Math.abs(bias)).toBeLessThan((4 * stated) / Math.sqrt(runs))
      }
    },
  )

  test('counts nothing as nothing and the same elements once', () => {
    expect(countDistinct(new Uint8Array(256))).toBe(0)
    const once = countDistinct(sketchOf(['3869', '1939'], 8))
    expect(once).toBeCloseTo(2, 1)
    expect(countDistinct(sketchOf(['3869', '1939', '3869', '1939'], 8))).toBe(once)
  })

  test('never calls an element new that was noted before', () => {
    const registers = sketchOf(tokens(5_000, 0), 6)
    for (const token of tokens(5_000, 0)) expect(noteElement(registers, hashText(token))).toBe(false)
  })

  test('calls nearly every one of the first thirty elements new', () => {
    const registers = new Uint8Array(256)
    const known = tokens(30, 0).filter((token) => !noteElement(registers, hashText(token)))
    expect(known.length).toBeLessThanOrEqual(4)
  })
})
