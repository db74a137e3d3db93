import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TokenBucket } from '../../../src/respond/claims/token-bucket.ts'

describe('a token bucket', () => {
  test('gives a minute at once, then says how long to wait for the next', () => {
    const bucket = new TokenBucket(10, 0)
    for (let request = 0; request < 10; request++) expect(bucket.take(0)).toBe(0)
    expect(bucket.take(0)).toBe(6_000)
    expect(bucket.take(4_000)).toBe(2_000)
    expect(bucket.take(6_000)).toBe(0)
    expect(bucket.take(6_000)).toBe(6_000)
  })

  test('never holds more than a minute, and a clock that goes back gives nothing', () => {
    const bucket = new TokenBucket(2, 0)
    expect([bucket.take(600_000), bucket.take(600_000)]).toEqual([0, 0])
    expect(bucket.take(600_000)).toBe(30_000)
    expect(bucket.take(0)).toBe(30_000)
  })

  test('a lower limit takes tokens away', () => {
    const bucket = new TokenBucket(100, 0)
    bucket.limitTo(1, 0)
    expect([bucket.take(0), bucket.take(0)]).toEqual([0, 60_000])
  })

  test('lets at most limit + limit/60 s pass in any stretch of time, and who waits as told gets through', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.nat(20_000), { maxLength: 200 }), (limit, gaps) => {
        const bucket = new TokenBucket(limit, 0)
        let [now, passed] = [0, 0]
        for (const gap of gaps) {
          now += gap
          const waitMs = bucket.take(now)
          if (waitMs === 0) passed++
          else {
            now += waitMs
            expect(bucket.take(now)).toBe(0)
            passed++
          }
        }
        expect(passed).toBeLessThanOrEqual(limit + (now * limit) / 60_000 + 1e-6)
      }),
    )
  })
})
