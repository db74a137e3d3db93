import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AuditVerdict, Count } from '../../src/contract/store.ts'
import type { Alert } from '../../src/contract/alert.ts'
import { openReader } from '../../src/store/reader.ts'
import { DaemonHouse, eventually, pause } from './daemon.ts'

/** Each event with a `mark` is an alert of its own, so that one that is lost, doubled or invented shows. */
export function markRule(id: string, logsource: string): string {
  return `
title: A marked event
id: ${id}
status: test
description: Fires on every event that carries a mark.
logsource: {${logsource}}
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
}

/** What a marked house has in its config beside its sources, rules and one file sink. */
export interface MarkedHouse {
  /** More entries of `collect`, `deliver` and top-level keys, as YAML. */
  readonly collect?: string
  readonly file?: string
  readonly http?: string
  readonly deliver?: string
  readonly more?: string
  /** Where the data directory is, when not inside the house. */
  readonly data?: string
}

/** A daemon that follows `logs/*` and listens for pushes, with rules that fire on marks and on what befell the daemon itself. */
export function markedHouse(options: MarkedHouse = {}): DaemonHouse {
  const house = new DaemonHouse('{}')
  if (options.data !== undefined) house.data = options.data
  mkdirSync(house.path('rules'))
  writeFileSync(house.path('rules/inference.yml'), markRule(INFERENCE_RULE, 'category: inference'))
  writeFileSync(house.path('rules/trail.yml'), markRule(TRAIL_RULE, 'product: aws, service: cloudtrail'))
  mkdirSync(house.path('logs'))
  house.configure(markedConfig(house, options))
  return house
}

const selfRules = resolve(import.meta.dirname, '../../rules/self')
const INFERENCE_RULE = '5f2c7a10-9d53-4e8e-9f0a-3d1f5f0c9b11'
const TRAIL_RULE = '5f2c7a10-9d53-4e8e-9f0a-3d1f5f0c9b12'

export function markedConfig(house: DaemonHouse, options: MarkedHouse = {}): string {
  return `
log: {level: warn}
collect:
  - {kind: file, name: logs, paths: ["${house.path('logs/*')}"], pollMs: 25, batchBytes: 20000${options.file ?? ''}}
  - {kind: http, name: push, listen: "127.0.0.1:0"${options.http ?? ''}}
${options.collect ?? ''}
commit: {events: 100, ms: 10}
rules: {folders: ["${house.path('rules')}", "${selfRules}"]}
alert: {group_wait: 0s, group_by: [mark], max_open_per_rule: 100000, resolve_after: 1d}
deliver:
  - {kind: file, name: out, path: out.ndjson}
${options.deliver ?? ''}
console: {listen: "127.0.0.1:0"}
${options.more ?? ''}
`
}

const keys = Array.from({ length: 40 }, (_, n) => createHash('sha256').update(`key ${n}`).digest('hex'))
const START = Date.UTC(2026, 0, 5)

/** The nth request to a model, six seconds after the one before; each fiftieth carries `mark: file-n`. One key in forty steals. */
export function requestLine(n: number): string {
  const at = START + n * 6_000
  return `${JSON.stringify({
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
    model_parameters: n % 40 === 7 ? { max_tokens: 1, logprobs: true, logit_bias: { [n]: 100 } } : { max_tokens: 64 },
    ...(n % 50 === 0 ? { mark: `file-${n}` } : {}),
  })}\n`
}

/** A marked event that no detector looks at: an entry of an audit trail. */
export function trailLine(mark: string, more: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({
    eventVersion: '1.08',
    eventID: mark,
    eventTime: '2026-01-05T00:00:00Z',
    eventSource: 's3.amazonaws.com',
    eventName: 'GetObject',
    awsRegion: 'us-east-1',
    eventType: 'AwsApiCall',
    mark,
    ...more,
  })}\n`
}

/** Pushes marked events until it is stopped; a mark is in `acked` once its push was answered with 202. */
export class Pusher {
  readonly acked: string[] = []
  /** Answers by status; 0 for none. */
  readonly answers = new Map<number, number>()
  readonly #house: DaemonHouse
  readonly #padding: string
  readonly #done: Promise<void>
  readonly #stop = new AbortController()

  constructor(
    house: DaemonHouse,
    options: { readonly every?: number; readonly size?: number; readonly padding?: number } = {},
  ) {
    this.#house = house
    this.#padding = 'x'.repeat(options.padding ?? 0)
    this.#done = this.#run(options.every ?? 20, options.size ?? 5)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(every: number, size: number): Promise<void> {
    let address: string | undefined
    for (let serial = 0; !this.#stop.signal.aborted; serial += size) {
      const marks = Array.from({ length: size }, (_, n) => `push-${serial + n}`)
      address ??= await this.#house.sourceAddress('push').catch(() => undefined)
      const status = address === undefined ? 0 : await this.#push(address, marks)
      if (status === 202) this.acked.push(...marks)
      if (status === 0) address = undefined
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
      await pause(every)
    }
  }

  async #push(address: string, marks: readonly string[]): Promise<number> {
    const body = marks.map((mark) => trailLine(mark, { padding: this.#padding })).join('')
    const signal = AbortSignal.timeout(2_000)
    const reply = await fetch(`http://${address}/ingest`, { method: 'POST', body, signal }).catch(() => undefined)
    await reply?.body?.cancel().catch(() => undefined)
    return reply?.status ?? 0
  }
}

