import type { StateChange } from '../../../contract/detect.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'
import { SingleRow } from '../../state/single-row.ts'
import { BINS, gathering, sumOf } from './distances.ts'

export const KIND = 'delta-similarity'
const VERSION = 1

/** How the cosines of a fleet lie while nothing is wrong, and how far a principal's window usually is from that. */
export interface Ordinary {
  /** Counts or shares by bin. */
  readonly shape: ArrayLike<number>
  readonly calibration: Calibration
}

export function writeOrdinary(window: number, shape: Float64Array, calibration: Calibration): Uint8Array {
  return writeReference(KIND, VERSION, { window, calibration: calibration.toJSON() }, { shape })
}

/** Throws RefusedError for bytes that are no such reference; undefined when it was made for windows of another size. */
export function readOrdinary(bytes: Uint8Array, window: number): Ordinary | undefined {
  const reference = readReference(bytes, KIND, VERSION)
  const { header } = reference
  const isHeader = typeof header === 'object' && header !== null && 'window' in header && 'calibration' in header
  if (!isHeader || header.window !== window) return undefined
  return { shape: arrayOf(reference, 'shape', 'f64', BINS), calibration: Calibration.from(header.calibration) }
}

/** Cosines that make a shape: some 60 windows. */
const SHAPE_COSINES = 4_000
/** Distances remembered; what comes later teaches nothing more. */
const MOST_DISTANCES = 1_024
/** Distances are taken into the calibration so many at a time. */
const REFRESH = 16
/** Principals that must have been measured before others are judged by them. */
const FEWEST_TO_JUDGE = 20
/** Windows that one principal teaches. */
export const TEACHING_WINDOWS = 4

/**
 * The same, learned from the quiet windows of a fleet without a reference. Half of the principals, by a salted hash, teach
 * the shape, the other half how far a principal outside of it usually is: so no principal is compared with itself. It
 * learns until 1,024 distances are known and then stays as it is. A fleet that is under attack from its first hour teaches
 * the attack; each principal's share is at most four windows.
 */
export class Learned {
  readonly #shape = new SingleRow('shape.1', BINS)
  /** Their number, then pairs of a principal's hash and a distance. */
  readonly #distances = new SingleRow('distances.1', 1 + 2 * MOST_DISTANCES)
  #known: { readonly count: number; readonly calibration: Calibration | undefined } | undefined

  /** `client`: a salted whole number. */
  learn(client: number, cosines: Uint8Array): void {
    const shape = this.#shape.numbers
    if (client % 2 === 0) {
      if (sumOf(shape) >= SHAPE_COSINES) return
      for (let bin = 0; bin < BINS; bin++) shape[bin] = (shape[bin] ?? 0) + (cosines[bin] ?? 0)
      this.#shape.touch()
      return
    }
    const count = this.#distances.numbers[0] ?? 0
    const distance = gathering(cosines, shape)?.excess
    if (!this.#hasShape() || count >= MOST_DISTANCES || distance === undefined) return
    this.#distances.numbers.set([client, distance], 1 + 2 * count)
    this.#distances.numbers[0] = count + 1
    this.#distances.touch()
  }

  get ordinary(): Ordinary | undefined {
    const calibration = this.#calibration()
    return calibration && { shape: this.#shape.numbers, calibration }
  }

  /** 0 to 1. */
  get progress(): number {
    const distances = (this.#distances.numbers[0] ?? 0) / (4 * REFRESH)
    return Math.min(1, sumOf(this.#shape.numbers) / SHAPE_COSINES) / 2 + Math.min(0.99, distances) / 2
  }

  changes(): StateChange[] {
    return [...this.#shape.changes(), ...this.#distances.changes()]
  }
  clear(): void {
    this.#shape.clear()
    this.#distances.clear()
    this.#known = undefined
  }
  restore(change: StateChange): boolean {
    return this.#shape.restore(change) || this.#distances.restore(change)
  }

  #hasShape(): boolean {
    return sumOf(this.#shape.numbers) >= SHAPE_COSINES
  }

  /** A function of what is stored alone: of the first so many distances, a multiple of `REFRESH`. */
  #calibration(): Calibration | undefined {
    const { numbers } = this.#distances
    const count = Math.floor((numbers[0] ?? 0) / REFRESH) * REFRESH
    if (this.#known?.count === count) return this.#known.calibration
    const observed: Observed[] = []
    for (let i = 0; i < count; i++)
      observed.push({ client: String(numbers[1 + 2 * i]), value: numbers[2 + 2 * i] ?? 0 })
    const clients = new Set(observed.map(({ client }) => client)).size
    const calibration = clients < FEWEST_TO_JUDGE ? undefined : Calibration.fit(observed)
    this.#known = { count, calibration }
    return calibration
  }
}
