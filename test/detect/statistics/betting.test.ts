import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/runtime/random.ts'
import { BET_NUMBERS, placeBet, wealthOf } from '../../../src/detect/statistics/betting.ts'

describe('a bet against too many hits', () => {
  test('starts with one unit and keeps it while nothing is staked', () => {
    expect(wealthOf(new Float64Array(BET_NUMBERS), 0)).toBe(1)
  })

  test('is fair: over all outcomes of eight trials at the bound, mean wealth is exactly one', () => {
    for (const bound of [0.1, 0.3, 0.5]) {
      let mean = 0
      for (let outcome = 0; outcome < 256; outcome++) {
        const memory = new Float64Array(BET_NUMBERS)
        let probability = 1
        for (let trial = 0; trial < 8; trial++) {
          const hit = ((outcome >> trial) & 1) === 1
          probability *= hit ? bound : 1 - bound
          placeBet(memory, 0, hit, bound)
        }
        mean += probability * wealthOf(memory, 0)
      }
      expect(mean).toBeCloseTo(1, 12)
    }
  })

  test('below the bound it loses on average', () => {
    const memory = new Float64Array(BET_NUMBERS)
    placeBet(memory, 0, false, 0.3)
    const [loss, gain] = [wealthOf(memory, 0), wealthAfterHit(0.3)]
    expect(0.2 * gain + 0.8 * loss).toBeLessThan(1)
  })

  test('however often one looks, wealth reaches 1/a with probability at most a', () => {
    const random = seededRandom(7)
    const runs = 20_000
    const reached = { 20: 0, 100: 0, 1000: 0 }
    for (let run = 0; run < runs; run++) {
      const memory = new Float64Array(BET_NUMBERS)
      let best = 0
      for (let trial = 0; trial < 60; trial++) {
        placeBet(memory, 0, random.next() < 0.3, 0.3)
        best = Math.max(best, wealthOf(memory, 0))
      }
      for (const level of [20, 100, 1000] as const) if (best >= level) reached[level]++
    }
    for (const level of [20, 100, 1000] as const) {
      const most = runs / level
      expect(reached[level]).toBeLessThanOrEqual(most + 4 * Math.sqrt(most))
      // The bound is not idle either: a bet that never won anything would find nothing.
      if (level === 20) expect(reached[level]).toBeGreaterThan(most / 20)
    }
  })

  test('evidence that begins after ten thousand misses is found', () => {
    const memory = new Float64Array(BET_NUMBERS)
    for (let trial = 0; trial < 10_000; trial++) placeBet(memory, 0, false, 0.3)
    let hits = 0
    while (wealthOf(memory, 0) < 1_000 && hits < 100) {
      placeBet(memory, 0, true, 0.3)
      hits++
    }
    expect(hits).toBeLessThan(30)
  })

  test('stays finite after a million hits', () => {
    const memory = new Float64Array(BET_NUMBERS)
    for (let trial = 0; trial < 1_000_000; trial++) placeBet(memory, 0, true, 0.1)
    expect(Number.isFinite(wealthOf(memory, 0))).toBe(true)
  })
})

function wealthAfterHit(bound: number): number {
  const memory = new Float64Array(BET_NUMBERS)
  placeBet(memory, 0, true, bound)
  return wealthOf(memory, 0)
}
