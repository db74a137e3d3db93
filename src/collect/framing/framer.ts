import type { Frame, FramerOptions, FramerState, Gap, Place } from './frame.ts'
import { CLOSE_ARRAY, COMMA, NEWLINE, OPEN_ARRAY, OPEN_OBJECT, isBlank, trimmedEnd } from './bytes.ts'
import { JsonScanner, startsValue } from './json-scanner.ts'
import { PlainLines } from './plain-line.ts'
import { Window } from './window.ts'

export type { Frame, FramerOptions, FramerState } from './frame.ts'

const HEAD = 1024
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Splits a byte stream into JSON records, whatever the layout: one a line, documents one after another (pretty-printed
 * or not), a top-level array of objects, and envelopes, whose other members are dropped: an object with a member
 * `Records` (CloudTrail) or `records` (Azure Monitor), or with `items` behind a `kind` that ends in `EventList`
 * (Kubernetes), where that member is an array of objects. A line that does not begin like JSON is a record of its own;
 * what begins like JSON and breaks is one record up to the next line that begins with `{`. The same bytes give the same
 * frames, however they are cut into chunks. Memory is bounded by the record limit and the chunk.
 */
export class Framer {
  readonly #recordLimit: number
  readonly #depthLimit: number
  readonly #scanner = new JsonScanner()
  readonly #plain: PlainLines
  readonly #window: Window
  #frames: Frame[] = []
  #index: number
  #place: Place
  #lines: boolean
  #gap: Gap
  #envelope: boolean
  /** Offset of the record being read, where the framer goes behind it, and whether it has been refused already. */
  #start = 0
  #behind: Place
  #dropping: boolean
  /** Offset behind the name of the outermost member `kind`. */
  #kindAt = -1

  constructor(options: FramerOptions = {}, resume?: FramerState) {
    this.#recordLimit = options.recordLimit ?? 1024 * 1024
    this.#depthLimit = options.depthLimit ?? 64
    this.#plain = new PlainLines(this.#depthLimit)
    this.#window = new Window(resume?.offset ?? 0)
    this.#index = resume?.index ?? 0
    this.#place = resume?.place ?? 'between'
    this.#lines = resume?.lines ?? false
    this.#gap = resume?.gap ?? 'newline'
    this.#envelope = resume?.envelope ?? false
    this.#behind = resume?.behind ?? 'between'
    this.#dropping = resume?.behind !== undefined
    if (resume?.scanner) this.#scanner.restore(resume.scanner)
  }

  /** The records that end in this chunk. The chunk must not change afterwards. */
  push(chunk: Uint8Array): Frame[] {
    this.#window.next(chunk)
    this.#run()
    return this.#take()
  }

