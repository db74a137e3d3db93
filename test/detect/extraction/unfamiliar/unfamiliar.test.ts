import { describe, expect, test } from 'vitest'
import type { Score } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import { unfamiliarText } from '../../../../src/detect/extraction/unfamiliar/unfamiliar.ts'
import { PROMPT_LIMIT } from '../../../../src/detect/features/text.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { event } from '../../../support/events.ts'
import { detectorConformance, pass } from '../../conformance.ts'
import {
  callers,
  contextOf,
  frozenFrom,
  madeFrom,
  opened,
  ordinary,
  requestsOf,
  words,
} from '../distribution/callers.ts'

const config = { windows: [16, 32] }
const { reference, notes } = await ordinary(unfamiliarText, config, 32)

detectorConformance({
  name: 'unfamiliar-text',
  open: (cap) => opened(unfamiliarText, cap === undefined ? config : { ...config, maxKeys: cap }, reference),
  events: (random, prefix) => callers(random, 60, 4, 33, prefix),
})

describe('what a caller writes, against what callers write', () => {
  test('a new application in familiar words is nothing special', async () => {
    const found = await scoresOf(callers(seededRandom(1), 70, 20, 16))
    expect(found.length).toBe(20)
    expect(found.filter(({ p }) => (p ?? 0) < 0.05).length).toBeLessThanOrEqual(2)
  })

  test.each([
    ['known words in any order', (i: number) => words(seededRandom(i), 20).join(' the this in ')],
    ['sentences from elsewhere', (i: number) => `Wer hat heute die ${i} Blumen auf dem Balkon gegossen, und womit?`],
  ])('%s are told, with the strangest of the requests', async (_, prompt) => {
    const events = requestsOf('key:x', 16, prompt)
    const [score] = await scoresOf(events)
    expect(score).toMatchObject({ direction: 'high', counts: 'window', part: '16', principal: 'key:x' })
    expect(score?.p).toBeLessThan(0.001)
    expect(score?.window).toEqual({ from: events[0]?.at, to: events.at(-1)?.at, events: 16 })
    expect(score?.explain.exemplars).toHaveLength(5)
    expect(score?.explain.seen).toBeGreaterThan(score?.explain.expected ?? Infinity)
    expect(score?.explain.text).toContain('made of what others do not write here')
  })

  test('many short ones are told too', async () => {
    const events = requestsOf('key:s', 32, (i) => `${['quick', 'brown', 'jumpy', 'lazy'][i % 4] ?? ''} foxes`)
    expect((await scoresOf(events)).at(-1)?.p).toBeLessThan(0.05)
  })

  test('ordinary requests between them hide them little', async () => {
    const own = callers(seededRandom(3), 71, 1, 32, 'key:y')
    const mixed = own.map((each, i) =>
      i % 4 === 0
        ? { ...each, inference: { ...each.inference, prompt: words(seededRandom(i), 20).toReversed().join(' zum ') } }
        : each,
    )
    const found = await scoresOf(mixed as readonly Event[])
    expect(found.find(({ part }) => part === '32')?.p).toBeLessThan(0.005)
  })

  test('without a reference it says so once, and one for other sizes is as good as none', async () => {
    for (const detector of [
      await opened(unfamiliarText, config, undefined),
      await opened(unfamiliarText, { windows: [20] }, reference),
    ]) {
      const { raw } = await pass(detector, [callers(seededRandom(6), 0, 3, 20)])
      expect(raw.map(({ p }) => p)).toEqual([null])
      expect(raw[0]?.explain).toMatchObject({ learning: 0, text: expect.stringContaining('modelward baseline') })
    }
  })

  test('a state under another reference is forgotten', async () => {
    const half = callers(seededRandom(7), 70, 1, 10)
    const { state } = await pass(await opened(unfamiliarText, config, reference), [half])
    const random = seededRandom(8)
    const other = await madeFrom(unfamiliarText, config, callers(random, 0, 24, 16), callers(random, 30, 24, 16))
    const detector = await opened(unfamiliarText, config, other.reference)
    detector.restore([...state].map(([key, value]) => ({ key, value })))
    expect(detector.keys().held).toBe(0)
  })

  test('when most callers write of new things together it is drift, and no one of them stands out', async () => {
    const detector = await opened(unfamiliarText, config, reference)
    const moved = (n: number): Event[] =>
      requestsOf(`key:m${n}`, 16, (i) => `Ein ganz anderes Thema als sonst, Nummer ${n} von ${i}, bitte schnell!`)
    const early = await pass(detector, [moved(0)], () => false)
    await pass(
      detector,
      Array.from({ length: 30 }, (_, n) => moved(n + 1)),
      () => false,
    )
    const late = await pass(detector, [moved(40)], () => false)
    expect(early.raw[0]?.p).toBeLessThan(0.01)
    expect(late.raw[0]?.p).toBeGreaterThan(0.1)
    expect(late.raw[0]?.explain.text).toContain('drift, not theft')
  })
})

