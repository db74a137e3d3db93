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
  readonly #symbols: Uint32Array
  readonly #others: Uint32Array
  readonly #place: number
  readonly #sorted = new Uint32Array(SMALLEST)

  /** `salts`: 257 numbers that outsiders do not know. */
  constructor(salts: () => number) {
    this.#symbols = Uint32Array.from({ length: 256 }, salts)
    this.#others = Uint32Array.from({ length: 256 }, salts)
    this.#place = salts() | 1
  }

  /** Ascending, `SMALLEST` at most; empty when the vector has too little in it. */
  ofVector(vector: Float32Array): Uint32Array {
    const length = Math.min(vector.length, MOST_SYMBOLS)
    let largest = 0
    for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(vector[i] ?? 0))
    const scale = largest > 0 ? LEVELS / largest : 0
    return this.#roll(length, VECTOR_WINDOW, this.#place, (i) => Math.round((vector[i] ?? 0) * scale) + LEVELS)
  }

  /** The same for text, whose windows count wherever they stand. */
  ofText(text: string): Uint32Array {
    return this.#roll(Math.min(text.length, MOST_SYMBOLS), TEXT_WINDOW, 0, (i) => text.charCodeAt(i))
  }

  #roll(length: number, window: number, place: number, symbolAt: (i: number) => number): Uint32Array {
    const sorted = this.#sorted
    let [held, one, other, changes] = [0, 0, 0, 0]
    const [oneLeaves, otherLeaves] = [power(ONE, window), power(OTHER, window)]
    for (let i = 0; i < length; i++) {
      const symbol = symbolAt(i)
      one = (Math.imul(one, ONE) + this.#salted(this.#symbols, symbol)) | 0
      other = (Math.imul(other, OTHER) + this.#salted(this.#others, symbol)) | 0
      if (i > 0 && symbol !== symbolAt(i - 1)) changes++
      if (i >= window) {
        const left = symbolAt(i - window)
        one = (one - Math.imul(oneLeaves, this.#salted(this.#symbols, left))) | 0
        other = (other - Math.imul(otherLeaves, this.#salted(this.#others, left))) | 0
        if (left !== symbolAt(i - window + 1)) changes--
      }
      if (i + 1 < window || changes < FEWEST_CHANGES) continue
      held = insert(sorted, held, mixed(one ^ Math.imul(place, i + 1), other))
    }
    return held < FEWEST_HASHES ? sorted.slice(0, 0) : sorted.slice(0, held)
  }

  #salted(table: Uint32Array, symbol: number): number {
    return (table[symbol & 0xff] ?? 0) ^ Math.imul(symbol >>> 8, 0x9e3779b1)
  }
}

const [ONE, OTHER] = [0x01000193, 0x5bd1e995]

/** The share that two inputs have in common, estimated (Jaccard): how many of the smallest of both are in both. */
export function shareOf(a: Uint32Array, b: Uint32Array): number {
  const most = Math.min(SMALLEST, Math.max(a.length, b.length))
  let [i, j, common, seen] = [0, 0, 0, 0]
  while (seen < most && i < a.length && j < b.length) {
    const [left, right] = [a[i] ?? 0, b[j] ?? 0]
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

/** Bits in which two differ. */
export function differingBits(a: Int32Array, b: Int32Array): number {
  let count = 0
  for (let word = 0; word < BIT_WORDS; word++)
    for (let bits = (a[word] ?? 0) ^ (b[word] ?? 0); bits !== 0; bits &= bits - 1) count++
  return count
}

/** Puts a hash among the smallest, once; how many are held then. */
function insert(sorted: Uint32Array, held: number, hash: number): number {
  if (held === SMALLEST && hash >= (sorted[SMALLEST - 1] ?? 0)) return held
  let at = Math.min(held, SMALLEST)
  while (at > 0 && (sorted[at - 1] ?? 0) > hash) at--
  if (at > 0 && sorted[at - 1] === hash) return held
  sorted.copyWithin(at + 1, at, Math.min(held, SMALLEST - 1))
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