  /** No more bytes for now: what is held becomes a record, whole or not. Bytes pushed later begin a new one. */
  end(): Frame[] {
    this.#window.next(new Uint8Array(0))
    while (this.#isHolding()) {
      if (this.#place === 'text' || this.#place === 'garbage') this.#finish(this.#window.here)
      else if (this.#place === 'line') this.#lookCloser()
      else this.#break()
      this.#run()
    }
    if (this.#dropping) this.#leave(true, false)
    return this.#take()
  }

  state(): FramerState {
    const holding = this.#isHolding()
    const scanning = this.#dropping || this.#place === 'tail'
    return {
      offset: holding ? this.#start : this.#window.end,
      index: this.#index,
      place: holding ? this.#behind : this.#place,
      lines: this.#lines,
      gap: holding ? gapBefore(this.#behind) : this.#gap,
      envelope: this.#envelope,
      ...(this.#dropping ? { behind: this.#behind } : {}),
      ...(scanning ? { scanner: this.#scanner.state() } : {}),
    }
  }

  #take(): Frame[] {
    const frames = this.#frames
    this.#frames = []
    return frames
  }

  #isHolding(): boolean {
    return !this.#dropping && this.#place !== 'between' && this.#place !== 'list' && this.#place !== 'tail'
  }

  #run(): void {
    const window = this.#window
    this.#plain.begin()
    for (;;) {
      while (window.at < window.chunk.length) this.#step()
      if (!this.#isHolding() || window.here - this.#start <= this.#recordLimit) break
      if (this.#place === 'line') this.#lookCloser()
      else this.#refuseLong()
    }
    window.keep(this.#isHolding() ? this.#start : undefined)
  }

  #step(): void {
    switch (this.#place) {
      case 'between':
        return this.#between()
      case 'line':
        return this.#line()
      case 'text':
        return this.#text()
      case 'document':
        return this.#document()
      case 'opening':
        return this.#opening()
      case 'probing':
        return this.#probing()
      case 'list':
        return this.#list()
      case 'element':
        return this.#element()
      case 'tail':
        return this.#tail()
      case 'garbage':
        return this.#garbage()
    }
  }

  #between(): void {
    const byte = this.#skipBlanks()
    if (byte === undefined) return
    if (byte === OPEN_OBJECT && this.#lines) return this.#plainLines()
    this.#begin(byte === OPEN_OBJECT ? 'document' : byte === OPEN_ARRAY ? 'opening' : 'text', 'between')
    if (byte === OPEN_ARRAY) this.#window.at++
    this.#scanner.watch = true
    this.#kindAt = -1
  }

  /** The fast path: whole lines, one record each, for as long as they look like it. */
  #plainLines(): void {
    const window = this.#window
    const chunk = window.chunk
    do {
      const newline = chunk.indexOf(NEWLINE, window.at)
      if (newline < 0) {
        this.#begin('line', 'between')
        window.at = chunk.length
        return
      }
      const end = trimmedEnd(chunk, window.at, newline)
      if (end - window.at > this.#recordLimit || !this.#plain.has(chunk, window.at, end)) {
        this.#lines = false
        return
      }
      const bytes = chunk.subarray(window.at, end)
      this.#frames.push({ offset: window.here, bytes, index: this.#index++ })
      window.at = newline + 1
    } while (chunk[window.at] === OPEN_OBJECT)
  }

  /** A line that began in an earlier chunk. */
  #line(): void {
    const window = this.#window
    const newline = window.chunk.indexOf(NEWLINE, window.at)
    window.at = newline < 0 ? window.chunk.length : newline
    if (newline < 0) return
    const line = window.bytes(this.#start, window.here)
    const end = trimmedEnd(line, 0, line.length)
    if (end > this.#recordLimit || !new PlainLines(this.#depthLimit).has(line, 0, end)) return this.#lookCloser()
    this.#emit(line.subarray(0, end))
    this.#leave(false, true)
  }

  /** Not surely a plain line: reads it again, byte by byte. */
  #lookCloser(): void {
    this.#lines = false
    this.#place = 'between'
    this.#rewind(this.#start)
  }

  #text(): void {
    const window = this.#window
    const newline = window.chunk.indexOf(NEWLINE, window.at)
    window.at = newline < 0 ? window.chunk.length : newline
    if (newline >= 0) this.#finish(window.here)
  }

  #document(): void {
    const window = this.#window
    window.at = this.#scanner.scan(window.chunk, window.at, window.chunk.length)
    const status = this.#scanner.status
    if (status === 'done') this.#finish(window.here)
    else if (status === 'broken') this.#break()
    else if (status === 'key') this.#memberNamed()
    else if (status === 'list') this.#place = 'probing'
  }

  /** Looks whether this member of the outermost object may hold the records. */
  #memberNamed(): void {
    const window = this.#window
    const from = window.base + this.#scanner.keyFrom
    const length = window.here - 1 - from
    if (length !== 4 && length !== 5 && length !== 7) return
    const name = window.bytes(from, window.here - 1).toString('latin1')
    if (name === 'kind') this.#kindAt = window.here
    if (name === 'Records' || name === 'records') this.#scanner.wantList = true
    if (name === 'items' && this.#kindAt >= 0) {
      const kind = window.bytes(this.#kindAt, Math.min(this.#kindAt + 128, window.here)).toString('latin1')
      this.#scanner.wantList = /^\s*:\s*"\w*EventList"/.test(kind)
    }
  }

  #opening(): void {
    const byte = this.#skipBlanks()
    if (byte === undefined) return
    if (byte === OPEN_OBJECT || byte === CLOSE_ARRAY) return this.#enterList(false)
    this.#place = 'text'
    this.#rewind(this.#start)
  }

  #probing(): void {
    const byte = this.#skipBlanks()
    if (byte === undefined) return
    if (byte === OPEN_OBJECT || byte === CLOSE_ARRAY) this.#enterList(true)
    else this.#place = 'document'
  }

  #enterList(envelope: boolean): void {
    this.#place = 'list'
    this.#envelope = envelope
    this.#gap = 'comma'
  }

