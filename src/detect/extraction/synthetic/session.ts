import { seededRandom } from '../../../runtime/random.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { FOREMOST, FOREMOST_BYTES, foremostIds, keepForemost } from '../../state/foremost.ts'
import type { Query } from './queries.ts'
import { shapiroWilk } from './shapiro-wilk.ts'

/** Numbers kept of a query. */
const KEPT = 64
/** Distances from which on there is a verdict, how many more make the next, and at how many a session begins anew. */
export const [FIRST_VERDICT, LAST_VERDICT] = [300, 1_000]
const EACH_VERDICT = 100
/** Distances farther from their mean than so many standard deviations are left out, as in PRADA. */
const OUTLIER = 3
/** Distances that differ by less, as a share of their mean, are equal. */
const ROUNDING = 1e-6
/** Queries kept of one class at most, and of all. */
const MOST_OF_A_CLASS = 100
const MOST_VECTORS = 960
/** Classes told apart; further ones share the place that their hash says. */
const MOST_CLASSES = 128
/** The last queries by their hash: what is sent again is no query of its own. */
const RECENT = 16
/** Vectors are stored in blocks, so that one more does not write all of them. */
const BLOCK = 64

// In numbers; the first belongs to the map.
const [STARTED, QUERIES, DISTANCES, REPEATS, CLASSES, VECTORS, NEAREST] = [1, 2, 3, 4, 5, 6, 7]
const HASHES = NEAREST + FOREMOST
const NUMBERS = HASHES + RECENT
// And in bytes after them.
const IDS = NUMBERS * 8
const LIST = IDS + FOREMOST_BYTES
const OWNERS = LIST + LAST_VERDICT * 4
const TABLE = OWNERS + MOST_VECTORS
// A class, in numbers: its hash, queries held, queries that entered, the threshold, and moments of their distances.
const [HASH, HELD, ENTERED, THRESHOLD, SUM, SQUARES, CLASS_NUMBERS] = [0, 1, 2, 3, 4, 5, 6]
const SET = TABLE + MOST_CLASSES * CLASS_NUMBERS * 8
const NEAREST_AT = { numbers: NEAREST, bytes: IDS }

/** A row of 257,248 bytes: what changes with each query, then the queries themselves in blocks. */
export function sectionsOf(version: string): readonly { readonly name: string; readonly bytes: number }[] {
  const blocks = Array.from({ length: MOST_VECTORS / BLOCK }, (_, i) => ({
    name: `${version}.${i}`,
    bytes: BLOCK * KEPT * 4,
  }))
  return [{ name: `${version}.set`, bytes: SET }, ...blocks]
}

/**
 * PRADA's growing set of one principal, a view on its row: for each query the distance from the nearest of the set in its
 * class. A query farther than the class's threshold enters the set, and the threshold is the mean less the standard
 * deviation of the distances of those that entered, never falling. Of a class 100 are held; later ones replace others at
 * random (Vitter's algorithm R, seeded by the class's hash).
 */
export class Session {
  readonly #row: Row
  readonly #touch: (section: number) => void
  readonly #numbers: Float64Array
  readonly #list: Float32Array
  readonly #owners: Uint8Array
  readonly #table: Float64Array
  readonly #vectors: Float32Array

  constructor(row: Row, touch: (section: number) => void) {
    const { buffer, byteOffset } = row.bytes
    this.#row = row
    this.#touch = touch
    this.#numbers = row.numbers.subarray(0, NUMBERS)
    this.#list = new Float32Array(buffer, byteOffset + LIST, LAST_VERDICT)
    this.#owners = row.bytes.subarray(OWNERS, TABLE)
    this.#table = new Float64Array(buffer, byteOffset + TABLE, MOST_CLASSES * CLASS_NUMBERS)
    this.#vectors = new Float32Array(buffer, byteOffset + SET, MOST_VECTORS * KEPT)
  }

  get startedAt(): number {
    return this.#numbers[STARTED] ?? 0
  }
  /** Queries of the session, those that repeat an earlier one too. */
  get queries(): number {
    return this.#numbers[QUERIES] ?? 0
  }
  get repeats(): number {
    return this.#numbers[REPEATS] ?? 0
  }
  get distances(): number {
    return this.#numbers[DISTANCES] ?? 0
  }

