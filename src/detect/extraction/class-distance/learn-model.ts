import type { Matrix } from '../../../contract/compute.ts'
import type { DetectorContext } from '../../../contract/detect.ts'
import { KEPT } from '../../adversarial/trail/projection.ts'
import type { Projection } from '../../adversarial/trail/projection.ts'
import { anchorDistance, ANCHORS, NEAR_SHARE } from './anchors.ts'
import { frechet, SIZES } from './frechet.ts'
import type { ClassOf } from './frechet.ts'
import { traceOf } from './model.ts'
import type { Known, Model } from './model.ts'
import { COORDINATES, projectionOf, Space, spaceOf } from './space.ts'
import { directionsOf, Fold, leadingDirections, Subspace } from './subspace.ts'
import type { SubspaceSpec } from './subspace.ts'

/** Queries that a reference is made of at most, 2.5 KB each while it is made, and of one client. */
const [MOST_QUERIES, MOST_OF_A_CLIENT] = [20_000, 200]
/** Fewer make no components, and no class of its own. */
const [FEWEST_QUERIES, FEWEST_OF_A_CLASS] = [500, 100]
const MOST_CLASSES = 128
/** A class of so many queries believes its own covariance as much as that of all classes. */
const BELIEF = COORDINATES
/** Queries that the benign directions are found from. */
const MOST_FOR_DIRECTIONS = 4_096
/** Benign windows of each size that show the usual distance. */
const DRAWS = 24

interface Sampled {
  readonly label: string
  readonly projected: Float32Array
  readonly folded: Float32Array
}

/** A benign query, measured. */
interface Measured {
  readonly label: string
  readonly at: Float64Array
  readonly outside: number
}

/** Collects benign queries in one pass, and makes a model of them. */
export class ModelBuilder {
  readonly #context: DetectorContext
  readonly #seed: number
  readonly #projection: Projection
  readonly #sample: Sampled[] = []
  readonly #clients = new Map<string, number>()
  #fold: Fold | undefined
  #columns: number | undefined
  #leftOut = 0

  constructor(context: DetectorContext) {
    this.#context = context
    this.#seed = Math.floor(context.random.next() * 2 ** 31)
    this.#projection = projectionOf(this.#seed)
  }

  get notes(): string {
    return `reference: ${this.#sample.length} queries of ${this.#clients.size} clients; ${this.#leftOut} left out`
  }

  add(client: string, features: Float32Array, label: string | undefined): void {
    this.#columns ??= features.length
    this.#fold ??= new Fold(this.#seed, this.#columns)
    const held = this.#clients.get(client) ?? 0
    const isUsable = features.length === this.#columns && held < MOST_OF_A_CLIENT && this.#sample.length < MOST_QUERIES
    const projected = isUsable ? this.#projection.of(features) : undefined
    if (!projected) {
      this.#leftOut++
      return
    }
    this.#clients.set(client, held + 1)
    this.#sample.push({ label: label ?? '', projected, folded: this.#fold.of(features) })
  }

  /** The model, or in words why these queries do not make one. */
  async finish(): Promise<Model | { readonly refused: string }> {
    const columns = this.#columns
    if (columns === undefined || this.#sample.length < FEWEST_QUERIES)
      return {
        refused: `${FEWEST_QUERIES} requests with vectors are needed to compare with, and there are ${this.#sample.length}: read files of a gateway that logs model inputs or embeddings`,
      }
    const rows = this.#sample.map(({ projected }) => projected)
    const moments = await this.#context.compute.moments(matrixOf(rows, KEPT))
    if (!moments.covariance.some((value) => value > 0))
      return { refused: 'the vectors are all the same, so there is no distance to measure with: take in other files' }
    const space = spaceOf(this.#seed, columns, rows, moments)
    const subspace = await this.#subspaceOf(columns)
    const [placing, within] = [new Space(space), new Subspace(subspace)]
    const measured = this.#sample.map(({ label, projected, folded }) => ({
      label,
      at: placing.measured(placing.ofProjected(projected)),
      outside: Math.sqrt(within.outside(folded)),
    }))
    const all = await this.#classOf(measured, undefined)
    const labels: string[] = []
    const classes = [all]
    const byLabel = [...Map.groupBy(measured, ({ label }) => label)].toSorted((a, b) => b[1].length - a[1].length)
    for (const [label, own] of byLabel) {
      if (own.length < FEWEST_OF_A_CLASS || labels.length >= MOST_CLASSES) break
      labels.push(label)
      classes.push(await this.#classOf(own, all))
    }
    return { space, subspace, labels, classes }
  }

  async #subspaceOf(columns: number): Promise<SubspaceSpec> {
    const step = Math.max(1, this.#sample.length / MOST_FOR_DIRECTIONS)
    const rows: Float32Array[] = []
    for (let at = 0; at < this.#sample.length; at += step) {
      const found = this.#sample[Math.floor(at)]
      if (found) rows.push(found.folded)
    }
    const width = rows[0]?.length ?? 0
    const { mean, covariance } = await this.#context.compute.moments(matrixOf(rows, width))
    const directions = leadingDirections(covariance, width, directionsOf(columns), this.#seed)
    return { seed: this.#seed, columns, centre: Float32Array.from(mean), directions }
  }

  async #classOf(queries: readonly Measured[], all: ClassOf | undefined): Promise<Known> {
    const { compute, random } = this.#context
    const points = queries.map(({ at }) => at)
    const { mean, covariance: own } = await compute.moments(matrixOf(points, COORDINATES))
    const share = queries.length / (queries.length + BELIEF)
    const covariance = own.map((value, i) => share * value + (1 - share) * (all?.covariance[i] ?? value))
    const bare = { mean, covariance, trace: traceOf(covariance) }
    const drawn = (count: number): Float64Array[] =>
      Array.from({ length: count }, () => points[Math.floor(random.next() * points.length)] ?? mean)
    const usual = Float64Array.from(SIZES, (size) => {
      let sum = 0
      for (let draw = 0; draw < DRAWS; draw++) sum += frechet(bare, drawn(size))
      return sum / DRAWS
    })
    const rows = Float32Array.from(drawn(ANCHORS).flatMap((query) => [...query]))
    const distances = points.map((query) => anchorDistance(rows, query)).toSorted((a, b) => a - b)
    const limit = Math.max(Number.EPSILON, distances[Math.floor(NEAR_SHARE * distances.length)] ?? 0)
    return { ...bare, usual, rows, limit, outside: spreadOf(queries.map(({ outside }) => outside)) }
  }
}

function spreadOf(values: readonly number[]): Known['outside'] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  // Benign queries that all lie within the directions leave but rounding outside.
  return { mean, deviation: Math.max(Math.sqrt(variance), 1e-3 * mean, Number.EPSILON) }
}

function matrixOf(rows: readonly ArrayLike<number>[], columns: number): Matrix {
  const values = new Float32Array(rows.length * columns)
  for (const [i, row] of rows.entries()) values.set(row, i * columns)
  return { rows: rows.length, columns, values }
}
