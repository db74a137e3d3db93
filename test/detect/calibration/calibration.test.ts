import { describe, expect, test } from 'vitest'
import { Calibration } from '../../../src/detect/calibration/calibration.ts'
import { seededRandom } from '../../../src/runtime/random.ts'

/** Values of `clients` clients, each around a centre of its own, as clients are. */
function fleet(seed: number, clients: number, each: number, apart = 1): { client: string; value: number }[] {
  const random = seededRandom(seed)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  return Array.from({ length: clients }, (_, c) => {
    const centre = apart * normal()
    return Array.from({ length: each }, () => ({ client: `c${c}`, value: centre + normal() }))
  }).flat()
}

describe('calibration on held-out clients', () => {
  const nine = Calibration.fit(Array.from({ length: 9 }, (_, i) => ({ client: `c${i}`, value: i + 1 })))

  test('counts clients: with nine of one value each, p goes in tenths', () => {
    expect(nine.high(9)).toBeCloseTo(0.2, 12)
    expect(nine.high(5)).toBeCloseTo(0.6, 12)
    expect(nine.high(-100)).toBe(1)
    expect(nine.low(1)).toBeCloseTo(0.2, 12)
    expect(nine.low(100)).toBe(1)
    expect(nine.reach).toBeCloseTo(0.1, 12)
    expect(nine.typical).toBe(5)
  })

  test('a client counts once, however many windows it has', () => {
    const busy = Array.from({ length: 1_000 }, () => ({ client: 'busy', value: 100 }))
    const others = Array.from({ length: 9 }, (_, i) => ({ client: `c${i}`, value: i }))
    expect(Calibration.fit([...busy, ...others]).high(50)).toBeCloseTo(2 / 11, 12)
  })

  test('goes on beyond what was measured without a step, and never faster than an exponential', () => {
    const fitted = Calibration.fit(fleet(1, 60, 20))
    const largest = Math.max(...fleet(1, 60, 20).map(({ value }) => value))
    expect(fitted.high(largest + 1e-9)).toBeCloseTo(fitted.reach, 6)
    const steps = [1, 2, 3, 4].map((beyond) => fitted.high(largest + beyond))
    for (const [i, p] of steps.slice(1).entries()) {
      expect(p).toBeLessThan(steps[i] ?? 0)
      expect(p / (steps[i] ?? 0)).toBeGreaterThanOrEqual((steps[0] ?? 0) / fitted.high(largest) - 1e-9)
    }
  })

  test('benign clients that it has not seen fall under p at most as often as p says', () => {
    const levels = [0.01, 0.05, 0.2, 0.5]
    const under = levels.map(() => ({ high: 0, low: 0 }))
    let looked = 0
    for (let seed = 1; seed <= 100; seed++) {
      const fitted = Calibration.fit(fleet(seed, 40, 10))
      for (const { value } of fleet(seed + 10_000, 40, 3)) {
        looked++
        for (const [i, level] of levels.entries()) {
          if (fitted.high(value) <= level) (under[i] ?? { high: 0 }).high++
          if (fitted.low(value) <= level) (under[i] ?? { low: 0 }).low++
        }
      }
    }
    for (const [i, level] of levels.entries()) {
      expect((under[i]?.high ?? 1) / looked).toBeLessThan(1.1 * level)
      expect((under[i]?.low ?? 1) / looked).toBeLessThan(1.1 * level)
      // Below 1/41 nothing was measured, and the tail is cautious.
      if (level > 1 / 41) expect((under[i]?.high ?? 0) / looked).toBeGreaterThan(0.3 * level)
    }
  })

  test('survives being stored', () => {
    const fitted = Calibration.fit(fleet(3, 30, 5))
    const again = Calibration.from(JSON.parse(JSON.stringify(fitted)))
    for (const value of [-9, -1, 0, 0.5, 2, 7, 40]) {
      expect(again.high(value)).toBe(fitted.high(value))
      expect(again.low(value)).toBe(fitted.low(value))
    }
  })

  test('is never 0, and equal values have no tail to go on', () => {
    const equal = Calibration.fit(fleet(1, 10, 2).map(({ client }) => ({ client, value: 3 })))
    expect(equal.high(1e300)).toBeCloseTo(1 / 11, 12)
    expect(Calibration.fit(fleet(1, 60, 20)).high(1e6)).toBeGreaterThanOrEqual(1e-9)
  })

  test('keeps a bounded number of values, the outermost among them', () => {
    const values = fleet(5, 10, 5_000)
    const fitted = Calibration.fit(values)
    expect(JSON.stringify(fitted).length).toBeLessThan(1_000_000)
    const largest = values.reduce((most, { value }) => Math.max(most, value), 0)
    expect(fitted.high(largest)).toBeLessThan(0.1)
  })

  test.each([
    ['too few clients', () => Calibration.fit(fleet(1, 4, 10)), /5 clients are needed.*there are 4/],
    ['no number', () => Calibration.fit([...fleet(1, 5, 1), { client: 'x', value: Number.NaN }]), /no finite number/],
    ['no calibration', () => Calibration.from({ clients: 3 }), /no calibration/],
    ['nothing', () => Calibration.from(null), /no calibration/],
  ])('refuses %s', (_, make, words) => {
    expect(make).toThrow(RangeError)
    expect(make).toThrow(words)
  })
})
