import type { Clock, Log, Metrics, Random } from '../contract/plugin.ts'
import type { Batch, Collector, RawRecord } from '../contract/record.ts'
import type { SourceStatus } from '../contract/desk.ts'
import type { CollectorContext } from '../collect/context/collector-context.ts'
import { reasonOf, StoreError } from '../runtime/errors.ts'
import { withFields } from '../runtime/log.ts'
import { type ByteBudget, Funnel } from '../runtime/queue.ts'
import { supervise } from '../runtime/supervise.ts'
import type { Instance } from './config/instances.ts'

export interface IntakeParts {
  readonly sources: readonly Instance<Collector, CollectorContext>[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  readonly budget: ByteBudget
  /** A source's own folder below the data directory. */
  readonly directoryOf: (source: string) => string
  /** What the store knows of a source's positions. */
  readonly positionsOf: (source: string) => ReadonlyMap<string, string>
  /** Read what is there and end: for replays. */
  readonly once?: boolean
}

interface Source {
  readonly instance: Instance<Collector, CollectorContext>
  /** Where the next opening goes on: the stored positions, moved by every batch that was handed over since. */
  readonly positions: Map<string, string>
  collector?: Collector
  state: SourceStatus['state']
  problem?: string
  received: number
  lastRecordAt?: number
}

/** All sources into one line of batches, bounded by the byte budget. Each source runs under supervision of its own. */
export class Intake {
  readonly #parts: IntakeParts
  readonly #funnel: Funnel<Batch>
  readonly #sources: readonly Source[]
  #fatal: Error | undefined

  constructor(parts: IntakeParts) {
    this.#parts = parts
    this.#funnel = new Funnel(parts.budget, sizeOf)
    this.#sources = parts.sources.map((instance) => ({
      instance,
      positions: new Map(parts.positionsOf(instance.name)),
      state: 'restarting',
      received: 0,
    }))
  }

  /** Starts reading; resolves when every source has ended (a replay) or `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#watch(source, signal)))
    // A daemon without sources still has work: scheduled looks, alert timers, what people ask.
    if (!this.#parts.once) await aborted(signal)
    this.#funnel.end()
  }

  /** The next batch, or undefined after `waitMs`, or at the end. Throws what no restart can mend. */
  async next(waitMs: number): Promise<Batch | undefined> {
    if (this.#fatal) throw this.#fatal
    return this.#funnel.next(waitMs)
  }

  /** The batch is committed or given up: its bytes are free. */
  done(batch: Batch): void {
    this.#funnel.done(batch)
  }

  /** Ends a wait in `next`: something else wants the loop. */
  nudge(): void {
    this.#funnel.nudge()
  }

  get ended(): boolean {
    return this.#funnel.ended
  }

  status(): readonly SourceStatus[] {
    return this.#sources.map((source) => ({
      name: source.instance.name,
      kind: source.instance.kind,
      state: source.state,
      lag: source.collector?.lag() ?? [],
      received: source.received,
      ...(source.collector?.address === undefined ? {} : { address: source.collector.address }),
      ...(source.lastRecordAt === undefined ? {} : { lastRecordAt: source.lastRecordAt }),
      ...(source.problem === undefined ? {} : { problem: source.problem }),
    }))
  }

  #watch(source: Source, signal: AbortSignal): Promise<void> {
    const { clock, random, log, metrics } = this.#parts
    const errors = metrics.counter('modelward_component_errors_total', 'Failures by component', [
      'component_id',
      'stage',
    ])
    return supervise(
      {
        name: source.instance.name,
        clock,
        random,
        log,
        failed: (error) => {
          if (error instanceof StoreError) this.#fatal = error
          source.state = 'restarting'
          source.problem = reasonOf(error)
          errors.add(1, { component_id: source.instance.name, stage: 'receiving' })
        },
      },
      (until) => this.#read(source, until),
      signal,
    )
  }

  async #read(source: Source, signal: AbortSignal): Promise<void> {
    const { clock, random, log, metrics, directoryOf, once } = this.#parts
    const { name, plugin, config } = source.instance
    const collector = await plugin.open(config, {
      name,
      clock,
      random,
      metrics,
      log: withFields(log, { component_id: name }),
      positions: source.positions,
      directory: directoryOf(name),
      ...(once === undefined ? {} : { once }),
    })
    source.collector = collector
    source.state = 'reading'
    delete source.problem
    try {
      for await (const batch of collector.read(signal)) {
        await this.#funnel.put(batch, signal)
        this.#handedOver(source, batch)
      }
      source.state = 'ended'
    } finally {
      await collector[Symbol.asyncDispose]()
    }
  }

  #handedOver(source: Source, batch: Batch): void {
    for (const { stream, value } of batch.positions)
      if (value === null) source.positions.delete(stream)
      else source.positions.set(stream, value)
    source.received += batch.records.length
    if (batch.records.length > 0) source.lastRecordAt = this.#parts.clock.now()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function sizeOf(batch: Batch): number {
  return batch.records.reduce((sum: number, record: RawRecord) => sum + record.bytes.byteLength + 200, 200)
}
