import type { Finder, Hits, Literal } from './literal.ts'
import { small, Symbols, SYMBOLS, symbolsOf } from './symbols.ts'

/** Symbols that are looked at together. */
const RUN = 3
/** A shorter one saves nothing over looking at every symbol. */
const SHORTEST_STRIDE = 3
const LONGEST_STRIDE = 8
/** With more runs of symbols to look for, a value holds some of them too often. */
const MOST_RUNS = 512
/** Places of the table for every run, so that few others fall on one. */
const ROOM = 8

/** How far to go from one look to the next; 1 where the texts are too many or one of them too short. */
export function strideOf(literals: readonly Literal[]): number {
  const most = Math.min(LONGEST_STRIDE, Math.floor(MOST_RUNS / literals.length))
  if (most < SHORTEST_STRIDE) return 1
  const shortest = literals.reduce((least, literal) => Math.min(least, writtenOf(literal).length), Infinity)
  const stride = Math.min(shortest - RUN + 1, most)
  return stride < SHORTEST_STRIDE ? 1 : stride
}

const SCRATCH = new Symbols()
const SMALL = Uint8Array.from({ length: SYMBOLS }, (_, symbol) => small(symbol))

/**
 * Finds a few long texts in a value by looking at a run of three symbols at every nth place alone: an occurrence of a text of
 * at least n + 2 holds exactly one such place among its first n, and only where the run found there is one that a text has
 * there is the text compared. The idea of Wu and Manber (A fast algorithm for multi-pattern searching, 1994) with a fixed
 * shift, so that no look waits for the one before.
 */
export class LongTexts implements Finder {
  readonly #stride: number
  readonly #shift: number
  /** By place of the table: where the entries begin that belong to it; they end where those of the next begin. */
  readonly #begins: Uint16Array
  /** By entry: which text, and how far into it the run is. */
  readonly #texts: Uint16Array
  readonly #offsets: Uint8Array
  readonly #written: readonly Uint8Array[]
  readonly #targets: Int32Array

  /** `stride`: of `strideOf`, more than 1. */
  constructor(literals: readonly Literal[], stride: number) {
    this.#stride = stride
    this.#shift = Math.clz32(literals.length * stride * ROOM)
    this.#written = literals.map(writtenOf)
    this.#targets = Int32Array.from(literals, ({ target }) => target)
    const entries = this.#written
      .flatMap((written, text) =>
        Array.from({ length: stride }, (_, offset) => ({ text, offset, place: this.#placeOf(written, offset) })),
      )
      .toSorted((a, b) => a.place - b.place)
    this.#texts = Uint16Array.from(entries, ({ text }) => text)
    this.#offsets = Uint8Array.from(entries, ({ offset }) => offset)
    this.#begins = new Uint16Array(2 ** (32 - this.#shift) + 1)
    for (const { place } of entries) this.#begins[place + 1] = (this.#begins[place + 1] ?? 0) + 1
    for (let at = 1; at < this.#begins.length; at++)
      this.#begins[at] = (this.#begins[at] ?? 0) + (this.#begins[at - 1] ?? 0)
  }

  scan(value: string, hits: Hits): void {
    const length = SCRATCH.write(value)
    const { bytes } = SCRATCH
    const begins = this.#begins
    for (let at = 0; at <= length - RUN; at += this.#stride) {
      const place = this.#placeOf(bytes, at)
      const end = begins[place + 1] ?? 0
      for (let entry = begins[place] ?? 0; entry < end; entry++) this.#compare(entry, at, length, value, hits)
    }
  }

  #placeOf(symbols: Uint8Array, at: number): number {
    const first = SMALL[symbols[at] ?? 0] ?? 0
    const second = SMALL[symbols[at + 1] ?? 0] ?? 0
    const third = SMALL[symbols[at + 2] ?? 0] ?? 0
    return Math.imul((first << 16) | (second << 8) | third, 0x9e3779b1) >>> this.#shift
  }

  #compare(entry: number, at: number, length: number, value: string, hits: Hits): void {
    const text = this.#texts[entry] ?? 0
    const written = this.#written[text]
    const from = at - (this.#offsets[entry] ?? 0)
    if (!written || from < 0 || from + written.length > length) return
    const { bytes } = SCRATCH
    for (let symbol = 0; symbol < written.length; symbol++)
      if (SMALL[bytes[from + symbol] ?? 0] !== written[symbol]) return
    hits.hit(this.#targets[text] ?? 0, value)
  }
}

function writtenOf({ text, start, end }: Literal): Uint8Array {
  return Uint8Array.from(symbolsOf(text, start, end))
}
