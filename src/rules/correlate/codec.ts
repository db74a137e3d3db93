import type { EventRef } from '../../contract/event.ts'
import type { Codec } from '../state/groups.ts'
import { MOST_ENTRIES, MOST_REFS, Window, type Shape } from './window.ts'

const VERSION = 1
const SAME_SOURCE = 1
const HAS_FILE = 2
const SAME_FILE = 4
const HAS_INDEX = 8
const OWN_TIME = 16

/**
 * A window's events in bytes: version, the count and times (the first as a float, then differences), values as the shape
 * has them, the measure's own numbers, and the references. Whole numbers are LEB128.
 */
export function windowCodec(shape: Shape): Codec<Window> {
  return { encode: (window) => encode(window, shape), decode: (bytes) => decode(bytes, shape) }
}

function encode(window: Window, shape: Shape): Uint8Array {
  const { times, values, head } = window
  writer.begin()
  writer.whole(VERSION)
  writer.times(times, head)
  for (let at = head; at < times.length && shape.values !== 'none'; at++)
    if (shape.values === 'small') writer.whole(values[at] ?? 0)
    else writer.float(values[at] ?? 0)
  const kept = window.measure.kept()
  writer.whole(kept.length)
  for (const number of kept) writer.float(number)
  writer.times(window.refTimes, 0)
  let before: EventRef | undefined
  for (const [place, ref] of window.refs.entries()) {
    writeRef(ref, window.refTimes[place] ?? 0, before)
    before = ref
  }
  return writer.end()
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

function decode(bytes: Uint8Array, shape: Shape): Window {
  const reader = new Reader(bytes)
  const window = new Window(shape.make())
  if (reader.whole() !== VERSION) throw new RangeError('another version')
  reader.times(window.times, MOST_ENTRIES)
  for (let left = shape.values === 'none' ? 0 : window.times.length; left > 0; left--)
    window.values.push(shape.values === 'small' ? reader.whole() : reader.float())
  const kept = Array.from({ length: reader.atMost(8) }, () => reader.float())
  reader.times(window.refTimes, 2 * MOST_REFS)
  let before: EventRef | undefined
  for (const time of window.refTimes) {
    before = readRef(reader, time, before)
    window.refs.push(before)
    window.hasRepeats ||= shape.places > 0 || before.at !== time
  }
  reader.finish()
  window.refill(shape)
  window.measure.keep(kept)
  return window
}

function readRef(reader: Reader, time: number, before: EventRef | undefined): EventRef {
  const flags = reader.whole()
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
    this.whole(Buffer.byteLength(text))
    this.#reserve(text.length * 3)
    this.#at += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written
  }

  /** Whole numbers in order, from `first` on. */
  times(times: readonly number[], first: number): void {
    this.whole(times.length - first)
    let before = times[first] ?? 0
    if (times.length > first) this.float(before)
    for (let place = first + 1; place < times.length; place++) {
      const time = times[place] ?? 0
      this.whole(time - before)
      before = time
    }
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

  times(into: number[], most: number): void {
    const count = this.atMost(most)
    let time = count > 0 ? this.float() : 0
    for (let place = 0; place < count; place++) {
      if (place > 0) time += this.whole()
      if (!Number.isFinite(time)) throw new RangeError('no time')
      into.push(time)
    }
  }

  finish(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('something follows')
  }
}
