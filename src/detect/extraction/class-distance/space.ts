import { KEPT, Projection } from '../../adversarial/trail/projection.ts'
import { symmetricEigen } from './eigen.ts'
import { products } from './products.ts'

/** Numbers of a query: principal components, and the length of what they leave over. */
export const COORDINATES = 64
/** Quantised coordinates: so many steps to a standard deviation, 127 at most. */
const STEPS = 8
/** Components with less than this share of the mean variance are measured as if they had it. */
const LEAST_VARIANCE = 1e-3
/**
 * How far components are brought to one scale: 0 leaves their variances as they are, 1 makes all equal. In between, what
 * natural inputs hardly use counts without drowning the rest.
 */
const EVENED = 0.5

/** How vectors become coordinates; part of the reference. */
export interface SpaceSpec {
  /** Of the random projection. Whoever knows it could make queries that it does not see; so it is drawn at random. */
  readonly seed: number
  /** Numbers in a vector of the telemetry. */
  readonly columns: number
  readonly mean: Float32Array
  /** `COORDINATES - 1` rows of `KEPT`; rows of zeros where there are fewer. */
  readonly components: Float32Array
  /** Standard deviation of each coordinate, and the mean of the last, which is a length. */
  readonly deviations: Float32Array
  readonly leftOver: number
}

/**
 * Vectors as 64 numbers: a salted random projection to 128 (which also takes the mean off), of which 63 principal
 * components of the benign queries and the length of what those leave over. Natural inputs lie near the components; what is
 * left over of noise and of steps in random directions is much more. 5 µs + 8 µs for 784 numbers.
 */
export class Space {
  readonly columns: number
  readonly #spec: SpaceSpec
  readonly #projection: Projection
  /** What one quantised step of a coordinate is in the space that distances are measured in. */
  readonly #units: Float32Array

  constructor(spec: SpaceSpec) {
    this.#spec = spec
    this.columns = spec.columns
    this.#projection = projectionOf(spec.seed)
    this.#units = spec.deviations.map((deviation) => deviation ** (1 - EVENED) / STEPS)
  }

  /** Quantised coordinates; undefined for a vector that is not finite. */
  of(vector: Float32Array): Int8Array | undefined {
    const projected = this.#projection.of(vector)
    return projected && this.ofProjected(projected)
  }

  ofProjected(projected: Float32Array): Int8Array {
    const { deviations } = this.#spec
    const raw = coordinatesOf(projected, this.#spec)
    const quantised = new Int8Array(COORDINATES)
    for (let k = 0; k < COORDINATES; k++) {
      const steps = ((raw[k] ?? 0) / (deviations[k] ?? 1)) * STEPS
      quantised[k] = Math.max(-127, Math.min(127, Math.round(steps)))
    }
    return quantised
  }

  /** Coordinates as distances are measured: `COORDINATES` numbers. */
  measured(quantised: Int8Array): Float64Array {
    return Float64Array.from(quantised, (steps, k) => steps * (this.#units[k] ?? 0))
  }
}

export function projectionOf(seed: number): Projection {
  return new Projection(new Uint8Array(Int32Array.of(seed).buffer))
}

/** Finds the components of projected vectors with this mean and covariance (`KEPT` × `KEPT`); deviations come from `rows`. */
export function spaceOf(
  seed: number,
  columns: number,
  rows: readonly Float32Array[],
  moments: { readonly mean: Float64Array; readonly covariance: Float64Array },
): SpaceSpec {
  const { values, vectors } = symmetricEigen(moments.covariance, KEPT, true)
  const order = [...values.keys()].toSorted((a, b) => (values[b] ?? 0) - (values[a] ?? 0)).slice(0, COORDINATES - 1)
  const components = new Float32Array((COORDINATES - 1) * KEPT)
  for (const [k, row] of order.entries()) components.set(vectors.subarray(row * KEPT, (row + 1) * KEPT), k * KEPT)
  const mean = Float32Array.from(moments.mean)
  const bare = { mean, components, leftOver: 0 }
  const lengths = rows.map((row) => coordinatesOf(row, bare)[COORDINATES - 1] ?? 0)
  const leftOver = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  const spread = lengths.reduce((sum, length) => sum + (length - leftOver) ** 2, 0) / lengths.length
  const variances = [...order.map((row) => Math.max(0, values[row] ?? 0)), spread]
  const least = (LEAST_VARIANCE * variances.reduce((sum, value) => sum + value, 0)) / COORDINATES
  const deviations = Float32Array.from(variances, (variance) => Math.sqrt(Math.max(least, variance, Number.EPSILON)))
  return { seed, columns, mean, components, deviations, leftOver }
}

function coordinatesOf(
  projected: Float32Array,
  { mean, components, leftOver }: Pick<SpaceSpec, 'mean' | 'components' | 'leftOver'>,
): Float64Array {
  const found = new Float64Array(COORDINATES)
  const centred = new Float64Array(KEPT)
  let rest = 0
  for (let i = 0; i < KEPT; i++) {
    const value = (projected[i] ?? 0) - (mean[i] ?? 0)
    centred[i] = value
    rest += value * value
  }
  for (const [k, along] of products(components, centred).entries()) {
    found[k] = along
    rest -= along * along
  }
  found[COORDINATES - 1] = Math.sqrt(Math.max(0, rest)) - leftOver
  return found
}
