import { expect, test } from 'vitest'
import { isLate, resolvesAt } from '../../src/alert/resolve.ts'

test('an alert ends a quiet time after its last timely finding', () => {
  expect(resolvesAt({ lastAt: 0, seenAt: 1_000, rule: {} }, 500)).toBe(1_500)
  expect(resolvesAt({ lastAt: 0, seenAt: 1_000, rule: { resolveAfterMs: 70 } }, 500)).toBe(1_070)
})

test('an event older than the last is late; one as old is not', () => {
  expect(isLate({ lastAt: 100, seenAt: 150 }, 99)).toBe(true)
  expect(isLate({ lastAt: 100, seenAt: 150 }, 100)).toBe(false)
})

test("an event time beyond the daemon's clock makes nothing late that is newer than the clock was", () => {
  expect(isLate({ lastAt: 9_999, seenAt: 150 }, 150)).toBe(false)
  expect(isLate({ lastAt: 9_999, seenAt: 150 }, 149)).toBe(true)
})
