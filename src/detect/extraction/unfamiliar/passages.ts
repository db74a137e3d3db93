import { foldedCode, isOfWord, lookedAt, SPACE } from '../../features/text.ts'

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
  /** What the character that leaves a run was multiplied by. */
  readonly #leaving: number
  readonly #runSeed: number
  readonly #pairSeed: number
  readonly #ring = new Int32Array(RUN)

  /** `key`: at least 16 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 16)
    this.#base = view.getInt32(0, true) | 1
    this.#runSeed = view.getInt32(4, true)
    this.#pairSeed = view.getInt32(8, true)
    let power = 1
    for (let i = 0; i < RUN; i++) power = Math.imul(power, this.#base)
    this.#leaving = power
  }

  /** Calls `visit` for each run and each pair of words, as often as it comes. */
  each(text: string, visit: (place: number, isPair: boolean) => void): void {
    for (const [from, to] of lookedAt(text)) this.#part(text, from, to, visit)
  }

  #part(text: string, from: number, to: number, visit: (place: number, isPair: boolean) => void): void {
    const ring = this.#ring.fill(0)
    let [run, length, slot] = [0, 0, 0]
    let [word, before] = [0, 0]
    let isSpace = true
    for (let i = from; i < to; i++) {
      const code = foldedCode(text.charCodeAt(i))
      if (code === SPACE && isSpace) continue
      isSpace = code === SPACE
      run = (Math.imul(run, this.#base) + code - Math.imul(ring[slot] ?? 0, this.#leaving)) | 0
      ring[slot] = code
      slot = slot === RUN - 1 ? 0 : slot + 1
      if (++length >= RUN) visit(placeOf(run ^ this.#runSeed), false)
      if (isOfWord(code)) word = (Math.imul(word, this.#base) + code + 1) | 0
      else if (word !== 0) {
        if (before !== 0) visit(this.#pair(before, word), true)
        before = word
        word = 0
      }
    }
    if (word !== 0 && before !== 0) visit(this.#pair(before, word), true)
  }

  #pair(before: number, word: number): number {
    return placeOf((Math.imul(before, 0x2c1b3c6d) ^ word) + this.#pairSeed)
  }
}

/** Murmur's finaliser (Appleby, MurmurHash3, public domain). */
function placeOf(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> PLACE_SHIFT
}
