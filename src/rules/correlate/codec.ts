import type { EventRef } from '../../contract/event.ts'
import type { Codec } from '../state/groups.ts'
import { MOST_ENTRIES, MOST_REFS } from './entries.ts'
import { isList, type Refs } from './references.ts'
import type { Shape, Stored, Windows } from './window.ts'

const VERSION = 2
const SAME_SOURCE = 1
const HAS_FILE = 2
const SAME_FILE = 4
const HAS_INDEX = 8
const OWN_TIME = 16
/** Several events, or none: their number follows. */
const LIST = 32

/**
 * A window's events in bytes: version, the count and times (the first as a float, then differences), values as the shape
 * has them, the measure's own numbers, how many of the first have no events, and the events of the others. Whole numbers are
 * LEB128.
 */
export function windowCodec(windows: Windows, shape: Shape): Codec<number> {
  return {
    encode: (slot, at) => {
      windows.open(slot)
      return encode(windows.stored(), shape, at)
    },
    decode: (bytes, slot) => {
      windows.restore(slot, decode(bytes, shape))
      return slot
    },
    release: (slot) => windows.release(slot),
  }
}

function encode({ times, values, refs, kept }: Stored, shape: Shape, at: number): Uint8Array {
  writer.begin()
  writer.float(at)
  writer.whole(VERSION)
  writer.whole(times.length)
  let last = 0
  for (let place = 0; place < times.length; place++) {
    const time = times[place] ?? 0
    if (place === 0) writer.float(time)
    else writer.whole(time - last)
    last = time
  }
  for (const value of values)
    if (shape.values === 'small') writer.whole(value)
    else writer.float(value)
  writer.whole(kept.length)
  for (const number of kept) writer.float(number)
  let place = 0
  while (place < refs.length && refs[place] === undefined) place++
  writer.whole(place)
  let before: EventRef | undefined
  for (; place < refs.length; place++) before = writeRefs(refs[place] ?? [], times[place] ?? 0, before)
  return writer.end()
}

/** The last event that was written. */
function writeRefs(refs: Refs, time: number, before: EventRef | undefined): EventRef | undefined {
  if (!isList(refs)) {
    writeRef(refs, time, before)
    return refs
  }
  writer.whole(LIST)
  writer.whole(refs.length)
  let last = before
  for (const ref of refs) {
    writeRef(ref, time, last)
    last = ref
  }
  return last
}

function writeRef(ref: EventRef, time: number, before: EventRef | undefined): void {
  const isSameSource = before?.source === ref.source
  const isSameFile = ref.file !== undefined && before?.file === ref.file
  writer.whole(
    (isSameSource ? SAME_SOURCE : 0) |
      (ref.file === undefined ? 0 : HAS_FILE) |
      (isSameFile ? SAME_FILE : 0) |
      (ref.index === undefined ? 0 : HAS_INDEX) |
      (ref.at === time ? 0 : OWN_TIME),
  )
  if (ref.at !== time) writer.float(ref.at)
  writer.text(ref.id)
  if (!isSameSource) writer.text(ref.source)
  if (ref.file !== undefined && !isSameFile) writer.text(ref.file)
  if (ref.index !== undefined) writer.float(ref.index)
}

function decode(bytes: Uint8Array, shape: Shape): Stored {
  const reader = new Reader(bytes)
  if (reader.whole() !== VERSION) throw new RangeError('another version')
  const times = reader.times(MOST_ENTRIES)
  const values = times.map(() => {
    if (shape.values === 'none') return 0
    return shape.values === 'small' ? reader.whole() : reader.float()
  })
  const kept = Array.from({ length: reader.atMost(8) }, () => reader.float())
  const nameless = reader.atMost(times.length)
  let before: EventRef | undefined
  const refs = times.map((time, place) => {
    if (place < nameless) return undefined
    const flags = reader.whole()
    if (flags !== LIST) return (before = readRef(reader, flags, time, before))
    const list = Array.from({ length: reader.atMost(2 * MOST_REFS) }, () => {
      return (before = readRef(reader, reader.whole(), time, before))
    })
    return list.length === 0 ? undefined : list
  })
  reader.finish()
  return { times, values, refs, kept }
}

function readRef(reader: Reader, flags: number, time: number, before: EventRef | undefined): EventRef {
  const at = flags & OWN_TIME ? reader.float() : time
  const id = reader.text()
  const source = flags & SAME_SOURCE ? (before?.source ?? '') : reader.text()
  const file = flags & HAS_FILE ? (flags & SAME_FILE ? before?.file : reader.text()) : undefined
  const index = flags & HAS_INDEX ? reader.float() : undefined
  return { id, at, source, ...(file === undefined ? {} : { file }), ...(index === undefined ? {} : { index }) }
}

class Writer {
  #bytes = new Uint8Array(4_096)
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  readonly #encoder = new TextEncoder()

  begin(): void {
    this.#at = 0
  }

  end(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }

  whole(value: number): void {
    this.#reserve(8)
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#bytes[this.#at++] = (left % 0x80) | 0x80
    this.#bytes[this.#at++] = left
  }

  float(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  text(text: string): void {
    this.#reserve(text.length + 8)
    const start = this.#at
    this.whole(text.length)
    const bytes = this.#bytes
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code >= 0x80) {
        this.#at = start
        this.#utf8(text)
        return
      }
      bytes[this.#at++] = code
    }
  }

  #utf8(text: string): void {
    this.whole(Buffer.byteLength(text))
    this.#reserve(text.length * 3)
    this.#at += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const bytes = new Uint8Array((this.#at + count) * 2)
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

const writer = new Writer()

/** Throws a RangeError where the bytes end too early or say what cannot be. */
class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  whole(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.#view.getUint8(this.#at++)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new RangeError('no whole number')
  }

  atMost(most: number): number {
    const value = this.whole()
    if (value > most) throw new RangeError(`${value} where ${most} are allowed`)
    return value
  }

  float(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  text(): string {
    const end = this.whole() + this.#at
    if (end > this.#bytes.length) throw new RangeError('it ends within a text')
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, end - this.#at).toString()
    this.#at = end
    return text
  }

  /** The first as a float, then differences. */
  times(most: number): readonly number[] {
    let time = 0
    return Array.from({ length: this.atMost(most) }, (_, place) => {
      time = place === 0 ? this.float() : time + this.whole()
      if (!Number.isFinite(time)) throw new RangeError('no time')
      return time
    })
  }

  finish(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('something follows')
  }
}
