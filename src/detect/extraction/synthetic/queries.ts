import type { Counter } from '../../../contract/plugin.ts'
import type { DetectorContext } from '../../../contract/detect.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { MOST_DIMENSIONS, Projection } from '../../adversarial/trail/projection.ts'
import type { ModelRequest } from '../../request/model-request.ts'

/** A query as far as it is looked at. */
export interface Query {
  /** A projection; its first 64 numbers count. */
  readonly vector: Float32Array
  /** A salted number that stands for the class that was answered; queries without one are of one class. */
  readonly label: number
  /** A salted number that equal vectors have in common. */
  readonly identity: number
}

/** Vectors whose numbers sum up to more, sign aside, are none: squares would leave the numbers. */
const LARGEST = 1e30

/** Turns requests into queries, and counts by reason those that cannot be. */
export class Queries {
  readonly #name: string
  readonly #projection: Projection
  readonly #hash: KeyedHash
  readonly #skipped: Counter

  constructor({ name, key, metrics }: DetectorContext) {
    this.#name = name
    this.#projection = new Projection(key)
    this.#hash = new KeyedHash(key)
    const help = 'Requests that a detector passed over, by reason'
    this.#skipped = metrics.counter('modelward_detector_skipped_total', help, ['component_id', 'reason'])
  }

  /** The request's vector. Undefined where there is none, or one that cannot be looked at, which is counted. */
  vectorOf({ inference }: ModelRequest, columns: number | undefined): Float32Array | undefined {
    const { features } = inference
    if (!features || features.length === 0) return undefined
    if (features.length > MOST_DIMENSIONS) return this.#skip('vector_too_long')
    if (columns !== undefined && features.length !== columns) return this.#skip('other_columns')
    let sum = 0
    for (let i = 0; i < features.length; i++) sum += Math.abs(features[i] ?? 0)
    return sum < LARGEST ? features : this.#skip('vector_not_finite')
  }

  of(features: Float32Array, label: string | undefined): Query | undefined {
    const vector = this.#projection.of(features)
    if (!vector) return this.#skip('vector_not_finite')
    const identity = this.#hash.of(String.fromCharCode(...new Uint16Array(vector.buffer)))
    return { vector, label: this.#hash.of(label ?? ''), identity }
  }

  #skip(reason: string): undefined {
    this.#skipped.add(1, { component_id: this.#name, reason })
  }
}
