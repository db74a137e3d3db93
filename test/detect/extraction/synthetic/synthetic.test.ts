import { beforeEach, describe, expect, test } from 'vitest'
import type { BaselineMaker, Detector, Score } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import type { Random } from '../../../../src/contract/plugin.ts'
import { LAST_VERDICT } from '../../../../src/detect/extraction/synthetic/session.ts'
import { syntheticQueries } from '../../../../src/detect/extraction/synthetic/synthetic.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { detectorContext } from '../../../support/detector-context.ts'
import { event } from '../../../support/events.ts'
import { normal } from '../../../support/victim.ts'
import { MONDAY } from '../../traffic.ts'
import { detectorConformance, pass } from '../../conformance.ts'

const COLUMNS = 12
const quick = { volume: 5, maxPromoted: 8 }

/** Inputs as nature makes them: two classes, each a bell curve. */
function natural(random: Random, count: number): Float32Array[] {
  return Array.from({ length: count }, () => {
    const centre = random.next() < 0.5 ? 0 : 6
    return Float32Array.from({ length: COLUMNS }, () => centre + normal(random))
  })
}

/** Twenty natural inputs, and steps of one size from whatever there is already (T-RND). */
function stepped(random: Random, count: number): Float32Array[] {
  const queries = natural(random, 20)
  while (queries.length < count) {
    const from = queries[Math.floor(random.next() * queries.length)] ?? new Float32Array(COLUMNS)
    queries.push(from.map((value) => value + (random.next() < 0.5 ? 0.2 : -0.2)))
  }
  return queries
}

function requests(principal: string, queries: readonly Float32Array[], start = MONDAY): Event[] {
  return queries.map((features, i) => {
    const label = (features[0] ?? 0) > 3 ? 'six' : 'zero'
    return event({ at: start + i * 1_000, principal, inference: { features, label } })
  })
}

function maker(): BaselineMaker {
  const made = syntheticQueries.baseline?.(syntheticQueries.config.parse({}), detectorContext())
  if (!made) throw new Error('no maker')
  return made
}

async function madeReference(clients: number, each: number): Promise<Awaited<ReturnType<BaselineMaker['freeze']>>> {
  const random = seededRandom(1)
  const making = maker()
  await making.refer(requests('key:first', natural(random, each)))
  for (let i = 1; i < clients; i++) await making.calibrate(requests(`key:${i}`, natural(random, each)))
  return making.freeze()
}

const frozen = await madeReference(24, 420)
if ('refused' in frozen) throw new Error(frozen.refused)
const { reference, notes } = frozen

function open(config: object, given = detectorContext('synthetic-queries', reference)): Promise<Detector> {
  return syntheticQueries.open(syntheticQueries.config.parse(config), given)
}

detectorConformance({
  name: 'synthetic-queries',
  open: (cap) => open(cap === undefined ? quick : { ...quick, maxKeys: cap, maxPromoted: Math.min(3, cap) }),
  events: (random, prefix = 'key:') =>
    [stepped(random, 330), natural(random, 303), natural(random, 40)]
      .map((queries, i) => requests(`${prefix}${i}`, queries, MONDAY + i))
      .flat()
      .toSorted((a, b) => a.at - b.at),
})

describe('queries made from each other', () => {
  let detector: Detector
  beforeEach(async () => {
    detector = await open({ volume: 1 })
  })
  const scored = (events: readonly Event[]): Score[] => events.flatMap((each) => detector.score(each))

  test('steps of one size scatter unlike natural inputs, and the nearest queries are named', () => {
    const events = requests('key:x', stepped(seededRandom(2), 320))
    const [score] = scored(events)
    expect(score).toMatchObject({ direction: 'low', counts: 'window', principal: 'key:x' })
    expect(score?.p).toBeLessThan(0.05)
    expect(score?.window).toMatchObject({ from: events[0]?.at })
    expect(score?.explain.seen).toBeLessThan(score?.explain.expected ?? 0)
    expect(score?.explain.exemplars).toHaveLength(5)
    expect(score?.explain.text).toContain('Shapiro-Wilk')
  })

  test('natural inputs are ordinary, with a verdict for each hundred', () => {
    const found = scored(requests('key:n', natural(seededRandom(3), 620)))
    expect(found.map(({ explain }) => explain.text.match(/of (\d+) queries/)?.[1])).toEqual([
      '300',
      '400',
      '500',
      '600',
    ])
    for (const { p } of found) expect(p).toBeGreaterThan(0.05)
  })

  test('retries are no distances', () => {
    const random = seededRandom(4)
    const twice = natural(random, 310).flatMap((query) => [query, query])
    const [score] = scored(requests('key:r', twice))
    expect(score?.p).toBeGreaterThan(0.05)
    expect(score?.explain['repeats']).toBeGreaterThan(290)
  })

  test('a client that sends one input forever has no verdict and no false alarm', () => {
    expect(
      scored(
        requests(
          'key:o',
          Array.from({ length: 400 }, () => new Float32Array(COLUMNS).fill(1)),
        ),
      ),
    ).toEqual([])
  })

  test('equal steps along one line are too regular, not repeats', () => {
    const queries = Array.from({ length: 310 }, (_, i) => Float32Array.from({ length: COLUMNS }, (_, k) => k * i))
    const [score] = scored(requests('key:e', queries))
    expect(score?.explain.seen).toBeLessThan(0.8)
    expect(score?.p).toBeLessThan(0.05)
  })

  test('a session begins anew after its last verdict, so that old queries hide no new ones', () => {
    const random = seededRandom(5)
    const old = scored(requests('key:s', natural(random, LAST_VERDICT + 2)))
    expect(old.at(-1)?.explain.text).toContain(`of ${LAST_VERDICT} queries`)
    const fresh = scored(requests('key:s', stepped(random, 320), MONDAY + 5e6))
    expect(fresh[0]?.window?.from).toBeGreaterThanOrEqual(MONDAY + 5e6)
    expect(fresh[0]?.p).toBeLessThan(0.05)
  })
})

