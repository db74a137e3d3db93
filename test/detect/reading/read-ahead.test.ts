import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../../src/contract/event.ts'
import type { Log } from '../../../src/contract/plugin.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { TABLE_WORDS } from '../../../src/detect/extraction/unfamiliar/familiar.ts'
import { freeze } from '../../../src/detect/extraction/unfamiliar/frozen.ts'
import { detectors } from '../../../src/detect/index.ts'
import { ReadAhead, type Listed } from '../../../src/detect/reading/read-ahead.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { DetectorLine, type StoredState } from '../../support/detector-line.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'

const KEY = new Uint8Array(32).fill(7)
/** Of which half of all there could be is familiar. */
const FAMILIAR = freeze(KEY, new Int32Array(TABLE_WORDS).fill(0x5555_5555), [])
const WORDS = [
  'kettle',
  'sk-proj',
  'AKIAIOSFODNN7EXAMPLE',
  'ÄÖ',
  '日本語',
  'Sorry, but I',
  'dana@example.org',
  '\u0000',
  'the',
] as const

function texts(count: number, seed: number): readonly Event[] {
  const random = seededRandom(seed)
  const text = (): string =>
    Array.from({ length: Math.floor(random.next() * 60) }, () => WORDS[Math.floor(random.next() * WORDS.length)]).join(
      ' ',
    )
  return Array.from({ length: count }, (_, i) =>
    event({
      at: i * 1_000,
      principal: `key:${i % 5}`,
      inference: { ok: true, ...(i % 7 === 0 ? {} : { prompt: text() }), ...(i % 5 === 0 ? {} : { output: text() }) },
    }),
  )
}

function listed(configs: Readonly<Record<string, object>> = {}): readonly Listed[] {
  return detectors.map((plugin) => ({
    name: plugin.kind,
    plugin,
    config: plugin.config.parse(configs[plugin.kind] ?? {}),
    key: KEY,
    reference: plugin.kind === 'unfamiliar-text' ? FAMILIAR : undefined,
  }))
}

function opened(threads: number, log?: Log, of = listed()): ReadAhead {
  const world = given()
  const reading = ReadAhead.open(of, threads, log ? { ...world, log } : world)
  onTestFinished(() => reading[Symbol.asyncDispose]())
  return reading
}

/** How many of these requests were read on other threads. */
function readAhead(reading: ReadAhead, events: readonly Event[]): number {
  reading.begin(events)
  return events.filter((_, index) => reading.of(index) !== undefined).length
}

async function untilReady(reading: ReadAhead): Promise<void> {
  await expect.poll(() => readAhead(reading, texts(640, 1)), { timeout: 20_000, interval: 20 }).toBeGreaterThan(0)
}

test('what other threads read is what is read on the spot', async () => {
  const reading = opened(2)
  await untilReady(reading)
  const all = listed()
  const readers = await Promise.all(
    all.map(async ({ plugin, config, ...context }) => plugin.reader?.open(config, context)),
  )
  expect(readers.filter(Boolean).length).toBeGreaterThanOrEqual(6)
  let compared = 0
  for (let seed = 2; seed < 5; seed++) {
    const events = texts(640, seed)
    reading.begin(events)
    await setTimeout(20)
    for (const [index, { inference }] of events.entries()) {
      const readings = reading.of(index)
      if (!readings || !inference) continue
      for (const [at, reader] of readers.entries()) {
        const found = readings[at]
        expect(found === undefined).toBe(reader === undefined)
        if (!reader || !found) continue
        const own = new Float64Array(all[at]?.plugin.reader?.width ?? 0)
        reader.read(inference, own, 0)
        expect(own.length).toBeGreaterThan(0)
        expect(found.numbers.slice(found.at, found.at + own.length)).toEqual(own)
        compared++
      }
    }
  }
  expect(compared).toBeGreaterThan(500)
})

