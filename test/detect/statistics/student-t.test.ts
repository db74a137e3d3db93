import { expect, test } from 'vitest'
import { upperQuantileT5, upperTailT5 } from '../../../src/detect/statistics/student-t.ts'

// scipy.stats.t.sf(t, 5), SciPy 1.17.1.
test.each([
  [-3, 0.9849503760512687],
  [-0.5, 0.6808505641795355],
  [0, 0.5],
  [0.5, 0.31914943582046457],
  [1, 0.18160873382456144],
  [2, 0.050969739414929174],
  [3.5, 0.008642215892646679],
  [5.893, 0.0010003250002523483],
  [10, 8.547378787148181e-5],
  [50, 3.0238788133006125e-8],
  [400, 9.2671208732252e-13],
  [5000, 3.0368522170717107e-18],
])('the upper tail of t with five degrees of freedom at %f is %f', (t, p) => {
  expect(Math.abs(upperTailT5(t) / p - 1)).toBeLessThan(1e-5)
})

// scipy.stats.t.isf(p, 5), SciPy 1.17.1.
test.each([
  [0.5, 0],
  [0.05, 2.015048373333024],
  [0.0125, 3.1633814497486052],
  [0.00025, 7.975653419040797],
  [2.5e-10, 130.56061411529063],
])('its upper quantile at %f is %f', (p, t) => {
  expect(upperQuantileT5(p)).toBeCloseTo(t, 4)
})
