import { type FileHandle, unlink } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { StoreError, StoreFullError } from '../../runtime/errors.ts'
import { type Disk, localDisk, privateDirectory, storeError, writeAll } from './disk.ts'
import { EncodedEntry, type JournalEntry, type NewEntry } from './entry.ts'
import { JournalReader, type Readable } from './reader.ts'
import { type Mended, type Recovered, recover } from './recover.ts'
import { type Segment, segmentAt } from './segment.ts'

export interface JournalOptions {
  readonly directory: string
  /** Position up to which everything was handed over or committed, 0 at first. No position below it is given out again. */
  readonly committed: number
  /** Epoch ms, for the names of files that are set aside. */
  readonly now: number
  /** A segment is closed when the next entry would make it longer. Default 16 MiB. */
  readonly segmentBytes?: number
  /** An entry to put first into every new segment: what the owner must find again when the older segments are gone. */
  readonly checkpoint?: () => NewEntry | undefined
  /** Gets every good entry of the newest segment while the journal opens. */
  readonly recovered?: (entry: JournalEntry) => void
  readonly disk?: Disk
  /** What is committed leaves the disk also when nothing more comes: after so long. Default 5 s. */
  readonly retireAfterMs?: number
}

interface Waiting {
  readonly entry: EncodedEntry
  readonly done: (end: number) => void
  readonly failed: (error: StoreError | StoreFullError) => void
}

const SEGMENT_BYTES = 16 * 1024 * 1024
const GROUP_BYTES = 16 * 1024 * 1024
const RETIRE_AFTER_MS = 5_000

/**
 * An append-only journal on disk, for sources that must be answered before their records are evaluated. `append` resolves
 * only after fdatasync; appends that wait at the same time share one. A full disk rejects with StoreFullError and leaves
 * no trace; any other failure of a write or sync rejects with StoreError, and so does everything after it.
 */
export class Journal implements Readable, AsyncDisposable {
  readonly mended: Mended
  readonly #options: JournalOptions
  readonly #disk: Disk
  readonly #segments: Segment[]
  #end: number
  /** For the backlog; only what was released in this object's life may be deleted. */
  #committed: number
  #released = 0
  #file: FileHandle | undefined
  #failure: StoreError | undefined
  #closed = false
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined
  #releasing: Promise<void> = Promise.resolve()
  #retiring: NodeJS.Timeout | undefined
  /** Where the journal ended when the open segment was last given up. */
  #retiredAt = 0
  readonly #watchers = new Set<() => void>()

  /** Mends what a crash left and sets aside what is no segment; deletes nothing. Throws StoreError. */
  static async open(options: JournalOptions): Promise<Journal> {
    try {
      await privateDirectory(options.directory)
      return new Journal(options, await recover(options))
    } catch (cause) {
      throw storeError(`opening the journal in ${options.directory}`, cause)
    }
  }

