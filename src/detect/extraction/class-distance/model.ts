import { z } from 'zod'
import type { Kernels } from '../../../contract/compute.ts'
import type { Event, Inference } from '../../../contract/event.ts'
import { RefusedError } from '../../../runtime/errors.ts'
import { KEPT } from '../../adversarial/trail/projection.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { arrayOf, readReference, writeReference } from '../../reference/reference.ts'
import { anchorDistance, ANCHORS } from './anchors.ts'
import type { Anchors } from './anchors.ts'
import { SIZES } from './frechet.ts'
import type { ClassOf } from './frechet.ts'
import { COORDINATES, Space } from './space.ts'
import type { SpaceSpec } from './space.ts'
import { directionsOf, foldedColumns, Subspace } from './subspace.ts'
import type { SubspaceSpec } from './subspace.ts'

export const KIND = 'class-distance'
const VERSION = 1

/** What is known of a class. */
export interface Known extends ClassOf, Anchors {
  /** Mean and standard deviation of how far benign queries are outside of the benign directions. */
  readonly outside: { readonly mean: number; readonly deviation: number }
}

/** What benign queries are like, class by class; the first is of all classes together, for labels that are none of them. */
export interface Model {
  readonly space: SpaceSpec
  readonly subspace: SubspaceSpec
  /** Of all but the first. */
  readonly labels: readonly string[]
  readonly classes: readonly Known[]
}

/** What `modelward baseline` froze. */
export interface Frozen extends Model {
  /** Of the excess of Fréchet's distance, by window. */
  readonly excess: Calibration
  /** Of the queries in fifty that are far from their class's anchors. */
  readonly far: Calibration
  /** Of the mean over a window of how far queries are outside of the benign directions. */
  readonly outside: Calibration
}

/** A query as it is looked at. */
export interface Placed {
  /** Which class. */
  readonly place: number
  readonly coordinates: Int8Array
  /** From the nearest anchor of the class, in limits. */
  readonly distance: number
  /** Outside of the benign directions, in standard deviations of the class from its mean. */
  readonly outside: number
}

/** Queries that go to the device at once: half a megabyte. */
const AT_ONCE = 256
/** Standard deviations that one query may add: none outweighs a window alone. */
const FARTHEST = 30

/** Places queries among the classes of a model. */
export class Placing {
  readonly model: Model
  readonly space: Space
  readonly #places: ReadonlyMap<string, number>
  readonly #subspace: Subspace
  readonly #prepared = new WeakMap<Inference, number>()

  constructor(model: Model) {
    this.model = model
    this.space = new Space(model.space)
    this.#subspace = new Subspace(model.subspace)
    this.#places = new Map(model.labels.map((label, i) => [label, i + 1]))
  }

  /** Has the device see what is outside of the benign directions. */
  async prepare(events: readonly Event[], kernels: Kernels): Promise<void> {
    const usable = events.flatMap(({ inference }) =>
      inference?.features?.length === this.space.columns ? [{ inference, features: inference.features }] : [],
    )
    const { fold, layers } = this.#subspace
    for (let from = 0; from < usable.length; from += AT_ONCE) {
      const some = usable.slice(from, from + AT_ONCE).filter(({ features }) => features.every(Number.isFinite))
      if (some.length === 0) continue
      const values = new Float32Array(some.length * fold.width)
      for (const [row, { features }] of some.entries()) values.set(fold.of(features), row * fold.width)
      if (!values.every(Number.isFinite)) continue
      const squares = await kernels.mlpScore({ rows: some.length, columns: fold.width, values }, layers)
      for (const [row, { inference }] of some.entries()) this.#prepared.set(inference, squares[row] ?? 0)
    }
  }

