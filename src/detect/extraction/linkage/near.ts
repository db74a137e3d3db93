import type { StateChange } from '../../../contract/detect.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { onesIn } from '../../statistics/bits.ts'
import { hadamard } from '../../statistics/hadamard.ts'
import type { Who } from './account.ts'

/** Numbers of a sketch, and its bits. */
const BITS = 64
/** Requests whose mean is sketched, and how many pass from the first of them to the next first. */
const [SAMPLE, EVERY] = [4, 16]
/** Bits by which sketches of nearly the same inputs differ at most; of unrelated ones so few differ once in 1e11. */
const MOST_DIFFERENT = 5
/** Sketches of which one of so many parts is the same are compared. */
const BANDS = 4
const BAND_BITS = BITS / BANDS
/** Accounts remembered for one part. */
const ACCOUNTS = 4
const NAME_BYTES = 48

// A part's row, in numbers: the next place; then of each account its hash and two halves of its sketch. Names after them.
const NEXT = 1
const FIRST = 2
const PER_ACCOUNT = 3
const NAMES = (FIRST + ACCOUNTS * PER_ACCOUNT) * 8
const NEAR = { name: 'near.1', bytes: NAMES + ACCOUNTS * NAME_BYTES } as const

// Of an account, in numbers: requests in this round; then sums of the projection, four bytes each.
const COUNT = 0
const SUMS = 1
export const SKETCH_BYTES = 8 * SUMS + 4 * BITS

/**
 * Accounts whose mean inputs are nearly the same: a search around one input that is shared out among accounts. The mean of
 * four requests, less the reference's mean, is projected on 64 random directions by signed hashing and a Hadamard transform
 * (Ailon and Chazelle 2009), and the signs are compared where 16 of them in a row agree (Charikar 2002, locality-sensitive
 * hashing). Directions are drawn by the reference's seed. Sums of the projection are kept, and 64 bits.
 */
export class NearAccounts {
  readonly #rows: KeyedRows
  /** For each column the place of the sketch it goes to, and with which sign. */
  readonly #places: Uint8Array
  readonly #signs: Float32Array
  readonly #centre = new Float32Array(BITS)
  readonly #mixed = new Float64Array(BITS)

  constructor(most: number, mean: Float64Array, seed: number) {
    this.#rows = new KeyedRows(most, [NEAR])
    const hashes = Int32Array.from(mean, (_, i) => hashOf(i + 1, seed))
    this.#places = Uint8Array.from(hashes, (hash) => (hash >>> 8) % BITS)
    this.#signs = Float32Array.from(hashes, (hash) => (hash & 1) * 2 - 1)
    this.#project(Float32Array.from(mean), this.#centre, SAMPLE)
  }

  /** Whether the next request of the account, whose part of the row begins at number `from`, is one to add. */
  static wants(row: Row, from: number): boolean {
    return (row.numbers[from + COUNT] ?? 0) < SAMPLE
  }

  /** A request that is passed over. */
  static pass(row: Row, from: number): void {
    row.numbers[from + COUNT] = ((row.numbers[from + COUNT] ?? 0) + 1) % EVERY
  }

  /** Adds a request's vector. Tells of the accounts that are near once the sample is full. */
  add(row: Row, from: number, who: Who, values: Float32Array): readonly Who[] {
    const sums = new Float32Array(row.bytes.buffer, row.bytes.byteOffset + 8 * (from + SUMS), BITS)
    this.#project(values, sums, 1)
    NearAccounts.pass(row, from)
    if (row.numbers[from + COUNT] !== SAMPLE) return []
    const [low, high] = this.#bitsOf(sums)
    sums.fill(0)
    return this.#compared(who, low, high)
  }

  changes(): readonly StateChange[] {
    return this.#rows.changes()
  }

  /** How many stored keys could not be read. */
  restore(state: Iterable<StateChange>): number {
    return this.#rows.restore(state)
  }

  static isOwn({ key }: StateChange): boolean {
    return key.startsWith(`${NEAR.name}/`)
  }

  #project(values: Float32Array, sums: Float32Array, times: number): void {
    for (let i = 0; i < values.length; i++) {
      const place = this.#places[i] ?? 0
      sums[place] = (sums[place] ?? 0) + (values[i] ?? 0) * (this.#signs[i] ?? 0) * times
    }
  }

  #bitsOf(sums: Float32Array): readonly [number, number] {
    const mixed = this.#mixed
    for (let i = 0; i < BITS; i++) mixed[i] = (sums[i] ?? 0) - (this.#centre[i] ?? 0)
    hadamard(mixed, BITS)
    let [low, high] = [0, 0]
    for (let i = 0; i < BITS / 2; i++) {
      if ((mixed[i] ?? 0) > 0) low |= 1 << i
      if ((mixed[i + BITS / 2] ?? 0) > 0) high |= 1 << i
    }
    return [low, high]
  }

  #compared(who: Who, low: number, high: number): readonly Who[] {
    const near = new Map<number, Who>()
    for (let band = 0; band < BANDS; band++) {
      const bits = ((band < BANDS / 2 ? low : high) >>> ((band * BAND_BITS) % 32)) & (2 ** BAND_BITS - 1)
      const { numbers, bytes } = this.#rows.use(`${band}.${bits}`)
      let own = -1
      for (let place = 0; place < ACCOUNTS; place++) {
        const at = FIRST + place * PER_ACCOUNT
        const hash = numbers[at] ?? 0
        if (hash === who.hash) own = place
        if (hash === 0 || hash === who.hash || near.has(hash)) continue
        const different = onesIn((numbers[at + 1] ?? 0) ^ low) + onesIn((numbers[at + 2] ?? 0) ^ high)
        if (different <= MOST_DIFFERENT)
          near.set(hash, { hash, name: readShortText(bytes, NAMES + place * NAME_BYTES, NAME_BYTES) })
      }
      const place = own >= 0 ? own : (numbers[NEXT] ?? 0) % ACCOUNTS
      if (own < 0) numbers[NEXT] = place + 1
      numbers.set([who.hash, low, high], FIRST + place * PER_ACCOUNT)
      writeShortText(bytes, NAMES + place * NAME_BYTES, NAME_BYTES, who.name)
    }
    return [...near.values()]
  }
}

function hashOf(value: number, seed: number): number {
  let hash = Math.imul(value ^ seed, 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return hash ^ (hash >>> 16)
}
