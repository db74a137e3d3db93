import { expect, test } from 'vitest'
import { duration, durationText, durationWithin, parseDuration } from '../../src/runtime/duration.ts'

test.each([
  ['30s', 30_000],
  ['5m', 300_000],
  ['4h', 14_400_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['2w', 1_209_600_000],
  ['1y', 31_536_000_000],
  ['250ms', 250],
  ['1m500ms', 60_500],
  ['0s', 0],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', 's', '-5m', '1.5h', '5 m', '30m1h', '5M', '5mm', ' 5m'])('"%s" is no duration', (text) => {
  expect(duration.safeParse(text).success).toBe(false)
  expect(() => parseDuration(text)).toThrow('30s, 5m, 4h')
})

test('a duration outside its bounds is refused with the bounds', () => {
  const field = durationWithin('1s', '1h')
  expect(field.parse('1h')).toBe(3_600_000)
  expect(field.parse('1s')).toBe(1_000)
  expect(field.safeParse('61m').error?.issues[0]?.message).toBe('must lie between 1s and 1h')
  expect(field.safeParse('0s').success).toBe(false)
})

test('a duration that stays text is bounded like one that becomes a number', () => {
  expect(durationText('1m', '1h').safeParse('2h').error?.issues[0]?.message).toBe('must lie between 1m and 1h')
  expect(durationText('1m', '1h').parse('30m')).toBe('30m')
  for (const text of ['', '1', 'h', '1.5h', '-1h', '1h 30m', '30m1h', '1H'])
    expect(durationText('0s', '7d').safeParse(text).success).toBe(false)
})
