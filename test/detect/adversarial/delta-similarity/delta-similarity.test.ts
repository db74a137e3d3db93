import { describe, expect, test } from 'vitest'
import type { Detector } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import { deltaSimilarity } from '../../../../src/detect/adversarial/delta-similarity/delta-similarity.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { detectorContext } from '../../../support/detector-context.ts'
import { event } from '../../../support/events.ts'
import { detectorConformance } from '../../conformance.ts'
import {
  antithetic,
  bytesStored,
  cloud,
  image,
  LENGTH,
  natural,
  noise,
  ordinary,
  plus,
  requestsOf,
  smallestP,
  watch,
} from '../streams.ts'

const WINDOW = 63
const parse = (config: object = {}) => deltaSimilarity.config.parse(config)

async function frozenFrom(refer: readonly Event[], calibrate: readonly Event[], config: object = {}) {
  const maker = deltaSimilarity.baseline?.(parse(config), detectorContext('delta-similarity'))
  await maker?.refer(refer)
  await maker?.calibrate(calibrate)
  return maker?.freeze()
}

const frozen = await frozenFrom(
  ordinary(seededRandom(1), 20, 140, 'refer:'),
  ordinary(seededRandom(2), 60, 70, 'other:'),
)
const reference = frozen && 'reference' in frozen ? frozen.reference : undefined

async function open(made: Uint8Array | 'none' = reference ?? 'none', config: object = {}): Promise<Detector> {
  return deltaSimilarity.open(parse(config), detectorContext('delta-similarity', made === 'none' ? undefined : made))
}

detectorConformance({
  name: 'delta-similarity',
  open: (cap) => open('none', { window: 32, ...(cap === undefined ? {} : { maxKeys: cap }) }),
  events: (random, prefix) => ordinary(random, 12, 36, prefix),
})

describe('an attacker', () => {
  test.each([0.001, 0.03, 1])('who sends pairs around an input is found, noise of %f', async (sigma) => {
    const events = requestsOf('key:nes', WINDOW + 2, antithetic(seededRandom(3), sigma))
    const [score] = watch(await open(), events)
    expect(score?.p).toBeLessThan(1e-3)
    expect(score).toMatchObject({ principal: 'key:nes', counts: 'window', direction: 'high' })
    expect(score?.explain['cosine_from']).toBeLessThan(-0.7)
    expect(score?.explain['cosine_to']).toBeGreaterThan(-0.71)
    expect(score?.explain.exemplars).toHaveLength(5)
  })

  test('who estimates a boundary from a cloud whose answers change is found', async () => {
    const events = requestsOf('key:hsja', 130, cloud(seededRandom(4), 0.01), (i) => String((i * 7) % 3 === 0))
    expect(smallestP(watch(await open(), events))).toBeLessThan(1e-3)
  })

  test('is found as well where it goes to and fro between its queries and ordinary ones', async () => {
    const random = seededRandom(5)
    const attack = antithetic(random, 0.01)
    const events = requestsOf('key:nes', 130, (i) => (i % 2 === 0 ? attack(i / 2) : natural(random)))
    expect(smallestP(watch(await open(), events))).toBeLessThan(1e-3)
  })

  test('cannot teach its own past, even if nobody ever objects', async () => {
    const detector = await open()
    const scores = watch(detector, requestsOf('key:nes', 20 * WINDOW, antithetic(seededRandom(6), 0.01)), 0)
    expect(scores.length).toBeGreaterThan(15)
    expect(scores.at(-1)?.p).toBeLessThan(1e-3)
  })

  test('does not get rid of its window by a vector of another length, a repeat or a step back in between', async () => {
    const random = seededRandom(7)
    const attack = requestsOf('key:nes', WINDOW + 2, antithetic(random, 0.01))
    const mixed = attack.flatMap((each, i) => [
      each,
      event({ principal: 'key:nes', inference: { features: new Float32Array(20).fill(i) } }),
      ...(i % 3 === 0 ? [each] : []),
    ])
    expect(smallestP(watch(await open(), mixed))).toBeLessThan(1e-3)
  })
})

