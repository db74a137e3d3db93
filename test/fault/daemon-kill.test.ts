import { appendFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/runtime/random.ts'
import { type DaemonHouse, pause } from '../support/daemon.ts'
import {
  drained,
  keyedDirectory,
  markedHouse,
  marksOf,
  Pusher,
  type Remembered,
  remembered,
  requestLine,
  toldIds,
  total,
} from '../support/marked.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
})

function newHouse(): DaemonHouse {
  const house = markedHouse()
  open.push({ stop: async () => house.remove() })
  keyedDirectory(house.data)
  return house
}

const PIECE = 30

/** Appends requests in pieces until it is stopped, and renames the file away now and then, as logrotate does. */
class Writer {
  readonly #file: string
  readonly #done: Promise<void>
  readonly #stop = new AbortController()
  lines = 0

  constructor(house: DaemonHouse, everyMs: number) {
    this.#file = join(house.path('logs'), 'gateway.ndjson')
    this.#done = this.#run(everyMs)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(everyMs: number): Promise<void> {
    for (let piece = 1; !this.#stop.signal.aborted; piece++) {
      appendFileSync(this.#file, Array.from({ length: PIECE }, () => requestLine(this.lines++)).join(''))
      if (piece % 47 === 0) renameSync(this.#file, `${this.#file}.${piece}`)
      await pause(everyMs)
    }
  }
}

function load(house: DaemonHouse, everyMs: number): { readonly writer: Writer; readonly pusher: Pusher } {
  const parts = { writer: new Writer(house, everyMs), pusher: new Pusher(house) }
  open.push(parts.writer, parts.pusher)
  return parts
}

/** What one undisturbed daemon with a data directory of its own makes of the same files, so that events have the same ids. */
async function undisturbed(house: DaemonHouse, lines: number): Promise<Remembered> {
  house.data = house.path('undisturbed')
  keyedDirectory(house.data)
  return finished(house, lines)
}

/** Lets a daemon read to the end of everything and stops it. */
async function finished(house: DaemonHouse, records: number): Promise<Remembered> {
  house.start()
  expect(await house.ready()).toBe(true)
  await drained(house, records)
  const { code, err } = await house.end()
  expect([code, err]).toEqual([0, ''])
  return remembered(house)
}

/** Nothing lost, nothing twice, nothing invented, however often it was killed. */
async function expectUnharmed(house: DaemonHouse, lines: number, acked: readonly string[]): Promise<void> {
  const found = await finished(house, lines + acked.length)
  const marks = marksOf(found.alerts)
  const pushed = [...marks.keys()].filter((mark) => mark.startsWith('push-'))
  const fromFile = Array.from({ length: Math.ceil(lines / 50) }, (_, n) => `file-${n * 50}`)

  expect(acked.filter((mark) => !marks.has(mark))).toEqual([])
  expect([...marks].filter(([, count]) => count !== 1)).toEqual([])
  expect([...marks.keys()].filter((mark) => mark.startsWith('file-')).toSorted()).toEqual(fromFile.toSorted())
  expect(found.verdict).toMatchObject({ intact: true })
  const records = lines + pushed.length
  expect([total(found.counts, 'received'), total(found.counts, 'committed')]).toEqual([records, records])

  const told = toldIds(house)
  const stored = found.alerts.map(({ id, labels }) => `${labels['mark'] ?? ''} ${id}`)
  expect([...told].map(([mark, ids]) => `${mark} ${[...ids].join(' ')}`).toSorted()).toEqual(stored.toSorted())

  const again = await undisturbed(house, lines)
  expect(found.states.length).toBeGreaterThan(70)
  expect(found.states).toEqual(again.states)
  expect(fileAlerts(found)).toEqual(fileAlerts(again))
}

function fileAlerts({ alerts }: Remembered): readonly string[] {
  return alerts
    .filter(({ labels }) => labels['mark']?.startsWith('file-'))
    .map(({ id }) => id)
    .toSorted()
}

const FAILPOINTS = [
  'watch.before-commit',
  'store.before-commit',
  'store.in-commit',
  'store.after-commit',
  'watch.after-commit',
  'watch.after-ack',
  'act.before-send',
  'act.after-send',
  'act.after-advance',
]

test('killed at every named failpoint, the daemon goes on as if nothing had happened', async () => {
  const house = newHouse()
  const { writer, pusher } = load(house, 30)
  for (const name of FAILPOINTS)
    for (const passing of [1, 2, 5]) {
      house.start({ MODELWARD_FAILPOINT: `${name}:${passing}` })
      const ended = await Promise.race([house.finished, pause(15_000)])
      expect([`${name}:${passing}`, ended?.signal]).toEqual([`${name}:${passing}`, 'SIGKILL'])
    }
  await writer.stop()
  await pusher.stop()
  await expectUnharmed(house, writer.lines, pusher.acked)
}, 300_000)

test('killed at random moments under load, nothing acknowledged is lost and nothing is scored twice', async () => {
  const kills = Number(process.env['MODELWARD_KILLS'] ?? (process.env['CI'] ? 300 : 30))
  const random = seededRandom(Number(process.env['MODELWARD_SEED'] ?? 11))
  const house = newHouse()
  const { writer, pusher } = load(house, 60)
  for (let kill = 0; kill < kills; kill++) {
    house.start()
    // One in three dies while it starts and recovers, the others at work.
    if (random.next() < 1 / 3) await pause(200 + random.next() * 500)
    else {
      expect(await house.ready()).toBe(true)
      await pause(random.next() * 250)
    }
    await house.end('SIGKILL')
  }
  await writer.stop()
  await pusher.stop()
  expect(pusher.acked.length).toBeGreaterThan(kills)
  await expectUnharmed(house, writer.lines, pusher.acked)
}, 1_800_000)
