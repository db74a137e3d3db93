import { type FileHandle, open } from 'node:fs/promises'
import { storeError } from './disk.ts'
import { type JournalEntry, HEADER_BYTES, decodeEntry, entryBytes, findEntry } from './entry.ts'
import type { Segment } from './segment.ts'

/** A stretch of the journal that cannot be read: `corrupt` bytes that are there, or a `gap` where a file is missing or short. */
export interface Damage {
  readonly kind: 'corrupt' | 'gap'
  readonly at: number
  readonly end: number
  /** The first bytes of a corrupt stretch. */
  readonly head: Uint8Array
}

/** What the reader needs to know of the journal, asked anew at each step because the journal grows. */
export interface Readable {
  /** Everything before this is on disk. */
  readonly end: number
  /** In order; the last one may still be growing. */
  readonly segments: readonly Segment[]
}

const WINDOW_BYTES = 256 * 1024
const HEAD_BYTES = 4096

/** Walks the journal from a position on. Damage is told and stepped over; every good entry behind it is read. */
export class JournalReader {
  readonly #journal: Readable
  #at: number
  #file: FileHandle | undefined
  #path = ''
  /** Bytes already read, and the position of the first of them. Never written again: bodies handed out point into it. */
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  constructor(journal: Readable, from: number) {
    this.#journal = journal
    this.#at = from
  }

  /** Position of what `next` would give. */
  get at(): number {
    return this.#at
  }

  /** The next entry or damage; undefined when everything on disk has been read. Throws StoreError when the disk does not answer. */
  async next(): Promise<JournalEntry | Damage | undefined> {
    const { segments, end } = this.#journal
    if (this.#at >= end) {
      // An open file keeps its space on the disk even after it was deleted.
      await this.close()
      return undefined
    }
    const index = segments.findLastIndex((segment) => segment.start <= this.#at)
    const segment = segments[index]
    const segmentEnd = Math.min(segments[index + 1]?.start ?? end, end)
    try {
      const found = segment ? await this.#inSegment(segment, segmentEnd) : this.#gap(segmentEnd)
      this.#at = found.end
      return found
    } catch (cause) {
      throw storeError('reading the journal', cause)
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #inSegment(segment: Segment, end: number): Promise<JournalEntry | Damage> {
    await this.#ensure(segment, HEADER_BYTES, end)
    const size = entryBytes(this.#window, this.#at - this.#windowAt, this.#at)
    if (size !== undefined && this.#at + size <= end) {
      await this.#ensure(segment, size, end)
      const entry = decodeEntry(this.#window, this.#at - this.#windowAt, this.#at)
      if (entry) return entry
    }
    return this.#damaged(segment, end)
  }

  /** Reads the rest of the segment to find out where the damage ends. */
  async #damaged(segment: Segment, end: number): Promise<Damage> {
    await this.#ensure(segment, end - this.#at, end)
    const from = this.#at - this.#windowAt
    const found = findEntry(this.#window, from + 1, this.#windowAt)
    const damageEnd = this.#windowAt + (found ?? this.#window.length)
    if (damageEnd <= this.#at) return this.#gap(end)
    const head = this.#window.subarray(from, Math.min(from + HEAD_BYTES, damageEnd - this.#windowAt))
    return { kind: 'corrupt', at: this.#at, end: damageEnd, head }
  }

  #gap(end: number): Damage {
    return { kind: 'gap', at: this.#at, end, head: Buffer.alloc(0) }
  }

  /** At least `bytes` from the present position on are in the window, or all there is before `end`. */
  async #ensure(segment: Segment, bytes: number, end: number): Promise<void> {
    const file = await this.#open(segment)
    if (file === undefined) return this.#empty()
    const held = this.#windowAt + this.#window.length - this.#at
    if (this.#at >= this.#windowAt && held >= bytes) return
    const kept =
      this.#at >= this.#windowAt && held > 0 ? this.#window.subarray(this.#at - this.#windowAt) : Buffer.alloc(0)
    const room = Math.min(Math.max(bytes, WINDOW_BYTES), end - this.#at)
    const next = Buffer.allocUnsafeSlow(Math.max(room, kept.length))
    kept.copy(next)
    let filled = kept.length
    while (filled < next.length) {
      const from = this.#at + filled - segment.start
      const { bytesRead } = await file.read(next, filled, next.length - filled, from)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    this.#window = next.subarray(0, filled)
    this.#windowAt = this.#at
  }

  #empty(): void {
    this.#window = Buffer.alloc(0)
    this.#windowAt = this.#at
  }

  async #open(segment: Segment): Promise<FileHandle | undefined> {
    if (this.#file && this.#path === segment.path) return this.#file
    await this.close()
    this.#empty()
    this.#path = segment.path
    try {
      this.#file = await open(segment.path, 'r')
    } catch (error) {
      // A segment that somebody deleted is a gap, told once and stepped over.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
    return this.#file
  }
}
