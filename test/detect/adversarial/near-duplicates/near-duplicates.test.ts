import { describe, expect, test } from 'vitest'
import type { Detector } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import type { Random } from '../../../../src/contract/plugin.ts'
import { weightOf } from '../../../../src/detect/adversarial/near-duplicates/explain.ts'
import { nearDuplicates } from '../../../../src/detect/adversarial/near-duplicates/near-duplicates.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { detectorContext } from '../../../support/detector-context.ts'
import { event } from '../../../support/events.ts'
import { detectorConformance } from '../../conformance.ts'
import { MONDAY } from '../../traffic.ts'
import {
  antithetic,
  bytesStored,
  cloud,
  image,
  natural,
  noise,
  normal,
  ordinary,
  plus,
  requestsOf,
  smallestP,
  watch,
} from '../streams.ts'

const WINDOW = 16
const WORDS = 'alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa'.split(
  ' ',
)

async function open(config: object = {}): Promise<Detector> {
  return nearDuplicates.open(
    nearDuplicates.config.parse({ window: WINDOW, ...config }),
    detectorContext('near-duplicates'),
  )
}

/** One that has seen a quiet fleet. */
async function taught(events: readonly Event[] = ordinary(seededRandom(1), 100, WINDOW + 1, 'fleet:')) {
  const detector = await open()
  watch(detector, events)
  return detector
}

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(random.next() * WORDS.length)]).join(' ')
}

function prompts(principal: string, count: number, text: (i: number) => string): Event[] {
  return Array.from({ length: count }, (_, i) =>
    event({ at: MONDAY + i * 1_000, principal, inference: { prompt: text(i) } }),
  )
}

detectorConformance({
  name: 'near-duplicates',
  open: (cap) => open(cap === undefined ? {} : { maxKeys: cap }),
  events: (random, prefix) => ordinary(random, 22, WINDOW + 4, prefix),
})

describe('an attacker', () => {
  test.each([0, 1, 3])('who searches around one input is found with %i others between its queries', async (others) => {
    const detector = await open({ window: 63 })
    watch(detector, ordinary(seededRandom(2), 40, 64, 'fleet:'))
    const random = seededRandom(3)
    const attack = antithetic(random, 0.02)
    const step = 1 + others
    const scores = watch(
      detector,
      requestsOf('key:nes', 127, (i) => (i % step === 0 ? attack(i / step) : natural(random))),
    )
    expect(smallestP(scores)).toBeLessThan(2e-3)
    expect(scores[0]).toMatchObject({ principal: 'key:nes', counts: 'window', direction: 'high' })
    expect(scores[0]?.explain.exemplars?.length).toBeGreaterThan(0)
  })

  test('leaves a chain in each of the accounts over which it takes turns', async () => {
    const attack = antithetic(seededRandom(4), 0.02)
    const events = requestsOf('', 4 * (WINDOW + 1), attack).map((each, i) => ({ ...each, principal: `sybil:${i % 4}` }))
    const scores = watch(await taught(), events)
    expect(new Set(scores.filter(({ p }) => (p ?? 1) < 1e-3).map(({ principal }) => principal)).size).toBe(4)
  })

  test('who reads labels off a cloud is found, since its answers change', async () => {
    const events = requestsOf('key:hsja', 70, cloud(seededRandom(5), 0.02), (i) => String((i * 7) % 3 === 0))
    expect(smallestP(watch(await taught(), events))).toBeLessThan(1e-3)
  })

  test('who tunes the end of a prompt is found among callers of ever new ones', async () => {
    const random = seededRandom(6)
    const fleet = Array.from({ length: 60 }, (_, p) =>
      prompts(`fleet:${p}`, WINDOW + 1, () => words(random, 40)),
    ).flat()
    const detector = await taught(fleet)
    const goal = words(random, 40)
    const [score] = watch(
      detector,
      prompts('key:gcg', WINDOW + 1, () => `${goal} ${words(random, 4)}`),
    )
    expect(score?.p).toBeLessThan(1e-3)
    expect(score?.explain.text).toContain(`${WINDOW} of ${WINDOW} different text inputs`)
  })

  test('cannot teach its own past, even if nobody ever objects', async () => {
    const detector = await taught()
    const scores = watch(detector, requestsOf('key:nes', 20 * WINDOW, antithetic(seededRandom(7), 0.02)), 0)
    expect(scores[1]?.p).toBeLessThan(0.02)
    expect(scores.at(-1)?.p).toBeLessThan(0.1)
  })
})

