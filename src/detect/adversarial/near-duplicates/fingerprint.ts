import { onesIn } from '../../statistics/bits.ts'

/** Hashes kept of one input: the smallest of all its windows'. */
export const SMALLEST = 24
/** Sign bits kept of one vector's projection, and the words that hold them. */
export const BITS = 128
export const BIT_WORDS = BITS / 32
/** Symbols of a vector, and characters of a text, that one window covers. */
const [VECTOR_WINDOW, TEXT_WINDOW] = [20, 12]
/** Symbols that are looked at; the rest of a longer input is passed over, and counted. */
export const MOST_SYMBOLS = 65_536
/** Levels on either side of zero to which a vector's largest magnitude is quantised. */
const LEVELS = 4
/** A window has to change so often to count: background says nothing. */
const FEWEST_CHANGES = 2
/** Windows of fewer hashes are no fingerprint. */
const FEWEST_HASHES = 4

/**
 * Min-wise fingerprints of inputs by salted rolling hashes (after Blacklight: Li et al. 2022, arXiv 2006.14042; min-wise
 * sketches: Broder 1997). Two 32-bit rolling hashes are mixed to one of 64 bits for each window, of which 32 are kept, and
 * of all windows the 24 smallest. Cures of Blacklight's faults: a window without two changes does not count (12 % of
 * MNIST's images match by their background otherwise); a window of a vector counts with its place; and small noise that
 * changes every window is left to the sign bits of a projection, a blurred fingerprint (Charikar 2002).
 */
export class Fingerprints {
  readonly #symbols: Int32Array
  readonly #others: Int32Array
  readonly #place: number
  /** The smallest so far, each less 2 ** 31: V8 compares whole numbers with a sign faster than unsigned ones. */
  readonly #sorted = new Int32Array(SMALLEST)
  #room = new Uint16Array(1_024)

  /** `salts`: 257 numbers that outsiders do not know. */
  constructor(salts: () => number) {
    this.#symbols = Int32Array.from({ length: 256 }, salts)
    this.#others = Int32Array.from({ length: 256 }, salts)
    this.#place = salts() | 1
  }

  /** Ascending, `SMALLEST` at most; empty when the vector has too little in it. */
  ofVector(vector: Float32Array): Uint32Array {
    const length = Math.min(vector.length, MOST_SYMBOLS)
    const symbols = this.#inputs(length)
    let largest = 0
    for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(vector[i] ?? 0))
    const scale = largest > 0 ? LEVELS / largest : 0
    for (let i = 0; i < length; i++) symbols[i] = Math.floor((vector[i] ?? 0) * scale + 0.5) + LEVELS
    return this.#roll(length, VECTOR_WINDOW, this.#place)
  }

  /** A salted whole number under 2^53 for a projection: equal vectors, equal numbers. */
  exact(projected: Float32Array): number {
    const words = new Int32Array(projected.buffer, projected.byteOffset, projected.length)
    let [one, other] = [this.#place, ~this.#place]
    for (const word of words) {
      one = Math.imul(one ^ word, ONE)
      one ^= one >>> 15
      other = Math.imul(other ^ word, OTHER)
      other ^= other >>> 13
    }
    return (mixed(one, other) & 0x1fffff) * 2 ** 32 + (mixed(other, one) >>> 0)
  }

  /** As `ofVector` for text, whose windows count wherever they stand. */
  ofText(text: string): Uint32Array {
    const length = Math.min(text.length, MOST_SYMBOLS)
    const symbols = this.#inputs(length)
    for (let i = 0; i < length; i++) symbols[i] = text.charCodeAt(i)
    return this.#roll(length, TEXT_WINDOW, 0)
  }

  #roll(length: number, window: number, place: number): Uint32Array {
    const sorted = this.#sorted
    const symbols = this.#inputs(length)
    const [ownSalts, otherSalts] = [this.#symbols, this.#others]
    let [held, worst, one, other, changes, before] = [0, LARGEST, 0, 0, 0, symbols[0] ?? 0]
    const oneLeaves = power(ONE, window)
    const otherLeaves = power(OTHER, window)
    for (let i = 0; i < length; i++) {
      const symbol = symbols[i] ?? 0
      const high = Math.imul(symbol >>> 8, 0x9e3779b1)
      const ownSalt = (ownSalts[symbol & 0xff] ?? 0) ^ high
      const otherSalt = (otherSalts[symbol & 0xff] ?? 0) ^ high
      one = (Math.imul(one, ONE) + ownSalt) | 0
      other = (Math.imul(other, OTHER) + otherSalt) | 0
      if (symbol !== before) changes++
      before = symbol
      if (i >= window) {
        const gone = symbols[i - window] ?? 0
        const goneHigh = Math.imul(gone >>> 8, 0x9e3779b1)
        one = (one - Math.imul(oneLeaves, (ownSalts[gone & 0xff] ?? 0) ^ goneHigh)) | 0
        other = (other - Math.imul(otherLeaves, (otherSalts[gone & 0xff] ?? 0) ^ goneHigh)) | 0
        if (gone !== symbols[i - window + 1]) changes--
      }
      if (i + 1 < window || changes < FEWEST_CHANGES) continue
      const hash = mixed(one ^ Math.imul(place, i + 1), other) ^ SIGN
      if (hash > worst) continue
      held = insert(sorted, held, hash)
      if (held === SMALLEST) worst = sorted[SMALLEST - 1] ?? 0
    }
    const hashes = new Uint32Array(held < FEWEST_HASHES ? 0 : held)
    for (let i = 0; i < hashes.length; i++) hashes[i] = (sorted[i] ?? 0) ^ SIGN
    return hashes
  }

  /** Room for one input's symbols. */
  #inputs(length: number): Uint16Array {
    if (this.#room.length < length) this.#room = new Uint16Array(length)
    return this.#room
  }
}