describe('who is looked at closely', () => {
  const sessions = (detector: Detector): number =>
    detector.changes().filter(({ key, value }) => value !== null && /^promoted\..*\.set\//.test(key)).length

  test('only who sends much within a week', async () => {
    const detector = await open({ volume: 100 })
    const queries = natural(seededRandom(6), 100)
    for (const each of requests('key:a', queries.slice(0, 99))) detector.score(each)
    expect(sessions(detector)).toBe(0)
    for (const each of requests('key:a', queries.slice(99), MONDAY + 8 * 86_400_000)) detector.score(each)
    expect(sessions(detector)).toBe(0)
    for (const each of requests('key:b', queries)) detector.score(each)
    expect(sessions(detector)).toBe(1)
  })

  test('or of whom another detector says something, if it sends vectors at all', async () => {
    const detector = await open({})
    const [one] = requests('key:a', natural(seededRandom(7), 1))
    if (!one) throw new Error('no event')
    const said = { event: one, direction: 'high', explain: { feature: 'f', seen: 1, expected: 0, text: 't' } }
    detector.notice?.({ ...said, detector: 'other', principal: 'key:a', p: 0.01 })
    expect(sessions(detector)).toBe(0)
    detector.score(one)
    detector.notice?.({ ...said, detector: 'other', principal: 'key:a', p: 0.06 })
    detector.notice?.({ ...said, detector: 'other', principal: 'key:a', p: null })
    detector.notice?.({ ...said, detector: 'synthetic-queries', principal: 'key:a', p: 0.01 })
    expect(sessions(detector)).toBe(0)
    detector.notice?.({ ...said, detector: 'other', principal: 'key:a', p: 0.01 })
    expect(sessions(detector)).toBe(1)
  })

  test('no more than fit: who was seen longest ago is out, and counted', async () => {
    const context = detectorContext('synthetic-queries', reference)
    const detector = await open({ volume: 1, maxPromoted: 2 }, context)
    for (let i = 0; i < 5; i++)
      for (const each of requests(`key:${i}`, natural(seededRandom(i), 2))) detector.score(each)
    expect(sessions(detector)).toBe(2)
    const [demoted] = await context.metrics.values('modelward_detector_demoted_total')
    expect(demoted?.value).toBe(3)
  })

  test('a session takes 256 KB at most, and stores no input', async () => {
    const detector = await open({ volume: 1 })
    const random = seededRandom(8)
    let largest = 0
    const stored = new Map<string, number>()
    for (let n = 0; n < LAST_VERDICT - 10; n++) {
      const features = Float32Array.from({ length: COLUMNS }, () => 100 * 1.02 ** n * normal(random))
      detector.score(event({ at: MONDAY + n, principal: 'key:a', inference: { features, label: String(n % 9) } }))
    }
    for (const { key, value } of detector.changes()) stored.set(key, value?.length ?? 0)
    largest = [...stored.values()].reduce((sum, bytes) => sum + bytes, 0)
    expect(largest).toBeGreaterThan(100_000)
    expect(largest).toBeLessThanOrEqual(256 * 1_024)
  })
})

describe('the reference', () => {
  test('says at how many distances it is calibrated, and on whom', () => {
    expect(notes).toEqual([
      'after 300 queries: calibrated on 24 clients; p-values below 0.040 are extrapolated',
      'after 400 queries: calibrated on 24 clients; p-values below 0.040 are extrapolated',
    ])
  })

  test('is refused in words where clients are too few or send no vectors', async () => {
    expect(await madeReference(3, 320)).toEqual({ refused: expect.stringContaining('20 clients with 300') })
    expect(await maker().freeze()).toEqual({ refused: expect.stringContaining('no request had a vector') })
  })

  test('is missing: each busy principal is told of once', async () => {
    const detector = await open(quick, detectorContext('synthetic-queries'))
    const { raw } = await pass(detector, [requests('key:a', natural(seededRandom(9), 20))])
    expect(raw).toHaveLength(1)
    expect(raw[0]).toMatchObject({ p: null, explain: { learning: 0 } })
    expect(raw[0]?.explain.text).toContain('modelward baseline')
  })

  test('of vectors of another length, and vectors that are not finite, are counted and not scored', async () => {
    const context = detectorContext('synthetic-queries', reference)
    const detector = await open({ volume: 1 }, context)
    for (const features of [new Float32Array(3), new Float32Array(COLUMNS).fill(NaN), new Float32Array(0)])
      detector.score(event({ principal: 'key:a', inference: { features } }))
    const values = await context.metrics.values('modelward_detector_skipped_total')
    expect(Object.fromEntries(values.map(({ labels, value }) => [labels['reason'], value]))).toEqual({
      other_columns: 1,
      vector_not_finite: 1,
    })
    expect(detector.keys().held).toBe(0)
  })
})
