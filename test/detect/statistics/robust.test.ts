import * as fc from 'fast-check'
import { median, medianAbsoluteDeviation } from 'simple-statistics'
import { describe, expect, test } from 'vitest'
import { centreOf } from '../../../src/detect/statistics/robust.ts'

function centre(values: readonly number[]): { median: number; spread: number } {
  return { ...centreOf(Uint8Array.from(values), values.length, new Uint16Array(values.length)) }
}

describe('median and spread', () => {
  test('are those of scipy.stats.median_abs_deviation, SciPy 1.17.1', () => {
    const odd = centre([16, 24, 24, 32, 8, 0, 255, 30, 27])
    expect(odd.median).toBe(24)
    expect(odd.spread).toBeCloseTo(11.8608, 10)
    const even = centre([5, 7, 9, 20])
    expect(even.median).toBe(8)
    expect(even.spread).toBeCloseTo(1.4826 * 2, 10)
  })

  test('are those of simple-statistics for any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 60 }), (values) => {
        const found = centre(values)
        expect(found.median).toBe(median(values))
        expect(found.spread).toBeCloseTo(1.4826 * medianAbsoluteDeviation(values), 9)
      }),
    )
  })

  test('stay within the other half when nearly half of the values are made up', () => {
    const honest = Array.from({ length: 51 }, (_, i) => 100 + (i % 5))
    const poisoned = [...honest, ...Array.from({ length: 49 }, () => 255)]
    expect(centre(poisoned).median).toBeLessThanOrEqual(104)
  })

  test('of nothing are zero', () => {
    expect(centre([])).toEqual({ median: 0, spread: 0 })
  })
})
