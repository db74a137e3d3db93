import { expect, test } from 'vitest'
import { bytesOf, hintOf, numberOf, saidOf, stampOf } from '../../../src/console/markup/words.ts'
import { NOW, alert } from '../fake-desk.ts'

test('times are UTC, with a hint', () => {
  expect(stampOf(NOW)).toBe('2026-01-05 12:00:00 UTC')
  expect(hintOf(NOW - 1_000, NOW)).toBe('just now')
  expect(hintOf(NOW - 90_000, NOW)).toBe('90 s ago')
  expect(hintOf(NOW + 7_200_000, NOW)).toBe('in 2 h')
})

test('a time that no calendar has does not break the page', () => {
  for (const at of [NaN, Infinity, 9e15]) expect(stampOf(at)).toBe(String(at))
})

test('numbers can be read', () => {
  expect([1_204_331, 3_770_123.4, 0.5, 1 / 3, 2e-7, 0].map(numberOf)).toEqual([
    '1\u202f204\u202f331',
    '3\u202f770\u202f123',
    '0.5',
    '0.333',
    '2.0e-7',
    '0',
  ])
  expect(bytesOf(3_400_000)).toBe('3.2 MiB')
})

test('a reason does not say the title twice', () => {
  expect(saidOf(alert({ title: 'Sign-ins', reason: 'Sign-ins: seen 3 times' }))).toBe('Seen 3 times')
  expect(saidOf(alert({ title: 'Sign-ins', reason: 'something else' }))).toBe('Something else')
})