describe('a caller who means no harm', () => {
  test('and is not in the reference has a p-value that is no smaller than it says', async () => {
    const scores = watch(await open(), ordinary(seededRandom(8), 100, WINDOW + 5, 'new:'))
    expect(scores.length).toBe(100)
    for (const level of [0.05, 0.2, 0.5]) {
      const share = scores.filter(({ p }) => (p ?? 0) <= level).length / scores.length
      expect(share).toBeLessThanOrEqual(level + 0.1)
    }
  })

  test('with a camera that rests is no evidence, and teaches nothing', async () => {
    const detector = await open()
    const scores = watch(
      detector,
      requestsOf('key:camera', 200, cloud(seededRandom(9), 0.05), () => 'door'),
    )
    expect(scores.map(({ p }) => p)).toEqual([1, 1, 1])
    expect(scores[0]?.explain.text).toContain('at rest')
    expect(detector.changes().filter(({ key, value }) => key.startsWith('own.2') && (value?.length ?? 0) > 0)).toEqual(
      [],
    )
  })

  test('with a camera is none though its coarse noise changes the answer, but only while nothing else was before', async () => {
    const answer = (i: number): string => String((i * 7) % 3 === 0)
    const camera = requestsOf('key:camera', 200, cloud(seededRandom(9), 0.15), answer)
    expect(watch(await open(), camera).map(({ p }) => p)).toEqual([1, 1, 1])
    const elsewhere = requestsOf('key:search', 3, cloud(seededRandom(12), 2))
    const search = requestsOf('key:search', 200, cloud(seededRandom(9), 0.15), answer)
    expect(smallestP(watch(await open(), [...elsewhere, ...search]))).toBeLessThan(2e-3)
  })

  test('who moves a slider, or repeats each request, fills no window', async () => {
    const random = seededRandom(10)
    const [from, way] = [natural(random), noise(random, 1)]
    const slider = requestsOf('key:slider', 300, () => plus(from, way, random.next()))
    const again = requestsOf('key:retry', 60, () => natural(random)).flatMap((each) => [each, each, each])
    expect(watch(await open(), [...slider, ...again])).toEqual([])
  })
})

describe('what is ordinary', () => {
  test('is learned from quiet principals where there is no reference, and said to be unknown until then', async () => {
    const detector = await open('none')
    const [first, ...rest] = watch(detector, ordinary(seededRandom(11), 150, WINDOW + 2))
    expect(first).toMatchObject({ p: null })
    expect(first?.explain.text).toContain('modelward baseline')
    expect(rest.some(({ p }) => p === null)).toBe(true)
    const late = watch(detector, ordinary(seededRandom(12), 40, WINDOW + 2, 'late:'))
    expect(late.filter(({ p }) => p !== null && p <= 0.05).length).toBeLessThanOrEqual(6)
    const attack = watch(detector, requestsOf('key:nes', WINDOW + 2, antithetic(seededRandom(13), 0.01)))
    expect(smallestP(attack)).toBeLessThan(1e-3)
  })

  test('is not made of too little, and says how much it wants', async () => {
    const made = await frozenFrom(ordinary(seededRandom(1), 2, 70), ordinary(seededRandom(2), 2, 70, 'b:'))
    expect(made).toMatchObject({ refused: expect.stringContaining('needs 1000 steps') as string })
  })

  test('for windows of another size is not used', async () => {
    const detector = await open(reference, { window: 40 })
    expect(watch(detector, ordinary(seededRandom(14), 1, 50))).toMatchObject([{ p: null }])
  })

  test('is refused when damaged', async () => {
    await expect(open(reference?.slice(0, 60))).rejects.toThrow('damaged')
  })
})

test('one more request of a known principal stores half of its row', async () => {
  const random = seededRandom(15)
  const detector = await open()
  bytesStored(
    detector,
    requestsOf('key:known', 10, () => image(random)),
  )
  const bytes = bytesStored(
    detector,
    requestsOf('key:known', 200, () => image(random)),
  )
  expect(bytes[100]).toBeLessThan(1_200)
  expect(bytes.at(-1)).toBeLessThan(1_700)
  expect(bytes[0]).toBeGreaterThan(800)
})

test('vectors that cannot be looked at are counted by reason and change nothing', async () => {
  const context = detectorContext('delta-similarity', reference)
  const detector = await deltaSimilarity.open(parse(), context)
  const bad = [
    new Float32Array(0),
    new Float32Array(15).fill(1),
    new Float32Array(LENGTH).fill(Number.NaN),
    new Float32Array(LENGTH).fill(Infinity),
    Float32Array.from({ length: LENGTH }, (_, i) => (i % 2 === 0 ? 3e38 : -3e38)),
  ]
  for (const features of bad)
    expect(detector.score(event({ principal: 'key:odd', inference: { features } }))).toEqual([])
  expect(detector.keys().held).toBe(0)
  const counted = await context.metrics.values('modelward_detector_skipped_total')
  expect(counted.map(({ value, labels }) => [labels['reason'], value])).toEqual([
    ['vector_too_short', 2],
    ['vector_not_finite', 3],
  ])
})
