import { CLOSE_OBJECT, OPEN_OBJECT } from './bytes.ts'

/** A line with one of these may hold several documents or an envelope, and is read byte by byte. */
const HINTS = ['}{', 'Records"', 'records"', 'EventList"'].map((text) => Buffer.from(text))

/** Tells at memchr speed which lines are one JSON object and nothing else, for one chunk at a time, front to back. */
export class PlainLines {
  readonly #depthLimit: number
  /** Where each hint comes next; the least of them. */
  readonly #next = HINTS.map(() => -1)
  #nearest = -1

  constructor(depthLimit: number) {
    this.#depthLimit = depthLimit
  }

  /** A new chunk. */
  begin(): void {
    this.#next.fill(-1)
    this.#nearest = -1
  }

  /** `from` is an opening brace, `end` behind the last byte that is not blank. False: look closer. */
  has(chunk: Buffer, from: number, end: number): boolean {
    if (chunk[end - 1] !== CLOSE_OBJECT) return false
    if (this.#nearest < from) this.#seek(chunk, from)
    return this.#nearest >= end && !mayBeDeep(chunk, from, end, this.#depthLimit)
  }

  #seek(chunk: Buffer, from: number): void {
    for (const [number, hint] of HINTS.entries()) {
      if ((this.#next[number] ?? 0) >= from) continue
      const found = chunk.indexOf(hint, from)
      this.#next[number] = found < 0 ? Infinity : found
    }
    this.#nearest = Math.min(...this.#next)
  }
}

/** Nesting deeper than `limit` takes more than `limit` opening brackets; `{` and `[` differ in one bit. */
function mayBeDeep(chunk: Buffer, from: number, end: number, limit: number): boolean {
  if (end - from <= 2 * limit) return false
  let opened = 0
  for (let at = from; at < end; at++) if (((chunk[at] ?? 0) | 0x20) === OPEN_OBJECT) opened++
  return opened > limit
}
