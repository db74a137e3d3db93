import { createTask, validateDetailed } from 'node-cron'
import type { Logger, ScheduledTask } from 'node-cron'
import type { Check, Observation } from '../contract/inspect.ts'
import type { Clock, Counter, Gauge, Log, Metrics } from '../contract/plugin.ts'
import type { Store } from '../contract/store.ts'
import { RefusedError, reasonOf } from '../runtime/errors.ts'

export interface SchedulerParts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** The open checks by name; whoever opened them closes them. */
  readonly checks: ReadonlyMap<string, Check>
  /** Remembers when each check last ran (documents of kind `check-run`). */
  readonly store: Pick<Store, 'document' | 'commit'>
}

export interface Scheduled {
  readonly name: string
  /** Five cron fields in UTC, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. */
  readonly schedule: string
}

/** Takes what a check saw; resolves once it is committed. */
export type Observed = (name: string, observations: readonly Observation[]) => Promise<void>

/** How the last run of a check is stored; times in epoch ms. */
interface LastRun {
  readonly schedule: string
  readonly lastRunAt: number
  readonly nextRunAt: number
}

const LONGEST_MS = 10 * 60_000

/** What is wrong with a cron expression, in words; undefined when nothing is. */
export function scheduleProblem(schedule: string): string | undefined {
  const fields = schedule.trim().split(/\s+/)
  if (fields.length === 6) return `"${schedule}" has a field for seconds; a check runs once a minute at most`
  const { valid, errors } = validateDetailed(schedule)
  if (valid) return undefined
  const words = errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
  return `"${schedule}" is no cron expression (${words})`
}

/**
 * Runs checks on their schedules, in UTC, never two runs of one check at a time. A check that has never run, or whose
 * time passed while the daemon was down or the machine asleep, runs at once, and only once. What a check throws is
 * logged and counted; it runs again at its next time.
 */
export class Scheduler implements AsyncDisposable {
  readonly #parts: SchedulerParts
  readonly #tasks = new Map<string, ScheduledTask>()
  readonly #running = new Map<string, Promise<readonly Observation[]>>()
  readonly #closing = new AbortController()
  readonly #runs: Counter
  readonly #lastRun: Gauge
  #observed: Observed | undefined

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#runs = parts.metrics.counter('modelward_check_runs_total', 'Runs of scheduled checks.', ['check', 'outcome'])
    this.#lastRun = parts.metrics.gauge(
      'modelward_check_last_run_timestamp_seconds',
      'When a scheduled check last ran to its end.',
      ['check'],
    )
  }

  /** Schedules must be free of problems. Throws RefusedError for a check that is not open. */
  start(schedules: readonly Scheduled[], observed: Observed): void {
    if (this.#observed) throw new RefusedError('the checks are already scheduled')
    for (const { name } of schedules) this.#check(name)
    this.#observed = observed
    for (const { name, schedule } of schedules) {
      const run = (): Promise<void> => this.#runQuietly(name)
      const options = { name, timezone: 'UTC', noOverlap: true, logger: quiet(this.#parts.log, name) }
      const task = createTask(schedule, run, options)
      task.on('execution:missed', run)
      this.#tasks.set(name, task)
      void task.start()
      if (this.#isMissed(name, schedule)) void run()
    }
  }

  /** Runs a check now, or waits for the run in progress. Rejects with what the check or the taking of its observations threw. */
  async runNow(name: string): Promise<readonly Observation[]> {
    return this.#running.get(name) ?? this.#begin(name)
  }

  /** When a check runs next, in epoch ms; undefined for one that is not scheduled. */
  nextRunAt(name: string): number | undefined {
    return this.#tasks.get(name)?.getNextRun()?.getTime()
  }

  /** Starts nothing more, stops what runs and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const task of this.#tasks.values()) await task.destroy()
    this.#tasks.clear()
    this.#closing.abort(new Error('the checks are closing'))
    await Promise.allSettled(this.#running.values())
  }

  async #runQuietly(name: string): Promise<void> {
    if (this.#closing.signal.aborted || this.#running.has(name)) return
    await this.#begin(name).catch((error: unknown) => {
      if (this.#closing.signal.aborted) return
      this.#parts.log.warn('a scheduled check failed', { check: name, reason: reasonOf(error) })
    })
  }

  #begin(name: string): Promise<readonly Observation[]> {
    const run = this.#run(name).finally(() => this.#running.delete(name))
    this.#running.set(name, run)
    return run
  }

  async #run(name: string): Promise<readonly Observation[]> {
    const { clock, store } = this.#parts
    const observed = this.#observed
    const check = this.#check(name)
    if (!observed) throw new RefusedError('the checks are not scheduled yet')
    try {
      const startedAt = clock.now()
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(LONGEST_MS)])
      signal.throwIfAborted()
      const observations = await check.inspect(signal)
      await observed(name, observations)
      const value = this.#lastRunOf(name, startedAt)
      if (value) store.commit({ documents: [{ kind: 'check-run', key: name, value }] })
      this.#runs.add(1, { check: name, outcome: 'done' })
      this.#lastRun.set(startedAt / 1_000, { check: name })
      return observations
    } catch (error) {
      this.#runs.add(1, { check: name, outcome: 'failed' })
      throw error
    }
  }

  #check(name: string): Check {
    const check = this.#parts.checks.get(name)
    if (!check) throw new RefusedError(`there is no check ${name}`)
    return check
  }

  #lastRunOf(name: string, lastRunAt: number): LastRun | undefined {
    const task = this.#tasks.get(name)
    const nextRunAt = this.nextRunAt(name)
    return task && nextRunAt !== undefined ? { schedule: task.getPattern(), lastRunAt, nextRunAt } : undefined
  }

  /** It never ran on this schedule, or the time at which it should have is past. */
  #isMissed(name: string, schedule: string): boolean {
    const last = this.#parts.store.document<LastRun>('check-run', name)
    if (last?.schedule === schedule && last.nextRunAt > this.#parts.clock.now()) return false
    if (last)
      this.#parts.log.info('a scheduled check is overdue and runs now', { check: name, lastRunAt: last.lastRunAt })
    return true
  }
}

/** node-cron writes to the console unless told otherwise; failures are logged here already. */
function quiet(log: Log, check: string): Logger {
  const debug = (message: string | Error): void => log.debug('node-cron', { check, message: reasonOf(message) })
  return { info: debug, warn: debug, error: debug, debug }
}
