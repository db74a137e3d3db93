import { expect, test } from 'vitest'
import { durationWithin, parseDuration } from '../../../src/respond/playbook/duration.ts'

test('durations are read as milliseconds', () => {
  expect(['30s', '15m', '1h30m', '2d', '0s'].map(parseDuration)).toEqual([30_000, 900_000, 5_400_000, 172_800_000, 0])
})

test.each(['', '1', 'h', '1.5h', '-1h', '1h 30m', '30m1h', '1H', '1w'])('"%s" is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow('is no duration; write it like')
  expect(durationWithin('0s', '7d').safeParse(text).success).toBe(false)
})

test('a duration outside its bounds is refused with the bounds', () => {
  const parsed = durationWithin('1m', '1h').safeParse('2h')
  expect(parsed.error?.issues[0]?.message).toBe('must lie between 1m and 1h')
})
