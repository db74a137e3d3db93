import { openConsole } from '../console/console.ts'
import type { Alerts } from '../alert/alerts.ts'
import type { Alert } from '../contract/alert.ts'
import type { Desk } from '../contract/desk.ts'
import type { Observation } from '../contract/inspect.ts'
import type { Plan } from '../contract/respond.ts'
import type { Changes } from '../contract/store.ts'
import { ecsAlert } from '../deliver/encode/ecs.ts'
import type { Fusion } from '../detect/fusion/fusion.ts'
import type { ReadAhead } from '../detect/reading/read-ahead.ts'
import { Scheduler } from '../inspect/scheduler.ts'
import type { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import { apiKeyIdentity } from '../normalize/principal/pseudonyms.ts'
import type { LoadedRules } from '../rules/load.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import { ByteBudget } from '../runtime/queue.ts'
import { openStore, type SqliteStore } from '../store/store.ts'
import { Act } from './act.ts'
import type { Config } from './config/load.ts'
import { openContainment, type PlaybookRunner } from './containment.ts'
import { DataDirectory } from './data-directory.ts'
import { openDetection } from './detection.ts'
import { DaemonDesk } from './desk.ts'
import { registerGauges } from './gauges.ts'
import { Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import { observedEvent, storeEvents } from './own-events.ts'
import { openSinks } from './sinks.ts'
import { statusOf } from './status.ts'
import { Watch, type NamedDetector } from './watch.ts'
import {
  CurrentJudge,
  givenFor,
  openAlerts,
  openEventNormalizer,
  openPseudonyms,
  openRules,
  warmRules,
  type World,
} from './wiring.ts'
import { checkedReferences } from './references.ts'
import { Reloader } from './reload.ts'

/** Told of what a person at the terminal wants to see, after it was committed. */
export interface Onlooker {
  alert?(alert: Alert): void
  plan?(plan: Plan): void
}

/** Everything of one daemon, open and wired. */
export interface Parts {
  readonly config: Config
  readonly world: World
  readonly directory: DataDirectory
  readonly store: SqliteStore
  readonly rules: LoadedRules
  readonly judge: CurrentJudge
  readonly pseudonyms: Pseudonyms
  readonly detectors: readonly NamedDetector[]
  readonly evidence: Fusion
  readonly reading: ReadAhead
  readonly alerts: Alerts
  readonly ledger: Ledger
  readonly intake: Intake
  readonly watch: Watch
  readonly containment: PlaybookRunner
  readonly acts: readonly Act[]
  readonly scheduler: Scheduler
  readonly startedAt: number
  /** Why the store takes no commits just now. */
  readonly stuck: () => string | undefined
}

/** One daemon in one process; two may run side by side on two data directories. */
export class Daemon implements AsyncDisposable {
  readonly desk: Desk
  readonly consoleAddress: string
  /** What lets a person into the console; for the link that is printed at the start. */
  readonly consoleToken: string
  readonly #parts: Parts
  readonly #life: Lifetime
  readonly #reloader: Reloader

  private constructor(
    parts: Parts,
    life: Lifetime,
    open: { desk: Desk; address: string; token: string; reloader: Reloader },
  ) {
    this.#parts = parts
    this.#life = life
    this.desk = open.desk
    this.consoleAddress = open.address
    this.consoleToken = open.token
    this.#reloader = open.reloader
  }

  /** Opens everything; whatever fails half-way closes what was opened. Throws ConfigError, LockedError, StoreError. */
  static async open(config: Config, world: World, onlooker: Onlooker = {}): Promise<Daemon> {
    const life = new Lifetime()
    try {
      const parts = await openParts(config, world, life, onlooker)
      const reloader = new Reloader(parts)
      registerGauges(parts)
      const desk = openDesk(parts, reloader)
      const token = parts.directory.consoleToken(world.random)
      const console = life.add(
        'console',
        await openConsole(config.console, { ...givenFor(world, 'console'), desk, token }),
      )
      parts.directory.noteConsole(console.address)
      return new Daemon(parts, life, { desk, address: console.address, token: token.reveal(), reloader })
    } catch (error) {
      await life[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The two loops, until `signal` aborts. Rejects with what no restart inside the process can mend. */
  async run(signal: AbortSignal): Promise<void> {
    const { intake, watch, acts, containment, scheduler, store, config, world } = this.#parts
    const stop = new AbortController()
    const until = AbortSignal.any([signal, stop.signal])
    const loops = [intake.run(until), watch.run(until), ...acts.map((act) => act.run(until)), containment.run(until)]
    const ended = Promise.all(loops)
    // A loop may fail while the opening is still witnessed; it is awaited below.
    ended.catch(() => undefined)
    try {
      await containment.responder.recover(until)
      await this.#witnessOpening(store)
      scheduler.start(
        config.checks.map(({ name, schedule }) => ({ name, schedule })),
        (name, observations) => this.#observed(name, observations),
      )
      world.log.info('modelward runs', { version: world.version, console: this.consoleAddress })
      await ended
    } finally {
      stop.abort(new Error('stopping'))
      await Promise.allSettled(loops)
    }
  }

  /** Rules anew, as the config file names them now, all or nothing. */
  reload(by: string): ReturnType<Desk['reload']> {
    return this.#reloader.reload(by)
  }

  /** Where a listening collector can be reached. */
  addressOf(source: string): string | undefined {
    return this.#parts.intake.status().find(({ name }) => name === source)?.address
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#life[Symbol.asyncDispose]()
  }

  async #witnessOpening(store: SqliteStore): Promise<void> {
    const now = this.#parts.world.clock.now()
    const audit = [
      {
        at: now,
        actor: 'modelward',
        action: 'daemon.start',
        subject: this.#parts.directory.path,
        detail: { version: this.#parts.world.version },
      },
      ...store.openedWith.map(({ kind, detail }) => ({
        at: now,
        actor: 'modelward',
        action: `store.${kind}`,
        subject: 'store',
        detail: { detail },
      })),
    ]
    await this.#parts.watch.errand(() => this.#parts.watch.witness(storeEvents(store.openedWith, now), audit))
  }

  async #observed(name: string, observations: readonly Observation[]): Promise<void> {
    const check = this.#parts.config.checks.find((candidate) => candidate.name === name)
    const events = observations.map((observation) => observedEvent(check?.kind ?? name, observation))
    await this.#parts.watch.errand(() => this.#parts.watch.witness(events))
  }
}

async function openParts(config: Config, world: World, life: Lifetime, onlooker: Onlooker): Promise<Parts> {
  const directory = new DataDirectory(config.data)
  directory.create()
  const { clock, random, log, failpoint } = world
  const store = life.add('store', openStore({ directory: directory.path, clock, random, log, failpoint }))
  const pseudonyms = await openPseudonyms(config, directory, world)
  const rules = openRules(config, pseudonyms)
  await warmRules(rules)
  const containment = await openContainment(config, world, { store, directory, life, onlooker })
  const consumers = [...(await openSinks(config, world, directory, life)), containment.consumer]
  store.outbox.register(consumers.map(({ name }) => name))
  const names = config.detectors.map(({ name }) => name)
  const memory = { references: checkedReferences(directory, store, names), pseudonyms }
  const foundation = {
    ...(await openDetection(config, store, world, memory, life)),
    config,
    world,
    directory,
    store,
    rules,
    containment,
    judge: new CurrentJudge(rules.judge, store),
    pseudonyms,
    alerts: openAlerts(config, store),
    ledger: new Ledger(store.counts(), world.metrics),
    acts: consumers.map((consumer) => new Act(consumer, { ...world, store })),
    intake: openIntake(config, world, store, directory),
    scheduler: life.add('scheduler', await openScheduler(config, world, store, life)),
    startedAt: clock.now(),
  }
  return { ...foundation, ...openWatch(foundation, onlooker) }
}

function openIntake(config: Config, world: World, store: SqliteStore, directory: DataDirectory): Intake {
  return new Intake({
    ...world,
    sources: config.sources,
    budget: new ByteBudget(config.shape.memory.budgetMiB * 2 ** 20),
    directoryOf: (source) => directory.folder('sources', source),
    positionsOf: (source) => store.positions(source),
  })
}

function openWatch(parts: Omit<Parts, 'watch' | 'stuck'>, onlooker: Onlooker): Pick<Parts, 'watch' | 'stuck'> {
  const { config, world, pseudonyms, containment, acts } = parts
  let stuck: string | undefined
  const watch = new Watch({
    ...world,
    ...parts,
    normalizer: openEventNormalizer(config, pseudonyms),
    commitEvents: config.shape.commit.events,
    commitMs: config.shape.commit.ms,
    observer: {
      event: (event) => {
        if (event.principal !== undefined && event.inference) containment.responder.saw(event.principal, event.at)
      },
      committed: (changes) => told(changes, acts, onlooker),
      stuck: (problem) => {
        stuck = problem
      },
    },
  })
  return { watch, stuck: () => stuck }
}

function told(changes: Changes, acts: readonly Act[], onlooker: Onlooker): void {
  if ((changes.notifications ?? []).length > 0) for (const act of acts) act.nudge()
  for (const alert of changes.alerts ?? []) onlooker.alert?.(alert)
}

async function openScheduler(config: Config, world: World, store: SqliteStore, life: Lifetime): Promise<Scheduler> {
  const checks = new Map(
    await Promise.all(
      config.checks.map(
        async ({ name, plugin, config: own }) =>
          [name, life.add(`check ${name}`, await plugin.open(own, givenFor(world, name)))] as const,
      ),
    ),
  )
  return new Scheduler({ ...world, checks, store })
}

function openDesk(parts: Parts, reloader: Reloader): Desk {
  const { store, alerts, containment, world, watch, pseudonyms } = parts
  return new DaemonDesk({
    store,
    alerts,
    containment: containment.responder,
    metrics: world.metrics,
    clock: world.clock,
    errand: (work) => watch.errand(work),
    audit: (actor, action, subject, detail = {}) =>
      watch.witness([], [{ at: world.clock.now(), actor, action, subject, detail }]),
    again: (records) => watch.again(records),
    document: (alert) =>
      ecsAlert(alert, { observer: { name: 'modelward', version: world.version }, now: alert.lastAt }),
    principalOfKey: (key) => pseudonyms.of('key', apiKeyIdentity(key)),
    sources: () => parts.intake.status(),
    sinks: () => statusOf(parts).sinks,
    status: () => statusOf(parts).daemon,
    reload: (by) => reloader.reload(by),
  })
}
