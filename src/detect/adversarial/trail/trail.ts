import type { Row, Section } from '../../state/keyed-rows.ts'
import { KEPT } from './projection.ts'

/** What a request is to the one before it. `cosine` is that of its step with the last step. */
export type Step =
  | { readonly kind: 'first' | 'repeat' | 'collinear' }
  | { readonly kind: 'step'; readonly cosine: number }

/** Steps whose directions agree or oppose this far are moves on one line: a slider, a sweep of one parameter, a return. */
const COLLINEAR = 0.98
/** Square of a distance, in that of the step, that is rounding. */
const SAME_PLACE = 1e-11
/** Coordinates of the projection that stand for it where the centre is concerned. */
const CENTRE = 64
/** Steps after which the centre is compared with the one before. */
const HALF = 31
/** How far a resting centre strays, in what noise alone explains: its mean is 1, and 64 numbers vary by less than half. */
const RESTING = 3
/** Mean cosine of steps between independent points around a centre, and what of its estimate may be off. */
const [INDEPENDENT, LEEWAY] = [-0.5, 0.07]
/** A scene is one thing: its points stray from their centre by at most this share of its own square; of a thin one it is 0.4. */
const TIGHT = 0.5
/** Share of answers other than the one before that a point near a boundary may have; labels told apart by are half. */
const SAME_ANSWER = 0.2
/**
 * Noise of at least this, its variance in the square of the scene's own size, may change the answer by itself: 0.8 % of the
 * size. Of MNIST's test images some two in a thousand lie within reach of a boundary then, so their answers change.
 */
const COARSE = 6.4e-5

// In numbers, from the place on that the owner of the row gives. `LAST`: which of the two vectors is the last one. `WAITING`: 1 when
// the last vector belongs to the sum and is not yet in it. `WENT`: 1 once there was anything but coarse noise around one centre.
const [LENGTH, ANSWER, ANSWERS, CHANGED, STEPS, COSINES, SQUARES, HALVES, RESTED, LAST, WAITING, WENT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
]
/** Numbers that change with each request: they stand in the owner's first section. */
export const TRAIL_NUMBERS = 12
// Its own sections: the two vectors, by turns, then the sum, which takes up two vectors at a time, then the centre before.
const [SUM_SECTION, CENTRE_SECTION] = [2, 3]
// In 32-bit numbers from the first of them on.
const SUM = 2 * KEPT
const CENTRE_BEFORE = SUM + CENTRE

/** Where a trail stands in its owner's row. */
interface TrailPlace {
  /** Index of its first number. */
  readonly numbers: number
  /** Where its sections begin, in bytes, and the index of the first. */
  readonly from: number
  readonly section: number
}

/** Sections that follow each other in the owner's row; a request writes one of the vectors and, at every second, the sum. */
export function trailSections(version: string): readonly Section[] {
  return [
    { name: `${version}.even`, bytes: 4 * KEPT },
    { name: `${version}.odd`, bytes: 4 * KEPT },
    { name: `${version}.sum`, bytes: 4 * CENTRE },
    { name: `${version}.centre`, bytes: 4 * CENTRE },
  ]
}

/**
 * The way of one principal's vectors (projections of them), held in a row: the last vector and the one before, and whether
 * they are a **resting scene**: points closely around one centre that does not move. A camera is one. Of attacks, one that
 * reads scores must move to gain from them; pairs x + u, x - u (NES) have steps of cosine -0.71, not -0.5; and one that
 * reads labels must cross the boundary. So the scene's answers must be nearly the same each time; or nothing else was
 * there since the principal's first request, and the noise is coarse: a scene lies within reach of a boundary by chance
 * about as often as the noise reaches far, while a search comes to its boundary from elsewhere, with steps as fine as it can
 * make them, and goes on. Without answers in the telemetry only the latter is known.
 */
export class Trail {
  readonly #row: Row
  readonly #place: TrailPlace
  readonly #touch: (row: Row, section: number) => void
  readonly #floats: Float32Array

  constructor(row: Row, place: TrailPlace, touch: (row: Row, section: number) => void) {
    this.#row = row
    this.#place = place
    this.#touch = touch
    this.#floats = new Float32Array(row.bytes.buffer, row.bytes.byteOffset + place.from, CENTRE_BEFORE + CENTRE)
  }

