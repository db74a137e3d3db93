import type { FileHandle } from 'node:fs/promises'
import { Framer } from '../../framing/framer.ts'
import type { Frame, FramerState } from '../../framing/framer.ts'
import { Content } from '../content/content.ts'
import type { ContentOptions } from '../content/content.ts'
import type { Mark } from '../content/fingerprint.ts'
import { keyOf } from '../content/identity.ts'
import type { Found, Identity } from '../content/identity.ts'
import { isGzip } from '../content/readers.ts'
import type { TailPosition } from './position.ts'

export interface TailOptions extends ContentOptions {
  readonly recordLimit: number
}

/** The name of a stream: which inode, and which of its lives. */
export interface StreamName {
  readonly base: string
  readonly generation: number
}

function streamOf({ base, generation }: StreamName): string {
  return generation === 0 ? base : `${base}.${generation}`
}

/** One generation of a file: followed through renames, and into a packed or copied form once the original is gone. */
export class Tail {
  readonly name: StreamName
  readonly stream: string
  path: string
  /** Its name before it was last renamed. */
  formerPath: string
  identity: Identity
  key: string
  /** Bytes of the file when it was last looked at; for gzip: packed. */
  size = 0
  /** For gzip: the size at which it was read as far as it could be. */
  readThrough = 0
  /** `unread` as it was before the last scan. */
  unreadBefore = 0
  /** For gzip: it cannot be unpacked any further, and that has been said. */
  isDamaged = false
  /** Monotonic ms: of the last growth seen; since when no scan has found it; before which it need not be tried again. */
  grownAt: number
  missingSince: number | undefined
  notBefore = 0
  /** Epoch ms; 0: never. */
  lastReadAt = 0
  readonly #options: TailOptions
  #content: Content
  #framer: Framer
  #modified = ''
  #verified = ''
  #wasRead = false

  constructor(found: Found, name: StreamName, options: TailOptions, now: number, position?: TailPosition) {
    this.name = name
    this.stream = streamOf(name)
    this.path = found.path
    this.formerPath = found.path
    this.identity = found.identity
    this.key = found.key
    this.grownAt = now
    this.#options = options
    this.#framer = this.#newFramer(position?.framer)
    this.#content = new Content(options)
    if (!position) return
    this.size = position.size
    this.readThrough = position.readThrough
    this.isDamaged = position.isDamaged
    this.#recall(position, position.gzip)
  }

  static resume(stream: string, position: TailPosition, options: TailOptions, now: number): Tail {
    const { path, size, generation, dev, ino, birth } = position
    const identity = { dev, ino, birth }
    const base = generation === 0 ? stream : stream.slice(0, stream.lastIndexOf('.'))
    return new Tail(
      { path, identity, key: keyOf(identity), size, modified: '' },
      { base, generation },
      options,
      now,
      position,
    )
  }

  get gzip(): boolean {
    return this.#content.gzip
  }

  get isOpen(): boolean {
    return this.#content.isOpen
  }

  /** Bytes of content that have been read. */
  get content(): number {
    return this.#content.length
  }

