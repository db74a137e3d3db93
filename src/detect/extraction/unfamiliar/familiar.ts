import type { Reader } from '../../../contract/detect.ts'
import { Passages, PLACES } from './passages.ts'

/** A bit for each place. */
export const TABLE_WORDS = PLACES / 32
/**
 * Known runs and pairs that every prompt is taken to have beside its own, so that a short one says little and none is
 * passed over: whoever sent only short ones would be.
 */
const [GIVEN_RUNS, GIVEN_PAIRS] = [8, 2]
/** A text with fewer pairs of words for its runs is of a language without spaces, and told by its runs alone. */
const RUNS_PER_PAIR = 16
/** Keeps the logarithm of what is left finite: nothing is more surprising than a text of which all is unknown. */
const FLOOR = 0.05

/** What the reader says of a prompt: 1 if there is one, and its surprise. */
const [THERE, SURPRISE] = [0, 1]
export const FAMILIAR_NUMBERS = 2
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
    const ofRuns = this.#surpriseOf(runs, GIVEN_RUNS)
    const isUnspaced = pairs.length * RUNS_PER_PAIR < runs.length
    out[at + THERE] = 1
    out[at + SURPRISE] = ofRuns + (isUnspaced ? ofRuns : this.#surpriseOf(pairs, GIVEN_PAIRS))
  }

  /** 0 where all is known, nearly half of `MOST_SURPRISE` where nothing is. */
  #surpriseOf(places: Int32Array, given: number): number {
    let known = given
    for (const place of places) known += ((this.#table[place >>> 5] ?? 0) >>> (place & 31)) & 1
    return Math.log((1 + FLOOR) / (known / (places.length + given) + FLOOR))
  }
}

/** The surprise that a reader wrote; undefined where there was no prompt. */
export function surpriseAt(numbers: Float64Array, at: number): number | undefined {
  return numbers[at + THERE] === 1 ? numbers[at + SURPRISE] : undefined
}

/** The share of unknown runs and pairs that is as surprising, for people. */
export function shareOf(surprise: number): number {
  return (1 + FLOOR) * (1 - Math.exp(-surprise / 2))
}
