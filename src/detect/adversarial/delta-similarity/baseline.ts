import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { Vectors } from '../trail/vectors.ts'
import { BINS, leastGathering, sumOf } from './distances.ts'
import { shapesOf, writeOrdinary } from './ordinary.ts'
import type { Shapes } from './ordinary.ts'
import { SECTIONS, Walk } from './walk.ts'

const MOST_CLIENTS = 50_000
/** Windows of one client that are looked at. */
const CLIENT_WINDOWS = 64
/** Fewer cosines make no shape, and fewer clients no calibration. */
const [FEWEST_COSINES, FEWEST_CLIENTS] = [1_000, 10]

/**
 * Makes the fleet's shape of cosines from some clients and measures on others how far a window usually is from it. The
 * detector may also compare with a principal's own past, which only makes distances smaller: p errs to the safe side.
 */
export class DeltaSimilarityBaseline implements BaselineMaker {
  readonly #window: number
  readonly #vectors: Vectors
  readonly #rows = new KeyedRows(MOST_CLIENTS, SECTIONS)
  /** Cosines by bin of each client that is referred to. */
  readonly #referred = new Map<string, Uint32Array>()
  /** Made of them when the first client is calibrated on. */
  #made: Shapes | undefined
  readonly #observed: Observed[] = []
  readonly #windows = new Map<string, number>()
  #resting = 0

  constructor(window: number, context: DetectorContext) {
    this.#window = window
    this.#vectors = new Vectors(context.name, context.key, context.metrics)
  }

  async refer(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      const cosines = this.#full(event)
      if (!cosines) continue
      const client = event.principal ?? ''
      const sum = this.#referred.get(client) ?? new Uint32Array(BINS)
      if (this.#referred.size >= MOST_CLIENTS && !this.#referred.has(client)) continue
      for (let bin = 0; bin < BINS; bin++) sum[bin] = (sum[bin] ?? 0) + (cosines[bin] ?? 0)
      this.#referred.set(client, sum)
    }
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      const cosines = this.#full(event)
      const { all, wide } = this.#shapes()
      const value = cosines && leastGathering(cosines, [all, wide])?.excess
      if (value !== undefined) this.#observed.push({ client: event.principal ?? '', value })
    }
  }

  async freeze(): Promise<
    { readonly reference: Uint8Array; readonly notes: readonly string[] } | { readonly refused: string }
  > {
    const shapes = this.#shapes()
    const cosines = sumOf(shapes.all)
    const clients = new Set(this.#observed.map(({ client }) => client)).size
    if (cosines < FEWEST_COSINES || clients < FEWEST_CLIENTS)
      return {
        refused:
          `delta-similarity needs ${FEWEST_COSINES} steps between vectors to refer to and ${FEWEST_CLIENTS} other principals ` +
          `with ${this.#window + 2} requests each, and found ${cosines} and ${clients}: give it more events with feature vectors`,
      }
    const calibration = Calibration.fit(this.#observed)
    const notes = [`${cosines} steps to refer to; ${clients} principals to calibrate on`]
    if (this.#resting > 0) notes.push(`${this.#resting} windows of scenes at rest were left out`)
    return { reference: writeOrdinary(this.#window, shapes, calibration), notes }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #shapes(): Shapes {
    this.#made ??= shapesOf([...this.#referred.values()])
    return this.#made
  }

  /** The cosines of the window that this event fills. */
  #full(event: Event): Uint8Array | undefined {
    if (!isModelRequest(event) || !event.inference.features) return undefined
    const { features, label, output } = event.inference
    const vector = this.#vectors.project(features)
    if (!vector) return undefined
    const walk = new Walk(this.#rows.use(`${features.length}/${event.principal}`), () => undefined)
    if (!walk.enter(event, vector, this.#vectors.answer(label ?? output)) || sumOf(walk.cosines) < this.#window)
      return undefined
    const cosines = walk.cosines.slice()
    const rests = walk.trail.rests()
    walk.close()
    const windows = (this.#windows.get(event.principal) ?? 0) + 1
    this.#windows.set(event.principal, windows)
    if (rests) this.#resting++
    return rests || windows > CLIENT_WINDOWS ? undefined : cosines
  }
}
