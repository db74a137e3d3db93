import { describe, expect, test } from 'vitest'
import { retryAfterMs } from '../../../src/deliver/http/retry-after.ts'

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 5, 12)
  test.each([
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['1000000000', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Mon, 05 Jan 2026 12:00:30 GMT', 30_000],
    ['Fri, 05 Jan 2046 12:00:30 GMT', 3_600_000],
    ['Mon, 05 Jan 2026 11:59:59 GMT', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['0x10', undefined],
    ['soon', undefined],
    ['2026-01-05T12:00:30Z', undefined],
    ['Mon, 99 Jan 2026 99:00:30 GMT', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected)
  })
})
