/** Hashes kept of one input: the smallest of all its windows'. */
export const SMALLEST = 24
/** Sign bits kept of one vector's projection, and the words that hold them. */
const BITS = 128
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
  readonly #symbols: Uint32Array
  readonly #others: Uint32Array
  readonly #place: number
  readonly #sorted = new Uint32Array(SMALLEST)
  #room = roomFor(1_024)

  /** `salts`: 257 numbers that outsiders do not know. */
  constructor(salts: () => number) {
    this.#symbols = Uint32Array.from({ length: 256 }, salts)
    this.#others = Uint32Array.from({ length: 256 }, salts)
    this.#place = salts() | 1
  }

  /** Ascending, `SMALLEST` at most; empty when the vector has too little in it. */
  ofVector(vector: Float32Array): Uint32Array {
    const length = Math.min(vector.length, MOST_SYMBOLS)
    const { symbols } = this.#inputs(length)
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
    return (mixed(one, other) & 0x1fffff) * 2 ** 32 + mixed(other, one)
  }

  /** As `ofVector` for text, whose windows count wherever they stand. */
  ofText(text: string): Uint32Array {
    const length = Math.min(text.length, MOST_SYMBOLS)
    const { symbols } = this.#inputs(length)
    for (let i = 0; i < length; i++) symbols[i] = text.charCodeAt(i)
    return this.#roll(length, TEXT_WINDOW, 0)
  }

  #roll(length: number, window: number, place: number): Uint32Array {
    const sorted = this.#sorted
    const { symbols, salted, others } = this.#inputs(length)
    let [held, one, other, changes] = [0, 0, 0, 0]
    const oneLeaves = power(ONE, window)
    const otherLeaves = power(OTHER, window)
    for (let i = 0; i < length; i++) {
      const symbol = symbols[i] ?? 0
      const high = Math.imul(symbol >>> 8, 0x9e3779b1)
      const ownSalt = (this.#symbols[symbol & 0xff] ?? 0) ^ high
      const otherSalt = (this.#others[symbol & 0xff] ?? 0) ^ high
      salted[i] = ownSalt
      others[i] = otherSalt
      one = (Math.imul(one, ONE) + ownSalt) | 0
      other = (Math.imul(other, OTHER) + otherSalt) | 0
      if (i > 0 && symbol !== symbols[i - 1]) changes++
      if (i >= window) {
        const left = i - window
        one = (one - Math.imul(oneLeaves, salted[left] ?? 0)) | 0
        other = (other - Math.imul(otherLeaves, others[left] ?? 0)) | 0
        if (symbols[left] !== symbols[left + 1]) changes--
      }
      if (i + 1 < window || changes < FEWEST_CHANGES) continue
      const hash = mixed(one ^ Math.imul(place, i + 1), other)
      if (held < SMALLEST || hash < (sorted[SMALLEST - 1] ?? 0)) held = insert(sorted, held, hash)
    }
    return held < FEWEST_HASHES ? sorted.slice(0, 0) : sorted.slice(0, held)
  }

  /** Room for one input's symbols and their salts. */
  #inputs(length: number): Room {
    if (this.#room.symbols.length < length) this.#room = roomFor(length)
    return this.#room
  }
}

interface Room {
  readonly symbols: Uint16Array
  readonly salted: Int32Array
  readonly others: Int32Array
}

function roomFor(length: number): Room {
  return { symbols: new Uint16Array(length), salted: new Int32Array(length), others: new Int32Array(length) }
}

const [ONE, OTHER] = [0x01000193, 0x5bd1e995]

/**
 * The share that two inputs have in common, estimated (Jaccard): how many of the smallest of both are in both. The other's
 * `count` hashes begin at `from` of `b`.
 */
export function shareOf(a: Uint32Array, b: Uint32Array, from = 0, count = b.length): number {
  const most = Math.min(SMALLEST, Math.max(a.length, count))
  const end = from + count
  let [i, j, common, seen] = [0, from, 0, 0]
  while (seen < most && i < a.length && j < end) {
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
  for (let word = 0; word < BIT_WORDS; word++) {
    let bits = (a[word] ?? 0) ^ (b[from + word] ?? 0)
    bits -= (bits >>> 1) & 0x55555555
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

/** Puts a hash among the smallest, once; how many are held then. */
function insert(sorted: Uint32Array, held: number, hash: number): number {
  if (held === SMALLEST && hash >= (sorted[SMALLEST - 1] ?? 0)) return held
  let at = held
  while (at > 0 && (sorted[at - 1] ?? 0) > hash) at--
  if (at > 0 && sorted[at - 1] === hash) return held
  for (let i = Math.min(held, SMALLEST - 1); i > at; i--) sorted[i] = sorted[i - 1] ?? 0
  sorted[at] = hash
  return Math.min(SMALLEST, held + 1)
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
  return (hash ^ (hash >>> 16)) >>> 0
}
