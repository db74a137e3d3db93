import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { TextDecoder } from 'node:util'
import { blockBefore, compare, plainEvidence } from './evidence.ts'
import { Fingerprint, headEnd } from './fingerprint.ts'
import type { Mark } from './fingerprint.ts'
import { foundAt } from './identity.ts'
import { GzipReader, PlainReader, isGzip } from './readers.ts'
import type { ContentReader } from './readers.ts'

export interface ContentOptions {
  readonly encoding: Encoding
}

const PIECE = 256 * 1024

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'latin1'

/** What is known of a content from an earlier reading of it. */
export interface Recalled {
  /** Bytes of the stream that need not be given again. */
  readonly given: number
  /** Bytes of content (unpacked, in the file's own encoding) that were read, and what they are recognised by. */
  readonly length: number
  readonly marks: readonly Mark[]
}

/** How a reading of a gzip file ended. */
export interface Unpacked {
  readonly outcome: 'complete' | 'incomplete' | 'corrupt'
  readonly detail: string
  readonly consumed: number
}

/**
 * The content of one file as a stream of bytes, unpacked and in UTF-8, that can be closed and gone on with. A plain
 * file is read on where it was left; a packed or transcoded one from its start, and what was given before is skipped.
 */
export class Content {
  /** Bytes of the stream given so far. */
  given: number
  gzip = false
  unpacked: Unpacked | undefined
  readonly #options: ContentOptions
  #recalled: Recalled | undefined
  #fingerprint = new Fingerprint()
  #handle: FileHandle | undefined
  #reader: ContentReader | undefined
  #decoder: TextDecoder | undefined
  #skip = 0

  constructor(options: ContentOptions, recalled?: Recalled) {
    this.#options = options
    this.#recalled = recalled
    this.given = recalled?.given ?? 0
  }

  get isOpen(): boolean {
    return this.#handle !== undefined
  }

  get isTranscoded(): boolean {
    return this.#options.encoding !== 'utf-8'
  }

  /** Bytes of content read; a plain file cannot rightly be shorter. */
  get length(): number {
    return Math.max(this.#fingerprint.length, this.#recalled?.length ?? 0)
  }

  /** Bytes of content that this reading has reached. */
  get reached(): number {
    return this.#fingerprint.length
  }

  /** Whether a packed or transcoded file is being read just now. */
  get isReading(): boolean {
    return this.#reader !== undefined
  }

  marks(): readonly Mark[] {
    return this.#recalled?.marks ?? this.#fingerprint.marks()
  }

  /** Whether a plain file still begins with the content that was read. */
  async isSame(): Promise<boolean> {
    if (!this.#handle) throw new Error('the file is not open')
    const marks = this.marks()
    const ends = [marks[0], marks.at(-1)].flatMap((mark) => (mark ? [mark] : []))
    const offsets = ends.map((mark) => mark.offset)
    return compare(ends, await plainEvidence(this.#handle, offsets)) === 'same'
  }

  /** Opens the file with this key, unless it is open. Throws what the system says; ESTALE when the name leads to another file. */
  async open(path: string, key: string): Promise<FileHandle> {
    if (this.#handle) return this.#handle
    const handle = await open(path, 'r')
    try {
      if (foundAt(path, await handle.stat({ bigint: true })).key !== key)
        throw Object.assign(new Error('the file was exchanged while it was being opened'), { code: 'ESTALE' })
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    return handle
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.#forgetReader()
    await handle?.close()
  }

  /** Leaves unread what is there now. */
  async leave(): Promise<void> {
    if (!this.#handle) throw new Error('the file is not open')
    if (this.isTranscoded) {
      while (await this.next(PIECE)) continue
      return
    }
    const { size } = await this.#handle.stat()
    const { hashes } = await plainEvidence(this.#handle, [headEnd(size), size])
    const marks = Array.from(hashes, ([offset, hash]) => ({ offset, hash }))
    this.given = size
    this.#recalled = { given: size, length: size, marks }
  }

  /** The next bytes of the stream, at most `limit` of the content and perhaps none; undefined when there are no more for now. */
  async next(limit: number): Promise<Buffer | undefined> {
    const reader = this.#reader ?? (await this.#openReader())
    if (!reader) return undefined
    const bytes = await reader.next(limit)
    if (!bytes) {
      this.#ended(reader)
      return undefined
    }
    this.#fingerprint.note(bytes)
    if (this.#fingerprint.length >= (this.#recalled?.length ?? 0)) this.#recalled = undefined
    const text = this.#decoder ? Buffer.from(this.#decoder.decode(bytes, { stream: true })) : bytes
    const skipped = Math.min(this.#skip, text.length)
    this.#skip -= skipped
    this.given += text.length - skipped
    return text.subarray(skipped)
  }

  async #openReader(): Promise<ContentReader | undefined> {
    if (!this.#handle) throw new Error('the file is not open')
    const gzip = await isGzip(this.#handle)
    if (gzip === undefined) return undefined
    this.gzip = gzip
    this.unpacked = undefined
    const { size } = await this.#handle.stat()
    const start = gzip || this.isTranscoded ? 0 : Math.min(this.given, size)
    this.#skip = this.given - start
    this.#fingerprint = Fingerprint.resume(this.marks(), start, await blockBefore(this.#handle, start))
    if (this.isTranscoded) this.#decoder = new TextDecoder(this.#options.encoding)
    this.#reader = gzip ? new GzipReader(this.#handle) : new PlainReader(this.#handle, start)
    return this.#reader
  }

  #ended(reader: ContentReader): void {
    if (!(reader instanceof GzipReader)) return
    const { outcome = 'incomplete', detail, consumed } = reader
    this.unpacked = { outcome, detail, consumed }
    this.#recalled = undefined
    this.#forgetReader()
  }

  #forgetReader(): void {
    if (this.#reader instanceof GzipReader) this.#reader.close()
    this.#reader = undefined
  }
}
