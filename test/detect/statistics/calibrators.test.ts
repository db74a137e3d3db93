import { describe, expect, test } from 'vitest'
import { mixedCalibrator, stepCalibrator } from '../../../src/detect/statistics/calibrators.ts'

/** Integral over (0, 1] by the substitution p = exp(-t), Simpson's rule in t. */
function integral(f: (p: number) => number): number {
  const [steps, end] = [400_000, 2_000]
  let sum = 0
  for (let i = 0; i <= steps; i++) {
    const t = (end * i) / steps
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2
    if (t < 700) sum += weight * f(Math.exp(-t)) * Math.exp(-t)
  }
  return (sum * end) / steps / 3
}

describe('p-values to e-values', () => {
  test('the mixture has the values of its formula', () => {
    // By Python's decimal with 50 digits.
    expect(mixedCalibrator(0.5)).toBeCloseTo(0.638_673_940_116_644, 12)
    expect(mixedCalibrator(0.01)).toBeCloseTo(4.450_992_260_085_82, 11)
    expect(mixedCalibrator(1e-6)).toBeCloseTo(5_239.136_184_250_708, 6)
    expect(mixedCalibrator(1)).toBe(0.5)
    expect(mixedCalibrator(1 - 2e-4)).toBeCloseTo(mixedCalibrator(1 - 0.5e-4), 4)
  })

  test('neither costs more than it may pay: the mean over uniform p is at most 1', () => {
    // The mixture's tail is heavy: 1/t of its mass lies beyond p = exp(-t).
    const mass = integral(mixedCalibrator)
    expect(mass).toBeGreaterThan(0.997)
    expect(mass).toBeLessThan(1)
    expect(0.01 * stepCalibrator(0.01, 0.01)).toBe(1)
    expect(stepCalibrator(0.010_1, 0.01)).toBe(0)
  })
})
