import type { Notification } from '../contract/alert.ts'
import type { OutboxRow, Outcome, Sink } from '../contract/deliver.ts'
import type { SinkStatus } from '../contract/desk.ts'
import type { Clock, Log, Metrics, Random } from '../contract/plugin.ts'
import type { Store } from '../contract/store.ts'
import { StoreFullError, reasonOf } from '../runtime/errors.ts'
import { Backoff } from '../runtime/retry.ts'

/** Something that takes notifications from the outbox: a sink, or the playbooks. */
export interface Consumer {
  readonly name: string
  readonly kind: string
  readonly send: Sink['send']
  /** Notifications that are not for this consumer are done without being sent. */
  readonly wants: (notification: Notification) => boolean
}

export interface ActParts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  readonly failpoint: (name: string) => void
}

const ROWS = 100
const POLL_MS = 1_000

/**
 * outbox -> one consumer, in order, at least once. `done` moves the cursor, `park` puts a notification aside, `retry`
 * keeps it and everything of its group behind it; what was done out of order meanwhile is remembered until the cursor
 * passes it (a crash sends it again under the same id).
 */
export class Act {
  readonly #parts: ActParts
  readonly #consumer: Consumer
  readonly #backoff: Backoff
  readonly #done = new Map<number, string | undefined>()
  readonly #sentMetric
  readonly #failedMetric
  #wake: (() => void) | undefined
  #state: SinkStatus['state'] = 'idle'
  #problem: string | undefined
  #sent = 0

  constructor(consumer: Consumer, parts: ActParts) {
    this.#consumer = consumer
    this.#parts = parts
    this.#backoff = new Backoff(parts.random, 500, 60_000)
    this.#sentMetric = parts.metrics.counter('modelward_component_sent_events_total', 'Notifications taken', [
      'component_id',
      'outcome',
    ])
    this.#failedMetric = parts.metrics.counter('modelward_component_errors_total', 'Failures by component', [
      'component_id',
      'stage',
    ])
  }

  get name(): string {
    return this.#consumer.name
  }

  /** There may be something new in the outbox. */
  nudge(): void {
    this.#wake?.()
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      try {
        const rows = this.#parts.store.outbox.due(this.#consumer.name, ROWS)
        if (rows.length === 0) await this.#idle(signal)
        else await this.#round(rows, signal)
      } catch (error) {
        if (!(error instanceof StoreFullError)) throw error
        // What was sent is remembered and not sent again; only the cursor waits for room.
        await this.#parts.clock.sleep(POLL_MS, signal).catch(() => undefined)
      }
  }

  status(waiting: number, parked: number, oldestAt: number | undefined): SinkStatus {
    return {
      name: this.#consumer.name,
      kind: this.#consumer.kind,
      state: this.#state,
      waiting,
      sent: this.#sent,
      parked,
      ...(oldestAt === undefined ? {} : { oldestAt }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    }
  }

  async #round(rows: readonly OutboxRow[], signal: AbortSignal): Promise<void> {
    for (const row of rows) if (!this.#consumer.wants(row.notification)) this.#done.set(row.seq, undefined)
    const due = rows.filter((row) => !this.#done.has(row.seq))
    this.#state = 'sending'
    const outcomes = due.length === 0 ? [] : await this.#send(due, signal)
    if (signal.aborted && outcomes === undefined) return
    const waitMs = this.#settle(due, outcomes ?? [])
    this.#advance(rows)
    if (waitMs === undefined) {
      this.#state = 'idle'
      return
    }
    this.#state = 'retrying'
    await this.#parts.clock.sleep(waitMs, signal).catch(() => undefined)
  }

  async #send(due: readonly OutboxRow[], signal: AbortSignal): Promise<readonly Outcome[] | undefined> {
    this.#parts.failpoint('act.before-send')
    try {
      const outcomes = await this.#consumer.send(
        due.map((row) => row.notification),
        signal,
      )
      this.#parts.failpoint('act.after-send')
      return outcomes
    } catch (error) {
      if (signal.aborted) return undefined
      return due.map(() => ({ retry: reasonOf(error) }))
    }
  }

  /** Notes what became of each; answers how long to wait if anything must be tried again. */
  #settle(due: readonly OutboxRow[], outcomes: readonly Outcome[]): number | undefined {
    const held = new Set<string>()
    let askedMs: number | undefined
    for (const [index, row] of due.entries()) {
      const outcome = outcomes[index] ?? { retry: 'the sink gave no outcome' }
      const group = row.notification.groupKey
      if ('retry' in outcome) {
        held.add(group)
        askedMs = Math.max(askedMs ?? 0, outcome.afterMs ?? 0)
        this.#failed(outcome.retry)
      } else if (!held.has(group)) this.#took(row, outcome)
    }
    if (askedMs === undefined) {
      this.#backoff.succeeded()
      this.#problem = undefined
      return undefined
    }
    return this.#backoff.failed(askedMs)
  }

  #took(row: OutboxRow, outcome: Exclude<Outcome, { retry: string }>): void {
    const parked = 'park' in outcome ? outcome.park : undefined
    this.#done.set(row.seq, parked)
    const label = parked !== undefined ? 'parked' : 'duplicate' in outcome && outcome.duplicate ? 'duplicate' : 'sent'
    this.#sentMetric.add(1, { component_id: this.#consumer.name, outcome: label })
    if (parked === undefined) this.#sent++
    else
      this.#parts.log.error('receiver refused a notification, parked', {
        sink: this.#consumer.name,
        id: row.notification.id,
        reason: parked,
      })
  }

  #failed(reason: string): void {
    this.#failedMetric.add(1, { component_id: this.#consumer.name, stage: 'sending' })
    if (this.#problem === undefined)
      this.#parts.log.warn('receiver is not taking notifications, retrying', { sink: this.#consumer.name, reason })
    this.#problem = reason
  }

  /** Moves the cursor over everything done without a gap. */
  #advance(rows: readonly OutboxRow[]): void {
    const passed: OutboxRow[] = []
    for (const row of rows) {
      if (!this.#done.has(row.seq)) break
      passed.push(row)
    }
    const last = passed.at(-1)
    if (!last) return
    const parked = passed.flatMap(({ seq }) => {
      const reason = this.#done.get(seq)
      return reason === undefined ? [] : [{ seq, reason }]
    })
    this.#parts.store.outbox.advance(this.#consumer.name, last.seq, parked)
    this.#parts.failpoint('act.after-advance')
    for (const { seq } of passed) this.#done.delete(seq)
  }

  async #idle(signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    this.#wake = () => stop.abort()
    await this.#parts.clock.sleep(POLL_MS, AbortSignal.any([signal, stop.signal])).catch(() => undefined)
    this.#wake = undefined
  }
}
