import { describe, expect, test } from 'vitest'
import type { Detector } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { usage } from '../../../src/detect/usage/usage.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { detectorConformance, pass } from '../conformance.ts'
import { HOUR, MONDAY } from '../traffic.ts'
import { Fusion, BudgetConfig } from '../../../src/detect/fusion/fusion.ts'
import { Days } from '../../../src/detect/usage/days.ts'
import { isDay, isRuleHit, request, runFleet } from './day-fleet.ts'
import { pareto, steady } from './families.ts'

const RUNGS = 27
const heavy = pareto(2)
/** Tokens in a usual hour of `steady`. */
const USUAL = Math.exp(8)

/** What a fleet of 20 principals knows: `at[rung]` quiet days of each rung. */
function known(at: Readonly<Record<number, number>>): Days {
  const days = new Days(RUNGS)
  let first = 20
  for (const [rung, count] of Object.entries(at))
    for (let i = 0; i < count; i++) days.note(20_000, Number(rung), first-- > 0)
  return days
}

describe('p of a day', () => {
  test('is its rank among the quiet days of the fleet', () => {
    const days = known({ 0: 900, 1: 90, 5: 9 })
    expect(days.p(0)).toBe(1)
    expect(days.p(1)).toBe(100 / 1_000)
    expect(days.p(2)).toBe(10 / 1_000)
    expect(days.p(6)).toBe(1 / 1_000)
  })

  test('is not said while few principals or few days are known', () => {
    const few = new Days(RUNGS)
    for (let i = 0; i < 500; i++) few.note(20_000, 0, i < 19)
    expect(few.p(3)).toBeUndefined()
    expect(known({ 0: 199 }).p(3)).toBeUndefined()
    expect(known({ 0: 200 }).p(3)).toBe(1 / 201)
  })

  test('is never under the share of days that alerted, as they are not learned', () => {
    const days = known({ 0: 990 })
    for (let i = 0; i < 9; i++) days.noteBeyond()
    expect(days.p(27)).toBe(10 / 1_000)
    expect(days.isAsSmallAsCanBe(27)).toBe(true)
  })

  test('forgets: after 180 days what was counts half', () => {
    const days = known({ 0: 300, 3: 99 })
    days.note(20_180, 0, false)
    expect(days.p(3)).toBeCloseTo((1 + 99 / 2) / (1 + 399 / 2 + 1), 12)
  })
})

describe('days of a fleet', () => {
  test.each([
    ['steady', steady],
    ['Pareto of index 1.5', pareto(1.5)],
  ] as const)('%s: one score a principal and day, and p is small no more often than it says', async (_name, draw) => {
    const { days } = await runFleet({ draw, principals: 60, days: 25, seed: 1 })
    expect(days.length).toBeGreaterThan(60 * 17)
    expect(days.length).toBeLessThanOrEqual(60 * 25)
    for (const alpha of [0.05, 0.01])
      expect(days.filter((p) => p <= alpha).length).toBeLessThanOrEqual(1.2 * alpha * days.length)
  })

  test('a tenfold rise is told at once, as evidence too', async () => {
    const { detector } = await runFleet({ draw: steady, principals: 60, days: 25, seed: 2 })
    const scores = request(detector, 'key:7', 25, 10 * USUAL)
    expect(scores.some(({ direction, p }) => direction === 'high' && p !== null && p <= 0.01)).toBe(true)
    // The first is the day before, the second the rise: as small as 60 principals can show in 25 days.
    const told = scores.filter(isDay)
    expect(told.map(({ counts }) => counts)).toEqual(['window', 'window'])
    expect(told[1]?.p).toBeLessThan(2 / 1_300)
    expect(told[1]?.explain.feature).toBe('tokens')
    expect(told[1]?.explain.text).toMatch(
      /^the most unusual bucket of this day held \d+ tokens, usually \d+: as unusual/,
    )
    const fusion = new Fusion(BudgetConfig.parse({ looksAtLeast: 100, falseAlarmsPerWeek: 10 }))
    expect(told.flatMap((score) => fusion.weigh(score))).toMatchObject([
      { detector: 'evidence', direction: 'unusual-day' },
    ])
  })

  test('a day that alerted teaches nothing but that it was', async () => {
    const fleets = await Promise.all([1, 50].map(() => runFleet({ draw: steady, principals: 30, days: 20, seed: 1 })))
    const [spared = 1, attacked = 1] = fleets.map(({ detector }, i) => {
      expect(request(detector, 'key:1', 20, (i === 0 ? 1 : 200) * USUAL).some(isRuleHit)).toBe(i === 1)
      request(detector, 'key:1', 21, USUAL)
      return request(detector, 'key:2', 21, 200 * USUAL).findLast(isDay)?.p ?? 1
    })
    expect(attacked / spared).toBeCloseTo(2, 1)
  })
})

describe('with days told', () => {
  const open = (cap?: number): Promise<Detector> =>
    usage.open(
      usage.config.parse({ learningBuckets: 8, ...(cap === undefined ? {} : { maxKeys: cap }) }),
      given('usage'),
    )
  /** 24 principals for 14 days, an event every four hours. */
  const stream = (random: Random, prefix = 'key:'): readonly Event[] =>
    Array.from({ length: 24 * 14 * 6 }, (_, i) =>
      event({
        at: MONDAY + Math.floor(i / 24) * 4 * HOUR + (i % 24),
        principal: `${prefix}${i % 24}`,
        inference: { inputTokens: heavy(random, 0, 0) },
      }),
    )

  detectorConformance({ name: 'usage', open, events: stream })

  test('that stream has some, large and small', async () => {
    const { raw } = await pass(await open(), [stream(seededRandom(1))])
    const days = raw.filter(isDay).map(({ p }) => p ?? 1)
    expect(days.length).toBeGreaterThan(50)
    expect(Math.min(...days)).toBeLessThan(0.1)
  })
})