  /** `answer`: a number that stands for the output; undefined when there was none. The owner stores its first section. */
  enter(vector: Float32Array, answer: number | undefined): Step {
    const length = this.#get(LENGTH)
    if (length === 0) {
      this.#keep(vector, 0)
      this.#set(LENGTH, 1)
      this.#answer(answer)
      return { kind: 'first' }
    }
    const floats = this.#floats
    const last = this.#get(LAST) * KEPT
    const earlier = earlierOf(this.#get(LAST)) * KEPT
    let dot = 0
    let square = 0
    let lastSquare = 0
    let acrossSquare = 0
    for (let k = 0; k < KEPT; k++) {
      const from = floats[last + k] ?? 0
      const step = (vector[k] ?? 0) - from
      const before = Math.fround(from - (floats[earlier + k] ?? 0))
      dot += step * before
      square += step * step
      lastSquare += before * before
      acrossSquare += (step + before) ** 2
    }
    if (square === 0) return { kind: 'repeat' }
    this.#keep(vector, earlierOf(this.#get(LAST)))
    this.#set(LENGTH, 2)
    this.#answer(answer)
    if (length === 1) return { kind: 'first' }
    const cosine = Math.max(-1, Math.min(1, dot / Math.sqrt(square * lastSquare)))
    if (
      !Number.isFinite(cosine) ||
      isOnLine(cosine, (dot + lastSquare) / Math.sqrt(lastSquare), acrossSquare, square)
    ) {
      if (this.#get(WAITING) > 0) this.#sumUp(earlierOf(this.#get(LAST)))
      this.#set(WENT, 1)
      return { kind: 'collinear' }
    }
    this.#gather(cosine, square)
    return { kind: 'step', cosine }
  }

  /** Whether all since the last call was a resting scene; then it is looked at anew. */
  rests(): boolean {
    const answers = this.#get(ANSWERS)
    const isOneAnswer = answers > 0 && this.#get(CHANGED) <= SAME_ANSWER * answers
    const halves = this.#get(HALVES)
    const rests = halves > 0 && this.#get(RESTED) === halves && (isOneAnswer || this.#get(WENT) === 0)
    for (const at of [HALVES, RESTED, ANSWERS, CHANGED]) this.#set(at, 0)
    return rests
  }

  #answer(answer: number | undefined): void {
    if (answer === undefined) return this.#set(CHANGED, Infinity)
    if (this.#get(ANSWERS) > 0 && this.#get(ANSWER) !== answer) this.#set(CHANGED, this.#get(CHANGED) + 1)
    this.#set(ANSWER, answer)
    this.#set(ANSWERS, this.#get(ANSWERS) + 1)
  }

  /** The vector becomes the last one, in this of the two places. */
  #keep(vector: Float32Array, at: number): void {
    this.#floats.set(vector, at * KEPT)
    this.#set(LAST, at)
    this.#touch(this.#row, this.#place.section + at)
  }

  /** Adds the vectors in these of the two places to the sum, in this order. */
  #sumUp(...places: readonly number[]): void {
    const floats = this.#floats
    for (const at of places)
      for (let k = 0; k < CENTRE; k++) floats[SUM + k] = (floats[SUM + k] ?? 0) + (floats[at * KEPT + k] ?? 0)
    this.#set(WAITING, 0)
    this.#touch(this.#row, this.#place.section + SUM_SECTION)
  }

  /** The last vector came by a step. It waits for the next one, so that the sum is stored half as often. */
  #gather(cosine: number, square: number): void {
    const steps = this.#get(STEPS) + 1
    this.#set(STEPS, steps)
    this.#set(COSINES, this.#get(COSINES) + cosine)
    this.#set(SQUARES, this.#get(SQUARES) + square)
    const last = this.#get(LAST)
    if (this.#get(WAITING) > 0) this.#sumUp(earlierOf(last), last)
    else if (steps < HALF) this.#set(WAITING, 1)
    else this.#sumUp(last)
    if (steps >= HALF) this.#compare(steps)
  }

  /** Half a window is full: does its centre lie where the one before did? */
  #compare(steps: number): void {
    const floats = this.#floats
    // A step is the difference of two independent points, so half its square is their variance, here in all `KEPT` numbers.
    const variance = (this.#get(SQUARES) / steps / 2) * (CENTRE / KEPT)
    let [strayed, own, hasBefore] = [0, 0, false]
    for (let k = 0; k < CENTRE; k++) {
      const centre = (floats[SUM + k] ?? 0) / steps
      const before = floats[CENTRE_BEFORE + k] ?? 0
      if (before !== 0) hasBefore = true
      strayed += (centre - before) ** 2
      own += centre ** 2
      floats[CENTRE_BEFORE + k] = centre
    }
    const isNoise = variance <= TIGHT * own && Math.abs(this.#get(COSINES) / steps - INDEPENDENT) <= LEEWAY
    const rests = isNoise && hasBefore && strayed <= (RESTING * 2 * variance) / steps
    if (hasBefore) this.#set(HALVES, this.#get(HALVES) + 1)
    if (rests) this.#set(RESTED, this.#get(RESTED) + 1)
    if (!isNoise || rests !== hasBefore || variance < COARSE * own) this.#set(WENT, 1)
    for (const at of [STEPS, COSINES, SQUARES]) this.#set(at, 0)
    floats.fill(0, SUM, SUM + CENTRE)
    this.#touch(this.#row, this.#place.section + CENTRE_SECTION)
  }

  #get(at: number): number {
    return this.#row.numbers[this.#place.numbers + at] ?? 0
  }
  #set(at: number, value: number): void {
    this.#row.numbers[this.#place.numbers + at] = value
  }
}

/** The place of the vector before the one in this place. */
function earlierOf(at: number): number {
  return 1 - at
}

/**
 * A step on is on the line when its direction is. A step back is only when what lies between its end and the vector before
 * the last (`across`: along the line, and squared in all) is on the line too, or nothing: who goes to and fro between an
 * attack and something far away turns about each time, but does not come back to where it was.
 */
function isOnLine(cosine: number, across: number, acrossSquare: number, square: number): boolean {
  if (cosine > COLLINEAR) return true
  if (cosine > -COLLINEAR) return false
  return acrossSquare <= SAME_PLACE * square || across ** 2 > COLLINEAR ** 2 * acrossSquare
}
