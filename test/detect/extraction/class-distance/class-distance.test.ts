import { describe, expect, test } from 'vitest'
import type { Detector, Score } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import { classDistance } from '../../../../src/detect/extraction/class-distance/class-distance.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { detectorContext } from '../../../support/detector-context.ts'
import { event } from '../../../support/events.ts'
import { detectorConformance, pass } from '../../conformance.ts'
import { MONDAY } from '../../traffic.ts'
import { COLUMNS, input, made, requests } from './clients.ts'

const frozen = await made(10, 30)
if ('refused' in frozen) throw new Error(frozen.refused)
const { reference, notes } = frozen

function open(config: object = {}, given = detectorContext('class-distance', reference)): Promise<Detector> {
  return classDistance.open(classDistance.config.parse(config), given)
}

async function scored(events: readonly Event[]): Promise<readonly Score[]> {
  return (await pass(await open(), [events])).raw
}

detectorConformance({
  name: 'class-distance',
  open: (cap) => open(cap === undefined ? {} : { maxKeys: cap }),
  events: (random, prefix = 'key:') =>
    Array.from({ length: 6 }, (_, i) =>
      requests(`${prefix}${i}`, 70, (label) => input(random, label, i === 0 ? 1 : 0), MONDAY + i),
    )
      .flat()
      .toSorted((a, b) => a.at - b.at),
})

describe('queries and the classes they are given', () => {
  test('of a client like others are nothing special, and each window is told', async () => {
    const random = seededRandom(2)
    const found = await scored(requests('key:a', 320, (label) => input(random, label)))
    expect(found).toHaveLength(10)
    expect(found.filter(({ p }) => (p ?? 0) < 0.05).length).toBeLessThanOrEqual(2)
    for (const score of found) expect(score).toMatchObject({ counts: 'window', direction: 'high' })
  })

  test('a client of one class is like a client of all', async () => {
    const random = seededRandom(3)
    const events = Array.from({ length: 64 }, (_, i) =>
      event({ at: MONDAY + i, principal: 'key:b', inference: { features: input(random, 1), label: '1' } }),
    )
    for (const { p } of await scored(events)) expect(p).toBeGreaterThan(0.05)
  })

  test('inputs of another kind are far, and the farthest are named', async () => {
    const random = seededRandom(4)
    const events = requests('key:x', 32, (label) => input(random, label, 2))
    const [score] = await scored(events)
    expect(score?.p).toBeLessThan(0.05)
    expect(score?.window).toEqual({ from: events[0]?.at, to: events.at(-1)?.at, events: 32 })
    expect(score?.explain.seen).toBeGreaterThan(score?.explain.expected ?? Infinity)
    expect(score?.explain.exemplars).toHaveLength(5)
  })

  test('inputs of one class that are taken for another are far', async () => {
    const random = seededRandom(5)
    const [score] = await scored(requests('key:x', 32, (label) => input(random, (label + 1) % 3)))
    expect(score?.p).toBeLessThan(0.05)
    expect(score?.explain.text).toContain('beyond the usual')
  })

  test('an event that was not prepared is seen the same', async () => {
    const random = seededRandom(13)
    const events = requests('key:x', 32, (label) => input(random, label))
    const detector = await open()
    const [alone] = events.flatMap((each) => detector.score(each))
    const [prepared] = await scored(events)
    expect(alone?.p).toBeCloseTo(prepared?.p ?? 0, 6)
    expect(alone?.explain.seen).toBeCloseTo(prepared?.explain.seen ?? 0, 3)
  })

  test('a client that sends everything twice, or again and again, is one that sends it once', async () => {
    const random = seededRandom(14)
    const once = requests('key:t', 64, (label) => input(random, label))
    const twice = once.flatMap((each) => [each, event({ ...each, inference: each.inference ?? {} })])
    const [plain, doubled] = [await scored(once), await scored(twice)]
    expect(doubled.map(({ p }) => p)).toEqual(plain.map(({ p }) => p))
    const [first] = once
    const same = Array.from({ length: 200 }, () => event({ ...first, inference: first?.inference ?? {} }))
    expect(await scored(same)).toEqual([])
  })

  test('fifty votes count, not those before them', async () => {
    const random = seededRandom(6)
    const events = requests('key:v', 128, (label) => input(random, label, 3))
    const back = requests('key:v', 64, (label) => input(random, label), MONDAY + 1e6)
    const found = await scored([...events, ...back])
    expect(found.map(({ explain }) => explain['far_of_last_queries'])).toEqual([
      undefined,
      50,
      50,
      50,
      expect.closeTo(20, -1),
      expect.closeTo(3, -1),
    ])
  })

  test('a class that the reference lacks is measured against all classes', async () => {
    const random = seededRandom(7)
    const events = Array.from({ length: 32 }, (_, i) =>
      event({ at: MONDAY + i, principal: 'key:n', inference: { features: input(random, i % 3), label: 'new' } }),
    )
    const [score] = await scored(events)
    expect(score?.p).toBeGreaterThan(0.05)
  })
})