describe('a caller who means no harm', () => {
  test('has a p-value that is no smaller than it says', async () => {
    const scores = watch(await taught(), ordinary(seededRandom(8), 60, WINDOW + 1, 'new:'))
    expect(scores.length).toBe(60)
    expect(scores.filter(({ p }) => (p ?? 0) <= 0.05).length).toBeLessThanOrEqual(6)
  })

  test('who repeats itself exactly, or moves a slider, fills no window', async () => {
    const random = seededRandom(9)
    const few = [natural(random), natural(random), natural(random)]
    const [from, way] = [natural(random), noise(random, 1)]
    const again = requestsOf('key:retry', 100, () => few[Math.floor(random.next() * 3)] ?? from)
    const slider = requestsOf('key:slider', 100, () => plus(from, way, random.next()))
    expect(watch(await taught(), [...again, ...slider])).toEqual([])
    const text = words(random, 30)
    expect(
      watch(
        await taught(),
        prompts('key:retry', 100, () => text),
      ),
    ).toEqual([])
  })

  test('with a camera that rests is no evidence', async () => {
    const detector = await open({ window: 63 })
    watch(detector, ordinary(seededRandom(10), 30, 64, 'fleet:'))
    const scores = watch(
      detector,
      requestsOf('key:camera', 130, cloud(seededRandom(11), 0.05), () => 'door'),
    )
    expect(scores.map(({ p }) => p)).toEqual([1, 1])
    expect(scores[0]?.explain.text).toContain('at rest')
  })

  test('with a camera is none though its coarse noise changes the answer, but only while nothing else was before', async () => {
    const detector = await open({ window: 63 })
    watch(detector, ordinary(seededRandom(10), 30, 64, 'fleet:'))
    const answer = (i: number): string => String((i * 7) % 3 === 0)
    const camera = requestsOf('key:camera', 130, cloud(seededRandom(11), 0.15), answer)
    expect(watch(detector, camera).map(({ p }) => p)).toEqual([1, 1])
    const elsewhere = requestsOf('key:search', 3, cloud(seededRandom(12), 2))
    const search = requestsOf('key:search', 130, cloud(seededRandom(11), 0.15), answer)
    expect(smallestP(watch(detector, [...elsewhere, ...search]))).toBeLessThan(1e-3)
  })

  test('with a camera whose telemetry has no answers is none', async () => {
    const detector = await open({ window: 63 })
    watch(detector, ordinary(seededRandom(10), 30, 64, 'fleet:'))
    const camera = requestsOf('key:camera', 130, cloud(seededRandom(11), 0.15), () => undefined)
    expect(watch(detector, camera).map(({ p }) => p)).toEqual([1, 1])
  })

  test('with a template is usual in a fleet of templates', async () => {
    const random = seededRandom(12)
    const templates = Array.from({ length: 31 }, () => words(random, 40))
    const events = templates.map((template, p) =>
      prompts(`fleet:${p}`, WINDOW + 1, () => `${template} ${words(random, 4)}`),
    )
    const detector = await taught(events.slice(0, 30).flat())
    const [score] = watch(detector, events[30] ?? [])
    expect(score?.p).toBeGreaterThan(0.5)
  })
})

describe('a window of vectors weighs', () => {
  const weigh = (hits: number, close: number, between: number): number =>
    weightOf({ of: 'vector', hits, close, between })

  test('what is near, less half of what is between near and far, as it is among inputs of one kind', () => {
    expect(weigh(8, 0, 0)).toBe(8)
    expect(weigh(8, 0, 3)).toBe(6)
    expect(weigh(8, 0, 40)).toBe(0)
  })

  test('what is close twice, whatever is between', () => {
    expect(weigh(8, 6, 0)).toBe(14)
    expect(weigh(8, 6, 40)).toBe(12)
  })

  test('twice its trials at most, and says so', async () => {
    const detector = await open({ window: 63 })
    watch(detector, ordinary(seededRandom(10), 30, 64, 'fleet:'))
    const [found] = watch(detector, requestsOf('key:nes', 64, antithetic(seededRandom(18), 1e-4)))
    expect(found?.explain).toMatchObject({ seen: 126, near: 63, close: 63, between: 0 })
  })
})

