import type { Held, Kernels } from '../../../contract/compute.ts'
import type { DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Vectors } from '../../adversarial/trail/vectors.ts'
import { isModelRequest, type ModelRequest } from '../../request/model-request.ts'
import type { Distances } from './cloud.ts'
import type { Frozen } from './frozen.ts'
import { certaintyOf } from './signals.ts'

const NO_DISTANCES = [undefined, undefined, undefined] as const

/** All signals of a request; those of its vector are worked out for a whole batch on the device. */
export class Measurer implements AsyncDisposable {
  readonly frozen: Frozen
  readonly #compute: Kernels
  readonly #vectors: Vectors
  readonly #held: Held | undefined
  readonly #prepared = new WeakMap<Event, Distances>()

  private constructor(frozen: Frozen, compute: Kernels, vectors: Vectors, held: Held | undefined) {
    this.frozen = frozen
    this.#compute = compute
    this.#vectors = vectors
    this.#held = held
  }

  static async open(frozen: Frozen, context: DetectorContext): Promise<Measurer> {
    const vectors = new Vectors(context.name, frozen.salt, context.metrics)
    const held = frozen.cloud && (await context.compute.hold(frozen.cloud.bank))
    return new Measurer(frozen, context.compute, vectors, held)
  }

  async prepare(events: readonly Event[]): Promise<void> {
    const { cloud } = this.frozen
    if (!cloud || !this.#held) return
    const [owners, rows]: [Event[], Float32Array[]] = [[], []]
    for (const event of events) {
      const row = isModelRequest(event) ? this.#rowOf(event) : undefined
      if (!row) continue
      owners.push(event)
      rows.push(row)
    }
    const distances = await cloud.distances(rows, this.#compute, this.#held)
    for (const [i, event] of owners.entries()) this.#prepared.set(event, distances[i] ?? [0, 0, 0])
  }

  of(event: ModelRequest): readonly (number | undefined)[] {
    return [...certaintyOf(event.inference), ...this.#distancesOf(event)]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]()
  }

  #distancesOf(event: ModelRequest): readonly (number | undefined)[] {
    const prepared = this.#prepared.get(event)
    if (prepared) return prepared
    const { cloud } = this.frozen
    const row = cloud ? this.#rowOf(event) : undefined
    return cloud && row ? cloud.distancesOf(row) : NO_DISTANCES
  }

  /** The vector as the reference sees it; one of another length than its own is counted and passed over. */
  #rowOf({ inference }: ModelRequest): Float32Array | undefined {
    const { features } = inference
    if (features === undefined) return undefined
    if (features.length !== this.frozen.length) return this.#vectors.skip('vector_of_another_length')
    return this.#vectors.project(features)
  }
}
