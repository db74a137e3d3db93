import { describe, expect, test } from 'vitest'
import { shapiroWilk } from '../../../../src/detect/extraction/synthetic/shapiro-wilk.ts'

/** Numbers in (0, 1) that other languages make as easily. */
function congruential(count: number): number[] {
  let state = 7n
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245n + 12_345n) % 2_147_483_648n
    return (Number(state) + 0.5) / 2_147_483_648
  })
}

const SHAPES: Readonly<Record<string, (x: number) => number>> = {
  uniform: (x) => x,
  exponential: (x) => -Math.log(x),
  steps: (x) => Math.round(4 * x) + x / 100,
}

describe("Shapiro and Wilk's W", () => {
  // scipy 1.16, scipy.stats.shapiro(values).statistic
  test.each([
    ['uniform', 12, 0.8907070005305314],
    ['uniform', 300, 0.9574363794669656],
    ['exponential', 50, 0.7993894423643548],
    ['exponential', 1_000, 0.820177915395941],
    ['steps', 400, 0.9124829715843281],
    ['uniform', 5_000, 0.9561693112285125],
  ])('of %s numbers, %i of them, is as SciPy says', (shape, count, wanted) => {
    const values = Float64Array.from(congruential(count), SHAPES[shape] ?? Number)
    expect(shapiroWilk(values.sort())).toBeCloseTo(wanted, 6)
  })

  test('is the same in any unit and from any zero', () => {
    const values = Float64Array.from(congruential(200)).sort()
    expect(shapiroWilk(values.map((value) => 1_000 + 5 * value))).toBeCloseTo(shapiroWilk(values), 9)
  })

  test.each([
    ['few values', new Float64Array(11).map((_, i) => i)],
    ['many values', new Float64Array(5_001).map((_, i) => i)],
    ['values that are all equal', new Float64Array(20).fill(3)],
  ])('is not for %s', (_what, values) => {
    expect(() => shapiroWilk(values)).toThrow(RangeError)
  })
})
