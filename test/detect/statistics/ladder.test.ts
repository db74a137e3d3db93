import { describe, expect, test } from 'vitest'
import { Ladder } from '../../../src/detect/statistics/ladder.ts'

describe('the ladder of p-values', () => {
  test('goes down in steps of 5, 2 and 1, ending at 1e-9', () => {
    const { levels } = new Ladder(0.05)
    expect(levels.slice(0, 6)).toEqual([0.05, 0.02, 0.01, 0.005, 0.002, 0.001])
    expect(levels.at(-1)).toBe(1e-9)
    expect(levels).toHaveLength(24)
    expect(new Ladder(0.5).levels.slice(0, 3)).toEqual([0.5, 0.2, 0.1])
  })

  test('a p-value exactly on a level has reached it', () => {
    const ladder = new Ladder(0.03)
    expect([0.5, 0.031, 0.03, 0.021, 0.02, 0.001].map((p) => ladder.rungOf(p))).toEqual([0, 0, 1, 1, 2, 6])
    expect(ladder.rungOf(1e-300)).toBe(ladder.levels.length)
  })
})
