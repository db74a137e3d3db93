import type { Event } from '../../../contract/event.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { Trail, TRAIL_NUMBERS, trailSections } from '../trail/trail.ts'
import { BINS, binOf, sumOf } from './distances.ts'

const EXEMPLARS = 5
const ID_BYTES = 32
/** Own cosines are halved beyond so many: the recent past weighs more, and 16 bits hold them. */
const MOST_OWN = 8_192

// The row, in numbers (the first belongs to the map).
const [STARTED, REPEATS, COLLINEAR, TAUGHT, WARNED, TRAIL] = [1, 2, 3, 4, 5, 6]
// And in bytes after them and the trail's.
const COSINES = (TRAIL + TRAIL_NUMBERS) * 8
const IDS = COSINES + 8 * Math.ceil(BINS / 8)
const OWN = IDS + EXEMPLARS * ID_BYTES
const OWN_BYTES = 8 * Math.ceil((2 * BINS) / 8)
const OWN_SECTION = 1
const TRAIL_PLACE = { numbers: TRAIL, from: OWN + OWN_BYTES, section: 2 } as const

/** What moves with each request, what moves with a window that was learned, and vectors. */
export const SECTIONS = [
  { name: 'walk.3', bytes: OWN },
  { name: 'own.2', bytes: OWN_BYTES },
  ...trailSections('trail.3'),
] as const

/** One principal's open window and its own past. A view on its row. */
export class Walk {
  readonly #row: Row
  readonly #touch: (row: Row, section: number) => void
  readonly #numbers: Float64Array
  readonly #bytes: Uint8Array
  readonly trail: Trail
  /** Cosines of the open window, by bin; at most 255 in one. */
  readonly cosines: Uint8Array
  /** Cosines of quiet windows, by bin. */
  readonly own: Uint16Array

  /** `touch`: notes that a section has changed; the first one is noted by the use of the row. */
  constructor(row: Row, touch: (row: Row, section: number) => void) {
    this.#row = row
    this.#touch = touch
    this.#numbers = row.numbers
    this.#bytes = row.bytes
    this.trail = new Trail(row, TRAIL_PLACE, touch)
    this.cosines = row.bytes.subarray(COSINES, COSINES + BINS)
    this.own = new Uint16Array(row.bytes.buffer, row.bytes.byteOffset + OWN, BINS)
  }

  /** True when the request moved in a direction of its own: then it counts into the window. */
  enter(event: Event, vector: Float32Array, answer: number | undefined): boolean {
    const step = this.trail.enter(vector, answer)
    if (step.kind === 'repeat') this.#add(REPEATS)
    if (step.kind === 'collinear') this.#add(COLLINEAR)
    if (step.kind !== 'step') return false
    if (sumOf(this.cosines) === 0) this.#numbers[STARTED] = event.at
    const bin = binOf(step.cosine)
    this.cosines[bin] = (this.cosines[bin] ?? 0) + 1
    this.#bytes.copyWithin(IDS + ID_BYTES, IDS, IDS + (EXEMPLARS - 1) * ID_BYTES)
    writeShortText(this.#bytes, IDS, ID_BYTES, event.id)
    return true
  }

  /** Empties the window; what it was is in the copy that the caller took. */
  close(): void {
    this.cosines.fill(0)
    this.#numbers[REPEATS] = 0
    this.#numbers[COLLINEAR] = 0
  }

  /** Makes a quiet window part of the principal's own past. */
  learnOwn(cosines: Uint8Array): void {
    const halve = sumOf(this.own) > MOST_OWN
    for (let bin = 0; bin < BINS; bin++) {
      const held = this.own[bin] ?? 0
      this.own[bin] = (halve ? held >> 1 : held) + (cosines[bin] ?? 0)
    }
    this.#touch(this.#row, OWN_SECTION)
  }

  /** True for the first `most` windows that are taught to the fleet: a busy principal weighs no more than others. */
  mayTeach(most: number): boolean {
    if (this.#get(TAUGHT) >= most) return false
    this.#add(TAUGHT)
    return true
  }

  /** True once. */
  warnOnce(): boolean {
    if (this.#get(WARNED) > 0) return false
    this.#add(WARNED)
    return true
  }

  get startedAt(): number {
    return this.#get(STARTED)
  }
  /** Requests of the window equal to the one before. */
  get repeats(): number {
    return this.#get(REPEATS)
  }
  /** Requests of the window on one line with the two before. */
  get collinear(): number {
    return this.#get(COLLINEAR)
  }

  exemplars(): string[] {
    const ids: string[] = []
    for (let i = 0; i < EXEMPLARS; i++) ids.push(readShortText(this.#bytes, IDS + i * ID_BYTES, ID_BYTES))
    return ids.filter((id) => id !== '')
  }

  #get(at: number): number {
    return this.#numbers[at] ?? 0
  }
  #add(at: number): void {
    this.#numbers[at] = (this.#numbers[at] ?? 0) + 1
  }
}
