import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Alert } from '../../src/contract/alert.ts'
import { openReader } from '../../src/store/reader.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { DaemonHouse, eventually, pause } from '../support/daemon.ts'

const houses: DaemonHouse[] = []
afterEach(() => {
  for (const house of houses.splice(0)) house.remove()
})

/** Every event of the file whose `mark` is set is an alert of its own, so that a lost or doubled one shows. */
const RULE = `
title: A marked event
id: 5f2c7a10-9d53-4e8e-9f0a-3d1f5f0c9b11
status: test
description: Fires on every event that carries a mark.
logsource:
  category: inference
detection:
  marked:
    mark|exists: true
  condition: marked
level: low
falsepositives: [none]
tags: [attack.t1078]
modelward:
  controls: [OB-1]
  runbook: Nothing to do.
  group_by: [mark]
tests:
  - {name: fires, fires: true, event: {mark: m1}}
  - {name: stays quiet, fires: false, event: {other: m1}}
`

function newHouse(): DaemonHouse {
  const house = new DaemonHouse('{}')
  houses.push(house)
  mkdirSync(house.path('rules'))
  writeFileSync(house.path('rules/mark.yml'), RULE)
  mkdirSync(house.path('logs'))
  house.configure(`
log: {level: warn}
collect:
  - {kind: file, name: logs, paths: ["${house.path('logs/*')}"], pollMs: 25, batchBytes: 20000}
  - {kind: http, name: push, listen: "127.0.0.1:0"}
commit: {events: 100, ms: 10}
rules: {folders: ["${house.path('rules')}"]}
alert: {group_wait: 0s, max_open_per_rule: 100000, resolve_after: 1d}
deliver:
  - {kind: file, name: out, path: out.ndjson}
console: {listen: "127.0.0.1:0"}
`)
  return house
}

const keys = Array.from({ length: 40 }, (_, n) => createHash('sha256').update(`key ${n}`).digest('hex'))

function payload(n: number, at: number, mark?: string): string {
  const stealing = n % 40 === 7
  return JSON.stringify({
    id: `req-${n}`,
    call_type: 'acompletion',
    status: 'success',
    startTime: at / 1000 - 1,
    endTime: at / 1000,
    model: 'openai/gpt-4o-mini',
    metadata: { user_api_key_hash: keys[n % 40] },
    prompt_tokens: 10 + (n % 13),
    completion_tokens: 20,
    total_tokens: 30 + (n % 13),
    messages: [{ role: 'user', content: `question ${n % 17}` }],
    model_parameters: stealing ? { max_tokens: 1, logprobs: true, logit_bias: { [n]: 100 } } : { max_tokens: 64 },
    ...(mark === undefined ? {} : { mark }),
  })
}

/** The same lines for every run: 6,000 events over ten hours, each fiftieth marked. */
function lines(count: number): readonly string[] {
  const start = Date.UTC(2026, 0, 5)
  return Array.from(
    { length: count },
    (_, n) => `${payload(n, start + n * 6_000, n % 50 === 0 ? `file-${n}` : undefined)}\n`,
  )
}

/** Writes the lines in pieces, with a rotation now and then. */
async function write(house: DaemonHouse, all: readonly string[], pauseMs: number): Promise<void> {
  const file = join(house.path('logs'), 'gateway.ndjson')
  for (let at = 0, piece = 0; at < all.length; at += 150, piece++) {
    if (piece % 9 === 8) renameSync(file, `${file}.${piece}`)
    appendFileSync(file, all.slice(at, at + 150).join(''))
    await pause(pauseMs)
  }
}

/** Detector state, alerts and counts, as they are on disk. */
function remembered(house: DaemonHouse) {
  const store = openReader(house.data)
  try {
    const states = ['api-abuse', 'usage'].flatMap((detector) =>
      [...store.states(detector)].map(
        ({ key, value }) =>
          `${detector} ${key} ${createHash('sha256')
            .update(value ?? '')
            .digest('hex')}`,
      ),
    )
    const alerts = store.alerts({})
    const verdict = store.audit.verify()
    return { states: states.toSorted(), alerts, verdict, counts: store.counts() }
  } finally {
    store[Symbol.dispose]()
  }
}

function marksOf(alerts: readonly Alert[]): Map<string, Alert> {
  return new Map(alerts.map((alert) => [alert.labels['mark'] ?? '', alert]))
}

async function drained(house: DaemonHouse, records: number): Promise<void> {
  await eventually(
    `${records} records committed`,
    () => house.status().catch(() => undefined),
    (status) => status !== undefined && status.balance.committed >= records && status.balance.inFlight === 0,
    60_000,
  )
}

async function startReady(house: DaemonHouse, environment: Readonly<Record<string, string>> = {}): Promise<boolean> {
  house.start(environment)
  return house.ready()
}

