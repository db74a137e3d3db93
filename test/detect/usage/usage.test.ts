import { describe, expect, test } from 'vitest'
import type { Detector, Score } from '../../../src/contract/detect.ts'
import type { Event, Inference } from '../../../src/contract/event.ts'
import { usage } from '../../../src/detect/usage/usage.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { HOUR, MONDAY } from '../traffic.ts'

const ALERT_P = 1e-3

async function open(config: object = {}): Promise<Detector> {
  return usage.open(usage.config.parse(config), given('usage'))
}

function request(principal: string, at: number, inference: Partial<Inference> = {}): Event {
  return event({ at, principal, inference: { inputTokens: 100, outputTokens: 50, costUsd: 0.001, ...inference } })
}

/** `count` requests in the hour that begins `hour` hours after the start. */
function hourOf(principal: string, hour: number, count: number, inference: Partial<Inference> = {}): Event[] {
  return Array.from({ length: count }, (_, i) => request(principal, MONDAY + (hour + i / count) * HOUR, inference))
}

function isAlert(scores: readonly Score[]): boolean {
  return scores.some((score) => score.p !== null && score.p <= ALERT_P && score.direction === 'high')
}

function watch(detector: Detector, events: readonly Event[]): Score[] {
  return events.flatMap((each) => {
    const scores = detector.score(each)
    if (!isAlert(scores)) detector.learn(each)
    return scores
  })
}

/** A detector that has watched one principal for so many hours of steady use. */
async function settled(hours: number, perHour = 100): Promise<Detector> {
  const detector = await open()
  for (let hour = 0; hour < hours; hour++) watch(detector, hourOf('key:a', hour, perHour + (hour % 7)))
  return detector
}

function high(scores: readonly Score[], feature: string): Score | undefined {
  return scores.findLast((score) => score.direction === 'high' && score.p !== null && score.explain.feature === feature)
}

describe('usage above a principal’s own past', () => {
  test('is told while the bucket still runs, as soon as the total says so', async () => {
    const detector = await settled(72)
    const burst = hourOf('key:a', 72, 2_000)
    const at = burst.findIndex((each) => isAlert(watch(detector, [each])))
    expect(at).toBeGreaterThan(150)
    expect(at).toBeLessThan(500)
    const score = high(watch(detector, burst.slice(at + 1)), 'requests')
    expect(score?.p).toBeLessThan(1e-4)
    expect(score?.window?.from).toBe(MONDAY + 72 * HOUR)
  })

  test('is explained by what was seen, what is usual, and since when', async () => {
    const score = high(watch(await settled(72), hourOf('key:a', 72, 2_000)), 'requests')
    expect(score?.explain.text).toMatch(
      /^1\d{3} requests since 2026-01-08T00:00Z \(buckets of 60 minutes\), usually \d{2,3}(\.\d)? at this time of day, by 7\d buckets of this principal$/,
    )
    expect(score?.explain.seen).toBeGreaterThan(1_000)
    expect(score?.explain.expected).toBeGreaterThan(95)
    expect(score?.explain.expected).toBeLessThan(110)
    expect(score?.part).toBe('requests')
  })

  test.each([
    ['tokens', { inputTokens: 20_000 }],
    ['cost', { costUsd: 0.2 }],
    ['errors', { ok: false }],
  ] as const)('is told for %s when requests are as many as ever', async (feature, inference) => {
    const scores = watch(await settled(72), hourOf('key:a', 72, 100, inference))
    expect(high(scores, feature)?.p).toBeLessThanOrEqual(ALERT_P)
    expect(high(scores, 'requests')).toBeUndefined()
  })

  test('costs few scores, none twice on the same rung', async () => {
    const scores = watch(await settled(72), hourOf('key:a', 72, 50_000))
    for (const feature of ['requests', 'tokens', 'cost']) {
      const told = scores.filter((score) => score.explain.feature === feature).map((score) => score.p ?? 1)
      expect(told.length).toBeLessThanOrEqual(24)
      expect(told).toEqual(told.toSorted((a, b) => b - a))
    }
  })

  test('as usual says nothing', async () => {
    const detector = await settled(72)
    for (let hour = 72; hour < 96; hour++) expect(watch(detector, hourOf('key:a', hour, 95 + (hour % 9)))).toEqual([])
  })

  test('knows the time of day: the morning rush is usual in the morning and odd at night', async () => {
    const detector = await open()
    const perHour = (hour: number) => (hour % 24 >= 9 && hour % 24 < 12 ? 1_000 : 20)
    const alerts = []
    for (let hour = 0; hour < 7 * 24; hour++)
      alerts.push(isAlert(watch(detector, hourOf('key:a', hour, perHour(hour)))))
    expect(alerts.filter(Boolean)).toHaveLength(0)
    expect(isAlert(watch(detector, hourOf('key:a', 7 * 24 + 3, 1_000)))).toBe(true)
    expect(isAlert(watch(detector, hourOf('key:a', 7 * 24 + 9, 1_000)))).toBe(false)
  })

  test('is judged by the bucket of the event’s own time, also when two sources are hours apart', async () => {
    const [merged, apart] = [await open(), await open()]
    const early = Array.from({ length: 60 }, (_, hour) => hourOf('key:a', hour, 30)).flat()
    const late = Array.from({ length: 60 }, (_, hour) => hourOf('key:a', hour + 100, 30)).flat()
    // Event by event from two sources in turn, against one after the other.
    watch(
      merged,
      early.flatMap((each, i) => [each, late[i] ?? each]),
    )
    watch(apart, [...early, ...late])
    const burst = hourOf('key:a', 200, 1_000)
    const [one, other] = [high(watch(merged, burst), 'requests'), high(watch(apart, burst), 'requests')]
    expect(one?.p).toBeLessThanOrEqual(ALERT_P)
    expect(one?.explain.expected).toBe(other?.explain.expected)
  })
})

