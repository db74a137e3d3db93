import type { Row } from '../../state/keyed-rows.ts'
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
/** A scene is one thing: its points stray from their centre by at most this share of its own square. */
const TIGHT = 0.2
/** Share of answers other than the one before that a point near a boundary may have; labels told apart by are half. */
const SAME_ANSWER = 0.2

// In numbers.
const [LENGTH, ANSWER, ANSWERS, CHANGED, STEPS, COSINES, SQUARES, HALVES, RESTED, NUMBERS] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 10,
]
const VECTORS = NUMBERS * 8

export const TRAIL_BYTES = VECTORS + 4 * (2 * KEPT + 2 * CENTRE)

/**
 * The way of one principal's vectors (projections of them), held in a row from byte `at` on: the last vector, the last
 * step, and whether they are a **resting scene**: points closely around one centre that does not move, with nearly the
 * same answer each time. A camera is one. An attack is not: one that reads labels must cross the boundary, so its answers change; one that
 * reads scores must move to gain from them; and pairs x + u, x - u (NES) have steps of cosine -0.71, not -0.5. Without
 * answers in the telemetry no scene is known to rest.
 */
export class Trail {
  readonly #numbers: Float64Array
  readonly #last: Float32Array
  readonly #step: Float32Array
  readonly #sum: Float32Array
  readonly #centre: Float32Array

  constructor(row: Row, at: number) {
    const from = row.bytes.byteOffset + at
    const { buffer } = row.bytes
    this.#numbers = new Float64Array(buffer, from, NUMBERS)
    this.#last = new Float32Array(buffer, from + VECTORS, KEPT)
    this.#step = new Float32Array(buffer, from + VECTORS + 4 * KEPT, KEPT)
    this.#sum = new Float32Array(buffer, from + VECTORS + 8 * KEPT, CENTRE)
    this.#centre = new Float32Array(buffer, from + VECTORS + 8 * KEPT + 4 * CENTRE, CENTRE)
  }

  /** `answer`: a number that stands for the output; undefined when there was none. */
  enter(vector: Float32Array, answer: number | undefined): Step {
    const length = this.#get(LENGTH)
    const last = this.#last
    if (length === 0) {
      last.set(vector)
      this.#set(LENGTH, 1)
      this.#answer(answer)
      return { kind: 'first' }
    }
    let dot = 0
    let square = 0
    let lastSquare = 0
    let acrossSquare = 0
    for (let k = 0; k < KEPT; k++) {
      const step = (vector[k] ?? 0) - (last[k] ?? 0)
      const before = this.#step[k] ?? 0
      dot += step * before
      square += step * step
      lastSquare += before * before
      acrossSquare += (step + before) ** 2
    }
    if (square === 0) return { kind: 'repeat' }
    for (let k = 0; k < KEPT; k++) this.#step[k] = (vector[k] ?? 0) - (last[k] ?? 0)
    last.set(vector)
    this.#set(LENGTH, 2)
    this.#answer(answer)
    if (length === 1) return { kind: 'first' }
    const cosine = Math.max(-1, Math.min(1, dot / Math.sqrt(square * lastSquare)))
    if (!Number.isFinite(cosine) || isOnLine(cosine, (dot + lastSquare) / Math.sqrt(lastSquare), acrossSquare, square))
      return { kind: 'collinear' }
    this.#gather(vector, cosine, square)
    return { kind: 'step', cosine }
  }

  /** Whether all since the last call was a resting scene; then it is looked at anew. */
  rests(): boolean {
    const [halves, rested, answers, changed] = [HALVES, RESTED, ANSWERS, CHANGED].map((at) => this.#get(at))
    const rests =
      (halves ?? 0) > 0 && rested === halves && (answers ?? 0) > 0 && (changed ?? 0) <= SAME_ANSWER * (answers ?? 0)
    for (const at of [HALVES, RESTED, ANSWERS, CHANGED]) this.#set(at, 0)
    return rests
  }

  #answer(answer: number | undefined): void {
    if (answer === undefined) return this.#set(CHANGED, Infinity)
    if (this.#get(ANSWERS) > 0 && this.#get(ANSWER) !== answer) this.#set(CHANGED, this.#get(CHANGED) + 1)
    this.#set(ANSWER, answer)
    this.#set(ANSWERS, this.#get(ANSWERS) + 1)
  }

  #gather(vector: Float32Array, cosine: number, square: number): void {
    for (let k = 0; k < CENTRE; k++) this.#sum[k] = (this.#sum[k] ?? 0) + (vector[k] ?? 0)
    const steps = this.#get(STEPS) + 1
    this.#set(STEPS, steps)
    this.#set(COSINES, this.#get(COSINES) + cosine)
    this.#set(SQUARES, this.#get(SQUARES) + square)
    if (steps < HALF) return
    // A step is the difference of two independent points, so half its square is their variance, here in all `KEPT` numbers.
    const variance = (this.#get(SQUARES) / steps / 2) * (CENTRE / KEPT)
    let [strayed, own, hasBefore] = [0, 0, false]
    for (let k = 0; k < CENTRE; k++) {
      const centre = (this.#sum[k] ?? 0) / steps
      const before = this.#centre[k] ?? 0
      if (before !== 0) hasBefore = true
      strayed += (centre - before) ** 2
      own += centre ** 2
      this.#centre[k] = centre
    }
    const rests =
      variance <= TIGHT * own &&
      strayed <= (RESTING * 2 * variance) / steps &&
      Math.abs(this.#get(COSINES) / steps - INDEPENDENT) <= LEEWAY
    if (hasBefore) {
      this.#set(HALVES, this.#get(HALVES) + 1)
      if (rests) this.#set(RESTED, this.#get(RESTED) + 1)
    }
    for (const at of [STEPS, COSINES, SQUARES]) this.#set(at, 0)
    this.#sum.fill(0)
  }

  #get(at: number): number {
    return this.#numbers[at] ?? 0
  }
  #set(at: number, value: number): void {
    this.#numbers[at] = value
  }
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
