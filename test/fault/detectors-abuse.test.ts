import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Score } from '../../src/contract/detect.ts'
import type { Event, Inference } from '../../src/contract/event.ts'
import type { Random } from '../../src/contract/plugin.ts'
import { openCompute } from '../../src/detect/compute/open.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { oddEvents } from '../detect/odd-events.ts'
import { DetectorLine, freezeAll, type References, type StoredState } from '../support/detector-line.ts'
import { event } from '../support/events.ts'
import { given } from '../support/given.ts'
import { InferenceTraffic } from '../support/inference-traffic.ts'
import { memoryKept } from '../support/memory.ts'

const PRINCIPALS = 1_000_000
const CAP = 2_000
const BATCH = 1_000
const START = Date.UTC(2026, 0, 12)
/** Bytes that a detector says it needs for a principal, in its config or comment, with the key and a half again. */
const STATED: Readonly<Record<string, number>> = {
  'api-abuse': 1_500,
  'query-distribution': 13_000,
  'unfamiliar-text': 1_200,
  'account-linkage': 1_700,
  'near-duplicates': 3_900,
  'delta-similarity': 2_100,
  secrets: 300,
  pii: 300,
  canaries: 300,
  divergence: 200,
  'output-distribution': 300,
}
/** In the form of a cloud key; nobody's. */
const LEAKED = ['AKIA', 'Q3EGRIHZ7KDM5TNB'].join('')
const CANARY = 'zx81-HONEYTOKEN-4417'

const folder = mkdtempSync(join(tmpdir(), 'modelward-abuse-'))
const canaryFile = join(folder, 'canary')
writeFileSync(canaryFile, CANARY)
const canaries = { canaries: [{ name: 'crm', value: `\${file:${canaryFile}}`, prompts: false }] }
const compute = await openCompute('wasm', given())
let references: References

beforeAll(async () => {
  references = await frozen()
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await compute[Symbol.asyncDispose]()
})

describe('a million principals that an attacker makes up', () => {
  let line: DetectorLine
  const state: StoredState = new Map()
  const used: number[] = []

  beforeAll(async () => {
    line = await openLine(CAP)
    for (let from = 0; from < PRINCIPALS; from += BATCH) {
      await line.pass(flood(from, BATCH))
      line.store(state)
      if (from === PRINCIPALS / 10 || from === PRINCIPALS - BATCH) used.push(memoryKept().used)
    }
  }, 600_000)

  test('are held to the cap, in memory and in the store, and the others counted as evicted', () => {
    for (const { name, detector } of line.members) {
      const { held, cap, evicted } = detector.keys()
      expect(cap, name).toBe(CAP)
      expect(held, name).toBeLessThanOrEqual(cap)
      expect(held, name).toBeGreaterThan(0)
      // Every kind of request in the flood comes from 30,000 keys at least.
      expect(evicted, name).toBeGreaterThan(5_000 - CAP)
    }
    for (const [name, own] of state) {
      const bytes = [...own].reduce((sum, [key, value]) => sum + key.length + value.length, 0)
      const stated = STATED[name]
      if (stated !== undefined) expect(bytes / CAP, name).toBeLessThan(stated * 1.5 + 200)
    }
  })

  test('take no memory beyond that: nine tenths of them add less than 8 MB to what the first tenth took', () => {
    const [early = NaN, late = NaN] = used
    expect(late - early).toBeLessThan(8e6)
  })

  test('hide nobody: after and amid the flood each direct attack is told', async () => {
    const found = await line.pass(amidFlood(tokenSweep('key:thief', 200)))
    expect(smallest(found, 'api-abuse', 'key:thief')).toBeLessThan(1e-6)
    const loose = `${'company '.repeat(60)}${sentence(seededRandom(1), 60)}`
    const [diverged, leaked, secret] = [
      await line.pass(amidFlood([request('key:loose', { output: loose })])),
      await line.pass(amidFlood([request('key:crm', { output: `the row is ${CANARY}.` })])),
      await line.pass(amidFlood([request('key:pat', { output: `use ${LEAKED}` })])),
    ]
    expect(diverged.some((one) => one.direction === 'divergence' && one.principal === 'key:loose')).toBe(true)
    expect(smallest(leaked, 'canaries', 'key:crm')).toBeLessThan(1e-6)
    expect(secret.some((one) => one.detector === 'secrets' && one.principal === 'key:pat')).toBe(true)
  })

  test('let nobody come back innocent: who was evicted and attacks again is told again', async () => {
    for (let round = 0; round < 2; round++) {
      // One in five biases tokens, as api-abuse looks for: more than fit of these too.
      for (let from = 0; from < 6 * CAP; from += BATCH) await line.pass(flood(PRINCIPALS * (round + 2) + from, BATCH))
      const swept = await line.pass(tokenSweep('key:thief', 200, round + 1))
      expect(smallest(swept, 'api-abuse', 'key:thief'), `round ${round}`).toBeLessThan(1e-6)
      const leaked = await line.pass([request('key:crm', { output: CANARY })])
      expect(leaked.find(({ detector }) => detector === 'canaries')?.explain['known']).toBe(false)
    }
  })
})

