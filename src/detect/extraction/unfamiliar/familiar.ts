import type { Reader } from '../../../contract/detect.ts'
import { Passages, PLACES } from './passages.ts'

/** A bit for each place. */
export const TABLE_WORDS = PLACES / 32
/** Fewer runs of six characters say nothing about a text. */
const FEWEST_RUNS = 16
/** Fewer pairs of words do not count: languages without spaces are told by their runs. */
const FEWEST_PAIRS = 3
/** Keeps the logarithm of what is left finite: nothing is more surprising than a text of which all is unknown. */
const FLOOR = 0.05

/** What the reader says of a prompt: one of the words below, and its surprise. */
const [STATE, SURPRISE] = [0, 1]
export const FAMILIAR_NUMBERS = 2
export const [NO_TEXT, TOO_SHORT, JUDGED] = [0, 1, 2]
/** The surprise of a text of which nothing is known. */
export const MOST_SURPRISE = 2 * Math.log((1 + FLOOR) / FLOOR)

/** What at least two callers of the reference write: a bit for each place of `Passages`. */
export class Familiar implements Reader {
  readonly #passages: Passages
  readonly #table: Int32Array

  constructor(passages: Passages, table: Int32Array) {
    this.#passages = passages
    this.#table = table
  }

  read({ prompt }: { readonly prompt?: string }, out: Float64Array, at: number): void {
    if (!prompt) return
    const { runs, pairs } = this.#passages.of(prompt)
    out[at + STATE] = runs.length < FEWEST_RUNS ? TOO_SHORT : JUDGED
    if (runs.length < FEWEST_RUNS) return
    const ofRuns = this.#surpriseOf(runs)
    const ofPairs = pairs.length < FEWEST_PAIRS ? ofRuns : this.#surpriseOf(pairs)
    out[at + SURPRISE] = ofRuns + ofPairs
  }

  /** 0 where all is known, half of `MOST_SURPRISE` where nothing is. */
  #surpriseOf(places: Int32Array): number {
    let known = 0
    for (const place of places) known += ((this.#table[place >>> 5] ?? 0) >>> (place & 31)) & 1
    return Math.log((1 + FLOOR) / (known / places.length + FLOOR))
  }
}

/** What a reader wrote. */
export function stateOf(numbers: Float64Array, at: number): number {
  return numbers[at + STATE] ?? NO_TEXT
}

export function surpriseAt(numbers: Float64Array, at: number): number {
  return numbers[at + SURPRISE] ?? 0
}

/** The share of unknown runs and pairs that is as surprising, for people. */
export function shareOf(surprise: number): number {
  return (1 + FLOOR) * (1 - Math.exp(-surprise / 2))
}
