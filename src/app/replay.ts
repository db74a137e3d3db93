import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { file as fileCollector } from '../collect/file/file.ts'
import type { CollectorContext } from '../collect/context/collector-context.ts'
import type { Alert } from '../contract/alert.ts'
import type { Balance } from '../contract/desk.ts'
import type { Score } from '../contract/detect.ts'
import type { EventRef } from '../contract/event.ts'
import type { Clock } from '../contract/plugin.ts'
import type { Collector } from '../contract/record.ts'
import type { Finding } from '../contract/rules.ts'
import { ecsAlert } from '../deliver/encode/ecs.ts'
import { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import { ManualClock, systemClock } from '../runtime/clock.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import { ByteBudget } from '../runtime/queue.ts'
import { UsageError } from '../runtime/errors.ts'
import { openStore } from '../store/store.ts'
import type { Config } from './config/load.ts'
import type { Instance } from './config/instances.ts'
import { DataDirectory } from './data-directory.ts'
import { Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import {
  openAlerts,
  openDetectors,
  openEventNormalizer,
  openPseudonyms,
  openRules,
  untestedRules,
  type World,
} from './wiring.ts'
import { Watch } from './watch.ts'

export type Emitted = 'score' | 'finding' | 'alert'

export interface ReplayOptions {
  readonly config: Config
  readonly world: World
  /** Files, folders (all log files below), `.gz`, or `-` for standard input. */
  readonly paths: readonly string[]
  readonly format?: string
  readonly emit: ReadonlySet<Emitted>
  readonly reveal: boolean
  /** Only normalise and judge: no detectors, no alerts. Then rules need no tests of their own. */
  readonly rulesOnly?: boolean
  readonly skipInvalidRules?: boolean
  /** Every rule is asked of every event, whatever its log source. Only with `rulesOnly`. */
  readonly allLogsources?: boolean
  readonly line: (value: Readonly<Record<string, unknown>>) => void
  readonly progress?: (text: string) => void
}

export interface ReplayResult {
  readonly balance: Balance
  readonly alerts: readonly Alert[]
  readonly seconds: number
}

/** Past logs through the real way, in event time, into a throw-away store. Nothing is written to the data directory. */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<ReplayResult> {
  const life = new Lifetime()
  const startedAt = performance.now()
  try {
    const paths = await findPaths(options.paths, life)
    const parts = await openReplay(options, paths, life)
    const reading = parts.intake.run(signal)
    await parts.watch.run(signal)
    await reading
    const alerts = parts.store.alerts({}).toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
    if (options.emit.has('alert'))
      for (const alert of alerts) options.line(parts.say('alert', alertDocument(alert, options.world.version)))
    return { balance: parts.ledger.balance(), alerts, seconds: (performance.now() - startedAt) / 1000 }
  } finally {
    await life[Symbol.asyncDispose]()
  }
}

export function alertDocument(alert: Alert, version: string): Record<string, unknown> {
  return ecsAlert(alert, { observer: { name: 'modelward', version }, now: alert.lastAt })
}

interface Replaying {
  readonly intake: Intake
  readonly watch: Watch
  readonly store: ReturnType<typeof openStore>
  readonly ledger: Ledger
  readonly say: (kind: Emitted, value: Readonly<Record<string, unknown>>) => Record<string, unknown>
}

async function openReplay(options: ReplayOptions, paths: readonly string[], life: Lifetime): Promise<Replaying> {
  const { config, world, rulesOnly = false } = options
  const eventClock = new ManualClock()
  const clock: Clock = { ...systemClock, now: () => eventClock.now() }
  const pseudonyms = await replayPseudonyms(options)
  const store = life.add('store', openStore({ memory: true, clock, random: world.random, log: world.log }))
  const ledger = new Ledger([], world.metrics)
  const say = speaker(pseudonyms, options.reveal)
  const intake = new Intake({
    ...world,
    clock: systemClock,
    sources: [sourceOf(paths, options.format)],
    budget: new ByteBudget(config.shape.memory.budgetMiB * 2 ** 20),
    directoryOf: () => '',
    positionsOf: () => new Map(),
    once: true,
  })
  const judge = rulesOnly ? untestedRules(config, options) : openRules(config).judge
  let read = 0
  const watch = new Watch({
    ...world,
    clock,
    intake,
    normalizer: openEventNormalizer(config, pseudonyms),
    detectors: rulesOnly ? [] : await openDetectors(config, store, { ...world, clock }, life),
    judge,
    alerts: rulesOnly ? NO_ALERTS : openAlerts(config, store),
    store,
    ledger,
    commitEvents: config.shape.commit.events,
    commitMs: config.shape.commit.ms,
    observer: {
      event: (event) => {
        eventClock.advanceTo(event.at)
        if (++read % 5_000 === 0) options.progress?.(`${read} events read`)
      },
      ...(options.emit.has('score') ? { score: (score: Score) => options.line(say('score', scoreLine(score))) } : {}),
      ...(options.emit.has('finding')
        ? { finding: (finding: Finding) => options.line(say('finding', findingLine(finding))) }
        : {}),
    },
  })
  return { intake, watch, store, ledger, say }
}

const NO_ALERTS = {
  take: () => undefined,
  advance: () => undefined,
  nextDueAt: () => undefined,
  changes: () => ({ alerts: [], notifications: [], documents: [] }),
}

function sourceOf(paths: readonly string[], format: string | undefined): Instance<Collector, CollectorContext> {
  const config = fileCollector.config.parse({ paths, ...(format === undefined ? {} : { format }) })
  return {
    name: 'replay',
    kind: 'file',
    plugin: fileCollector,
    config,
  }
}

/** The data directory's own key where there is one, so that pseudonyms are those of the daemon; else a public one. */
async function replayPseudonyms({ config, world, reveal }: ReplayOptions): Promise<Pseudonyms> {
  const directory = new DataDirectory(config.data)
  if (config.shape.privacy.pseudonymKey || directory.hasPseudonymKey())
    return openPseudonyms(config, directory, world, reveal)
  return new Pseudonyms(Buffer.from('modelward replay without a data directory'), { remember: reveal })
}

/** Folders become all files below them; standard input becomes a file that is gone afterwards. */
async function findPaths(paths: readonly string[], life: Lifetime): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of paths) {
    if (path === '-') {
      const folder = await mkdtemp(join(tmpdir(), 'modelward-stdin-'))
      life.defer('standard input', () => rm(folder, { recursive: true }))
      const spool = join(folder, 'stdin')
      await pipeline(process.stdin, createWriteStream(spool, { mode: 0o600 }))
      found.push(spool)
      continue
    }
    const at = await stat(path).catch(() => undefined)
    if (!at) throw new UsageError(`there is no file or folder ${path}`)
    found.push(...(at.isDirectory() ? await logsBelow(path) : [path]).map((file) => escapeGlob(resolve(file))))
  }
  return found
}

