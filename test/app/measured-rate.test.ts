import { expect, test } from 'vitest'
import { measuredRate } from '../../src/app/measured-rate.ts'

const WEEK = 7 * 86_400_000

test.each([
  // Exact limits of a Poisson count, from Garwood 1936 (0.025 and 0.975).
  [0, 0, 3.688879],
  [1, 0.025318, 5.571643],
  [10, 4.795389, 18.39036],
])('%i alarms in one week of the whole fleet', (alarms, least, most) => {
  const rate = measuredRate(alarms, { from: 0, to: WEEK }, 7, 7)
  expect(rate.perWeek).toBe(alarms)
  expect(rate.atLeast).toBeCloseTo(least, 4)
  expect(rate.atMost).toBeCloseTo(most, 4)
})

test('a fifth of the principals over half a week stand for ten times as much', () => {
  expect(measuredRate(3, { from: 0, to: WEEK / 2 }, 20, 100).perWeek).toBeCloseTo(30, 9)
})

test('no time at all counts as an hour', () => {
  expect(measuredRate(0, { from: Infinity, to: -Infinity }, 1, 2).weeks).toBeCloseTo(1 / 168, 9)
})