describe('input that is broken on purpose', () => {
  test('throws nowhere, and every score on it is a number that means something', async () => {
    const line = await openLine(100)
    const told: Score[] = []
    for (const each of [...broken(), ...oddEvents()]) told.push(...(await line.pass([each])))
    for (const each of [...broken(), ...oddEvents()].toReversed()) told.push(...(await line.pass([each])))
    for (const { p, explain, direction } of told) {
      expect(p === null || (p > 0 && p <= 1)).toBe(true)
      expect(Number.isFinite(explain.seen)).toBe(true)
      expect(`${direction} ${explain.text}`).not.toMatch(/NaN|undefined|Infinity/)
    }
    const ordinary = new InferenceTraffic(seededRandom(3), 'after')
    const after = await line.pass(ordinary.batch(Array.from({ length: 400 }, () => 1)))
    expect(after.some(({ detector, p }) => detector === 'query-distribution' && p !== null)).toBe(true)
  })

  test.each([
    ['a vector with NaN', { features: Float32Array.from({ length: 64 }, () => NaN), label: '1' }, 'near-duplicates'],
    ['a vector with infinities', { features: new Float32Array(64).fill(Infinity), label: '1' }, 'delta-similarity'],
    ['an empty vector', { features: new Float32Array(0) }, 'near-duplicates'],
    ['a vector of five million numbers', { features: new Float32Array(5_000_000).fill(1) }, 'delta-similarity'],
    ['no prompt', {}, 'query-distribution'],
    ['an empty prompt', { prompt: '' }, 'query-distribution'],
    ['more than a megabyte', { prompt: 'a b '.repeat(300_000) }, 'secrets'],
    ['more than a megabyte', { prompt: 'a b '.repeat(300_000) }, 'pii'],
  ] as const)('%s is counted with a reason', async (_, inference, detector) => {
    const line = await openLine(100)
    await line.pass([request('key:odd', inference)])
    const counted = await line.world.metrics.values('modelward_detector_skipped_total')
    const own = counted.filter(({ labels }) => labels['component_id'] === detector)
    expect(own.map(({ value }) => value)).toEqual([1])
    expect(own[0]?.labels['reason']).toMatch(/^[a-z_-]+$/)
  })
})

describe('killed and restored', () => {
  test.each([1, 2, 3])('all detectors and the evidence say the same as if never stopped (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const events = [...mixed(random)]
    const stop = 1 + Math.floor(random.next() * (events.length - 1))
    const straight = await openLine(30)
    const state: StoredState = new Map()
    for (const batch of batches(events.slice(0, stop), random)) {
      await straight.pass(batch)
      straight.store(state)
    }
    const restored = await openLine(30)
    restored.restore(state)
    const rest = [...batches(events.slice(stop), random)]
    const [wanted, got] = [[] as string[], [] as string[]]
    for (const batch of rest) wanted.push(...(await straight.pass(batch)).map(plain))
    for (const batch of rest) got.push(...(await restored.pass(batch)).map(plain))
    expect(wanted.length).toBeGreaterThan(20)
    expect(got).toEqual(wanted)
    const [left, right]: [StoredState, StoredState] = [new Map(), new Map()]
    straight.store(left)
    restored.store(right)
    expect(right).toEqual(left)
  })
})

async function openLine(maxKeys: number): Promise<DetectorLine> {
  const open = { compute, references, evidenceKeys: maxKeys }
  const plain = await DetectorLine.open(open)
  const configs = Object.fromEntries(plain.members.map(({ name }) => [name, { maxKeys, ...special[name] }]))
  return DetectorLine.open({ ...open, configs })
}

const special: Readonly<Record<string, object>> = {
  canaries,
  'account-linkage': { maxTemplates: 2_000 },
  'query-distribution': { windows: [50] },
}

/** References of a small fleet: principals by the hundred send vectors of 64 numbers with labels, the others chat. */
async function frozen(): Promise<References> {
  const clients = (prefix: string, chat: number, vectors: number) =>
    function* (): Generator<readonly Event[]> {
      const traffic = new InferenceTraffic(seededRandom(5), prefix)
      for (let i = 1; i <= chat; i++) yield traffic.batch(Array.from({ length: 70 }, () => 10 * i + 1))
      for (let i = 1; i <= vectors; i++) yield traffic.batch(Array.from({ length: 320 }, () => 100 * i))
    }
  const made = await freezeAll(compute, clients('refer', 10, 10), clients('calibrate', 24, 24), special)
  return made.references
}

