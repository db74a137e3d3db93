import { describe, expect, test } from 'vitest'
import type { Score } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import { queryDistribution } from '../../../../src/detect/extraction/distribution/distribution.ts'
import { PROMPT_LIMIT } from '../../../../src/detect/features/text.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { event } from '../../../support/events.ts'
import { detectorConformance, pass } from '../../conformance.ts'
import {
  APPLICATIONS,
  callers,
  contextOf,
  frozenFrom,
  madeFrom,
  opened,
  ordinary,
  promptOf,
  requestsOf,
  words,
} from './callers.ts'
import type { Made } from './callers.ts'

const config = { windows: [16, 32] }
const { reference, notes } = await ordinary(queryDistribution, config, 32)

detectorConformance({
  name: 'query-distribution',
  open: (cap) => opened(queryDistribution, cap === undefined ? config : { ...config, maxKeys: cap }, reference),
  events: (random, prefix) => callers(random, 60, 4, 33, prefix),
})

describe('what a caller asks for, against all callers', () => {
  test('an ordinary caller who is not in the reference is nothing special', async () => {
    const found = await scoresOf(callers(seededRandom(1), 70, 20, 16))
    expect(found.length).toBe(20)
    expect(found.filter(({ p }) => (p ?? 0) < 0.05).length).toBeLessThanOrEqual(2)
  })

  test('a caller of random letters is far from all of them, and the farthest requests are named', async () => {
    const random = seededRandom(2)
    const events = requestsOf('key:x', 16, () => Array.from({ length: 60 }, () => letter(random)).join(''))
    const [score] = await scoresOf(events)
    expect(score).toMatchObject({ direction: 'high', counts: 'window', part: '16', principal: 'key:x' })
    expect(score?.p).toBeLessThan(0.085)
    expect(score?.window).toEqual({ from: events[0]?.at, to: events.at(-1)?.at, events: 16 })
    expect(score?.explain.exemplars).toHaveLength(5)
    expect(score?.explain.seen).toBeGreaterThan(score?.explain.expected ?? Infinity)
  })

  test('a caller who asks for a bit of everything is nearer to the whole than any one of them', async () => {
    const random = seededRandom(3)
    const events = requestsOf('key:h', 32, (i) => promptOf((i * 37) % APPLICATIONS, random))
    const [first, , whole] = await scoresOf(events)
    expect(first).toMatchObject({ direction: 'low', part: '16' })
    expect(first?.p).toBeLessThan(0.085)
    expect(whole).toMatchObject({ direction: 'low', part: '32' })
    expect(whole?.p).toBeLessThan(0.085)
    expect(whole?.explain.text).toContain('spread over all')
  })

  test('windows count from a frozen reference only: without one it says so once', async () => {
    const detector = await opened(queryDistribution, config, undefined)
    const { raw } = await pass(detector, [callers(seededRandom(6), 0, 3, 20)])
    expect(raw.map(({ p }) => p)).toEqual([null])
    expect(raw[0]?.explain).toMatchObject({ learning: 0, text: expect.stringContaining('modelward baseline') })
  })

  test('a reference for other window sizes is as good as none', async () => {
    const detector = await opened(queryDistribution, { windows: [20] }, reference)
    const { raw } = await pass(detector, [callers(seededRandom(6), 0, 1, 20)])
    expect(raw.map(({ p }) => p)).toEqual([null])
  })

  test('a state under another reference is forgotten', async () => {
    const half = callers(seededRandom(7), 70, 1, 10)
    const { state } = await pass(await opened(queryDistribution, config, reference), [half])
    const random = seededRandom(8)
    const other = await madeFrom(queryDistribution, config, callers(random, 0, 24, 16), callers(random, 30, 24, 16))
    const detector = await opened(queryDistribution, config, other.reference)
    detector.restore([...state].map(([key, value]) => ({ key, value })))
    expect(detector.keys().held).toBe(0)
  })
})

describe('the fleet', () => {
  test('when most callers move away together it is drift, and no one of them stands out', async () => {
    const random = seededRandom(9)
    const detector = await opened(queryDistribution, config, reference)
    const moved = (n: number): Event[] => requestsOf(`key:m${n}`, 16, () => `${n} ${words(random, 40).join(`q${n}x`)}`)
    const early = await pass(detector, [moved(0)], () => false)
    await pass(
      detector,
      Array.from({ length: 30 }, (_, n) => moved(n + 1)),
      () => false,
    )
    const late = await pass(detector, [moved(40)], () => false)
    expect(early.raw[0]?.p).toBeLessThan(0.1)
    expect(late.raw[0]?.p).toBeGreaterThan(0.1)
    expect(late.raw[0]?.explain.text).toContain('drift, not theft')
  })
})

