import type { Counter, Gauge } from '../../contract/plugin.ts'
import type { Batch, Collector, SourceLag } from '../../contract/record.ts'
import type { Frame } from '../framing/framer.ts'
import type { Found } from './content/identity.ts'
import type { CollectorContext } from '../context/collector-context.ts'
import type { FileConfig } from './config.ts'
import { BatchBuilder } from './follow/batch-builder.ts'
import { Complaints } from './follow/complaints.ts'
import { Roster } from './follow/roster.ts'
import { scan } from './follow/scan.ts'
import type { Tail } from './follow/tail.ts'

const PIECE = 256 * 1024
/** Pieces of one file before the next has its turn. */
const TURN = 32
/** Files that are kept open between two looks, those that grew last; in the midst of one it may be twice as many. */
const OPEN_LIMIT = 512
/** The most of the time that goes into looking for files, and into unpacking one that grows, which is done from its start. */
const SHARE = 0.1

/** Follows files. Each `poll` looks once at what matches, and reads what is there. */
export class FileCollector implements Collector {
  readonly #config: FileConfig
  readonly #context: CollectorContext
  readonly #complaints: Complaints
  readonly #roster: Roster
  readonly #builder: BatchBuilder
  readonly #received: Counter
  readonly #resets: Counter
  readonly #lag: Gauge
  #isFirst: boolean
  /** Batches handed over. */
  #batches = 0
  /** How long the last look for files took. */
  #lookMs = 0

