import type { DetectorContext } from '../../../contract/detect.ts'
import type { Random } from '../../../contract/plugin.ts'
import { KEPT } from '../../adversarial/trail/projection.ts'
import type { Projection } from '../../adversarial/trail/projection.ts'
import { anchorDistance, ANCHORS, NEAR_SHARE } from './anchors.ts'
import type { Anchors } from './anchors.ts'
import { frechet, SIZES } from './frechet.ts'
import type { ClassOf } from './frechet.ts'
import { traceOf } from './model.ts'
import type { Model } from './model.ts'
import { COORDINATES, projectionOf, Space, spaceOf } from './space.ts'

/** Queries that a reference is made of at most, 0.5 KB each while it is made, and of one client. */
const [MOST_QUERIES, MOST_OF_A_CLIENT] = [20_000, 200]
/** Fewer make no components, and no class of its own. */
const [FEWEST_QUERIES, FEWEST_OF_A_CLASS] = [500, 100]
const MOST_CLASSES = 128
/** A class of so many queries believes its own covariance as much as that of all classes. */
const BELIEF = COORDINATES
/** Benign windows of each size that show the usual distance. */
const DRAWS = 24

interface Sampled {
  readonly label: string
  readonly projected: Float32Array
}

/** Collects benign queries in one pass, and makes a model of them. */
export class ModelBuilder {
  readonly #context: DetectorContext
  readonly #seed: number
  readonly #projection: Projection
  readonly #sample: Sampled[] = []
  readonly #clients = new Map<string, number>()
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
    const held = this.#clients.get(client) ?? 0
    const isUsable = features.length === this.#columns && held < MOST_OF_A_CLIENT && this.#sample.length < MOST_QUERIES
    const projected = isUsable ? this.#projection.of(features) : undefined
    if (!projected) {
      this.#leftOut++
      return
    }
    this.#clients.set(client, held + 1)
    this.#sample.push({ label: label ?? '', projected })
  }

  /** The model, or in words why these queries do not make one. */
  async finish(): Promise<Model | { readonly refused: string }> {
    const columns = this.#columns
    if (columns === undefined || this.#sample.length < FEWEST_QUERIES)
      return {
        refused: `${FEWEST_QUERIES} requests with vectors are needed to compare with, and there are ${this.#sample.length}: read files of a gateway that logs model inputs or embeddings`,
      }
    const { compute, random } = this.#context
    const rows = this.#sample.map(({ projected }) => projected)
    const values = new Float32Array(rows.length * KEPT)
    for (const [i, row] of rows.entries()) values.set(row, i * KEPT)
    const moments = await compute.moments({ rows: rows.length, columns: KEPT, values })
    if (!moments.covariance.some((value) => value > 0))
      return { refused: 'the vectors are all the same, so there is no distance to measure with: take in other files' }
    const space = spaceOf(this.#seed, columns, rows, moments)
    const placing = new Space(space)
    const measured = this.#sample.map(({ label, projected }) => ({
      label,
      at: placing.measured(placing.ofProjected(projected)),
    }))
    const all = await this.#classOf(
      measured.map(({ at }) => at),
      undefined,
      random,
    )
    const labels: string[] = []
    const classes = [all]
    const byLabel = [...Map.groupBy(measured, ({ label }) => label)].toSorted((a, b) => b[1].length - a[1].length)
    for (const [label, own] of byLabel) {
      if (own.length < FEWEST_OF_A_CLASS || labels.length >= MOST_CLASSES) break
      labels.push(label)
      classes.push(
        await this.#classOf(
          own.map(({ at }) => at),
          all,
          random,
        ),
      )
    }
    return { space, labels, classes }
  }

  async #classOf(
    queries: readonly Float64Array[],
    all: ClassOf | undefined,
    random: Random,
  ): Promise<ClassOf & Anchors> {
    const values = new Float32Array(queries.length * COORDINATES)
    for (const [i, row] of queries.entries()) values.set(row, i * COORDINATES)
    const { mean, covariance: own } = await this.#context.compute.moments({
      rows: queries.length,
      columns: COORDINATES,
      values,
    })
    const share = queries.length / (queries.length + BELIEF)
    const covariance = own.map((value, i) => share * value + (1 - share) * (all?.covariance[i] ?? value))
    const bare = { mean, covariance, trace: traceOf(covariance) }
    const drawn = (count: number): Float64Array[] =>
      Array.from({ length: count }, () => queries[Math.floor(random.next() * queries.length)] ?? mean)
    const usual = Float64Array.from(SIZES, (size) => {
      let sum = 0
      for (let draw = 0; draw < DRAWS; draw++) sum += frechet(bare, drawn(size))
      return sum / DRAWS
    })
    const rows = Float32Array.from(drawn(ANCHORS).flatMap((query) => [...query]))
    const distances = queries.map((query) => anchorDistance(rows, query)).toSorted((a, b) => a - b)
    const limit = Math.max(Number.MIN_VALUE, distances[Math.floor(NEAR_SHARE * distances.length)] ?? 0)
    return { ...bare, usual, rows, limit }
  }
}
