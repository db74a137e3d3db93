import { describe, expect, test } from 'vitest'
import type { Detector, Score } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import type { Random } from '../../../../src/contract/plugin.ts'
import { openRef } from '../../../../src/detect/compute/ref/ref.ts'
import { accountLinkage } from '../../../../src/detect/extraction/linkage/linkage.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { event } from '../../../support/events.ts'
import { given, type TestGiven } from '../../../support/given.ts'
import { cut, pass } from '../../conformance.ts'
import { MONDAY } from '../../traffic.ts'

type Request = Event['inference']
type Made = (random: Random) => Partial<NonNullable<Request>>

const config = { window: 20 }
const TOPICS = 60
const COLUMNS = 32
const { reference: chats } = await made((n) => topics(3 * n, 3))
const { reference: vectors, notes } = await made((n) => around(n, 0.6))

describe('a harvest parted among accounts that take turns', () => {
  test('is one cluster, told by each window that they fill together', async () => {
    const { raw } = await pass(await opened(chats), [harvest(12, 12)], () => false)
    expect(raw.length).toBeGreaterThan(2)
    for (const score of raw) {
      expect(score).toMatchObject({ part: 'cluster', direction: 'low', counts: 'window' })
      expect(score.window?.events).toBe(20)
      expect(score.p).toBeLessThan(0.05)
    }
    expect(new Set(raw.map(({ explain }) => explain['cluster'])).size).toBe(1)
    const last = raw.at(-1)
    expect([...partnersOf(last), last?.principal ?? ''].toSorted()).toEqual(
      Array.from({ length: 12 }, (_, n) => `key:${n}`).toSorted(),
    )
    expect(last?.explain.exemplars).toHaveLength(5)
    expect(last?.explain.text).toContain('20 requests of 12 accounts that are linked')
  })

  test('is not seen when the accounts come in random order, which links nobody', async () => {
    const random = seededRandom(3)
    const mixed = harvest(12, 12).map((each) => ({ ...each, principal: `key:${Math.floor(12 * random.next())}` }))
    const { raw } = await pass(await opened(chats), [mixed], () => false)
    expect(clustersIn(raw)).toEqual([])
  })

  test('goes on as one over batches, and after a restart in its midst', async () => {
    const events = harvest(12, 12)
    const whole = await pass(await opened(chats), [events], () => false)
    const parts = await pass(await opened(chats), cut(events, seededRandom(1), 7), () => false)
    expect(parts.scores).toEqual(whole.scores)
    expect(parts.state).toEqual(whole.state)
    const half = await pass(await opened(chats), [events.slice(0, 75)], () => false)
    const again = await opened(chats)
    again.restore([...half.state].map(([key, value]) => ({ key, value })))
    const rest = await pass(again, [events.slice(75)], () => false)
    expect([...half.scores, ...rest.scores]).toEqual(whole.scores)
  })

  test('is over when a day has passed without a link: later requests are pooled with nobody', async () => {
    const detector = await opened(chats)
    await pass(detector, [harvest(12, 12)], () => false)
    const later = Array.from({ length: 40 }, (_, i) => {
      const at = MONDAY + 2 * 86_400_000 + 1_000 * i
      return request(`key:${i % 2}`, at, topics(0, TOPICS)(seededRandom(i)))
    })
    expect(clustersIn((await pass(detector, [later], () => false)).raw)).toEqual([])
  })

  test('is held in as many clusters as are configured', async () => {
    const detector = await opened(chats, { ...config, maxClusters: 1 })
    const streams = [0, 1].map((n) =>
      harvest(12, 6, MONDAY + n * 3_600_000).map((each) => ({ ...each, principal: `${each.principal}.${n}` })),
    )
    const { state } = await pass(detector, streams, () => false)
    expect([...state.keys()].filter((key) => key.startsWith('pool.1'))).toHaveLength(1)
  })
})

test('one application that takes its keys in turn is a cluster, and as ordinary as one caller', async () => {
  const own = topics(300, 3)
  const { raw } = await pass(await opened(chats), [inTurn(12, 12, () => own)], () => false)
  const told = clustersIn(raw)
  expect(told.length).toBeGreaterThan(2)
  expect(Math.min(...told.map(({ p }) => p ?? 0))).toBeGreaterThan(0.05)
})