describe('the fleet', () => {
  test('when more than a fifth of it moves at once, it is drift', async () => {
    const random = seededRandom(8)
    const detector = await open()
    const moved = (n: number, shift: number): Event[] =>
      requests(`key:m${n}`, 32, (label) => input(random, label, shift))
    const early = await pass(detector, [moved(0, 2)])
    for (let n = 1; n < 30; n++) await pass(detector, [moved(n, n % 3 === 0 ? 2 : 0)])
    const late = await pass(detector, [moved(40, 2)])
    expect(early.raw[0]?.p).toBeLessThan(0.05)
    expect(late.raw[0]?.p).toBeGreaterThan(0.1)
    expect(late.raw[0]?.explain.text).toContain('drift, not theft')
  })

  test('one attacker among many is no drift', async () => {
    const random = seededRandom(9)
    const detector = await open()
    for (let n = 0; n < 30; n++) await pass(detector, [requests(`key:m${n}`, 32, (label) => input(random, label))])
    const { raw } = await pass(detector, [requests('key:x', 320, (label) => input(random, label, 2))])
    for (const { p } of raw) expect(p).toBeLessThan(0.07)
  })
})

describe('the reference', () => {
  test('says what it is made of', () => {
    expect(notes).toEqual([
      'reference: 640 queries of 10 clients; 0 left out',
      '3 classes; calibrated on 30 other clients; p-values below 0.097 are extrapolated',
    ])
  })

  test('is refused in words where there is too little to make one', async () => {
    expect(await made(2, 30)).toEqual({ refused: expect.stringContaining('500 requests with vectors') })
    expect(await made(10, 5)).toEqual({ refused: expect.stringContaining('20 clients beyond') })
  })

  test('is missing: each principal is told of once', async () => {
    const detector = await open({}, detectorContext('class-distance'))
    const random = seededRandom(10)
    const { raw } = await pass(detector, [requests('key:a', 40, (label) => input(random, label))])
    expect(raw).toHaveLength(1)
    expect(raw[0]).toMatchObject({ p: null, explain: { learning: 0 } })
    expect(raw[0]?.explain.text).toContain('modelward baseline')
  })

  test('of another kind: open windows are forgotten', async () => {
    const random = seededRandom(11)
    const { state } = await pass(await open(), [requests('key:a', 10, (label) => input(random, label))])
    const other = await made(10, 20)
    if ('refused' in other) throw new Error(other.refused)
    const detector = await open({}, detectorContext('class-distance', other.reference))
    detector.restore([...state].map(([key, value]) => ({ key, value })))
    expect(detector.keys().held).toBe(0)
  })
})

test('what cannot be looked at is counted with its reason', async () => {
  const context = detectorContext('class-distance', reference)
  const detector = await open({}, context)
  for (const features of [new Float32Array(3), new Float32Array(COLUMNS).fill(NaN), new Float32Array(0)])
    detector.score(event({ principal: 'key:a', inference: { features, label: '1' } }))
  const values = await context.metrics.values('modelward_detector_skipped_total')
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels['reason'], value]))).toEqual({
    other_columns: 1,
    vector_not_finite: 1,
  })
  expect(detector.keys().held).toBe(0)
})