describe('what cannot be looked at', () => {
  test('is counted with its reason', async () => {
    const context = contextOf('query-distribution', reference)
    const detector = await queryDistribution.open(queryDistribution.config.parse(config), context)
    const inputs = [{}, { prompt: '' }, { prompt: ' \n\t' }, { features: Float32Array.of(1, 2) }]
    await pass(detector, [inputs.map((inference) => event({ principal: 'key:1', inference }))])
    const values = await context.metrics.values('modelward_detector_skipped_total')
    expect(Object.fromEntries(values.map(({ labels, value }) => [labels['reason'], value]))).toEqual({
      'no-text': 2,
      'empty-text': 2,
    })
    expect(detector.keys().held).toBe(0)
  })

  test('a prompt of a megabyte is looked at in part, and that is counted', async () => {
    const context = contextOf('query-distribution', reference)
    const detector = await queryDistribution.open(queryDistribution.config.parse(config), context)
    const prompts = ['x'.repeat(PROMPT_LIMIT), 'y'.repeat(1 << 20)]
    await pass(detector, [prompts.map((prompt) => event({ principal: 'key:1', inference: { prompt } }))])
    expect((await context.metrics.values('modelward_detector_cut_total')).map(({ value }) => value)).toEqual([1])
  })
})

describe('the reference', () => {
  test('says what it was made of and how far its p-values are measured', () => {
    expect(notes[0]).toContain('768 requests of 24 clients, by their prompts')
    expect(notes[1]).toContain('windows of 16: calibrated on 24 other clients; p-values below 0.080 are extrapolated')
  })

  test('is the same for the same events', async () => {
    const small = (): Promise<Made> => ordinary(queryDistribution, { windows: [16] }, 16)
    expect((await small()).reference).toEqual((await small()).reference)
  })

  test('is refused in words when too little is there', async () => {
    const random = seededRandom(10)
    const [few, many] = [callers(random, 0, 4, 16), callers(random, 0, 24, 16)]
    const refusals = await Promise.all([
      frozenFrom(queryDistribution, config, [], many),
      frozenFrom(queryDistribution, config, few, many),
      frozenFrom(queryDistribution, config, many, few),
      frozenFrom(
        queryDistribution,
        config,
        many.map(() => event({ principal: 'key:1', inference: { prompt: 'a b' } })),
        many,
      ),
    ])
    expect(refusals).toEqual([
      { refused: expect.stringContaining('no request had a prompt') },
      { refused: expect.stringContaining('requests of 4 clients') },
      { refused: expect.stringContaining('4 with 16 requests, 0 with 32 requests') },
      { refused: expect.stringContaining('all the same') },
    ])
  })

  test('of vectors that the telemetry brings, looks at vectors of that length alone', async () => {
    const random = seededRandom(11)
    const vectors = (first: number): Event[] =>
      callers(random, first, 30, 16).map((each, i) => ({
        ...each,
        inference: { ...request(each), features: vector(Number(each.principal?.slice(4)), i) },
      }))
    const made = await madeFrom(queryDistribution, { windows: [16] }, vectors(0), vectors(30))
    expect(made.notes[0]).toContain('vectors of 24 columns')
    const detector = await opened(queryDistribution, { windows: [16] }, made.reference)
    const { raw } = await pass(detector, [[...vectors(60), ...callers(random, 0, 3, 16)]])
    expect(raw.length).toBe(30)
  })
})

async function scoresOf(events: readonly Event[]): Promise<readonly Score[]> {
  return (await pass(await opened(queryDistribution, config, reference), [events])).raw
}

function letter(random: { next(): number }): string {
  return String.fromCharCode(97 + Math.floor(random.next() * 26))
}

function request(given: Event): NonNullable<Event['inference']> {
  return given.inference ?? { operation: 'chat', ok: true, parameters: {} }
}

function vector(caller: number, i: number): Float32Array {
  return Float32Array.from(
    { length: 24 },
    (_, column) => Math.sin(caller * (column + 1)) + 0.2 * Math.cos(i * (column + 7)),
  )
}