export interface Remembered {
  /** One line a key of a detector: its name and a digest of its state. */
  readonly states: readonly string[]
  readonly alerts: readonly Alert[]
  readonly verdict: AuditVerdict
  readonly counts: readonly Count[]
}

/** Detector state, alerts, audit and counts, as they are on disk. */
export function remembered(house: DaemonHouse): Remembered {
  const store = openReader(house.data)
  try {
    const states = ['api-abuse', 'usage'].flatMap((detector) =>
      Array.from(store.states(detector), ({ key, value }) => `${detector} ${key} ${digest(value)}`),
    )
    return {
      states: states.toSorted(),
      alerts: store.alerts({}),
      verdict: store.audit.verify(),
      counts: store.counts(),
    }
  } finally {
    store[Symbol.dispose]()
  }
}

function digest(value: Uint8Array | null): string {
  return createHash('sha256')
    .update(value ?? '')
    .digest('hex')
}

export function total(counts: readonly Count[], name: string, source?: string): number {
  return counts
    .filter((count) => count.name === name && (source === undefined || count.source === source))
    .reduce((sum, { add }) => sum + add, 0)
}

/** How often each mark was found: 1 each when nothing was lost or evaluated twice. */
export function marksOf(alerts: readonly Alert[]): ReadonlyMap<string, number> {
  const marks = new Map<string, number>()
  for (const { labels, count } of alerts) {
    const mark = labels['mark'] ?? ''
    marks.set(mark, (marks.get(mark) ?? 0) + count)
  }
  return marks
}

/** The ids under which the file sink was told of each mark: one id each, however often it was told. */
export function toldIds(house: DaemonHouse): ReadonlyMap<string, ReadonlySet<string>> {
  const path = join(house.data, 'out.ndjson')
  const told = new Map<string, Set<string>>()
  if (!existsSync(path)) return told
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const document = lineOf(line)
    const mark = document?.labels?.mark ?? ''
    if (document) told.set(mark, (told.get(mark) ?? new Set()).add(document.event.id))
  }
  return told
}

/** An interrupted write leaves a torn line, which spoils itself only: its alert is told again. */
function lineOf(line: string): { readonly event: { id: string }; readonly labels?: { mark?: string } } | undefined {
  try {
    return JSON.parse(line) as { event: { id: string } }
  } catch {
    return undefined
  }
}

/** Waits until everything that is there has been read and committed, and told to the file sink. */
export async function drained(house: DaemonHouse, records: number, withinMs = 60_000): Promise<void> {
  await eventually(
    `${records} records, all sources read to their end`,
    async () => {
      const [status, sources, sinks] = await Promise.all([house.status(), house.sources(), house.sinks()])
      return { ...status, lag: sources.flatMap(({ lag }) => lag), waiting: sinks.map(({ waiting }) => waiting) }
    },
    ({ balance, lag, waiting }) =>
      balance.received >= records &&
      balance.inFlight === 0 &&
      lag.every(({ bytes }) => bytes === 0) &&
      waiting.every((rows) => rows === 0),
    withinMs,
  )
}

/** A data directory whose pseudonyms are the same as every other's that was made with this key. */
export function keyedDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  writeFileSync(join(path, 'pseudonym.key'), `${Buffer.alloc(32, 3).toString('base64')}\n`, { mode: 0o600 })
}
