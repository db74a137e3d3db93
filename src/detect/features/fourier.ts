import type { FourierPlan, Kernels } from '../../contract/compute.ts'
import type { Event, Inference } from '../../contract/event.ts'
import { transformRow } from '../compute/plan/fourier.ts'
import { columnsOf, featuresOf } from './features.ts'
import type { Featureless, FeatureSpec } from './features.ts'

/** Random Fourier features of a request. */
export const FOURIER_FEATURES = 2_048
/** What 1 becomes: features are whole numbers in -127…127, so that sums over windows are exact in any order. */
export const FOURIER_SCALE = 127
/**
 * Bandwidths of the kernels, in median distances between requests: of the 0.5, 1, 2 and 4 of arXiv 2606.05725 those that
 * tell most apart. At 0.5 all requests are about equally far from each other, and 4 adds nothing to 2.
 */
const BANDWIDTHS = [1, 2] as const
/** Requests that go to the device at once: 512 KiB of features, which a core's cache holds. */
const AT_ONCE = 64

/** What a reference says of how requests become Fourier features. */
export interface FourierSpec {
  readonly features: FeatureSpec
  /** The median distance between the feature vectors of two ordinary requests. */
  readonly bandwidth: number
  readonly seed: number
}

/** Requests as quantised random Fourier features, in batches on a device or one at a time. */
export class FourierFeatures {
  readonly spec: FeatureSpec
  readonly #kernels: Kernels
  readonly #plan: FourierPlan
  readonly #prepared = new WeakMap<Inference, Int8Array>()
  readonly #alone = new Float32Array(FOURIER_FEATURES)

  constructor(kernels: Kernels, { features, bandwidth, seed }: FourierSpec) {
    this.spec = features
    this.#kernels = kernels
    this.#plan = {
      columns: columnsOf(features),
      features: FOURIER_FEATURES,
      bandwidths: BANDWIDTHS.map((share) => share * bandwidth),
      seed,
    }
  }

  /** Looks at the events on the device; those without a feature vector are passed over. */
  async prepare(events: readonly Event[]): Promise<void> {
    for (let from = 0; from < events.length; from += AT_ONCE) {
      const rows: { readonly inference: Inference; readonly values: Float32Array }[] = []
      for (const event of events.slice(from, from + AT_ONCE)) {
        const { inference } = event
        if (!inference || this.#prepared.has(inference)) continue
        const values = featuresOf(event, this.spec)
        if (typeof values !== 'string') rows.push({ inference, values })
      }
      if (rows.length === 0) continue
      const { columns } = this.#plan
      const values = new Float32Array(rows.length * columns)
      for (const [row, { values: given }] of rows.entries()) values.set(given, row * columns)
      const made = await this.#kernels.rff({ rows: rows.length, columns, values }, this.#plan)
      const whole = quantised(made.values)
      for (const [row, { inference }] of rows.entries())
        this.#prepared.set(inference, whole.subarray(row * FOURIER_FEATURES, (row + 1) * FOURIER_FEATURES))
    }
  }

  /** The request's features, or why it has none. Not prepared: 50 µs on the spot, and the same on `ref` and `wasm`. */
  of(event: Event): Int8Array | Featureless {
    const known = event.inference && this.#prepared.get(event.inference)
    if (known) return known
    const values = featuresOf(event, this.spec)
    return typeof values === 'string' ? values : this.ofVector(values)
  }

  /** The same for a feature vector that is at hand. */
  ofVector(values: Float32Array): Int8Array {
    transformRow(this.#plan, values, this.#alone)
    return quantised(this.#alone)
  }
}

function quantised(values: Float32Array): Int8Array {
  const whole = new Int8Array(values.length)
  // Adding 128 first makes the number positive, where cutting off the fraction rounds down.
  for (let i = 0; i < values.length; i++) whole[i] = (((values[i] ?? 0) * FOURIER_SCALE + 128.5) | 0) - 128
  return whole
}