test('vectors of sixteen numbers, which have as many sign bits, are not near by chance', async () => {
  const random = seededRandom(19)
  const detector = await open()
  const short = (): Float32Array => Float32Array.from({ length: 16 }, () => normal(random))
  for (let p = 0; p < 25; p++) watch(detector, requestsOf(`fleet:${p}`, WINDOW + 1, short))
  const [seen] = watch(detector, requestsOf('key:short', WINDOW + 1, short))
  expect(seen?.explain['near']).toBeLessThanOrEqual(1)
})

test('until twenty principals have taught what is usual, each is told once that it is not known', async () => {
  const scores = watch(await open(), ordinary(seededRandom(13), 10, 3 * WINDOW))
  expect(scores).toHaveLength(10)
  for (const { p, explain } of scores) {
    expect(p).toBeNull()
    expect(explain.learning).toBeLessThan(1)
  }
})

test('what cannot be looked at is counted by reason; of a long prompt the beginning is looked at', async () => {
  const context = detectorContext('near-duplicates')
  const detector = await nearDuplicates.open(nearDuplicates.config.parse({}), context)
  const parts = [
    { prompt: '' },
    { prompt: 'hi' },
    { prompt: 'a'.repeat(1_000) },
    { prompt: words(seededRandom(1), 200_000) },
    { prompt: '\uD800\u0000日本'.repeat(10) },
    { features: new Float32Array(48).fill(Number.NaN) },
    { features: new Float32Array(3) },
  ]
  for (const inference of parts) expect(detector.score(event({ principal: 'key:odd', inference }))).toEqual([])
  expect(detector.keys().held).toBe(1)
  const counted = await context.metrics.values('modelward_detector_skipped_total')
  expect(Object.fromEntries(counted.map(({ value, labels }) => [labels['reason'], value]))).toEqual({
    text_too_short: 2,
    text_cut: 1,
    vector_not_finite: 1,
    vector_too_short: 1,
  })
})

describe('one more request of a principal that has taught the fleet', () => {
  test('with a prompt stores less than 700 bytes, and 450 where it is not near to another', async () => {
    const random = seededRandom(16)
    const detector = await open({ window: 63 })
    bytesStored(
      detector,
      prompts('key:text', 70, () => words(random, 40)),
    )
    const bytes = bytesStored(
      detector,
      prompts('key:text', 200, () => words(random, 40)),
    )
    expect(bytes.at(-1)).toBeLessThan(700)
    expect(bytes[100]).toBeLessThan(450)
    expect(bytes[0]).toBeGreaterThan(200)
  })

  test('with a vector stores less than 1,500 bytes, and 1,250 where it is not near to another', async () => {
    const random = seededRandom(17)
    const detector = await open({ window: 63 })
    bytesStored(
      detector,
      requestsOf('key:vector', 70, () => image(random)),
    )
    const bytes = bytesStored(
      detector,
      requestsOf('key:vector', 200, () => image(random)),
    )
    expect(bytes.at(-1)).toBeLessThan(1_500)
    expect(bytes[100]).toBeLessThan(1_250)
    expect(bytes[0]).toBeGreaterThan(600)
  })
})

test('no prompt is in what is stored', async () => {
  const detector = await open()
  const text = 'the secret recipe of the house is nutmeg and a little patience'
  watch(
    detector,
    prompts('key:cook', 3, (i) => `${text} ${i}`),
  )
  const stored = detector.changes().map(({ value }) => Buffer.from(value ?? []).toString('latin1'))
  expect(stored.join('')).not.toContain('nutmeg')
  expect(stored.join('')).not.toContain(Buffer.from('nutmeg', 'utf16le').toString('latin1'))
})