test('a batch that was left for another is not mixed up with it', async () => {
  const reading = opened(1)
  await untilReady(reading)
  const [plugin] = detectors.filter(({ kind }) => kind === 'near-duplicates')
  const reader = await plugin?.reader?.open(plugin.config.parse({}), {
    key: KEY,
    name: 'near-duplicates',
    reference: undefined,
  })
  const at = detectors.findIndex(({ kind }) => kind === 'near-duplicates')
  for (let seed = 20; seed < 25; seed++) {
    reading.begin(texts(2_000, seed))
    const events = texts(2_000, seed + 100)
    reading.begin(events)
    await setTimeout(5)
    for (const [index, { inference }] of events.entries()) {
      const found = reading.of(index)?.[at]
      if (!found || !reader || !inference) continue
      const own = new Float64Array(plugin?.reader?.width ?? 0)
      reader.read(inference, own, 0)
      expect(found.numbers.slice(found.at, found.at + own.length)).toEqual(own)
    }
  }
})

test('small batches, texts of many megabytes and requests beyond the limit are read on the spot', async () => {
  const reading = opened(1)
  await untilReady(reading)
  expect(readAhead(reading, texts(127, 1))).toBe(0)
  const long = 'words '.repeat(100_000)
  const heavy = Array.from({ length: 128 }, (_, at) => event({ at, inference: { ok: true, prompt: long } }))
  reading.begin(heavy)
  await setTimeout(50)
  expect(heavy.filter((_, index) => reading.of(index) !== undefined)).toEqual([])
  reading.begin(texts(16_500, 1))
  expect(reading.of(16_384)).toBeUndefined()
})

test('without threads, or without a detector that reads texts, nothing is read ahead', async () => {
  expect(readAhead(opened(0), texts(640, 1))).toBe(0)
  const usage = listed().filter(({ plugin }) => plugin.kind === 'usage')
  expect(readAhead(opened(2, undefined, usage), texts(640, 1))).toBe(0)
})

test('a thread that fails is done without, and that is said once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-reading-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const pack = join(folder, 'pack.toml')
  writeFileSync(pack, '[[rules]]\nid = "mark"\nregex = "mark-[0-9]{8}"\nkeywords = ["mark-"]\n')
  const said: string[] = []
  const say = (message: string): void => void said.push(message)
  const log = { debug: say, info: say, warn: say, error: say }
  const reading = opened(2, log, listed({ secrets: { packs: [pack] } }))
  rmSync(pack)
  readAhead(reading, texts(640, 1))
  await expect
    .poll(() => said, { timeout: 20_000 })
    .toEqual(['texts are read on the main thread from now on, which is slower'])
  expect(readAhead(reading, texts(640, 1))).toBe(0)
})

test('all detectors give the same scores and state whether texts were read ahead or not', async () => {
  const events = Array.from({ length: 6 }, (_, seed) => texts(400, seed)).flat()
  const [ahead, alone] = [await passed(events, 1), await passed(events, 0)]
  expect(ahead.count).toBeGreaterThan(500)
  expect(alone.count).toBe(0)
  expect(ahead.scores.length).toBeGreaterThan(10)
  expect(ahead.scores).toEqual(alone.scores)
  expect(ahead.state).toEqual(alone.state)
})

async function passed(
  events: readonly Event[],
  textThreads: number,
): Promise<{ readonly scores: readonly string[]; readonly state: StoredState; readonly count: number }> {
  await using line = await DetectorLine.open({ compute: openRef(), references: new Map(), textThreads })
  if (textThreads > 0) await untilReady(line.reading)
  const before = await countOf(line)
  const scores: string[] = []
  const state: StoredState = new Map()
  for (let from = 0; from < events.length; from += 400) {
    for (const score of await line.pass(events.slice(from, from + 400)))
      scores.push(JSON.stringify({ ...score, event: score.event.id }))
    line.store(state)
  }
  return { scores, state, count: (await countOf(line)) - before }
}

async function countOf({ world }: DetectorLine): Promise<number> {
  const found = /^modelward_texts_read_ahead_total\{.*\} (\d+)$/m.exec(await world.metrics.text())
  return Number(found?.[1] ?? 0)
}
