import type { StateChange } from '../../../contract/detect.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'
import { SingleRow } from '../../state/single-row.ts'
import { BINS, leastGathering, scatterOf, sumOf } from './distances.ts'

export const KIND = 'delta-similarity'
const VERSION = 2

/** How the cosines of a fleet lie while nothing is wrong, and how far a principal's window usually is from that. */
export interface Ordinary {
  /** Counts or shares by bin: of all, and of kinds of principals. A window counts as of the kind that it is most like. */
  readonly shapes: readonly ArrayLike<number>[]
  readonly calibration: Calibration
}

/** Cosines whose variance is so many times the fleet's are of the wide kind. */
const WIDE = 1.6

/** Of all principals, and of those whose cosines scatter widely. */
export interface Shapes {
  readonly all: Float64Array
  readonly wide: Float64Array
}

/**
 * Principals who send one kind of input that differs in few ways (the digit 1, a gauge) step in few directions, so that
 * their cosines scatter from -1 to beyond 0. They are too few to shape the tail of all: without a shape of their own one in
 * two hundred of the principals with one class of digits had a p of 0.0005, with it none (E3).
 */
export function shapesOf(principals: readonly ArrayLike<number>[]): Shapes {
  const all = together(principals)
  return { all, wide: together(principals.filter((counts) => isWide(counts, all))) }
}

function isWide(counts: ArrayLike<number>, all: Float64Array): boolean {
  return scatterOf(counts) >= WIDE * scatterOf(all)
}

function together(counts: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(BINS)
  for (const each of counts) for (let bin = 0; bin < BINS; bin++) sum[bin] = (sum[bin] ?? 0) + (each[bin] ?? 0)
  return sum
}

export function writeOrdinary(window: number, { all, wide }: Shapes, calibration: Calibration): Uint8Array {
  return writeReference(KIND, VERSION, { window, calibration: calibration.toJSON() }, { all, wide })
}

/** Throws RefusedError for bytes that are no such reference; undefined when it was made for windows of another size. */
export function readOrdinary(bytes: Uint8Array, window: number): Ordinary | undefined {
  const reference = readReference(bytes, KIND, VERSION)
  const { header } = reference
  const isHeader = typeof header === 'object' && header !== null && 'window' in header && 'calibration' in header
  if (!isHeader || header.window !== window) return undefined
  const shapes = ['all', 'wide'].map((name) => arrayOf(reference, name, 'f64', BINS))
  return { shapes, calibration: Calibration.from(header.calibration) }
}

/** Cosines that make a shape, some 60 windows; and those from which on it is known who scatters widely. */
const [SHAPE_COSINES, HINT_COSINES] = [4_000, 1_000]
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
 * the attack, the more so what is wide, which few teach; each principal's share is at most four windows.
 */
export class Learned {
  readonly #shape = new SingleRow('shape.1', BINS)
  readonly #wide = new SingleRow('wide.1', BINS)
  /** Their number, then pairs of a principal's hash and a distance. */
  readonly #distances = new SingleRow('distances.1', 1 + 2 * MOST_DISTANCES)
  #known: { readonly count: number; readonly calibration: Calibration | undefined } | undefined

  /** `client`: a salted whole number. */
  learn(client: number, cosines: Uint8Array): void {
    const count = this.#distances.numbers[0] ?? 0
    if (client % 2 === 0) {
      const shape = this.#shape.numbers
      const isKnown = sumOf(shape) >= HINT_COSINES && count < MOST_DISTANCES
      if (isKnown && isWide(cosines, shape)) teach(this.#wide, cosines)
      return teach(this.#shape, cosines)
    }
    const distance = leastGathering(cosines, this.#shapes)?.excess
    if (!this.#hasShape() || count >= MOST_DISTANCES || distance === undefined) return
    this.#distances.numbers.set([client, distance], 1 + 2 * count)
    this.#distances.numbers[0] = count + 1
    this.#distances.touch()
  }

  get ordinary(): Ordinary | undefined {
    const calibration = this.#calibration()
    return calibration && { shapes: this.#shapes, calibration }
  }

  /** 0 to 1. */
  get progress(): number {
    const distances = (this.#distances.numbers[0] ?? 0) / (4 * REFRESH)
    return Math.min(1, sumOf(this.#shape.numbers) / SHAPE_COSINES) / 2 + Math.min(0.99, distances) / 2
  }

  changes(): StateChange[] {
    return [...this.#shape.changes(), ...this.#wide.changes(), ...this.#distances.changes()]
  }
  clear(): void {
    this.#shape.clear()
    this.#wide.clear()
    this.#distances.clear()
    this.#known = undefined
  }
  restore(change: StateChange): boolean {
    return [this.#shape, this.#wide, this.#distances].some((row) => row.restore(change))
  }

  get #shapes(): readonly Float64Array[] {
    return [this.#shape.numbers, this.#wide.numbers]
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

/** Adds to a shape until it is full. */
function teach(shape: SingleRow, cosines: Uint8Array): void {
  const { numbers } = shape
  if (sumOf(numbers) >= SHAPE_COSINES) return
  for (let bin = 0; bin < BINS; bin++) numbers[bin] = (numbers[bin] ?? 0) + (cosines[bin] ?? 0)
  shape.touch()
}
