import type { StateChange } from '../../../contract/detect.ts'
import { writeFeatures, type Featureless, type FeatureSpec } from '../../features/features.ts'
import type { MeanVector } from '../../features/mean-vector.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { SMALLEST_P } from '../../statistics/ladder.ts'
import type { Linked, LinkedAccounts } from './fleet.ts'
import { NearAccounts } from './near.ts'
import { COLUMNS, Pool, POOL, type Filled } from './pool.ts'
import { LINK_MS, SKETCH_FROM } from './ties.ts'

/** Where the members are among the sections of a cluster's row. */
const MEMBERS_SECTION = 1

/** How the requests of parties are counted together. */
export interface PartiesOptions {
  readonly linked: LinkedAccounts
  readonly spec: FeatureSpec
  readonly centre: MeanVector
  readonly window: number
  readonly maxClusters: number
  readonly maxSketches: number
  /** Names the reference: sums under one mean nothing under another. */
  readonly version: string
}

/** A window that one party filled, and the pseudonyms of its accounts. */
export interface PartyWindow extends Filled {
  readonly members: readonly string[]
}

/** Who is behind requests: clusters of linked accounts, each with one open window. */
export class Parties {
  readonly #options: PartiesOptions
  readonly #pools: KeyedRows
  readonly #near: NearAccounts | undefined
  readonly #values = new Float32Array(COLUMNS)

  constructor(options: PartiesOptions) {
    const { maxClusters, maxSketches, version, spec, centre } = options
    this.#options = options
    this.#pools = new KeyedRows(
      maxClusters,
      POOL.map(({ name, bytes }) => ({ name: `${name}.${version}`, bytes })),
    )
    // Texts of one template are near each other too: that is what ordinary accounts of one application have in common.
    this.#near = spec.kind === 'vector' ? new NearAccounts(maxSketches, centre.mean, spec.seed) : undefined
  }

  /**
   * Adds the request to the window of the account's party. An account linked to nobody has no window, unless it is to
   * `countAlone`. Tells of the window that is full; in a word why the request has no vector, where one was wanted.
   */
  add(event: ModelRequest, account: Linked, countAlone = false): PartyWindow | Featureless | undefined {
    const { linked, spec, centre, window } = this.#options
    const { row, who, ties } = account
    const isSampled = this.#near !== undefined && NearAccounts.wants(row, SKETCH_FROM)
    if (this.#near && !isSampled) NearAccounts.pass(row, SKETCH_FROM)
    if (!isSampled && ties.label === 0 && !countAlone) return undefined
    const missing = writeFeatures(event.inference, spec, this.#values, 0)
    if (missing) return missing
    const values = this.#values.subarray(0, centre.mean.length)
    if (this.#near && isSampled)
      for (const other of this.#near.add(row, SKETCH_FROM, who, values))
        linked.tie(account, other, SMALLEST_P, event.at)
    if (ties.label === 0 && !countAlone) return undefined
    const poolRow = this.#pools.use(String(ties.label || who.hash))
    const pool = new Pool(poolRow)
    if (pool.join(who, event.at)) this.#pools.touch(poolRow, MEMBERS_SECTION)
    const filled = pool.add(values, event, window, centre)
    return filled && { ...filled, members: pool.members(event.at - LINK_MS) }
  }

  changes(): readonly StateChange[] {
    return [...this.#pools.changes(), ...(this.#near?.changes() ?? [])]
  }

  /** Whether a stored key is of this part. */
  static isOwn(change: StateChange): boolean {
    return NearAccounts.isOwn(change) || POOL.some(({ name }) => change.key.startsWith(`${name}.`))
  }

  /** How many stored keys could not be read. */
  restore(state: readonly StateChange[]): number {
    if (!this.#near) return this.#pools.restore(state)
    const near = state.filter((change) => NearAccounts.isOwn(change))
    return this.#near.restore(near) + this.#pools.restore(state.filter((change) => !NearAccounts.isOwn(change)))
  }
}
