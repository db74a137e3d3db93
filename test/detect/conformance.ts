import { describe, expect, test } from 'vitest'
import type { Detector, Score, StateChange } from '../../src/contract/detect.ts'
import type { Event } from '../../src/contract/event.ts'
import type { Random } from '../../src/contract/plugin.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { event } from '../support/events.ts'
import { oddEvents } from './odd-events.ts'

export interface Subject {
  readonly name: string
  /** A fresh detector; with `cap`, one that holds so many keys. */
  open(cap?: number): Promise<Detector>
  /** Events in order of time that make the detector say something. `prefix` starts each principal's name. */
  events(random: Random, prefix?: string): readonly Event[]
}

export interface Run {
  readonly scores: readonly string[]
  /** What `changes` gave after each batch. */
  readonly changes: readonly (readonly StateChange[])[]
  /** All state as a store would hold it, in no promised order. */
  readonly state: ReadonlyMap<string, Uint8Array>
}

const ALERT_P = 1e-3
const never = new AbortController().signal

/**
 * Passes events through a detector the way the watch loop does: prepare; then for each event score and, unless it
 * alerted, learn; then flush, tick and changes. A detector with `flush` learns after it, when all its scores are known.
 */
export async function pass(
  detector: Detector,
  batches: readonly (readonly Event[])[],
  alerts: (event: Event, scores: readonly Score[]) => boolean = alertsAt,
): Promise<Run & { readonly raw: readonly Score[] }> {
  const raw: Score[] = []
  const changes: (readonly StateChange[])[] = []
  const state = new Map<string, Uint8Array>()
  let watermark = -Infinity
  for (const batch of batches) {
    await detector.prepare?.(batch, never)
    const quiet: Event[] = []
    for (const event of batch) {
      const scores = detector.score(event)
      raw.push(...scores)
      if (!alerts(event, scores)) quiet.push(event)
      if (!detector.flush && quiet.at(-1) === event) detector.learn(event)
      if (Number.isFinite(event.at)) watermark = Math.max(watermark, event.at)
    }
    const flushed = (await detector.flush?.(never)) ?? []
    raw.push(...flushed, ...(detector.tick?.(watermark) ?? []))
    if (detector.flush) {
      const alerted = new Set(flushed.filter((score) => alerts(score.event, [score])).map((score) => score.event))
      for (const event of quiet) if (!alerted.has(event)) detector.learn(event)
    }
    const moved = detector.changes()
    changes.push(moved)
    keep(state, moved)
  }
  return { raw, scores: raw.map(plain), changes, state }
}

/** Cuts events into batches of 1 to `most`. */
export function cut(events: readonly Event[], random: Random, most: number): Event[][] {
  const batches: Event[][] = []
  for (let from = 0; from < events.length;) {
    const size = 1 + Math.floor(random.next() * most)
    batches.push(events.slice(from, from + size))
    from += size
  }
  return batches
}

/** The promises of the contract, as tests that hold for every detector. */
export function detectorConformance(subject: Subject): void {
  describe(`${subject.name} keeps the promises of a detector`, () => {
    cutting(subject)
    restoring(subject)
    holding(subject)
    learning(subject)
    speaking(subject)
  })
}

function cutting(subject: Subject): void {
  test.each([1, 2, 3])(
    'cutting the stream into other batches changes no score and no state (seed %i)',
    async (seed) => {
      const events = subject.events(seededRandom(seed))
      const whole = await pass(await subject.open(), [events])
      expect(whole.scores.length).toBeGreaterThan(0)
      for (const most of [1, 3, 50, 1000]) {
        const cuts = await pass(await subject.open(), cut(events, seededRandom(seed + most), most))
        expect(cuts.scores).toEqual(whole.scores)
        expect(stateOf(cuts)).toEqual(stateOf(whole))
      }
    },
  )

  test('the same events give the same scores and state again', async () => {
    const runs = []
    for (let i = 0; i < 2; i++)
      runs.push(await pass(await subject.open(), cut(subject.events(seededRandom(9)), seededRandom(1), 100)))
    expect(runs[1]?.scores.length).toBe(runs[0]?.scores.length)
    expect(runs[1]?.scores.map(withoutId)).toEqual(runs[0]?.scores.map(withoutId))
  })
}

