import { foldedCode, isOfWord, lookedAt, PROMPT_LIMIT, SPACE } from '../../features/text.ts'

/** Characters of a run. */
const RUN = 6
/** Places that runs and pairs of words are hashed to. */
export const PLACES = 2 ** 23
const PLACE_SHIFT = 32 - Math.log2(PLACES)

/**
 * Runs of six characters and pairs of words that follow each other, as places of a table: under a key, since whoever can
 * ask which are there could put texts together again. Case, digits and white space count as in `features/text.ts`.
 */
export class Passages {
  readonly #base: number
  readonly #runSeed: number
  readonly #pairSeed: number
  readonly #runs = new Int32Array(PROMPT_LIMIT)
  readonly #pairs = new Int32Array(PROMPT_LIMIT / 2)
  #runCount = 0
  #pairCount = 0

  /** `key`: at least 16 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 16)
    this.#base = view.getInt32(0, true) | 1
    this.#runSeed = view.getInt32(4, true)
    this.#pairSeed = view.getInt32(8, true)
  }

  /** Where the text's runs and pairs are, each as often as it comes; good until the next text. */
  of(text: string): { readonly runs: Int32Array; readonly pairs: Int32Array } {
    this.#runCount = this.#pairCount = 0
    for (const [from, to] of lookedAt(text)) this.#part(text, from, to)
    return { runs: this.#runs.subarray(0, this.#runCount), pairs: this.#pairs.subarray(0, this.#pairCount) }
  }

  #part(text: string, from: number, to: number): void {
    // A run in bytes: its first two characters, and its last four.
    let [early, late, length] = [0, 0, 0]
    let [word, before] = [0, 0]
    let isSpace = true
    for (let i = from; i < to; i++) {
      const code = foldedCode(text.charCodeAt(i))
      if (code === SPACE && isSpace) continue
      isSpace = code === SPACE
      early = ((early << 8) | (late >>> 24)) & 0xffff
      late = (late << 8) | ((code ^ (code >>> 8)) & 0xff)
      if (++length >= RUN) this.#runs[this.#runCount++] = placeOf(Math.imul(early ^ this.#runSeed, this.#base) ^ late)
      if (isOfWord(code)) word = (Math.imul(word, this.#base) + code + 1) | 0
      else if (word !== 0) {
        this.#notePair(before, word)
        before = word
        word = 0
      }
    }
    this.#notePair(before, word)
  }

  #notePair(before: number, word: number): void {
    if (before === 0 || word === 0) return
    this.#pairs[this.#pairCount++] = placeOf((Math.imul(before, 0x2c1b3c6d) ^ word) + this.#pairSeed)
  }
}

/** Murmur's finaliser (Appleby, MurmurHash3, public domain). */
function placeOf(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> PLACE_SHIFT
}