  private constructor(options: JournalOptions, { segments, end, file, mended }: Recovered) {
    this.#options = options
    this.#disk = options.disk ?? localDisk
    this.#segments = segments
    this.#end = end
    this.#file = file
    this.#committed = options.committed
    this.mended = mended
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** Position behind the last entry that is on disk. */
  get end(): number {
    return this.#end
  }

  /** Bytes that are on disk and not yet committed. */
  get backlogBytes(): number {
    return this.#end - this.#committed
  }

  /** The failure after which nothing is accepted any more. */
  get failure(): StoreError | undefined {
    return this.#failure
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Resolves with the position behind the entry once it is on disk. */
  async append(entry: NewEntry): Promise<number> {
    if (this.#failure) throw this.#failure
    if (this.#closed) throw new StoreError('the journal is closed')
    const encoded = new EncodedEntry(entry)
    return new Promise((done, failed) => {
      this.#waiting.push({ entry: encoded, done, failed })
      this.#flushing ??= this.#flush()
    })
  }

  reader(from: number): JournalReader {
    return new JournalReader(this, from)
  }

  /** Resolves when there is something behind `position`, the signal aborts or the journal closes; rejects once it has failed. */
  async grown(position: number, signal: AbortSignal): Promise<void> {
    while (this.#end <= position && !signal.aborted && !this.#closed) {
      if (this.#failure) throw this.#failure
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#watchers.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        this.#watchers.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    }
  }

  /**
   * Everything before `position` is committed: segments that lie wholly before it are deleted. After closing nothing is,
   * because the directory may have another owner by then.
   */
  release(position: number): Promise<void> {
    this.#released = Math.max(this.#released, Math.min(position, this.#end))
    this.#committed = Math.max(this.#committed, this.#released)
    const before = this.#releasing.catch(() => undefined)
    this.#releasing = before.then(() => this.#deleteCommitted())
    this.#retireLater()
    return this.#releasing
  }

  /** Waits for the appends under way, then closes. Nothing is deleted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retiring)
    await this.#flushing
    await this.#releasing.catch(() => undefined)
    this.#wake()
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async #flush(): Promise<void> {
    // Whatever else arrives in this turn of the loop shares the sync.
    await setImmediate()
    while (this.#waiting.length > 0) await this.#writeGroup()
    this.#flushing = undefined
    this.#wake()
  }

  /** One write and one sync for as many waiting entries as fit the segment. */
  async #writeGroup(): Promise<void> {
    const group: Waiting[] = []
    try {
      const file = await this.#fileFor(this.#waiting[0]?.entry.bytes ?? 0)
      const buffers: Uint8Array[] = []
      const ends: number[] = []
      const limit = this.#end + Math.min(this.#segmentLeft(), GROUP_BYTES)
      let end = this.#checkpoint(buffers)
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        if (group.length > 0 && end + next.entry.bytes > limit) break
        buffers.push(...next.entry.buffersAt(end))
        ends.push((end += next.entry.bytes))
        group.push(next)
        this.#waiting.shift()
      }
      await this.#persist(file, buffers)
      this.#end = end
      for (const [index, { done }] of group.entries()) done(ends[index] ?? end)
      this.#wake()
    } catch (cause) {
      if (group.length === 0) group.push(...this.#waiting.splice(0, 1))
      const error = storeError('writing the journal', cause)
      if (error instanceof StoreFullError && (await this.#makeRoom())) this.#waiting.unshift(...group)
      else this.#reject(error, group)
    }
  }

  /** Begins a new segment with the owner's entry, in the same write as the first of its others. Returns where these go. */
  #checkpoint(buffers: Uint8Array[]): number {
    const checkpoint = this.#length() === 0 ? this.#options.checkpoint?.() : undefined
    if (!checkpoint) return this.#end
    const entry = new EncodedEntry(checkpoint)
    buffers.push(...entry.buffersAt(this.#end))
    return this.#end + entry.bytes
  }

  /** Takes everything or leaves the file as it was. */
  async #persist(file: FileHandle, buffers: readonly Uint8Array[]): Promise<void> {
    const length = this.#length()
    try {
      await writeAll(this.#disk, file, buffers, length)
    } catch (cause) {
      const error = storeError('writing the journal', cause)
      if (error instanceof StoreFullError) await this.#takeBack(file, length)
      throw error
    }
    try {
      await this.#disk.sync(file)
    } catch (cause) {
      // Even a full disk is fatal here: which of the pages were kept is unknown.
      throw new StoreError('syncing the journal', { cause })
    }
  }

  /**
   * Cuts a partial write off. A segment that holds entries is closed too, so that it can be deleted once they are
   * committed: on a small disk that may be the only space there is to win.
   */
  async #takeBack(file: FileHandle, length: number): Promise<void> {
    try {
      await file.truncate(length)
      if (length === 0) return
      await file.close()
      this.#file = undefined
    } catch (cause) {
      throw new StoreError('cutting a partial write off the journal', { cause })
    }
  }

  /** The file for an entry of `bytes`, a new one when the present one is full. */
  async #fileFor(bytes: number): Promise<FileHandle> {
    if (this.#file && (this.#length() === 0 || bytes <= this.#segmentLeft())) return this.#file
    await this.#file?.close()
    this.#file = undefined
    const segment = segmentAt(this.#options.directory, this.#end)
    this.#file = await this.#disk.create(segment.path)
    this.#segments.push(segment)
    return this.#file
  }

  /** Bytes in the segment that is being written. */
  #length(): number {
    return this.#end - (this.#segments.at(-1)?.start ?? 0)
  }

  #segmentLeft(): number {
    return (this.#options.segmentBytes ?? SEGMENT_BYTES) - this.#length()
  }

  #reject(error: StoreError | StoreFullError, group: readonly Waiting[]): void {
    if (error instanceof StoreFullError) {
      for (const { failed } of group) failed(error)
      return
    }
    this.#failure = error
    for (const { failed } of [...group, ...this.#waiting.splice(0)]) failed(error)
    this.#wake()
  }

  /** Whether deleting what is committed has won space: the segment that filled the disk may be among it by now. */
  async #makeRoom(): Promise<boolean> {
    const held = this.#segments.length
    await this.#deleteCommitted().catch(() => undefined)
    return this.#segments.length < held
  }

  async #deleteCommitted(): Promise<void> {
    for (let first = this.#segments[0]; first && !this.#closed; first = this.#segments[0]) {
      const end = this.#segments[1]?.start ?? (this.#file ? Infinity : this.#end)
      if (end > this.#released) break
      this.#segments.shift()
      await unlink(first.path).catch(ignoreMissing)
    }
  }

  #retireLater(): void {
    clearTimeout(this.#retiring)
    if (this.#closed || !this.#isSpent()) return
    this.#retiring = setTimeout(() => {
      if (this.#isSpent()) this.#flushing ??= this.#retire()
    }, this.#options.retireAfterMs ?? RETIRE_AFTER_MS)
    this.#retiring.unref()
  }

  /** Whether all that was ever appended is committed, and some of it still stands in the open segment. */
  #isSpent(): boolean {
    return this.#released === this.#end && this.#end > this.#retiredAt && this.#length() > 0 && !this.#failure
  }

  /** Gives the open segment up, so that records stand on the disk no longer than they must; a new one has the owner's entry. */
  async #retire(): Promise<void> {
    try {
      await this.#file?.close()
      this.#file = undefined
      const checkpoint = this.#options.checkpoint?.()
      if (checkpoint) {
        const entry = new EncodedEntry(checkpoint)
        const segment = segmentAt(this.#options.directory, this.#end)
        const file = await this.#disk.create(segment.path)
        this.#segments.push(segment)
        this.#file = file
        await this.#persist(file, entry.buffersAt(this.#end))
        this.#end += entry.bytes
      }
      this.#retiredAt = this.#end
      await this.#deleteCommitted()
    } catch (cause) {
      const error = storeError('giving up a segment of the journal', cause)
      // A full disk keeps the segment as it is; the next release tries again.
      if (!(error instanceof StoreFullError)) this.#reject(error, [])
    }
    await this.#flush()
  }

  #wake(): void {
    for (const wake of this.#watchers) wake()
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}