function restoring(subject: Subject): void {
  test.each([4, 5, 6])('going on from restored state equals never having stopped (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const batches = cut(subject.events(random), random, 200)
    const held = (await pass(await subject.open(), batches)).state.size
    // Once with room for all keys, once with so little that keys are evicted before and after the restart.
    for (const cap of [undefined, Math.max(2, Math.floor(held / 4))]) {
      const straight = await subject.open(cap)
      const stop = 1 + Math.floor(random.next() * (batches.length - 1))
      const before = await pass(straight, batches.slice(0, stop))
      const restarted = await subject.open(cap)
      restarted.restore(shuffled(before.state, random))
      expect(restarted.changes()).toEqual([])
      expect(restarted.keys().held).toBe(straight.keys().held)
      const wanted = await pass(straight, batches.slice(stop))
      const got = await pass(restarted, batches.slice(stop))
      expect(got.scores).toEqual(wanted.scores)
      expect(got.changes.map(comparable)).toEqual(wanted.changes.map(comparable))
    }
  })

  test('restoring replaces what was there', async () => {
    const used = await subject.open()
    await pass(used, [subject.events(seededRandom(7))])
    used.restore([])
    const events = subject.events(seededRandom(8))
    const [again, fresh] = [await pass(used, [events]), await pass(await subject.open(), [events])]
    expect(again.scores).toEqual(fresh.scores)
    expect(stateOf(again)).toEqual(stateOf(fresh))
  })

  test('what cannot be read is forgotten, not fatal, and is deleted from the store', async () => {
    const detector = await subject.open()
    detector.restore([{ key: 'from another version/key:1', value: new Uint8Array(40).fill(255) }])
    expect(detector.changes()).toEqual([{ key: 'from another version/key:1', value: null }])
  })

  test('changes are given once', async () => {
    const detector = await subject.open()
    await pass(detector, [subject.events(seededRandom(3))])
    expect(detector.changes()).toEqual([])
  })
}

function holding(subject: Subject): void {
  test('five times as many principals as fit are held to the cap, in memory and in the store', async () => {
    const cap = 5
    const detector = await subject.open(cap)
    const state = new Map<string, Uint8Array>()
    for (let i = 0; i < 5 * cap; i++) {
      for (const event of subject.events(seededRandom(i), `many:${i}:`).slice(-120)) {
        detector.score(event)
        detector.learn(event)
        expect(detector.keys().held).toBeLessThanOrEqual(cap)
      }
      await detector.flush?.(never)
      keep(state, detector.changes())
    }
    const { held, evicted } = detector.keys()
    expect(held).toBe(cap)
    expect(evicted).toBeGreaterThanOrEqual(4 * cap)
    const restored = await subject.open(cap)
    restored.restore(shuffled(state, seededRandom(1)))
    expect(restored.keys()).toEqual({ held: cap, cap, evicted: 0 })
  })
}

function learning(subject: Subject): void {
  test('events that alerted teach nothing: other principals are scored as if they had not been', async () => {
    const [past, attack] = [subject.events(seededRandom(11)), subject.events(seededRandom(12), 'attacker:')]
    const probe = subject.events(seededRandom(13), 'later:')
    const attacked = await subject.open()
    const spared = await subject.open()
    await pass(attacked, [past])
    await pass(spared, [past])
    await pass(attacked, [attack], () => true)
    const [after, untouched] = [await pass(attacked, [probe]), await pass(spared, [probe])]
    expect(untouched.scores.length).toBeGreaterThan(0)
    expect(after.scores).toEqual(untouched.scores)
  })

  test('while nothing is learned, how principals interleave does not matter', async () => {
    const past = subject.events(seededRandom(14))
    const events = subject.events(seededRandom(15), 'other:')
    const apart = Map.groupBy(events, (event) => event.principal)
    const [mixed, sorted] = [await subject.open(), await subject.open()]
    await pass(mixed, [past])
    await pass(sorted, [past])
    const one = await pass(mixed, [events], () => true)
    const other = await pass(sorted, [...apart.values()], () => true)
    expect(one.scores.length).toBeGreaterThan(0)
    expect(other.scores.toSorted()).toEqual(one.scores.toSorted())
  })
}

