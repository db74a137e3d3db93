import type { Alert } from '../contract/alert.ts'
import type { Balance } from '../contract/desk.ts'
import type { Score } from '../contract/detect.ts'
import type { Event, EventRef, Normalizer } from '../contract/event.ts'
import type { Clock } from '../contract/plugin.ts'
import type { Finding } from '../contract/rules.ts'
import { ecsAlert } from '../deliver/encode/ecs.ts'
import type { BudgetReport } from '../detect/fusion/budget.ts'
import { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import { ManualClock, systemClock } from '../runtime/clock.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import { UnlookedSources } from '../rules/unlooked.ts'
import { openStore } from '../store/store.ts'
import type { Config } from './config/load.ts'
import { DataDirectory } from './data-directory.ts'
import { openDetection, type Detection } from './detection.ts'
import type { Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import { findLogs, openPastLogs } from './past-logs.ts'
import { readReferences } from './references.ts'
import { Watch } from './watch.ts'
import { openAlerts, openEventNormalizer, openPseudonyms, openRules, untestedRules, type World } from './wiring.ts'

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
  /** Instead of those of the data directory. */
  readonly references?: ReadonlyMap<string, Uint8Array>
  /** Events of which this is not true are passed over. */
  readonly only?: (event: Event) => boolean
  readonly line: (value: Readonly<Record<string, unknown>>) => void
  readonly progress?: (text: string) => void
}

export interface ReplayResult {
  readonly balance: Balance
  readonly alerts: readonly Alert[]
  /** How the false-alarm budget was spent; undefined with `rulesOnly`. */
  readonly budget: BudgetReport | undefined
  /** With `rulesOnly`: events by the log source that no rule looks at, see UnlookedSources. */
  readonly unlooked: ReadonlyMap<string, number>
  readonly seconds: number
}

/** Past logs through the real way, in event time, into a throw-away store. Nothing is written to the data directory. */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<ReplayResult> {
  const life = new Lifetime()
  const startedAt = performance.now()
  try {
    const paths = await findLogs(options.paths, life)
    const parts = await openReplay(options, paths, life)
    const reading = parts.intake.run(signal)
    await parts.watch.run(signal)
    await reading
    const alerts = parts.store.alerts({}).toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
    if (options.emit.has('alert'))
      for (const alert of alerts) options.line(parts.say('alert', alertDocument(alert, options.world.version)))
    return {
      balance: parts.ledger.balance(),
      alerts,
      budget: parts.detection?.evidence.report(),
      unlooked: parts.unlooked?.counts ?? new Map<string, number>(),
      seconds: (performance.now() - startedAt) / 1000,
    }
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
  readonly detection: Detection | undefined
  readonly unlooked: UnlookedSources | undefined
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
  const intake = openPastLogs(config, world, paths, options.format)
  const loaded = rulesOnly ? untestedRules(config, options) : openRules(config)
  const unlooked = rulesOnly && options.allLogsources !== true ? new UnlookedSources(loaded.rules) : undefined
  const references =
    options.references ??
    readReferences(
      new DataDirectory(config.data),
      config.detectors.map(({ name }) => name),
    )
  const detection = rulesOnly
    ? undefined
    : await openDetection(config, store, { ...world, clock }, { references, pseudonyms }, life)
  let read = 0
  const watch = new Watch({
    ...world,
    clock,
    intake,
    normalizer: passing(openEventNormalizer(config, pseudonyms), options.only),
    detectors: detection?.detectors ?? [],
    ...(detection ? { evidence: detection.evidence, reading: detection.reading } : {}),
    judge: loaded.judge,
    alerts: rulesOnly ? NO_ALERTS : openAlerts(config, store),
    store,
    ledger,
    commitEvents: config.shape.commit.events,
    commitMs: config.shape.commit.ms,
    observer: {
      event: (event) => {
        eventClock.advanceTo(event.at)
        unlooked?.note(event)
        if (++read % 5_000 === 0) options.progress?.(`${read} events read`)
      },
      ...(options.emit.has('score') ? { score: (score: Score) => options.line(say('score', scoreLine(score))) } : {}),
      ...(options.emit.has('finding')
        ? { finding: (finding: Finding) => options.line(say('finding', findingLine(finding))) }
        : {}),
    },
  })
  return { intake, watch, store, ledger, detection, unlooked, say }
}

/** The normaliser, of whose events only some come through. */
function passing(normalizer: Normalizer, only: ReplayOptions['only']): Normalizer {
  if (!only) return normalizer
  return {
    normalize(record) {
      const result = normalizer.normalize(record)
      return 'events' in result ? { events: result.events.filter(only) } : result
    },
  }
}

const NO_ALERTS = {
  take: () => undefined,
  advance: () => undefined,
  nextDueAt: () => undefined,
  changes: () => ({ alerts: [], notifications: [], documents: [] }),
}

/** The data directory's own key where there is one, so that pseudonyms are those of the daemon; else a public one. */
async function replayPseudonyms({ config, world, reveal }: ReplayOptions): Promise<Pseudonyms> {
  const directory = new DataDirectory(config.data)
  if (config.shape.privacy.pseudonymKey || directory.hasPseudonymKey())
    return openPseudonyms(config, directory, world, reveal)
  return new Pseudonyms(Buffer.from('modelward replay without a data directory'), { remember: reveal })
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