describe('learning', () => {
  test('is said four times on the way, with null for p', async () => {
    const scores: Score[] = []
    const detector = await open()
    for (let hour = 0; hour < 40; hour++) scores.push(...watch(detector, hourOf('key:a', hour, 10)))
    expect(scores.map((score) => [score.p, score.explain.learning])).toEqual([
      [null, 0],
      [null, 0.25],
      [null, 0.5],
      [null, 0.75],
    ])
  })

  test('a bucket in which one event alerted is not learned at all', async () => {
    const [attacked, spared] = [await settled(72), await settled(72)]
    for (let hour = 72; hour < 120; hour++) watch(attacked, hourOf('key:a', hour, 5_000))
    // Four quiet hours close what is open: now both have learned the same buckets, or the attack has taught something.
    for (const detector of [attacked, spared])
      for (let hour = 164; hour < 168; hour++) watch(detector, hourOf('key:a', hour, 100))
    const [one, other] = [watch(attacked, hourOf('key:a', 168, 1_000)), watch(spared, hourOf('key:a', 168, 1_000))]
    expect(high(other, 'requests')?.p).toBeLessThanOrEqual(ALERT_P)
    expect(one.map((score) => score.p)).toEqual(other.map((score) => score.p))
    expect(one.map((score) => score.explain.text)).toEqual(other.map((score) => score.explain.text))
  })

  test('one heavy bucket that nobody alerted on moves what is usual by a step at most', async () => {
    const [heavy, plain] = [await settled(72), await settled(72)]
    for (const detector of [heavy, plain])
      for (const each of hourOf('key:a', 72, detector === heavy ? 100_000 : 100)) {
        detector.score(each)
        detector.learn(each)
      }
    const expectedOf = (detector: Detector) => {
      watch(detector, hourOf('key:a', 73, 100))
      watch(detector, hourOf('key:a', 74, 100))
      return high(watch(detector, hourOf('key:a', 96, 3_000)), 'requests')?.explain.expected ?? 0
    }
    const [moved, still] = [expectedOf(heavy), expectedOf(plain)]
    expect(still).toBeGreaterThan(90)
    expect(moved / still).toBeLessThan(1.1)
  })

  test('keeps learning buckets whose events all stayed quiet: a slow change is followed', async () => {
    const detector = await settled(72)
    let perHour = 100
    for (let hour = 72; hour < 72 + 10 * 24; hour++) {
      perHour *= 1.005
      expect(isAlert(watch(detector, hourOf('key:a', hour, Math.round(perHour))))).toBe(false)
    }
  })
})