test('what cannot be looked at, and what is looked at in part, is counted', async () => {
  const context = contextOf('unfamiliar-text', reference)
  const detector = await unfamiliarText.open(unfamiliarText.config.parse(config), context)
  const prompts = [undefined, '', 'hello', ' \n\t', 'x'.repeat(PROMPT_LIMIT), 'y z'.repeat(1 << 20)]
  const inferences = prompts.map((prompt) => (prompt === undefined ? {} : { prompt }))
  await pass(detector, [inferences.map((inference) => event({ principal: 'key:1', inference }))])
  const values = await context.metrics.values('modelward_detector_skipped_total')
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels['reason'], value]))).toEqual({
    'no-text': 2,
  })
  expect((await context.metrics.values('modelward_detector_cut_total')).map(({ value }) => value)).toEqual([1])
})

describe('the reference', () => {
  test('says what it was made of and how far its p-values are measured', () => {
    expect(notes[0]).toMatch(
      /^reference: 768 prompts of 24 callers, of which \d+ runs and pairs of words are familiar; 0 /,
    )
    expect(notes[1]).toContain('windows of 16: calibrated on 24 other clients; p-values below 0.040 are extrapolated')
  })

  test('is the same for the same events, whatever their order', async () => {
    const random = seededRandom(12)
    const [refer, calibrate] = [callers(random, 0, 24, 16), callers(random, 30, 24, 16)]
    const [one, other] = [
      await madeFrom(unfamiliarText, { windows: [16] }, refer, calibrate),
      await madeFrom(unfamiliarText, { windows: [16] }, refer.toReversed(), calibrate),
    ]
    expect(one.reference).toEqual(other.reference)
  })

  test('holds what at least two callers wrote, and nothing that one alone did', async () => {
    const secret = 'Our merger with Fabrikam closes on the third of June, tell nobody about it'
    const both = 'The annual meeting of all shareholders is moved to the second week of October'
    const said = (principal: string, prompt: string): Event[] => requestsOf(principal, 2, () => prompt)
    const random = seededRandom(13)
    const refer = [
      ...callers(random, 0, 24, 16),
      ...said('key:a', secret),
      ...said('key:a', both),
      ...said('key:b', both),
    ]
    const made = await madeFrom(unfamiliarText, { windows: [16] }, refer, callers(random, 30, 24, 16))
    const detector = await opened(unfamiliarText, { windows: [16] }, made.reference)
    const seenOf = async (prompt: string): Promise<number> =>
      (await pass(detector, [requestsOf('key:c', 16, () => prompt)])).raw[0]?.explain.seen ?? NaN
    expect(await seenOf(both)).toBeLessThan(0.05)
    expect(await seenOf(secret)).toBeGreaterThan(0.8)
  })

  test('made under another key is refused, since nothing would be familiar', async () => {
    const context = { ...contextOf('unfamiliar-text', reference), key: new Uint8Array(32).fill(8) }
    const open = async (): Promise<unknown> => unfamiliarText.open(unfamiliarText.config.parse(config), context)
    await expect(open()).rejects.toThrow(/key of another data directory.*modelward baseline/)
  })

  test('is refused in words when too little is there', async () => {
    const random = seededRandom(10)
    const [few, many] = [callers(random, 0, 4, 16), callers(random, 0, 24, 16)]
    const vectors = many.map(
      (each) => ({ ...each, inference: { features: Float32Array.of(1, 2) } }) as unknown as Event,
    )
    const refusals = await Promise.all([
      frozenFrom(unfamiliarText, config, few, many),
      frozenFrom(unfamiliarText, config, vectors, vectors),
      frozenFrom(unfamiliarText, config, many, callers(random, 30, 19, 16)),
    ])
    expect(refusals.map((each) => ('refused' in each ? each.refused : 'made'))).toEqual([
      expect.stringContaining('prompts of 4 callers to compare with, and of 5 are needed'),
      expect.stringContaining('read files of a gateway that logs them'),
      expect.stringContaining('19 with 16 prompts, 0 with 32 prompts'),
    ])
  })
})

test.each([
  [[15], /16/],
  [[16, 40], /multiple/],
  [[16, 32, 64, 128, 256], /4/],
  [[], /1/],
])('windows of %j are refused', (windows, error) => {
  expect(() => unfamiliarText.config.parse({ windows })).toThrow(error)
})

async function scoresOf(events: readonly Event[]): Promise<readonly Score[]> {
  const detector = await opened(unfamiliarText, config, reference)
  return (await pass(detector, [events], () => false)).raw
}