/** Makes of an unsigned number one with a sign, in the same order; and the largest of those. */
const [SIGN, LARGEST] = [-(2 ** 31), 2 ** 31 - 1]
const [ONE, OTHER] = [0x01000193, 0x5bd1e995]

/**
 * The share that two inputs have in common, estimated (Jaccard): how many of the smallest of both are in both; 0 as soon
 * as it cannot come to `least`. The other's `count` hashes begin at `from` of `b`.
 */
export function shareOf(a: Uint32Array, b: Uint32Array, least = 0, from = 0, count = b.length): number {
  const most = Math.min(SMALLEST, Math.max(a.length, count))
  const end = from + count
  // More steps without anything in common leave too few.
  const spare = Math.floor(most - most * least + 1e-9)
  let [i, j, common, seen] = [0, from, 0, 0]
  while (seen < most && i < a.length && j < end) {
    if (seen - common > spare) return 0
    const left = a[i] ?? 0
    const right = b[j] ?? 0
    if (left === right) common++
    if (left <= right) i++
    if (right <= left) j++
    seen++
  }
  return most === 0 ? 0 : common / most
}

/** A bit for each number of a projection: its sign. */
export function signBits(projected: Float32Array): Int32Array {
  const words = new Int32Array(BIT_WORDS)
  for (let k = 0; k < BITS; k++) if ((projected[k] ?? 0) > 0) words[k >> 5] = (words[k >> 5] ?? 0) | (1 << (k & 31))
  return words
}

/** Bits in which two differ; the other's words begin at `from` of `b`. */
export function differingBits(a: Int32Array, b: ArrayLike<number>, from = 0): number {
  let count = 0
  for (let word = 0; word < BIT_WORDS; word++) count += onesIn((a[word] ?? 0) ^ (b[from + word] ?? 0))
  return count
}

/** Puts a hash among the smallest, once; how many are held then. */
function insert(sorted: Int32Array, held: number, hash: number): number {
  const end = Math.min(held, SMALLEST - 1)
  const last = sorted[end] ?? 0
  if (held === SMALLEST && hash >= last) return held
  let at = end
  for (; at > 0; at--) {
    const before = sorted[at - 1] ?? 0
    if (before <= hash) break
    sorted[at] = before
  }
  if (at > 0 && sorted[at - 1] === hash) {
    // It is there already: all goes back.
    sorted.copyWithin(at, at + 1, end + 1)
    sorted[end] = last
    return held
  }
  sorted[at] = hash
  return end + 1
}

function power(base: number, exponent: number): number {
  let result = 1
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base)
  return result
}

/** The finaliser of MurmurHash3 over both hashes. */
function mixed(one: number, other: number): number {
  let hash = one ^ ((other << 16) | (other >>> 16))
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ other ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