describe('principals that are new', () => {
  /** Sixty principals with a few requests an hour each, for thirty hours. */
  async function fleet(): Promise<Detector> {
    const detector = await open()
    for (let hour = 0; hour < 30; hour++)
      for (let principal = 0; principal < 60; principal++)
        watch(detector, hourOf(`key:${principal}`, hour, 1 + ((principal + hour) % 5)))
    return detector
  }

  test('are told once, with the probability of a newcomer by Good and Turing', async () => {
    const detector = await fleet()
    const scores = watch(detector, [...hourOf('key:new', 30, 5), ...hourOf('key:new', 31, 5)])
    const told = scores.filter((score) => score.direction === 'first-seen')
    expect(told).toHaveLength(1)
    // 60 principals in 30 hours: 1,800 appearances, none of a principal that appeared but once.
    expect(told[0]?.p).toBeCloseTo(1 / 1_801, 12)
    expect(told[0]?.explain).toMatchObject({ feature: 'principal', seen: 1 })
    expect(told[0]?.part).toBe('principal')
  })

  test('become less surprising the more of them come', async () => {
    const detector = await fleet()
    for (let i = 0; i < 100; i++) watch(detector, hourOf(`key:guest-${i}`, 30, 1))
    const told = watch(detector, hourOf('key:another', 30, 1))[0]
    expect(told?.p).toBeCloseTo(101 / 1_901, 12)
  })

  test('are nothing to tell while the whole fleet is new', async () => {
    const detector = await open()
    const scores = Array.from({ length: 300 }, (_, i) => watch(detector, hourOf(`key:${i}`, i % 20, 1))).flat()
    expect(scores.filter((score) => score.direction === 'first-seen')).toEqual([])
  })

  test('are compared with the first hours of others: a stolen key that starts at full speed is found in its first hour', async () => {
    const detector = await fleet()
    const scores = watch(detector, hourOf('key:stolen', 30, 5_000))
    const score = high(scores, 'requests')
    // 60 principals with 24 first buckets each; Bonferroni over four features.
    expect(score?.p).toBeCloseTo(4 / 1_441, 10)
    expect(score?.explain.reference).toBe('fleet')
    expect(high(watch(detector, hourOf('key:modest', 30, 4)), 'requests')).toBeUndefined()
  })
})

describe('limits', () => {
  test('bucket and history lengths are checked', () => {
    expect(usage.config.safeParse({ bucketMinutes: 0 }).success).toBe(false)
    expect(usage.config.safeParse({ historyBuckets: 10_000 }).success).toBe(false)
  })

  test('one absurd number in one record adds nothing', async () => {
    const detector = await settled(72)
    const absurd = [1e15, Number.NaN, -1e9, Infinity].map((inputTokens, i) =>
      request('key:a', MONDAY + 72 * HOUR + i, { inputTokens, costUsd: inputTokens }),
    )
    expect(watch(detector, absurd)).toEqual([])
  })

  test('a record dated in the far future does not blind the detector to its principal', async () => {
    const detector = await settled(72)
    watch(detector, [request('key:a', Date.UTC(2600, 0, 1))])
    expect(isAlert(watch(detector, hourOf('key:a', 72, 3_000)))).toBe(true)
  })
})