  /** Bytes known to be there and in no record yet. Of a gzip file its packed size, until it has been read through. */
  get unread(): number {
    if (this.gzip) return this.size > this.readThrough && !this.isDamaged ? this.size : 0
    return Math.max(0, this.size - (this.#content.isTranscoded ? this.content : this.#framer.state().offset))
  }

  /** Bytes of the stream that have been read and are in no record yet. */
  get held(): number {
    return this.#content.given - this.#framer.state().offset
  }

  marks(): readonly Mark[] {
    return this.#content.marks()
  }

  position(): TailPosition {
    const { path, gzip, size, content, readThrough, isDamaged } = this
    const { generation } = this.name
    const marks = [...this.marks()]
    const framer = this.#framer.state()
    return { v: 1, path, ...this.identity, generation, gzip, size, content, readThrough, isDamaged, marks, framer }
  }

  /** The file as a scan saw it. True if its name has changed. */
  seen(found: Found, now: number): boolean {
    const renamed = found.path !== this.path
    this.unreadBefore = this.unread
    if (renamed) this.formerPath = this.path
    this.path = found.path
    this.missingSince = undefined
    this.#sized(found.size, found.modified, now)
    return renamed
  }

  /** A file that no scan finds any more can still be looked at while it is open. */
  async look(now: number): Promise<void> {
    const stat = await (await this.open()).stat({ bigint: true })
    this.unreadBefore = this.unread
    this.#sized(Number(stat.size), String(stat.mtimeNs), now)
  }

  /** Whether there may be something new to read. */
  isDue(now: number): boolean {
    return now >= this.notBefore && this.#mayGive()
  }

  #mayGive(): boolean {
    if (this.isDamaged) return false
    if (this.gzip) return this.#content.isReading || this.size > this.readThrough
    return !this.#wasRead || this.size > this.#content.reached
  }

  /** Whether what was read is still there; if not, the file was truncated, or replaced in place. */
  async isSame(): Promise<boolean> {
    if (this.gzip) return this.size >= this.readThrough
    if (this.size < this.content) return false
    const version = `${this.size} ${this.#modified}`
    if (this.content === 0 || this.#verified === version) return true
    await this.open()
    if (!(await this.#content.isSame())) return false
    this.#verified = version
    return true
  }

  open(): Promise<FileHandle> {
    return this.#content.open(this.path, this.key)
  }

  close(): Promise<void> {
    return this.#content.close()
  }

  /** The records that end in the next piece of the file, of at most `limit` bytes; undefined when there is nothing more for now. */
  async read(limit: number): Promise<readonly Frame[] | undefined> {
    if (!this.#mayGive()) return undefined
    await this.open()
    const bytes = await this.#content.next(this.#pieceSize(limit))
    if (bytes) return this.#framer.push(bytes)
    this.#wasRead = true
    if (!this.gzip) this.size = Math.max(this.size, this.#content.reached)
    const { unpacked } = this.#content
    if (!unpacked) return undefined
    this.readThrough = Math.max(this.size, unpacked.consumed)
    if (unpacked.outcome === 'complete') return this.flush()
    return unpacked.outcome === 'corrupt' ? this.refuse('corrupt_gzip', unpacked.detail) : undefined
  }

  /** How the last reading of a gzip file ended. */
  get outcome(): 'complete' | 'incomplete' | 'corrupt' | undefined {
    return this.#content.unpacked?.outcome
  }

  /** The last line, finished or not, as a record. */
  flush(): readonly Frame[] {
    return this.#framer.end()
  }

  /** What cannot be unpacked is one refused record behind all that could. */
  refuse(reason: string, what: string): readonly Frame[] {
    const frames = this.flush()
    const state = this.#framer.state()
    this.isDamaged = true
    this.#framer = this.#newFramer({ ...state, index: state.index + 1 })
    const detail = `${this.path} cannot be unpacked behind byte ${state.offset} of its content: ${what}`
    const { offset, index } = state
    return [...frames, { offset, index, bytes: new Uint8Array(0), refused: { reason, detail } }]
  }

  /** Leaves unread what is there now, and begins at the next whole line. */
  async startAtEnd(): Promise<void> {
    this.#content.gzip = (await isGzip(await this.open())) === true
    this.readThrough = this.size
    if (this.gzip) return
    await this.#content.leave()
    const offset = this.#content.given
    this.#wasRead = true
    if (offset === 0) return
    const start = { offset, index: 0, lines: false, gap: 'newline', envelope: false } as const
    this.#framer = this.#newFramer({ ...start, place: 'text', behind: 'between' })
  }

  /** Goes on in another file with the same content: packed, or a copy, which may be shorter. */
  async moveTo(found: Found, gzip: boolean): Promise<void> {
    const position = this.position()
    await this.close()
    this.path = found.path
    this.identity = found.identity
    this.key = found.key
    this.size = found.size
    this.readThrough = 0
    this.missingSince = undefined
    this.#wasRead = false
    const content = gzip ? position.content : Math.min(position.content, found.size)
    const marks = position.marks.filter((mark) => mark.offset <= content)
    this.#framer = this.#newFramer(position.framer)
    this.#recall({ ...position, content, marks }, gzip)
  }

  #recall(position: TailPosition, gzip: boolean): void {
    const { content: length, marks, framer } = position
    this.#content = new Content(this.#options, { given: framer.offset, length, marks })
    this.#content.gzip = gzip
  }

  /** No more memory than the file is known to fill. */
  #pieceSize(limit: number): number {
    if (this.gzip || this.#content.isTranscoded || !this.#wasRead) return limit
    return Math.min(limit, this.size - this.#content.reached)
  }

  #newFramer(state?: FramerState): Framer {
    return new Framer({ recordLimit: this.#options.recordLimit }, state)
  }

  #sized(size: number, modified: string, now: number): void {
    if (size !== this.size) this.grownAt = now
    this.size = size
    this.#modified = modified
  }
}
