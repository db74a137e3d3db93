import type { FourierPlan, Kernels } from '../../contract/compute.ts'
import type { Event, Inference } from '../../contract/event.ts'
import { FEATURE_SCALE, transformRow } from '../compute/plan/fourier.ts'
import { columnsOf, featuresOf, writeFeatures } from './features.ts'
import type { Featureless, FeatureSpec } from './features.ts'

/** Random Fourier features of a request. */
export const FOURIER_FEATURES = 2_048
/** What 1 becomes: features are whole numbers in -127…127, so that sums over windows are exact in any order. */
export const FOURIER_SCALE = FEATURE_SCALE
/**
 * Bandwidths of the kernels, in median distances between requests: of the 0.5, 1, 2 and 4 of arXiv 2606.05725 those that
 * tell most apart. At 0.5 all requests are about equally far from each other, and 4 adds nothing to 2.
 */
const BANDWIDTHS = [1, 2] as const
/** Requests that go to the device at once, enough for its threads: 2 MiB of inputs and 2 MiB of features. */
const AT_ONCE = 1_024
/** Places of `AT_ONCE` requests that are kept from one batch to the next: 8 MiB. */
const MOST_KEPT = 4

/** What a reference says of how requests become Fourier features. */
export interface FourierSpec {
  readonly features: FeatureSpec
  /** The median distance between the feature vectors of two ordinary requests. */
  readonly bandwidth: number
  readonly seed: number
}

/** Room for the features of `AT_ONCE` requests, and each of them. */
interface Place {
  readonly all: Int8Array
  readonly rows: readonly Int8Array[]
}

/**
 * Requests as random Fourier features in whole numbers, in batches on a device or one at a time. The batch that was prepared last
 * is held, in memory that the next one takes over: new memory for every request costs more than its sums.
 */
export class FourierFeatures {
  readonly spec: FeatureSpec
  readonly #kernels: Kernels
  readonly #plan: FourierPlan
  readonly #prepared = new Map<Inference, Int8Array | Featureless>()
  readonly #inputs: Float32Array
  readonly #places: Place[] = []

  constructor(kernels: Kernels, { features, bandwidth, seed }: FourierSpec) {
    this.spec = features
    this.#kernels = kernels
    this.#plan = {
      columns: columnsOf(features),
      features: FOURIER_FEATURES,
      bandwidths: BANDWIDTHS.map((share) => share * bandwidth),
      seed,
    }
    this.#inputs = new Float32Array(AT_ONCE * this.#plan.columns)
  }

  /** Looks at the events on the device, one batch after the other; what `of` gave for the batch before is overwritten. */
  async prepare(events: readonly Event[]): Promise<void> {
    this.#prepared.clear()
    if (this.#places.length > MOST_KEPT) this.#places.length = MOST_KEPT
    let used = 0
    let waiting: Inference[] = []
    for (const { inference } of events) {
      if (!inference || this.#prepared.has(inference)) continue
      const missing = writeFeatures(inference, this.spec, this.#inputs, waiting.length * this.#plan.columns)
      if (missing) {
        this.#prepared.set(inference, missing)
        continue
      }
      waiting.push(inference)
      if (waiting.length < AT_ONCE) continue
      await this.#transform(waiting, used++)
      waiting = []
    }
    if (waiting.length > 0) await this.#transform(waiting, used)
  }

  /**
   * The request's features, valid until the next `prepare`, or why it has none. Not prepared: 50 µs on the spot, and the
   * same on `ref` and `wasm`.
   */
  of(event: Event): Int8Array | Featureless {
    const known = event.inference && this.#prepared.get(event.inference)
    if (known) return known
    const values = featuresOf(event, this.spec)
    return typeof values === 'string' ? values : this.ofVector(values)
  }

  /** The same for a feature vector that is at hand. */
  ofVector(values: Float32Array): Int8Array {
    const features = new Int8Array(FOURIER_FEATURES)
    transformRow(this.#plan, values, features)
    return features
  }

  /** The first rows of the inputs are these requests'; the device writes where their features are kept. */
  async #transform(requests: readonly Inference[], at: number): Promise<void> {
    const { columns } = this.#plan
    const inputs = { rows: requests.length, columns, values: this.#inputs.subarray(0, requests.length * columns) }
    const place = (this.#places[at] ??= placed())
    await this.#kernels.rff(inputs, this.#plan, place.all.subarray(0, requests.length * FOURIER_FEATURES))
    for (const [row, request] of requests.entries()) {
      const features = place.rows[row]
      if (features) this.#prepared.set(request, features)
    }
  }
}

function placed(): Place {
  const all = new Int8Array(AT_ONCE * FOURIER_FEATURES)
  const at = (row: number): number => row * FOURIER_FEATURES
  return { all, rows: Array.from({ length: AT_ONCE }, (_, row) => all.subarray(at(row), at(row + 1))) }
}
