import { describe, expect, test } from 'vitest'
import type { Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { outcomeRates } from '../../../src/detect/output/outcome-rates/outcome-rates.ts'
import { isFiltered, refuses } from '../../../src/detect/output/text/refusal.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { detectorContext } from '../../support/detector-context.ts'
import { event } from '../../support/events.ts'
import { detectorConformance, pass } from '../conformance.ts'
import { HOUR, MONDAY } from '../traffic.ts'

const open = (config: object = {}) =>
  outcomeRates.open(outcomeRates.config.parse(config), detectorContext('outcome-rates'))

interface Caller {
  readonly principal: string
  readonly requests: number
  /** Share of refusals among requests, by the request's place in the stream, 0 to 1. */
  readonly refusals: (place: number) => number
  readonly errors?: number
  readonly endpoint?: string
}

function stream(random: Random, callers: readonly Caller[]): Event[] {
  return callers
    .flatMap(({ principal, requests, refusals, errors = 0.02, endpoint }) =>
      Array.from({ length: requests }, (_, i) => {
        const place = i / requests
        const refused = random.next() < refusals(place)
        return event({
          at: Math.floor(MONDAY + 12 * HOUR * place + random.next()),
          principal,
          inference: {
            ok: refused || random.next() >= errors,
            output: refused ? "I'm sorry, but I can't help with that." : 'The capital of France is Paris.',
            ...(endpoint === undefined ? {} : { endpoint }),
          },
        })
      }),
    )
    .toSorted((a, b) => a.at - b.at)
}

const ordinary = (n: number, prefix = 'key:'): Caller[] =>
  Array.from({ length: n }, (_, i) => ({ principal: `${prefix}${i}`, requests: 200, refusals: () => 0.01 * (i % 5) }))

const smallest = (scores: readonly Score[], principal: string, direction: string): number =>
  Math.min(1, ...scores.filter((s) => s.principal === principal && s.direction === direction).map(({ p }) => p ?? 1))

detectorConformance({
  name: 'outcome-rates',
  open: (cap) => open(cap === undefined ? {} : { maxKeys: cap }),
  events: (random, prefix = 'key:') =>
    stream(random, [
      ...ordinary(6, prefix),
      { principal: `${prefix}probe`, requests: 120, refusals: () => 0.8 },
      { principal: `${prefix}broken`, requests: 120, refusals: () => 0, errors: 0.9 },
    ]),
})

describe('outcome-rates', () => {
  test('finds a caller whose answers come to be refused, and says so in words', async () => {
    const attacked = stream(seededRandom(1), [
      ...ordinary(20),
      { principal: 'key:probe', requests: 200, refusals: (place) => (place < 0.5 ? 0.01 : 0.6) },
    ])
    const { raw } = await pass(await open(), [attacked])
    expect(smallest(raw, 'key:probe', 'refusals')).toBeLessThan(1e-6)
    const last = raw.filter(({ principal }) => principal === 'key:probe').at(-1)
    expect(last).toMatchObject({ direction: 'refusals', counts: 'episode' })
    expect(last?.explain.text).toMatch(/^\d+ refusals in \d+ requests of this caller, expected at most [\d.]+$/)
    expect(last?.explain.exemplars).toHaveLength(5)
  })

  test('finds a caller whose requests fail', async () => {
    const groping = { principal: 'key:grope', requests: 150, refusals: () => 0, errors: 0.7 }
    const { raw } = await pass(await open(), [stream(seededRandom(2), [...ordinary(20), groping])])
    expect(smallest(raw, 'key:grope', 'errors')).toBeLessThan(1e-6)
    expect(smallest(raw, 'key:grope', 'refusals')).toBe(1)
  })

  test('tells an endpoint apart from those who ask it', async () => {
    const spread = Array.from({ length: 40 }, (_, i) => ({
      principal: `key:${i}`,
      requests: 30,
      refusals: (place: number) => (place < 0.5 ? 0.02 : 0.5),
      endpoint: 'summaries',
    }))
    const { raw } = await pass(await open(), [stream(seededRandom(3), spread)])
    const endpoint = raw.filter(({ explain }) => explain['endpoint'] === 'summaries')
    expect(Math.min(...endpoint.map(({ p }) => p ?? 1))).toBeLessThan(1e-6)
    expect(endpoint.every(({ principal, counts }) => principal === undefined && counts === undefined)).toBe(true)
  })

  test('leaves alone who has always been refused often, once that is known', async () => {
    const moderation = { principal: 'key:moderation', requests: 4_000, refusals: () => 0.3 }
    const detector = await open()
    await pass(detector, [stream(seededRandom(4), [...ordinary(20), moderation])], () => false)
    const later = stream(seededRandom(5), [{ ...moderation, requests: 1_000 }]).map((each) =>
      event({ ...each, at: each.at + 48 * HOUR, inference: each.inference ?? {} }),
    )
    const { raw } = await pass(detector, [later])
    expect(smallest(raw, 'key:moderation', 'refusals')).toBeGreaterThan(0.01)
  })

  test('keeps its promise on ordinary callers: few of a thousand fall under 0.01', async () => {
    const fleet = Array.from({ length: 1_000 }, (_, i) => ({
      principal: `key:${i}`,
      requests: 60,
      refusals: () => 0.08 * ((i % 10) / 10),
    }))
    const { raw } = await pass(await open(), [stream(seededRandom(6), fleet)])
    const under = new Set(raw.filter(({ p }) => (p ?? 1) <= 0.01).map(({ principal }) => principal))
    expect(under.size).toBeLessThanOrEqual(10)
  })
})

describe('a refusal', () => {
  test.each([
    ["I'm sorry, but I can't assist with that request.", true],
    ['I’m unable to help with this.', true],
    ['Sure. I cannot do that, though.', true],
    ['As an AI, I do not have opinions.', true],
    ['The court held that it cannot be liable.', false],
    [`${'Here is the letter. '.repeat(10)}I cannot thank you enough.`, false],
    ['', false],
  ])('%j: %s', (output, refused) => {
    expect(refuses(output)).toBe(refused)
  })

  test('is also what a filter held back', () => {
    expect(isFiltered('content_filter')).toBe(true)
    expect(isFiltered('ContentPolicyViolationError')).toBe(true)
    expect(isFiltered('429')).toBe(false)
  })
})
