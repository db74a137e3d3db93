import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Traffic } from '../../../src/respond/traffic/traffic.ts'

const HOUR = 3_600_000
const noon = Date.UTC(2026, 0, 5, 12)

describe('traffic', () => {
  test('counts what one principal sent in the last hours, and says how many hours were watched', () => {
    const traffic = new Traffic()
    expect(traffic.blastRadius('key:a', 24, noon)).toEqual({
      hours: 0,
      targetRequests: 0,
      otherRequests: 0,
      otherPrincipals: 0,
    })
    for (const hoursAgo of [0, 0, 1, 5]) traffic.saw('key:a', noon - hoursAgo * HOUR)
    traffic.saw('key:b', noon)
    expect(traffic.blastRadius('key:a', 1, noon).targetRequests).toBe(2)
    expect(traffic.blastRadius('key:a', 2, noon).targetRequests).toBe(3)
    expect(traffic.blastRadius('key:a', 24, noon)).toMatchObject({ hours: 6, targetRequests: 3 + 1 })
  })

  test('any order of times gives the count of a plain list', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(60)), { maxLength: 200 }), (sent) => {
        const traffic = new Traffic()
        const newest = new Map<string, number>()
        const kept: (readonly [string, number])[] = []
        for (const [who, hour] of sent) {
          traffic.saw(who, noon + hour * HOUR)
          if (hour > (newest.get(who) ?? -1) - 24) kept.push([who, hour])
          newest.set(who, Math.max(newest.get(who) ?? -1, hour))
        }
        for (const who of ['a', 'b']) {
          const from = Math.max(60 - 23, (newest.get(who) ?? 0) - 23)
          const expected = kept.filter(([name, hour]) => name === who && hour >= from).length
          expect(traffic.blastRadius(who, 24, noon + 60 * HOUR).targetRequests).toBe(expected)
        }
      }),
    )
  })

  test('holds no more principals than it may; the busy one stays and a forgotten one begins at none', () => {
    const traffic = new Traffic(100)
    for (let caller = 0; caller < 100; caller++) traffic.saw(`key:${caller}`, noon)
    for (let caller = 100; caller < 1_000; caller++) {
      traffic.saw('key:0', noon + HOUR)
      traffic.saw(`key:${caller}`, noon + HOUR)
    }
    expect(traffic.principals).toBe(100)
    traffic.saw('key:1', noon + HOUR)
    expect(traffic.blastRadius('key:1', 24, noon + HOUR).targetRequests).toBe(1)
  })

  test('requests dated ahead of the clock are not taken for those of a day before', () => {
    const traffic = new Traffic()
    for (const hoursAhead of [-2, 6, 20]) traffic.saw('key:a', noon + hoursAhead * HOUR)
    expect(traffic.blastRadius('key:a', 24, noon).targetRequests).toBe(1)
  })

  test('a time that is none is not counted', () => {
    const traffic = new Traffic()
    traffic.saw('key:a', Number.NaN)
    traffic.saw('key:a', -1)
    expect(traffic.principals).toBe(0)
  })
})
