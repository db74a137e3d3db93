import { describe, expect, test } from 'vitest'
import type { BaselineMaker, Detector, Score } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import type { Random } from '../../../../src/contract/plugin.ts'
import { openRef } from '../../../../src/detect/compute/ref/ref.ts'
import { accountLinkage } from '../../../../src/detect/extraction/linkage/linkage.ts'
import { skeletonsOf } from '../../../../src/detect/extraction/linkage/skeleton.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { event } from '../../../support/events.ts'
import { given, type TestGiven } from '../../../support/given.ts'
import { detectorConformance, pass } from '../../conformance.ts'
import { MONDAY } from '../../traffic.ts'

const WORDS =
  'amber basin cedar delta ember fjord grove haven islet jetty knoll ledge marsh north ocean plain quarry ridge shore tidal'.split(
    ' ',
  )
const TEMPLATES = 30
const config = { window: 20 }
const reference = await made(ordinary(seededRandom(1), 0, 20), ordinary(seededRandom(2), 20, 24))

detectorConformance({
  name: 'account-linkage',
  open: (cap) => opened(cap === undefined ? config : { ...config, maxKeys: cap }),
  events: (random, prefix) => ordinary(random, 0, 6, prefix),
})

describe('accounts that share a harvest out', () => {
  test('share most of their templates with others, and are named with them', async () => {
    const detector = await opened()
    await pass(detector, [ordinary(seededRandom(3), 44, 12)], () => false)
    const found = await pass(detector, [sybils(seededRandom(4), 6, 60)], () => false)
    const last = found.raw.filter(({ explain }) => explain.seen > 6)
    expect(new Set(last.map(({ principal }) => principal)).size).toBe(6)
    const strongest = last.at(-1)
    expect(strongest).toMatchObject({ direction: 'high', counts: 'window' })
    expect(strongest?.p).toBeLessThan(0.05)
    expect(strongest?.explain['partners']).toEqual(expect.arrayContaining(['sybil:1', 'sybil:2']))
    expect(strongest?.explain['cluster']).toBe('sybil:0')
    expect(strongest?.explain.exemplars).toHaveLength(5)
  })

  test('one account that asks for all of it alone shares nothing', async () => {
    const { raw } = await pass(await opened(), [sybils(seededRandom(5), 1, 200)], () => false)
    expect(raw.map(({ explain }) => explain.seen)).toEqual(raw.map(() => 0))
    expect(raw.map(({ p }) => p)).toEqual(raw.map(() => 1))
  })

  test('accounts of one owner with the same application are ordinary', async () => {
    const random = seededRandom(6)
    const events = Array.from({ length: 100 }, (_, i) => request(`key:own${i % 5}`, i, promptOf(7, random)))
    const { raw } = await pass(await opened(), [events], () => false)
    expect(Math.max(...raw.map(({ explain }) => explain.seen))).toBeLessThanOrEqual(2)
  })

  test('the same text from two accounts is no template yet', async () => {
    const random = seededRandom(7)
    const texts = Array.from({ length: 20 }, () => words(random, 30))
    const events = ['key:a', 'key:b'].flatMap((name) => texts.map((text, i) => request(name, i, text)))
    const { raw } = await pass(await opened(), [events], () => false)
    expect(raw.map(({ explain }) => explain.seen)).toEqual([0, 0])
  })

  test('chance finds more among more accounts: p grows with those known', async () => {
    const [few, many] = [await opened(), await opened()]
    const crowd = Array.from({ length: 600 }, (_, i) =>
      request(`key:crowd${i}`, i, `${words(seededRandom(i), 12)} ${i}`),
    )
    await pass(many, [crowd], () => false)
    const scores: Score[][] = []
    for (const detector of [few, many])
      scores.push([...(await pass(detector, [sybils(seededRandom(8), 6, 60)], () => false)).raw])
    const [one, other] = scores.map((all) => all.at(-1))
    expect(one?.explain.seen).toBe(other?.explain.seen)
    expect(other?.p ?? 0).toBeGreaterThan(5 * (one?.p ?? 1))
  })
})

