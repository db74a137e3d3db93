import { z } from 'zod'
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

export const KIND = 'class-distance'
const VERSION = 1

/** What benign queries are like, class by class; the first is of all classes together, for labels that are none of them. */
export interface Model {
  readonly space: SpaceSpec
  /** Of all but the first. */
  readonly labels: readonly string[]
  readonly classes: readonly (ClassOf & Anchors)[]
}

/** What `modelward baseline` froze. */
export interface Frozen extends Model {
  /** Of the excess of Fréchet's distance, by window. */
  readonly excess: Calibration
  /** Of the queries in fifty that are far from their class's anchors. */
  readonly far: Calibration
}

/** A query as it is kept: which class, its quantised coordinates, and how far from the anchors it is, in limits. */
export interface Placed {
  readonly place: number
  readonly coordinates: Int8Array
  readonly distance: number
}

/** Places queries among the classes of a model. */
export class Placing {
  readonly model: Model
  readonly space: Space
  readonly #places: ReadonlyMap<string, number>

  constructor(model: Model) {
    this.model = model
    this.space = new Space(model.space)
    this.#places = new Map(model.labels.map((label, i) => [label, i + 1]))
  }

  /** Undefined for a vector that is not finite. */
  of(features: Float32Array, label: string | undefined): Placed | undefined {
    const coordinates = this.space.of(features)
    if (!coordinates) return undefined
    const place = this.#places.get(label ?? '') ?? 0
    const found = this.model.classes[place]
    if (!found) return undefined
    const distance = anchorDistance(found.rows, this.space.measured(coordinates)) / found.limit
    return { place, coordinates, distance }
  }
}

const Head = z.object({
  seed: z.int(),
  columns: z.int().min(1),
  leftOver: z.number(),
  labels: z.array(z.string()),
  excess: z.unknown(),
  far: z.unknown(),
})

export function freeze({ space, labels, classes, excess, far }: Frozen): Uint8Array {
  const { seed, columns, leftOver, mean, components, deviations } = space
  const head = { seed, columns, leftOver, labels, excess: excess.toJSON(), far: far.toJSON() }
  const joined = (of: (each: ClassOf & Anchors) => ArrayLike<number>): Float32Array =>
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
  const limits = array('limits', 1)
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
      }
    }),
    excess: Calibration.from(head.data.excess),
    far: Calibration.from(head.data.far),
  }
}

export function traceOf(matrix: Float64Array): number {
  let sum = 0
  for (let k = 0; k < COORDINATES; k++) sum += matrix[k * COORDINATES + k] ?? 0
  return sum
}