/** One run that nothing disturbs, over the same lines. */
async function reference(all: readonly string[], key: Buffer) {
  const house = newHouse()
  mkdirSync(house.data, { mode: 0o700 })
  writeFileSync(join(house.data, 'pseudonym.key'), `${key.toString('base64')}\n`, { mode: 0o600 })
  writeFileSync(join(house.path('logs'), 'gateway.ndjson'), all.join(''))
  expect(await startReady(house)).toBe(true)
  await drained(house, all.length)
  await house.end()
  return remembered(house)
}

function houseWithKey(key: Buffer): DaemonHouse {
  const house = newHouse()
  mkdirSync(house.data, { mode: 0o700 })
  writeFileSync(join(house.data, 'pseudonym.key'), `${key.toString('base64')}\n`, { mode: 0o600 })
  return house
}

const key = Buffer.alloc(32, 3)
const all = lines(6_000)

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
  const expected = await reference(all, key)
  const house = houseWithKey(key)
  const writing = write(house, all, 20)
  for (const name of FAILPOINTS)
    for (const passing of [1, 3]) {
      house.start({ MODELWARD_FAILPOINT: `${name}:${passing}` })
      const ended = await Promise.race([house.finished, pause(8_000).then(() => undefined)])
      if (!ended) await house.end('SIGKILL')
    }
  await writing
  expect(await startReady(house)).toBe(true)
  await drained(house, all.length)
  const { out } = await house.end()
  expect(out).not.toContain('unaccounted')
  compare(remembered(house), expected, all.length)
}, 300_000)

test('killed at random moments under load, nothing acknowledged is lost and nothing is scored twice', async () => {
  const kills = Number(process.env['MODELWARD_KILLS'] ?? (process.env['CI'] ? 300 : 30))
  const random = seededRandom(Number(process.env['MODELWARD_SEED'] ?? 11))
  const expected = await reference(all, key)
  const house = houseWithKey(key)
  const writing = write(house, all, (kills * 600) / 40)
  const acked: string[] = []
  let serial = 0
  let pushing = true
  const pusher = (async () => {
    while (pushing) {
      const marks = Array.from({ length: 5 }, () => `push-${++serial}`)
      const body = marks.map((mark, n) => payload(40_000 + 40 * n + 3, Date.UTC(2026, 0, 5), mark)).join('\n')
      const address = await house.sourceAddress('push').catch(() => undefined)
      const reply =
        address &&
        (await fetch(`http://${address}/ingest`, { method: 'POST', body, signal: AbortSignal.timeout(2_000) }).catch(
          () => undefined,
        ))
      if (reply && reply.status === 202) acked.push(...marks)
      await pause(20)
    }
  })()
  for (let kill = 0; kill < kills; kill++) {
    house.start()
    await house.ready(5_000)
    await pause(random.next() * 250)
    await house.end('SIGKILL')
  }
  await writing
  pushing = false
  await pusher
  expect(await startReady(house)).toBe(true)
  await drained(house, all.length + acked.length)
  await house.end()
  const found = remembered(house)
  const marks = marksOf(found.alerts)
  expect(acked.length).toBeGreaterThan(kills)
  expect(acked.filter((mark) => !marks.has(mark))).toEqual([])
  const pushed = [...marks.keys()].filter((mark) => mark.startsWith('push-'))
  const total = found.counts.filter(({ name }) => name === 'received').reduce((sum, { add }) => sum + add, 0)
  expect(total).toBe(all.length + pushed.length)
  compare(
    {
      ...found,
      alerts: found.alerts.filter((alert) => alert.labels['mark']?.startsWith('file-')),
      states: withoutPushed(found.states, expected.states),
    },
    expected,
    total,
  )
}, 1_800_000)

/** The pushed events belong to keys of their own: their states are not part of the reference. */
function withoutPushed(found: readonly string[], expected: readonly string[]): string[] {
  const known = new Set(expected.map((row) => row.split(' ').slice(0, 2).join(' ')))
  return found.filter((row) => known.has(row.split(' ').slice(0, 2).join(' ')))
}

function compare(found: ReturnType<typeof remembered>, expected: ReturnType<typeof remembered>, records: number): void {
  const identity = ({ id, count, state }: Alert): string => `${id} ${count} ${state}`
  expect(found.alerts.filter(({ count }) => count !== 1)).toEqual([])
  expect(found.alerts.map(identity).toSorted()).toEqual(expected.alerts.map(identity).toSorted())
  expect(found.states).toEqual(expected.states)
  expect(found.verdict.intact).toBe(true)
  const sum = (name: string): number =>
    found.counts.filter((count) => count.name === name).reduce((total, { add }) => total + add, 0)
  expect([sum('received'), sum('committed')]).toEqual([records, records])
}
