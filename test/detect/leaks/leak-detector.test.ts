import { describe, expect, test } from 'vitest'
import type { Detector, Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import { pii } from '../../../src/detect/leaks/pii/pii.ts'
import { secrets } from '../../../src/detect/leaks/secrets/secrets.ts'
import { detectorContext } from '../../support/detector-context.ts'
import { event } from '../../support/events.ts'
import { detectorConformance } from '../conformance.ts'
import { chats } from './texts.ts'

const KEY = 'ghp_Zk3v9QpLx8RwTn2YbC6mVd0HsJf4GaUe1Kto'
const CARD = '4111 1111 1111 1111'

detectorConformance({
  name: 'secrets',
  open: (cap) =>
    secrets.open(secrets.config.parse(cap === undefined ? {} : { maxKeys: cap }), detectorContext('secrets')),
  events: (random, prefix = 'key:') => chats(random, prefix, (serial) => KEY.slice(0, -2) + String(10 + serial)),
})

detectorConformance({
  name: 'pii',
  open: (cap) => pii.open(pii.config.parse(cap === undefined ? {} : { maxKeys: cap }), detectorContext('pii')),
  events: (random, prefix = 'key:') => chats(random, prefix, (serial) => `person${serial}@example.org`),
})

function chat(texts: { readonly prompt?: string; readonly output?: string }, principal = 'key:a'): Event {
  return event({ principal, inference: texts })
}

function pass(detector: Detector, given: Event): readonly Score[] {
  const scores = detector.score(given)
  detector.learn(given)
  return scores
}

describe('a leak', () => {
  test('is one score for each kind and direction, told apart by part', async () => {
    const detector = await pii.open(pii.config.parse({}), detectorContext('pii'))
    const scores = detector.score(chat({ prompt: `mail a@example.org ${CARD}`, output: 'a@example.org b@example.org' }))
    expect(scores.map(({ part, direction, explain }) => [part, direction, explain.seen, explain['kinds']])).toEqual([
      ['prompt email', 'prompt', 1, 2],
      ['prompt card', 'prompt', 1, 2],
      ['output email', 'output', 2, 1],
    ])
  })

  test('has as p the share of quiet texts that held one, this one counted, by rule and direction', async () => {
    const detector = await pii.open(pii.config.parse({}), detectorContext('pii'))
    for (let i = 0; i < 98; i++) pass(detector, chat({ output: i === 7 ? 'a@example.org' : 'nothing' }))
    const [email] = detector.score(chat({ output: 'b@example.org' }))
    expect(email?.p).toBeCloseTo(2 / 99, 12)
    expect(detector.score(chat({ output: CARD }))[0]?.p).toBeCloseTo(1 / 99, 12)
    expect(detector.score(chat({ prompt: CARD }))[0]?.p).toBe(1)
  })

  test('is known when this principal showed it before, not when another did', async () => {
    const detector = await secrets.open(secrets.config.parse({}), detectorContext('secrets'))
    const known = (scores: readonly Score[]): unknown => scores.map(({ explain }) => explain['known'])
    expect(known(detector.score(chat({ prompt: KEY })))).toEqual([false])
    expect(known(detector.score(chat({ prompt: `again ${KEY}` })))).toEqual([true])
    expect(known(detector.score(chat({ output: KEY }, 'key:b')))).toEqual([false])
  })

  test('has the same fingerprint wherever it is, and another under another key', async () => {
    const context = detectorContext('secrets')
    const [one, other] = [
      await secrets.open(secrets.config.parse({}), context),
      await secrets.open(secrets.config.parse({}), { ...context, key: new Uint8Array(32).fill(9) }),
    ]
    const print = (detector: Detector, text: string): unknown =>
      detector.score(chat({ output: text }))[0]?.explain['fingerprint']
    expect(print(one, `a ${KEY}`)).toMatch(/^[0-9a-f]{14}$/)
    expect(print(one, `a ${KEY}`)).toBe(print(one, `${KEY} b`))
    expect(print(one, KEY)).not.toBe(print(other, KEY))
  })

  test.each([0, 2, 4])('shows %i characters at most, in scores and in state', async (shown) => {
    const detector = await secrets.open(secrets.config.parse({ shown }), detectorContext('secrets'))
    const scores = pass(detector, chat({ prompt: KEY, output: `Authorization: Bearer ${KEY}` }))
    const said = JSON.stringify(scores.map(({ event: _event, ...score }) => score))
    const state = Buffer.concat(detector.changes().map(({ value }) => value ?? new Uint8Array())).toString('latin1')
    expect(scores.length).toBeGreaterThan(1)
    for (let at = 0; at + 5 <= KEY.length; at++) {
      const part = KEY.slice(at, at + 5)
      expect(said).not.toContain(part)
      expect(state).not.toContain(part)
    }
    expect(scores[0]?.explain['tail']).toBe(KEY.slice(KEY.length - shown))
  })

  test('of a caller without a principal is told too', async () => {
    const detector = await secrets.open(secrets.config.parse({}), detectorContext('secrets'))
    expect(detector.score(event({ inference: { output: KEY } }))).toHaveLength(1)
    expect(detector.keys().held).toBe(0)
  })

  test('behind the limit is not seen, and that is counted', async () => {
    const context = detectorContext('secrets')
    const detector = await secrets.open(secrets.config.parse({ maxChars: 1_000 }), context)
    expect(detector.score(chat({ output: `${'.'.repeat(1_000)} ${KEY}` }))).toEqual([])
    expect(await context.metrics.values('modelward_detector_skipped_total')).toMatchObject([
      { labels: { component_id: 'secrets', reason: 'text_too_long' }, value: 1 },
    ])
  })

  test('is looked for only where the config says', async () => {
    const detector = await secrets.open(secrets.config.parse({ directions: ['output'] }), detectorContext('secrets'))
    expect(detector.score(chat({ prompt: KEY }))).toEqual([])
    expect(detector.score(chat({ output: KEY }))).toHaveLength(1)
  })
})

describe('a config', () => {
  test('with an unreadable pack, or with none at all, is refused in words', async () => {
    const open = (config: unknown): Promise<Detector> =>
      secrets.open(secrets.config.parse(config), detectorContext('secrets'))
    await expect(open({ packs: ['/nowhere/pack.toml'] })).rejects.toThrow('/nowhere/pack.toml cannot be read')
    await expect(open({ ownPack: false })).rejects.toThrow('no pattern')
  })

  test('names kinds and regions that exist', () => {
    expect(pii.config.safeParse({ kinds: ['mood'] }).error?.message).toContain('iban')
    expect(pii.config.safeParse({ regions: ['Germany'] }).error?.message).toContain('DE')
  })

  test.each([secrets, pii].map((plugin) => [plugin.kind, plugin] as const))(
    'of %s: examples work, unknown keys do not',
    (_kind, plugin) => {
      for (const example of plugin.examples) expect(plugin.config.safeParse(example).success).toBe(true)
      expect(plugin.config.safeParse({ nonsense: 1 }).success).toBe(false)
    },
  )
})