  /** True when as many distances are known as a verdict is due at. */
  add({ vector, label, identity }: Query, at: number, id: string): boolean {
    if (this.queries === 0) this.#numbers[STARTED] = at
    const place = this.#placeOf(label)
    const distance = this.#nearest(vector, place)
    const recent = this.#numbers.subarray(HASHES)
    const isRepeat = distance === 0 || recent.includes(identity)
    recent[this.queries % RECENT] = identity
    this.#count(QUERIES)
    if (isRepeat) {
      this.#count(REPEATS)
      return false
    }
    const table = this.#table.subarray(place * CLASS_NUMBERS, (place + 1) * CLASS_NUMBERS)
    if (distance === Infinity) {
      this.#enter(vector, place, table)
      return false
    }
    this.#list[this.distances] = distance
    this.#count(DISTANCES)
    // Shifted by one, so that an empty place, which is 0, is the farthest.
    keepForemost(this.#row, NEAREST_AT, 1 / (1 + distance), id)
    if (distance > (table[THRESHOLD] ?? 0)) this.#grow(vector, place, table, distance)
    return this.distances >= FIRST_VERDICT && this.distances % EACH_VERDICT === 0
  }

  /** W of the distances without outliers; 0, the least there is, when all are equal but for rounding. */
  get w(): number {
    const values = Float64Array.from(this.#list.subarray(0, this.distances)).sort()
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    const inliers = values.filter((value) => Math.abs(value - mean) <= OUTLIER * deviation)
    const isConstant = !((inliers.at(-1) ?? 0) - (inliers[0] ?? 0) > ROUNDING * mean)
    return isConstant ? 0 : shapiroWilk(inliers)
  }

  /** Ids of the queries nearest to earlier ones, the nearest first. */
  get exemplars(): readonly string[] {
    return foremostIds(this.#row, NEAREST_AT)
  }

  /** Begins anew once it has as many distances as it may. */
  closeWhenFull(): void {
    if (this.distances < LAST_VERDICT) return
    this.#row.numbers.fill(0, 1)
    for (let section = 0; section <= MOST_VECTORS / BLOCK; section++) this.#touch(section)
  }

  #placeOf(label: number): number {
    const classes = this.#numbers[CLASSES] ?? 0
    for (let place = 0; place < classes; place++) if (this.#table[place * CLASS_NUMBERS + HASH] === label) return place
    if (classes >= MOST_CLASSES) return label % MOST_CLASSES
    this.#table[classes * CLASS_NUMBERS + HASH] = label
    this.#count(CLASSES)
    return classes
  }

  #nearest(vector: Float32Array, place: number): number {
    const held = this.#numbers[VECTORS] ?? 0
    let nearest = Infinity
    for (let slot = 0; slot < held; slot++) {
      if (this.#owners[slot] !== place) continue
      let squared = 0
      const from = slot * KEPT
      for (let k = 0; k < KEPT; k++) squared += ((this.#vectors[from + k] ?? 0) - (vector[k] ?? 0)) ** 2
      if (squared < nearest) nearest = squared
    }
    return Math.sqrt(nearest)
  }

  #grow(vector: Float32Array, place: number, table: Float64Array, distance: number): void {
    this.#enter(vector, place, table)
    const sum = (table[SUM] ?? 0) + distance
    const squares = (table[SQUARES] ?? 0) + distance ** 2
    // The first to enter had no distance.
    const count = (table[ENTERED] ?? 0) - 1
    const mean = sum / count
    const deviation = Math.sqrt(Math.max(0, squares / count - mean ** 2))
    table.set([Math.max(table[THRESHOLD] ?? 0, mean - deviation), sum, squares], THRESHOLD)
  }

  #enter(vector: Float32Array, place: number, table: Float64Array): void {
    const entered = (table[ENTERED] ?? 0) + 1
    table[ENTERED] = entered
    const slots = this.#numbers[VECTORS] ?? 0
    const held = table[HELD] ?? 0
    if (held < MOST_OF_A_CLASS && slots < MOST_VECTORS) {
      this.#write(slots, vector, place)
      this.#count(VECTORS)
      table[HELD] = held + 1
      return
    }
    const drawn = Math.floor(seededRandom((table[HASH] ?? 0) + Math.imul(entered, 0x9e3779b1)).next() * entered)
    if (drawn < held) this.#write(this.#slotOf(place, drawn), vector, place)
  }

  /** The slot of a class's `nth` query. */
  #slotOf(place: number, nth: number): number {
    let slot = -1
    for (let left = nth; left >= 0; left--) slot = this.#owners.indexOf(place, slot + 1)
    return slot
  }

  #write(slot: number, vector: Float32Array, place: number): void {
    this.#owners[slot] = place
    this.#vectors.set(vector.subarray(0, KEPT), slot * KEPT)
    this.#touch(1 + Math.floor(slot / BLOCK))
  }

  #count(at: number): void {
    this.#numbers[at] = (this.#numbers[at] ?? 0) + 1
  }
}