function speaking(subject: Subject): void {
  test('every score says who, how sure, and why', async () => {
    const { raw } = await pass(await subject.open(), [subject.events(seededRandom(21))])
    const ids = raw.map((score) => `${score.event.id} ${score.part ?? ''}`)
    expect(new Set(ids).size).toBe(ids.length)
    for (const score of raw) expectWellFormed(score, subject.name)
  })

  test('odd events are neither fatal nor do they spoil what comes after', async () => {
    const detector = await subject.open()
    const odd = oddEvents()
    const { raw } = await pass(detector, [odd, ...cut(odd, seededRandom(1), 3)])
    for (const score of raw) expectWellFormed(score, subject.name)
    const after = await pass(detector, [subject.events(seededRandom(22))])
    expect(after.raw.length).toBeGreaterThan(0)
    for (const score of after.raw) expectWellFormed(score, subject.name)
  })

  test('events that are no request to a model take no room', async () => {
    const detector = await subject.open()
    const events = subject
      .events(seededRandom(23))
      .map((each) => event({ at: each.at, principal: each.principal ?? '' }))
    const { raw, state } = await pass(detector, [events])
    expect(raw).toEqual([])
    expect(state.size).toBe(0)
    expect(detector.keys().held).toBe(0)
  })
}

function expectWellFormed(score: Score, name: string): void {
  expect(score.detector).toBe(name)
  expect(score.direction).not.toBe('')
  expect(score.explain.text).toMatch(/\S/)
  expect(score.explain.text).not.toMatch(/NaN|undefined|Infinity/)
  expect(score.explain.feature).not.toBe('')
  expect(Number.isFinite(score.explain.seen)).toBe(true)
  if (score.e !== undefined) expect(score.e).toBeGreaterThanOrEqual(0)
  if (score.p === null) {
    expect(score.explain.learning).toBeGreaterThanOrEqual(0)
    expect(score.explain.learning).toBeLessThanOrEqual(1)
  } else {
    expect(score.p).toBeGreaterThan(0)
    expect(score.p).toBeLessThanOrEqual(1)
  }
}

function alertsAt(_event: Event, scores: readonly Score[]): boolean {
  return scores.some((score) => score.p !== null && score.p <= ALERT_P)
}

function plain(score: Score): string {
  return JSON.stringify({ ...score, event: score.event.id })
}

/** Event ids are numbered through a test file, so two streams of one seed differ in them. */
function withoutId(score: string): string {
  return score.replaceAll(/event\d{21}/g, 'event')
}

function keep(state: Map<string, Uint8Array>, changes: readonly StateChange[]): void {
  for (const { key, value } of changes)
    if (value) state.set(key, value)
    else state.delete(key)
}

function stateOf(run: Run): Record<string, string> {
  return Object.fromEntries([...run.state].map(([key, value]) => [key, Buffer.from(value).toString('hex')]))
}

function comparable(changes: readonly StateChange[]): readonly string[] {
  return changes.map(({ key, value }) => `${key} ${value ? Buffer.from(value).toString('hex') : 'gone'}`)
}

function shuffled(state: ReadonlyMap<string, Uint8Array>, random: Random): StateChange[] {
  return [...state].map(([key, value]) => ({ key, value, order: random.next() })).toSorted((a, b) => a.order - b.order)
}
