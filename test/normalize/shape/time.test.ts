import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { timeOf } from '../../../src/normalize/shape/time.ts'

const NOON = Date.UTC(2026, 0, 5, 12)

describe('times', () => {
  test.each([
    ['seconds', 1767614400],
    ['seconds with a fraction', 1767614400.0],
    ['milliseconds', 1767614400000],
    ['microseconds', 1767614400000000],
    ['nanoseconds as a string', '1767614400000000000'],
    ['seconds as a string', '1767614400.000'],
    ['ISO in UTC', '2026-01-05T12:00:00Z'],
    ['ISO with seven fraction digits', '2026-01-05T12:00:00.0000000Z'],
    ['ISO with a zone', '2026-01-05T17:30:00+05:30'],
    ['ISO with a short zone', '2026-01-05T06:00:00-0600'],
    ['ISO with a space and no zone', '2026-01-05 12:00:00.000000000'],
    ['the access-log form', '05/Jan/2026:13:00:00 +0100'],
  ])('%s', (_name, value) => {
    expect(timeOf(value)).toBe(NOON)
  })

  test('keep their milliseconds', () => {
    expect(timeOf('2026-01-05T12:00:00.123456Z')).toBe(NOON + 123)
    expect(timeOf('2026-01-05T12:00:00.9Z')).toBe(NOON + 900)
    expect(timeOf(1767614400.743416)).toBe(NOON + 743)
  })

  test('every ISO time that JavaScript writes is read as it was', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(1), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        expect(timeOf(date.toISOString())).toBe(date.getTime())
      }),
    )
  })

  test.each([
    '',
    '-',
    'yesterday',
    '2026-13',
    '2026-01-05X12:00',
    '2026-01-05T12:00:00 or so',
    'foo 1 bar',
    '12/Foo/2026:00:00:00',
  ])('there is none in %j', (value) => {
    expect(timeOf(value)).toBeUndefined()
  })

  test.each([null, undefined, true, {}, [], Number.NaN, -1, 0, Number.POSITIVE_INFINITY])(
    'there is none in %j',
    (value) => {
      expect(timeOf(value)).toBeUndefined()
    },
  )

  test('nothing makes it throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.anything()), (value) => {
        const time = timeOf(value)
        expect(time === undefined || Number.isFinite(time)).toBe(true)
      }),
    )
  })
})