  constructor(config: FileConfig, context: CollectorContext) {
    const { name, clock, log, metrics, positions } = context
    this.#config = config
    this.#context = context
    this.#complaints = new Complaints(log)
    this.#roster = new Roster({ recordLimit: config.recordLimit, encoding: config.encoding }, this.#complaints)
    this.#builder = new BatchBuilder({ source: name, format: config.format, now: () => clock.now() })
    const id = ['component_id']
    this.#received = metrics.counter('modelward_component_received_bytes_total', 'Bytes of records received', id)
    this.#resets = metrics.counter('modelward_tail_generation_reset_total', 'Files begun anew, by reason', [
      ...id,
      'reason',
    ])
    this.#lag = metrics.gauge('modelward_source_lag_bytes', 'Bytes known to be there and not read yet', id)
    this.#isFirst = positions.size === 0
    for (const stream of this.#roster.restore(positions, clock.monotonic())) {
      log.warn('stored position is not understood, the file is read again', { stream })
      this.#builder.forget(stream)
    }
  }

  async *read(signal: AbortSignal): AsyncGenerator<Batch, void, void> {
    while (!signal.aborted) {
      const before = this.#batches
      const isMore = yield* this.poll(signal)
      if (this.#context.once) {
        // A file that may be another's packed form is told from it only once that has been read.
        if (this.#batches === before) return
        continue
      }
      const pauseMs = Math.max(this.#config.pollMs, this.#lookMs / SHARE)
      if (!isMore) await this.#context.clock.sleep(pauseMs, signal).catch(() => undefined)
    }
  }

  /** One look at everything. True: there is more to be read at once. */
  async *poll(signal: AbortSignal): AsyncGenerator<Batch, boolean, void> {
    await this.#look()
    let isMore = false
    let opened = 0
    for (const tail of this.#roster.tails) {
      if (signal.aborted) break
      if (yield* this.#drain(tail, signal)) isMore = true
      // A packed file is not held open, there is nothing to wait for; nor is a flood of files found at once.
      else if (tail.isOpen && tail.missingSince === undefined && (tail.gzip || ++opened > 2 * OPEN_LIMIT))
        await tail.close()
    }
    if (!this.#context.once) await this.#retire()
    yield* this.#handOver()
    await this.#closeIdle()
    const unread = this.#roster.tails.reduce((sum, tail) => sum + tail.unread, 0)
    this.#lag.set(unread, { component_id: this.#context.name })
    return isMore
  }

  lag(): readonly SourceLag[] {
    return this.#roster.tails.map(({ stream, path, unread, lastReadAt }) => ({
      stream,
      file: path,
      bytes: unread,
      lastReadAt,
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#roster.close()
  }

  async #look(): Promise<void> {
    const look = async (): Promise<readonly Found[]> => {
      const found = await scan(this.#config, this.#complaints)
      return this.#context.once ? found : found.toSorted(oldestFirst)
    }
    const now = this.#context.clock.monotonic()
    const { renamed, begun, truncated } = await this.#roster.update(await look(), look, now)
    this.#lookMs = this.#context.clock.monotonic() - now
    // A later life of an inode is stored even while it is empty, so that its name is not taken for the first one's.
    for (const tail of begun) if (tail.name.generation > 0) this.#builder.touch(tail)
    for (const tail of renamed) this.#builder.touch(tail)
    for (const tail of truncated) this.#truncated(tail)
    if (this.#isFirst && this.#config.from === 'end')
      for (const tail of begun) await this.#attempt(tail, () => this.#startAtEnd(tail))
    this.#isFirst = false
  }

  async #startAtEnd(tail: Tail): Promise<void> {
    await tail.startAtEnd()
    this.#builder.touch(tail)
  }

  #truncated(tail: Tail): void {
    const reason = 'truncated'
    this.#resets.add(1, { component_id: this.#context.name, reason })
    this.#context.log.warn('file was truncated, what was not read of it is lost', {
      path: tail.path,
      bytes: tail.unreadBefore,
    })
    this.#builder.lose({ reason, detail: `${tail.path} was truncated or rewritten in place`, bytes: tail.unreadBefore })
    this.#builder.forget(tail.stream)
  }

  /** Reads a file as far as its turn goes. True: it has more. */
  async *#drain(tail: Tail, signal: AbortSignal): AsyncGenerator<Batch, boolean, void> {
    const { clock, once } = this.#context
    const now = clock.monotonic()
    if (tail.missingSince !== undefined && (!tail.isOpen || once)) return false
    const turn = once ? Infinity : TURN
    let pieces = 0
    for (; pieces < turn && !signal.aborted && tail.isDue(now); pieces++) {
      if (this.#builder.bytes > 0 && this.#room(tail) < PIECE) yield* this.#handOver()
      const frames = await this.#attempt(tail, () => tail.read(Math.max(4096, Math.min(PIECE, this.#room(tail)))))
      if (!frames) break
      this.#take(tail, frames)
    }
    if (pieces === turn) return true
    if (tail.gzip && pieces > 0) tail.notBefore = now + (clock.monotonic() - now) / SHARE
    if (!signal.aborted) this.#finish(tail, now)
    return false
  }

  /** How many bytes more the batch may hold with this file's held beginning of a record. */
  #room(tail: Tail): number {
    return this.#config.batchBytes - this.#builder.bytes - tail.held
  }

  #take(tail: Tail, frames: readonly Frame[]): void {
    this.#builder.add(tail, frames)
  }

  /** At the end of what is there: an unfinished last line, a packed file that breaks off. */
  #finish(tail: Tail, now: number): void {
    const { flushPartialAfterMs: after } = this.#config
    const isOver = this.#context.once || (after !== undefined && now - tail.grownAt >= after)
    if (!isOver) return
    if (tail.outcome === 'incomplete' && !tail.isDamaged && this.#context.once)
      this.#take(tail, tail.refuse('incomplete_gzip', 'the packed file breaks off'))
    else if (tail.held > 0 && !tail.gzip) this.#take(tail, tail.flush())
  }

  /** Lets go of generations that no scan has found for long enough. */
  async #retire(): Promise<void> {
    const now = this.#context.clock.monotonic()
    for (const tail of this.#roster.tails) {
      if (tail.missingSince === undefined) break
      if (now - Math.max(tail.missingSince, tail.grownAt) < this.#config.closeRotatedAfterMs) continue
      if (tail.isOpen && this.#roster.hasForm(tail)) {
        await tail.close()
        continue
      }
      if (tail.isOpen) this.#take(tail, tail.flush())
      else if (tail.unread > 0) this.#lostUnread(tail)
      this.#builder.forget(tail.stream)
      await this.#roster.forget(tail)
    }
  }

  #lostUnread(tail: Tail): void {
    const detail = `${tail.path} is gone, and was not read to its end`
    this.#context.log.warn('file is gone before it was read to its end', { path: tail.path, bytes: tail.unread })
    this.#builder.lose({ reason: 'deleted_unread', detail, bytes: tail.unread })
  }

  *#handOver(): Generator<Batch, void, void> {
    const { bytes } = this.#builder
    const batch = this.#builder.build()
    if (!batch) return
    this.#batches++
    this.#received.add(bytes, { component_id: this.#context.name })
    yield batch
  }

  async #closeIdle(): Promise<void> {
    const open = this.#roster.tails.filter((tail) => tail.isOpen)
    if (open.length <= OPEN_LIMIT) return
    const now = this.#context.clock.monotonic()
    const idle = open.filter((tail) => tail.missingSince === undefined && !tail.isDue(now))
    const surplus = idle.toSorted((a, b) => a.grownAt - b.grownAt).slice(0, open.length - OPEN_LIMIT)
    for (const tail of surplus) await tail.close()
  }

  /** A file that fails costs itself only; it is tried again at the next look. */
  async #attempt<T>(tail: Tail, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      this.#complaints.cleared(tail.path)
      return result
    } catch (error) {
      this.#complaints.about(tail.path, error)
      return undefined
    }
  }
}

/** After a rotation `app.log.1` was written before `app.log`: names do not tell, the last write does. */
function oldestFirst(a: Found, b: Found): number {
  // Decimal numbers: the longer is the greater.
  if (a.modified.length !== b.modified.length) return a.modified.length - b.modified.length
  if (a.modified === b.modified) return 0
  return a.modified < b.modified ? -1 : 1
}