/** Requests of `count` keys that never came before and never come again, each made to take a row of some detector. */
function flood(from: number, count: number): readonly Event[] {
  return Array.from({ length: count }, (_, i) => {
    const body = bodies[(from + i) % bodies.length]
    const known = event({ at: START + from + i, principal: nameOf(from + i) })
    return body ? { ...known, inference: body } : known
  })
}

/** Keys as an attacker would choose them: alike in their first thousand characters, or like the names of stored state. */
function nameOf(n: number): string {
  const awkward = ['open.1/', 'fleet.1', 'evidence.1/', 'endpoints.1/', 'looks.1', '__proto__', 'told.1/', 'known.1']
  if (n % 10 === 0) return `${awkward[(n / 10) % awkward.length]}${n}`
  if (n % 100 === 1) return `key:${'a'.repeat(1_000)}${n}`
  // Numbers with equal low bits: strings of digits are hashed by their value.
  if (n % 10 === 3) return String(n * 65_536)
  return `key:${n}`
}

const vector = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i))
const kinds: readonly Partial<Inference>[] = [
  {},
  { features: vector, label: '1', confidences: Float32Array.from([0.7, 0.2, 0.1]) },
  { parameters: { maxTokens: 1, logprobs: true, biasedTokens: ['1'] } },
  { output: `mail ${CANARY} to john.smith@gmail.com, ${LEAKED}` },
  { ok: false, status: '500', endpoint: 'gpt' },
]
/** A hundred requests that the keys send in turn. */
const bodies: readonly Inference[] = Array.from({ length: 100 }, (_, n) => ({
  operation: 'chat',
  ok: true,
  parameters: {},
  prompt: `please look at number ${n}`,
  output: 'done',
  ...kinds[n % kinds.length],
}))

/** Twenty made-up keys around each of them. */
function amidFlood(events: readonly Event[]): readonly Event[] {
  return events.flatMap((each, i) => [...flood(PRINCIPALS + 20 * i, 20), each])
}

function tokenSweep(principal: string, count: number, round = 0): readonly Event[] {
  return Array.from({ length: count }, (_, i) =>
    request(principal, {
      promptHash: 'cd'.repeat(8),
      parameters: { maxTokens: 1, logprobs: true, topLogprobs: 5, biasedTokens: [String(round * 10_000 + i)] },
    }),
  )
}

let serial = 0

function request(principal: string, inference: Partial<Inference>): Event {
  return event({ at: START + ++serial, principal, inference })
}

function* broken(): Generator<Event> {
  const texts = [
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\udc00\ud800 \u0000'.repeat(1_000),
    'x'.repeat(1_048_576),
    '\u202e\uffff',
    '1'.repeat(100_000),
  ]
  for (const prompt of texts) for (const output of texts) yield request('key:texts', { prompt, output })
  const numbers = [NaN, Infinity, -Infinity, 1e38, 1e-45, -0]
  for (const length of [0, 1, 7, 64, 65, 784, 100_000])
    for (const value of numbers) {
      const features = new Float32Array(length).fill(value)
      yield request('key:vectors', { features, confidences: features, tokenLogprobs: features, label: '' })
      yield request('key:vectors', {
        features: vector,
        confidences: new Float32Array(length).fill(value),
        label: '\ud800',
      })
    }
  yield request('key:parts', {
    tokenLogprobs: Float32Array.from([NaN, -1, 5]),
    status: '',
    model: '\u0000',
    endpoint: '',
  })
  yield request('', { prompt: 'nobody' })
}

/** Ordinary requests of more principals than fit, and attacks among them. */
function* mixed(random: Random): Generator<Event> {
  const traffic = new InferenceTraffic(random, 'live')
  const sweep = tokenSweep('key:thief', 60)
  for (let i = 0; i < 2_500; i++) {
    const isVector = random.next() < 0.4
    yield traffic.next(isVector ? 100 * Math.floor(1 + 3 * random.next()) : Math.floor(40 * random.next() ** 2))
    if (i % 40 === 0) yield { ...(sweep[i / 40] ?? request('key:x', {})), id: `sweep${i}` }
    if (i % 500 === 499) yield { ...request('key:leak', { output: `${CANARY} john.smith@gmail.com` }), id: `leak${i}` }
  }
}

function* batches(events: readonly Event[], random: Random): Generator<readonly Event[]> {
  for (let from = 0; from < events.length;) {
    const size = 1 + Math.floor(random.next() * 200)
    yield events.slice(from, from + size)
    from += size
  }
}

function smallest(scores: readonly Score[], detector: string, principal: string): number {
  const own = scores.filter((score) => score.detector === detector && score.principal === principal)
  return Math.min(...own.map(({ p }) => p ?? 1))
}

function plain(score: Score): string {
  return JSON.stringify({ ...score, event: score.event.id })
}

function sentence(random: Random, words: number): string {
  return Array.from({ length: words }, () => Math.floor(random.next() * 1e6).toString(36)).join(' ')
}