  /** Undefined for a vector that is not finite. Its length must be the space's. */
  of(inference: Inference, features: Float32Array): Placed | undefined {
    const coordinates = this.space.of(features)
    if (!coordinates) return undefined
    const place = this.#places.get(inference.label ?? '') ?? 0
    const found = this.model.classes[place]
    if (!found) return undefined
    const distance = anchorDistance(found.rows, this.space.measured(coordinates)) / found.limit
    const squared = this.#prepared.get(inference) ?? this.#subspace.outside(this.#subspace.fold.of(features))
    const outside = (Math.sqrt(squared) - found.outside.mean) / found.outside.deviation
    const held = Number.isFinite(outside) ? Math.max(-FARTHEST, Math.min(FARTHEST, outside)) : FARTHEST
    return { place, coordinates, distance, outside: held }
  }
}

const Head = z.object({
  seed: z.int(),
  columns: z.int().min(1),
  leftOver: z.number(),
  labels: z.array(z.string()),
  excess: z.unknown(),
  far: z.unknown(),
  outside: z.unknown(),
})

export function freeze({ space, subspace, labels, classes, excess, far, outside }: Frozen): Uint8Array {
  const { seed, columns, leftOver, mean, components, deviations } = space
  const head = {
    seed,
    columns,
    leftOver,
    labels,
    excess: excess.toJSON(),
    far: far.toJSON(),
    outside: outside.toJSON(),
  }
  const joined = (of: (each: Known) => ArrayLike<number>): Float32Array =>
    Float32Array.from(classes.flatMap((each) => Array.from(of(each))))
  return writeReference(KIND, VERSION, head, {
    mean,
    components,
    deviations,
    means: joined((each) => each.mean),
    covariances: joined((each) => each.covariance),
    usual: joined((each) => each.usual),
    anchors: joined((each) => each.rows),
    limits: joined((each) => [each.limit]),
    outside: joined((each) => [each.outside.mean, each.outside.deviation]),
    centre: subspace.centre,
    directions: subspace.directions,
  })
}

/** Throws RefusedError for what `freeze` did not make. */
export function thaw(bytes: Uint8Array): Frozen {
  const reference = readReference(bytes, KIND, VERSION)
  const head = Head.safeParse(reference.header)
  if (!head.success)
    throw new RefusedError('the reference is damaged (its head): make it again with modelward baseline')
  const { seed, columns, leftOver, labels } = head.data
  const count = labels.length + 1
  const array = (name: string, each: number, times = count): Float32Array =>
    arrayOf(reference, name, 'f32', each * times)
  const [means, covariances] = [array('means', COORDINATES), array('covariances', COORDINATES ** 2)]
  const [usual, anchors] = [array('usual', SIZES.length), array('anchors', ANCHORS * COORDINATES)]
  const [limits, outside] = [array('limits', 1), array('outside', 2)]
  const width = foldedColumns(columns)
  const part = (all: Float32Array, i: number): Float32Array =>
    all.subarray((i * all.length) / count, ((i + 1) * all.length) / count)
  return {
    space: {
      seed,
      columns,
      leftOver,
      mean: array('mean', KEPT, 1),
      components: array('components', KEPT * (COORDINATES - 1), 1),
      deviations: array('deviations', COORDINATES, 1),
    },
    subspace: {
      seed,
      columns,
      centre: array('centre', width, 1),
      directions: array('directions', width * directionsOf(columns), 1),
    },
    labels,
    classes: Array.from({ length: count }, (_, i) => {
      const covariance = Float64Array.from(part(covariances, i))
      return {
        mean: Float64Array.from(part(means, i)),
        covariance,
        trace: traceOf(covariance),
        usual: Float64Array.from(part(usual, i)),
        rows: part(anchors, i),
        limit: limits[i] ?? 0,
        outside: { mean: outside[2 * i] ?? 0, deviation: outside[2 * i + 1] ?? 0 },
      }
    }),
    excess: Calibration.from(head.data.excess),
    far: Calibration.from(head.data.far),
    outside: Calibration.from(head.data.outside),
  }
}

export function traceOf(matrix: Float64Array): number {
  let sum = 0
  for (let k = 0; k < COORDINATES; k++) sum += matrix[k * COORDINATES + k] ?? 0
  return sum
}
