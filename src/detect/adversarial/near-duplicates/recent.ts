import type { Event } from '../../../contract/event.ts'
import type { Row, Section } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { Trail, TRAIL_NUMBERS, trailSections } from '../trail/trail.ts'
import { BIT_WORDS, BITS, differingBits, shareOf, SMALLEST } from './fingerprint.ts'

/** Inputs of one principal that are remembered. */
const MEMORY = 16
/** Of them are stored together: one by one a request writes less, but a principal that is new or evicted takes more keys. */
const TOGETHER = 2
const EXEMPLARS = 5
const ID_BYTES = 32

// The row, in numbers (the first belongs to the map).
const [
  STARTED,
  TRIALS,
  HITS,
  CLOSE,
  BETWEEN,
  REPEATS,
  COLLINEAR,
  ENTERED,
  TAUGHT,
  WARNED,
  OWN_TRIALS,
  OWN_WEIGHT,
  TRAIL,
] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
// And in bytes after them and the trail's. One remembered input: what it was exactly, its sign bits, its hashes and how many they are.
const IDS = (TRAIL + TRAIL_NUMBERS) * 8
const IDS_BYTES = EXEMPLARS * ID_BYTES
const ENTRIES = IDS + IDS_BYTES
const ENTRY_BITS = 8
const ENTRY_COUNT = ENTRY_BITS + 4 * BIT_WORDS
const ENTRY_HASHES = ENTRY_COUNT + 8
const ENTRY_BYTES = ENTRY_HASHES + 4 * SMALLEST
const [IDS_SECTION, ENTRIES_SECTION] = [1, 2]
const BLOCKS = MEMORY / TOGETHER
const TRAIL_PLACE = { numbers: TRAIL, from: ENTRIES + MEMORY * ENTRY_BYTES, section: ENTRIES_SECTION + BLOCKS } as const
const ROW_BYTES = TRAIL_PLACE.from

/** What moves with each request, what moves with a near one, remembered inputs of which a request writes one, and vectors. */
export const SECTIONS: readonly Section[] = [
  { name: 'recent.3', bytes: IDS },
  { name: 'near.2', bytes: IDS_BYTES },
  ...Array.from({ length: BLOCKS }, (_, block) => ({ name: `inputs.2.${block}`, bytes: TOGETHER * ENTRY_BYTES })),
  ...trailSections('trail.3'),
]

/** An input as it is remembered: hashes alone. */
export interface Fingerprint {
  /** A salted number: equal inputs, equal numbers. */
  readonly exact: number
  /** Undefined for text. */
  readonly bits: Int32Array | undefined
  readonly hashes: Uint32Array
}

export interface Nearness {
  /** Sign bits of 128 that near vectors differ in at most; a third of them where they are close, up to twice as many between. */
  readonly bits: number
  /** Sign bits that the vector has, of which the same share counts: short ones have fewer. */
  readonly of: number
  /** Share of hashes that near inputs have in common at least; half of the rest as well where they are close. */
  readonly share: number
}

/** How much an input resembles one of those remembered, the most of them: `BETWEEN_NEAR_AND_FAR` and `CLOSE_BY` vectors alone. */
const [FAR, BETWEEN_NEAR_AND_FAR, NEAR, CLOSE_BY] = [0, 1, 2, 3]
/** Vectors that differ in more sign bits, of 128 of which chance leaves half, have nothing to do with each other. */
const MOST_BETWEEN = 48

/** One principal's last inputs and open window. A view on its row. */
export class Recent {
  readonly #numbers: Float64Array
  readonly #row: Row
  readonly #touch: (row: Row, section: number) => void
  /** The same bytes, up to the trail's, as words of 32 bits. */
  readonly #words: Uint32Array

  /** `touch`: notes that a section has changed; the first one is noted by the use of the row. */
  constructor(row: Row, touch: (row: Row, section: number) => void) {
    this.#row = row
    this.#touch = touch
    this.#numbers = row.numbers
    this.#words = new Uint32Array(row.bytes.buffer, row.bytes.byteOffset, ROW_BYTES / 4)
  }

