import type { Counter, Metrics } from '../../../contract/plugin.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { FEWEST_DIMENSIONS, MOST_DIMENSIONS, Projection } from './projection.ts'

/** Characters of an answer, a label or an output, that tell answers apart: a class is short. */
const MOST_ANSWER = 64

/** Looks at the vectors of events, and counts by reason those that are passed over. */
export class Vectors {
  readonly #name: string
  readonly #projection: Projection
  readonly #hash: KeyedHash
  readonly #skipped: Counter

  constructor(name: string, salt: Uint8Array, metrics: Metrics) {
    this.#name = name
    this.#projection = new Projection(salt)
    this.#hash = new KeyedHash(salt)
    const help = 'Requests that a detector passed over, by reason'
    this.#skipped = metrics.counter('modelward_detector_skipped_total', help, ['component_id', 'reason'])
  }

  /** The projection; undefined for a vector that cannot be looked at, which is counted. */
  project(vector: Float32Array): Float32Array | undefined {
    if (vector.length < FEWEST_DIMENSIONS) return this.skip('vector_too_short')
    if (vector.length > MOST_DIMENSIONS) return this.skip('vector_too_long')
    return this.#projection.of(vector) ?? this.skip('vector_not_finite')
  }

  /** A salted number that stands for the answer; equal answers, equal numbers. */
  answer(given: string | undefined): number | undefined {
    return given === undefined ? undefined : this.#hash.of(given.slice(0, MOST_ANSWER))
  }

  skip(reason: string): undefined {
    this.#skipped.add(1, { component_id: this.#name, reason })
  }
}
