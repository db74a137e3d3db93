import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { EVIDENCE_STATE } from '../../src/app/watch.ts'
import { detectors } from '../../src/detect/index.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { openReader } from '../../src/store/reader.ts'
import { modelward } from '../support/command.ts'
import { DaemonHouse, pause } from '../support/daemon.ts'
import {
  answered,
  foreignInputs,
  harvest,
  hopSkipJump,
  lastLayer,
  refused,
  sharedHarvest,
  suffixSearch,
} from '../support/fleet-attacks.ts'
import { CLASSIFIER_MAPPING, Fleet, type Line, logOf } from '../support/fleet-log.ts'
import { drained, keyedDirectory, total } from '../support/marked.ts'

const HOUR = 3_600_000
const KILLS = 12
const house = new DaemonHouse('{}')
afterAll(() => house.remove())

const log = join(house.path('logs'), 'gateway.ndjson')
const config = `
log: {level: warn}
collect:
  - {kind: file, name: logs, paths: ["${house.path('logs/*')}"], pollMs: 25, batchBytes: 20000}
commit: {events: 100, ms: 10}
alert: {group_wait: 0s}
console: {listen: "127.0.0.1:0"}
${CLASSIFIER_MAPPING}`

const fleet = new Fleet(5)
const now = Date.now()
const from = now - 20 * HOUR

function usual(): readonly Line[] {
  const yesterday = [now - 50 * HOUR, 24 * HOUR] as const
  return [...fleet.ordinary('chat', 30, 112, ...yesterday), ...fleet.ordinary('classifier', 30, 70, ...yesterday)]
}

function attacks(): readonly Line[] {
  const accounts = [1, 2, 3, 4].map((n) => `sk-account-${n}`)
  return [
    ...lastLayer(fleet, 'sk-last-layer', from, 60),
    ...harvest(fleet, 'sk-harvest', from, 150),
    ...sharedHarvest(fleet, accounts, from, 150),
    ...suffixSearch(fleet, 'sk-suffix', from, 140),
    ...hopSkipJump(fleet, 'sk-hop-skip-jump', from, 2),
    ...refused(fleet, 'sk-refused', from, 60, 0.7),
    ...foreignInputs(fleet, new Fleet(99), 'sk-foreign', from, 70),
    ...answered(fleet, 'sk-poem', from + HOUR / 4, `${'poem '.repeat(230)} ${fleet.answer(60)}`),
    ...answered(fleet, 'sk-card', from + HOUR / 3, `${fleet.answer()} card 4539 5787 6362 1486`),
  ].toSorted((a, b) => a.at - b.at)
}

async function freeze(): Promise<void> {
  const benign = house.path('benign.ndjson')
  const week = [now - 400 * HOUR, 168 * HOUR] as const
  const lines = [...fleet.ordinary('chat', 90, 110, ...week), ...fleet.ordinary('classifier', 70, 132, ...week)]
  writeFileSync(benign, logOf(lines))
  const made = await modelward([
    'baseline',
    benign,
    '-c',
    house.configFile,
    '--data',
    house.data,
    '--seed',
    '1',
    '--json',
  ])
  expect([made.code, made.err]).toEqual([0, expect.any(String)])
}

/** One line a key of a detector or of the evidence, and all that alerts say but how often they were told. */
function remembered(): {
  readonly states: readonly string[]
  readonly alerts: readonly object[]
  readonly read: number
} {
  const store = openReader(house.data)
  try {
    const states = [...detectors.map(({ kind }) => kind), EVIDENCE_STATE].flatMap((part) =>
      Array.from(store.states(part), ({ key, value }) => {
        const digest = createHash('sha256').update(value ?? '')
        return `${part} ${key} ${digest.digest('hex')}`
      }),
    )
    const alerts = store
      .alerts({})
      .map(({ id, rule, principal, count, startedAt, lastAt, labels, reason, evidence }) => {
        return { id, rule: rule.title, principal, count, startedAt, lastAt, labels, reason, evidence }
      })
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return { states: states.toSorted(), alerts, read: total(store.counts(), 'committed') }
  } finally {
    store[Symbol.dispose]()
  }
}

async function finished(records: number): Promise<ReturnType<typeof remembered>> {
  house.start()
  expect(await house.ready(60_000)).toBe(true)
  await drained(house, records, 120_000)
  expect((await house.end()).code).toBe(0)
  return remembered()
}

test('killed amid attacks, detectors and evidence come to the same as if nothing had happened', async () => {
  house.configure(config)
  keyedDirectory(house.data)
  mkdirSync(house.path('logs'))
  await freeze()
  const undisturbed = house.path('undisturbed')
  cpSync(house.data, undisturbed, { recursive: true })

  const [before, during] = [usual(), attacks()]
  const records = before.length + during.length
  appendFileSync(log, logOf(before))
  await finished(before.length)
  const random = seededRandom(Number(process.env['MODELWARD_SEED'] ?? 7))
  const reached = new Set<number>()
  for (let kill = 0; kill < KILLS; kill++) {
    house.start()
    expect(await house.ready(60_000)).toBe(true)
    const piece = during.slice((kill * during.length) / KILLS, ((kill + 1) * during.length) / KILLS)
    appendFileSync(log, logOf(piece))
    await pause(random.next() * 400)
    await house.end('SIGKILL')
    reached.add(remembered().read - before.length)
  }
  // Some died in the middle of what they had to read.
  expect(reached.size).toBeGreaterThan(KILLS / 2)
  const found = await finished(records)
  house.data = undisturbed
  const again = await finished(records)
  expect(again.states.length).toBeGreaterThan(300)
  expect(new Set(found.alerts.map((alert) => ('rule' in alert ? alert.rule : ''))).size).toBeGreaterThanOrEqual(7)
  expect(found).toEqual(again)
}, 600_000)