  #list(): void {
    const byte = this.#skipBlanks()
    if (byte === undefined) return
    if (byte === COMMA || byte === CLOSE_ARRAY) {
      this.#window.at++
      if (byte === COMMA) this.#gap = 'comma'
      else this.#leaveList()
    } else if (startsValue(byte) && !(byte === OPEN_OBJECT && this.#gap === 'newline')) this.#begin('element', 'list')
    else this.#place = 'between'
  }

  #leaveList(): void {
    this.#gap = 'newline'
    this.#place = this.#envelope ? 'tail' : 'between'
    if (this.#envelope) this.#scanner.beginInsideObject()
  }

  #element(): void {
    const window = this.#window
    window.at = this.#scanner.scan(window.chunk, window.at, window.chunk.length)
    if (this.#scanner.status === 'done') this.#finish(window.here)
    else if (this.#scanner.status === 'broken') this.#break()
  }

  #tail(): void {
    const window = this.#window
    window.at = this.#scanner.scan(window.chunk, window.at, window.chunk.length)
    if (this.#scanner.status !== 'more') this.#place = 'between'
  }

  #garbage(): void {
    const window = this.#window
    const chunk = window.chunk
    for (;;) {
      if (this.#gap === 'newline' && chunk[window.at] === OPEN_OBJECT) return this.#finish(window.here)
      const newline = chunk.indexOf(NEWLINE, window.at)
      this.#gap = newline < 0 ? 'none' : 'newline'
      window.at = newline < 0 ? chunk.length : newline + 1
      if (window.at >= chunk.length) return
    }
  }

  /** No JSON goes on like this: the record ends before the next line that begins with an opening brace. */
  #break(): void {
    const window = this.#window
    if (!this.#dropping && window.here - this.#start > this.#recordLimit) this.#refuseLong()
    if (this.#dropping && window.chunk[window.at] === OPEN_OBJECT) return this.#leave(true, false)
    this.#place = 'garbage'
    this.#gap = 'none'
    if (this.#dropping) return
    this.#rewind(this.#start)
    window.at++
  }

  #begin(place: Place, behind: Place): void {
    this.#start = this.#window.here
    this.#place = place
    this.#behind = behind
    this.#gap = 'none'
    this.#scanner.begin()
  }

  /** The record ends at offset `end`. */
  #finish(end: number): void {
    const broken = this.#place === 'text' || this.#place === 'garbage'
    if (this.#dropping) return this.#leave(broken, false)
    if (end - this.#start > this.#recordLimit) this.#refuseLong()
    else if (this.#scanner.deepest > this.#depthLimit) this.#refuseDeep(end)
    else {
      const bytes = this.#window.bytes(this.#start, end)
      this.#emit(broken ? bytes.subarray(0, trimmedEnd(bytes, 0, bytes.length)) : bytes)
      return this.#leave(broken, !broken && !bytes.includes(NEWLINE))
    }
    this.#leave(broken, false)
  }

  /** Behind a record. A document on a line of its own shows that the layout is lines; a broken element owes no comma. */
  #leave(broken: boolean, oneLine: boolean): void {
    this.#dropping = false
    this.#place = this.#behind
    if (this.#behind === 'list') this.#gap = broken ? 'comma' : 'none'
    else this.#gap = oneLine ? 'none' : 'newline'
  }

  #emit(bytes: Uint8Array): void {
    this.#frames.push({ offset: this.#start, bytes, index: this.#index++ })
  }

  #refuseLong(): void {
    this.#refuse('record_too_long', `the record is longer than ${this.#recordLimit} bytes`, this.#window.end)
    this.#dropping = true
    this.#scanner.watch = false
    this.#scanner.wantList = false
    if (this.#place === 'opening') this.#place = 'text'
    if (this.#place === 'probing') this.#place = 'document'
  }

  #refuseDeep(end: number): void {
    this.#refuse('too_deep', `the record is nested deeper than ${this.#depthLimit} levels`, end)
  }

  #refuse(reason: string, detail: string, end: number): void {
    const bytes = Buffer.from(
      this.#window.bytes(this.#start, Math.min(this.#start + Math.min(HEAD, this.#recordLimit), end)),
    )
    this.#frames.push({ offset: this.#start, bytes, index: this.#index++, refused: { reason, detail } })
  }

  #rewind(offset: number): void {
    this.#window.rewind(offset)
    this.#plain.begin()
  }

  /** The next byte that is not blank, or undefined at the end of the chunk. Notes a newline on the way. */
  #skipBlanks(): number | undefined {
    const window = this.#window
    const chunk = window.chunk
    for (; window.at < chunk.length; window.at++) {
      const byte = chunk[window.at] ?? 0
      if (byte === NEWLINE) this.#newLine()
      else if (!isBlank(byte) && byte !== BYTE_ORDER_MARK[window.here]) return byte
    }
    return undefined
  }

  #newLine(): void {
    if (this.#place === 'between' && this.#gap === 'none') this.#lines = true
    if (this.#gap === 'none') this.#gap = 'newline'
  }
}

function gapBefore(place: Place): Gap {
  return place === 'list' ? 'comma' : 'newline'
}