  /** The way of its vectors; of texts there is none. */
  trail(): Trail {
    return new Trail(this.#row, TRAIL_PLACE, this.#touch)
  }

  /** True when the input is one of those remembered, exactly: a retry, counted and not remembered again. */
  isRepeat(fingerprint: Fingerprint): boolean {
    for (let slot = 0; slot < this.#held; slot++)
      if (this.#numbers[at(slot) / 8] === fingerprint.exact) {
        this.#add(REPEATS, 1)
        return true
      }
    return false
  }

  /** Counts a request that moved on one line with the two before; it is remembered, but no evidence. */
  noteCollinear(): void {
    this.#add(COLLINEAR, 1)
  }

  /** Counts an input into the window: how near is it to one remembered? The first has nothing to be near to, and is no trial. */
  try(event: Event, fingerprint: Fingerprint, nearness: Nearness): void {
    if (this.#held === 0) return
    if (this.trials === 0) this.#numbers[STARTED] = event.at
    this.#add(TRIALS, 1)
    const likeness = this.#likeness(fingerprint, nearness)
    if (likeness === BETWEEN_NEAR_AND_FAR) this.#add(BETWEEN, 1)
    if (likeness < NEAR) return
    this.#add(HITS, 1)
    if (likeness === CLOSE_BY) this.#add(CLOSE, 1)
    const { bytes } = this.#row
    bytes.copyWithin(IDS + ID_BYTES, IDS, IDS + (EXEMPLARS - 1) * ID_BYTES)
    writeShortText(bytes, IDS, ID_BYTES, event.id)
    this.#touch(this.#row, IDS_SECTION)
  }

  remember({ exact, bits, hashes }: Fingerprint): void {
    const slot = this.#get(ENTERED) % MEMORY
    const from = at(slot)
    this.#add(ENTERED, 1)
    this.#touch(this.#row, ENTRIES_SECTION + Math.floor(slot / TOGETHER))
    this.#numbers[from / 8] = exact
    const words = this.#words.fill(0, (from + ENTRY_BITS) / 4, (from + ENTRY_BYTES) / 4)
    if (bits) words.set(bits, (from + ENTRY_BITS) / 4)
    words[(from + ENTRY_COUNT) / 4] = hashes.length
    words.set(hashes, (from + ENTRY_HASHES) / 4)
  }

  close(): void {
    if (this.hits > 0) this.#touch(this.#row, IDS_SECTION)
    for (const number of [TRIALS, HITS, CLOSE, BETWEEN, REPEATS, COLLINEAR]) this.#numbers[number] = 0
    this.#row.bytes.fill(0, IDS, IDS + EXEMPLARS * ID_BYTES)
  }

  /** A quiet window becomes the principal's own past, of which the recent half weighs more. */
  learnOwn(trials: number, weight: number): void {
    this.#numbers[OWN_TRIALS] = this.#get(OWN_TRIALS) * 0.9 + trials
    this.#numbers[OWN_WEIGHT] = this.#get(OWN_WEIGHT) * 0.9 + weight
  }

  /** True once: a busy principal teaches the fleet no more than others. */
  teachOnce(): boolean {
    return this.#once(TAUGHT)
  }

  /** True once. */
  warnOnce(): boolean {
    return this.#once(WARNED)
  }

  get startedAt(): number {
    return this.#get(STARTED)
  }
  get trials(): number {
    return this.#get(TRIALS)
  }
  get hits(): number {
    return this.#get(HITS)
  }
  /** Hits that are close. */
  get closeHits(): number {
    return this.#get(CLOSE)
  }
  /** Trials that are neither near nor far. */
  get between(): number {
    return this.#get(BETWEEN)
  }
  get repeats(): number {
    return this.#get(REPEATS)
  }
  get collinear(): number {
    return this.#get(COLLINEAR)
  }
  get ownTrials(): number {
    return this.#get(OWN_TRIALS)
  }
  get ownWeight(): number {
    return this.#get(OWN_WEIGHT)
  }

  exemplars(): string[] {
    const ids: string[] = []
    for (let i = 0; i < EXEMPLARS; i++) ids.push(readShortText(this.#row.bytes, IDS + i * ID_BYTES, ID_BYTES))
    return ids.filter((id) => id !== '')
  }

  #likeness({ bits, hashes }: Fingerprint, nearness: Nearness): number {
    const bitsOf = (most: number): number => Math.floor((most * nearness.of) / BITS)
    const [closeBits, nearBits] = [bitsOf(nearness.bits / 3), bitsOf(nearness.bits)]
    const betweenBits = bitsOf(Math.max(nearness.bits, Math.min(MOST_BETWEEN, 2 * nearness.bits)))
    const closeShare = (1 + nearness.share) / 2
    let most = FAR
    for (let slot = 0; slot < this.#held; slot++) {
      const from = at(slot) / 4
      const differing = bits ? differingBits(bits, this.#words, from + ENTRY_BITS / 4) : Infinity
      if (differing <= closeBits) return CLOSE_BY
      if (differing <= betweenBits) most = Math.max(most, differing <= nearBits ? NEAR : BETWEEN_NEAR_AND_FAR)
      const count = this.#words[from + ENTRY_COUNT / 4] ?? 0
      if (count === 0 || hashes.length === 0) continue
      const share = shareOf(hashes, this.#words, nearness.share, from + ENTRY_HASHES / 4, count)
      if (share < nearness.share) continue
      if (!bits) return NEAR
      if (share >= closeShare) return CLOSE_BY
      most = NEAR
    }
    return most
  }

  get #held(): number {
    return Math.min(MEMORY, this.#get(ENTERED))
  }

  #once(number: number): boolean {
    if (this.#get(number) > 0) return false
    this.#add(number, 1)
    return true
  }
  #get(number: number): number {
    return this.#numbers[number] ?? 0
  }
  #add(number: number, value: number): void {
    this.#numbers[number] = this.#get(number) + value
  }
}

/** Where a remembered input begins in the row, in bytes. */
function at(slot: number): number {
  return ENTRIES + slot * ENTRY_BYTES
}