describe('what cannot be looked at', () => {
  test('is counted with its reason', async () => {
    const context = contextOf(reference)
    const detector = await accountLinkage.open(accountLinkage.config.parse(config), context)
    await pass(detector, [[{}, { prompt: '' }].map((inference) => event({ principal: 'key:1', inference }))])
    const values = await context.metrics.values('modelward_detector_skipped_total')
    expect(values.map(({ labels }) => labels['reason'])).toEqual(['no-text', 'empty-text'])
  })

  test('without a reference it says so once', async () => {
    const detector = await accountLinkage.open(accountLinkage.config.parse(config), contextOf(undefined))
    const { raw } = await pass(detector, [ordinary(seededRandom(9), 0, 3)])
    expect(raw.map(({ p, explain }) => [p, explain.learning])).toEqual([[null, 0]])
  })

  test('no prompt and no words of one are in the state', async () => {
    const { state } = await pass(await opened(), [sybils(seededRandom(10), 2, 40)], () => false)
    const stored = [...state].map(([key, value]) => key + Buffer.from(value).toString('latin1')).join('\n')
    expect(state.size).toBeGreaterThan(20)
    for (const word of [...WORDS, 'please', 'says']) expect(stored).not.toContain(word)
  })
})

describe('the reference', () => {
  test('is refused in words when too few clients are there, or for another window', async () => {
    const maker = makerOf()
    await maker.calibrate(ordinary(seededRandom(1), 0, 5))
    expect(await maker.freeze()).toEqual({ refused: expect.stringContaining('and there are 5') })
    const opening = accountLinkage.open(accountLinkage.config.parse({ window: 30 }), contextOf(reference))
    await expect(opening).rejects.toThrow('not of windows of 30')
  })
})

test.each([
  ['', []],
  ['  12 34 !', []],
  ['Translate this', ['translate this']],
  ['Is 17 a PRIME number, yes or no?', ['is a prime number yes or', '… a prime number yes or no']],
  ['Wörter, ohne  alles: 7 ÄÖÜ\n"x"…y', ['wörter ohne alles äöü x …y']],
  ['a b c d e f g, h - i\tj K l', ['a b c d e f', '… g h i j k l']],
])('the skeletons of %j', (prompt, expected) => {
  expect(skeletonsOf(prompt)).toEqual(expected)
})

function contextOf(bytes: Uint8Array | undefined): TestGiven & Parameters<typeof accountLinkage.open>[1] {
  return { ...given('account-linkage'), compute: openRef(), reference: bytes, key: new Uint8Array(32).fill(3) }
}

function opened(parts: unknown = config): Promise<Detector> {
  return accountLinkage.open(accountLinkage.config.parse(parts), contextOf(reference))
}

function makerOf(): BaselineMaker {
  const maker = accountLinkage.baseline?.(accountLinkage.config.parse(config), contextOf(undefined))
  if (!maker) throw new Error('account-linkage makes no reference')
  return maker
}

async function made(refer: readonly Event[], calibrate: readonly Event[]): Promise<Uint8Array> {
  const maker = makerOf()
  await maker.refer(refer)
  await maker.calibrate(calibrate)
  const frozen = await maker.freeze()
  if ('refused' in frozen) throw new Error(frozen.refused)
  return frozen.reference
}

/** Accounts with two templates each: some of them have one in common with the next. */
function ordinary(random: Random, first: number, count: number, prefix = 'key:'): Event[] {
  return Array.from({ length: count }, (_, n) => first + n)
    .flatMap((n) =>
      Array.from({ length: 25 }, (_, i) =>
        request(`${prefix}${n}`, i, promptOf(1_000 + 3 * n + (n % 4 === 0 ? 3 : 1) * (i % 2), random)),
      ),
    )
    .toSorted((a, b) => a.at - b.at)
}

/** Accounts that take turns at all templates. */
function sybils(random: Random, accounts: number, each: number): Event[] {
  return Array.from({ length: accounts * each }, (_, i) =>
    request(`sybil:${i % accounts}`, i, promptOf(Math.floor(random.next() * TEMPLATES), random)),
  )
}

function promptOf(template: number, random: Random): string {
  const name = template.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')
  return `Please do as template ${name} says with this: ${words(random, 20)}`
}

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => WORDS[Math.floor(random.next() * WORDS.length)]).join(' ')
}

function request(principal: string, i: number, prompt: string): Event {
  return event({ at: MONDAY + i * 1_000, principal, inference: { prompt } })
}