describe('a search around one input', () => {
  test('is one cluster, in whatever order its accounts come', async () => {
    const random = seededRandom(5)
    const one = around(900, 0.01)
    const events = Array.from({ length: 240 }, (_, i) =>
      request(`key:${Math.floor(10 * random.next())}`, MONDAY + 997 * i + (i % 7) * 100, one(random)),
    )
    const { raw } = await pass(await opened(vectors), [events], () => false)
    expect(raw.length).toBeGreaterThan(2)
    expect(raw.every(({ direction }) => direction === 'high')).toBe(true)
    expect(partnersOf(raw.at(-1)).length).toBeGreaterThan(6)
  })

  test('is none where each account looks at things of its own', async () => {
    const events = Array.from({ length: 10 }, (_, n) => requests(`key:${n}`, 40, around(950 + n, 0.6), n)).flat()
    const { raw } = await pass(await opened(vectors), [events.toSorted((a, b) => a.at - b.at)], () => false)
    expect(raw).toEqual([])
  })

  test('is looked for with no template in the reference, which says so', () => {
    expect(notes).toEqual([
      expect.stringContaining('shared templates not scored, since 0 other clients filled one and 20 are needed'),
      expect.stringContaining('requests of linked accounts taken together calibrated on 60 clients'),
    ])
  })

  test('counts what has no vector of the kind, with its reason', async () => {
    const context = contextOf(vectors)
    const detector = await accountLinkage.open(accountLinkage.config.parse(config), context)
    const odd = [{}, { features: new Float32Array(3) }, { features: new Float32Array(COLUMNS).fill(NaN) }]
    await pass(detector, [odd.map((inference) => event({ principal: 'key:1', inference }))])
    const values = await context.metrics.values('modelward_detector_skipped_total')
    expect(values.map(({ labels }) => labels['reason'])).toEqual(['no-text', 'other-columns', 'not-finite'])
  })
})

function clustersIn(scores: readonly Score[]): readonly Score[] {
  return scores.filter(({ part }) => part === 'cluster')
}

function partnersOf(score: Score | undefined): readonly string[] {
  const partners = score?.explain['partners']
  return Array.isArray(partners) ? partners.map(String) : []
}

/** Each account has topics of its own, and all of them together have all. */
function harvest(accounts: number, each: number, from = MONDAY): readonly Event[] {
  const width = Math.ceil(TOPICS / accounts)
  return inTurn(accounts, each, (account) => topics(account * width, width), from)
}

function inTurn(accounts: number, each: number, of: (account: number) => Made, from = MONDAY): readonly Event[] {
  const random = seededRandom(2)
  let at = from
  return Array.from({ length: accounts * each }, (_, i) => {
    at += Math.round(800 + 401 * random.next())
    return request(`key:${i % accounts}`, at, of(i % accounts)(random))
  })
}

/** Prompts about some topics, each with words of its own. */
function topics(first: number, count: number): Made {
  return (random) => {
    const topic = (first + Math.floor(count * random.next())) % TOPICS
    const words = Array.from(
      { length: 25 },
      () =>
        `w${'abcdefghij'[topic % 10]}${'klmnop'[Math.floor(topic / 10)]}${
          'qrstuvwxyz'[Math.floor(10 * random.next())]
        }`,
    )
    return { prompt: words.join(' ') }
  }
}

/** Vectors around the n-th point. */
function around(n: number, spread: number): Made {
  const own = seededRandom(n)
  const centre = Float32Array.from({ length: COLUMNS }, () => own.next() - 0.5)
  return (random) => ({ features: centre.map((value) => value + spread * (random.next() - 0.5)) })
}

function requests(principal: string, count: number, of: Made, seed: number): readonly Event[] {
  const random = seededRandom(1_000 + seed)
  return Array.from({ length: count }, () => request(principal, MONDAY + Math.floor(3e6 * random.next()), of(random)))
}

function request(principal: string, at: number, inference: Partial<NonNullable<Request>>): Event {
  return event({ at, principal, inference: { latencyMs: 500, ...inference } })
}

/** A reference of clients that send what `of` says. */
async function made(
  of: (client: number) => Made,
): Promise<{ readonly reference: Uint8Array; readonly notes: readonly string[] }> {
  const maker = accountLinkage.baseline?.(accountLinkage.config.parse(config), contextOf(undefined))
  if (!maker) throw new Error('account-linkage makes no reference')
  const clients = (from: number, count: number): readonly Event[] =>
    Array.from({ length: count }, (_, i) => requests(`client:${from + i}`, 60, of(from + i), from + i))
      .flat()
      .toSorted((a, b) => a.at - b.at)
  await maker.refer(clients(0, 40))
  await maker.calibrate(clients(40, 60))
  const frozen = await maker.freeze()
  if ('refused' in frozen) throw new Error(frozen.refused)
  return frozen
}

function contextOf(bytes: Uint8Array | undefined): TestGiven & Parameters<typeof accountLinkage.open>[1] {
  return { ...given('account-linkage'), compute: openRef(), reference: bytes, key: new Uint8Array(32).fill(3) }
}

function opened(reference: Uint8Array, parts: unknown = config): Promise<Detector> {
  return accountLinkage.open(accountLinkage.config.parse(parts), contextOf(reference))
}
