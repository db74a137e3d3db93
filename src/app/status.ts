import type { BudgetStatus, DaemonStatus, SinkStatus } from '../contract/desk.ts'
import type { Parts } from './daemon.ts'
import { lastMeasured } from './references.ts'

/** How the daemon is: for health, the console and metrics. */
export function statusOf(parts: Parts): { readonly daemon: DaemonStatus; readonly sinks: readonly SinkStatus[] } {
  const { store, acts, intake, ledger, config, world, judge, detectors, directory } = parts
  const depth = new Map(store.outbox.depth().map((row) => [row.consumer, row]))
  const parked = store.outbox.parked()
  const sinks = acts.map((act) => {
    const waiting = depth.get(act.name)
    return act.status(waiting?.rows ?? 0, parked.filter((row) => row.consumer === act.name).length, waiting?.oldestAt)
  })
  const usage = store.usage()
  const balance = ledger.balance()
  const sources = intake.status()
  const degraded = [
    ...(parts.stuck() === undefined ? [] : [`the store takes no commits: ${parts.stuck() ?? ''}`]),
    ...sources.flatMap(({ name, problem }) => (problem === undefined ? [] : [`source ${name}: ${problem}`])),
    ...sinks.flatMap(({ name, problem }) => (problem === undefined ? [] : [`sink ${name}: ${problem}`])),
    ...store.openedWith.filter(({ kind }) => kind === 'set-aside').map(({ detail }) => detail),
    ...(isEven(balance)
      ? []
      : ['records are unaccounted for: received differs from committed + quarantined + dropped + in flight']),
  ]
  const daemon: DaemonStatus = {
    version: world.version,
    startedAt: parts.startedAt,
    dataDirectory: directory.path,
    dryRun: config.respond.mode === 'dry-run',
    rules: judge.rules.length,
    detectors: detectors.map(({ name, detector }) => {
      const { held, cap, evicted } = detector.keys()
      return { name, keys: held, cap, evicted }
    }),
    budget: budgetOf(parts),
    counts: ledger.counts(),
    balance,
    degraded,
    ready: sources.length === 0 || sources.some(({ state }) => state !== 'restarting'),
    storeBytes: usage.bytes,
    freeBytes: usage.freeBytes,
  }
  return { daemon, sinks }
}

function budgetOf({ evidence, store }: Parts): BudgetStatus {
  const { perWeek, looks, alarms } = evidence.report()
  const measured = lastMeasured(store)
  return { perWeek, looks, alarms, ...(measured ? { measured } : {}) }
}

/** The invariant of every test: nothing is unaccounted for. */
export function isEven(balance: DaemonStatus['balance']): boolean {
  const sum = (reasons: Readonly<Record<string, number>>): number =>
    Object.values(reasons).reduce((total, count) => total + count, 0)
  return balance.received === balance.committed + sum(balance.quarantined) + sum(balance.dropped) + balance.inFlight
}