/** JSON and log files, rotated and gzipped ones too; what else lies in a folder (a licence, a picture) is no log. */
const LOG = /\.(json|ndjson|jsonl|log)(\.[0-9]+|-[0-9]{8})?(\.gz)?$/i

async function logsBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true })
  const logs = names.filter((name) => LOG.test(name)).toSorted()
  if (logs.length === 0)
    throw new UsageError(
      `${folder} holds no .json, .ndjson, .jsonl or .log file, plain or .gz; name the files themselves`,
    )
  return logs.map((name) => join(folder, name))
}

function escapeGlob(path: string): string {
  return path.replaceAll(/[[\]{}()*?!\\]/g, String.raw`\$&`)
}

function scoreLine(score: Score): Record<string, unknown> {
  return {
    detector: score.detector,
    '@timestamp': new Date(score.event.at).toISOString(),
    ...(score.principal === undefined ? {} : { principal: score.principal }),
    p: score.p,
    ...(score.e === undefined ? {} : { e: score.e }),
    direction: score.direction,
    ...(score.window === undefined ? {} : { window: score.window }),
    explain: score.explain,
    event: eventLine(score.event),
  }
}

function findingLine(finding: Finding): Record<string, unknown> {
  return {
    rule: finding.rule.id,
    title: finding.rule.title,
    '@timestamp': new Date(finding.event.at).toISOString(),
    ...(finding.event.principal === undefined ? {} : { principal: finding.event.principal }),
    event: eventLine(finding.event),
    ...(finding.events === undefined ? {} : { events: finding.events.map(eventLine) }),
  }
}

function eventLine(event: EventRef): Record<string, unknown> {
  return {
    id: event.id,
    ...(event.file === undefined ? {} : { file: event.file }),
    ...(event.index === undefined ? {} : { record: event.index }),
  }
}

const PSEUDONYM = /\b[a-z]{2,16}:[A-Za-z0-9_-]{16,}/g

function speaker(pseudonyms: Pseudonyms, reveal: boolean): Replaying['say'] {
  const clear = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(PSEUDONYM, (found) => pseudonyms.reveal(found) ?? found)
    if (Array.isArray(value)) return value.map(clear)
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clear(inner)]))
    return value
  }
  return (kind, value) => ({ kind, ...((reveal ? clear(value) : value) as Record<string, unknown>) })
}
