import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { columnsIn, columnsOf, writeFeatures, type FeatureSpec } from '../../features/features.ts'
import { isModelRequest, type ModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { LinkedAccounts } from './fleet.ts'
import { freeze, scaled, type PoolReference } from './frozen.ts'
import { PopulationMean } from './population-mean.ts'
import { COLUMNS, Pool, POOL, type Centre } from './pool.ts'

/** Accounts that are compared at most. */
const MOST_CLIENTS = 20_000
/** Clients with a full window that calibrating takes at least: p-values then go down to 1/21 by measuring. */
const FEWEST_CLIENTS = 20
/** Windows of one client that are kept. */
const MOST_WINDOWS = 64

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

/** Values of a statistic, and whose windows they were. */
class Measured {
  readonly #observed = new Map<string, Observed[]>()

  get clients(): number {
    return this.#observed.size
  }

  add(client: string, value: number): void {
    const own = this.#observed.get(client) ?? []
    if (own.length === 0) this.#observed.set(client, own)
    if (own.length < MOST_WINDOWS) own.push({ client, value })
  }

  /** Undefined where there are too few clients. */
  calibrated(scale: (value: number) => number = (value) => value): Calibration | undefined {
    if (this.clients < FEWEST_CLIENTS) return undefined
    const all = [...this.#observed.values()].flat()
    return Calibration.fit(all.map(({ client, value }) => ({ client, value: scale(value) })))
  }
}

/**
 * Fills the memory of templates from the reference's clients, then measures what others share with them and each other, and
 * how far from the reference's mean the windows of one party lie: an account's own, or a cluster's, linked as the detector
 * links them, so that what links ordinary accounts is part of the measure.
 */
export class LinkageBaseline implements BaselineMaker {
  readonly #window: number
  readonly #linked: LinkedAccounts
  readonly #random: DetectorContext['random']
  readonly #shared = new Measured()
  readonly #distances = new Measured()
  readonly #pools = new KeyedRows(MOST_CLIENTS, POOL)
  readonly #values = new Float32Array(COLUMNS)
  #spec: FeatureSpec | undefined
  #mean: PopulationMean | undefined
  #centre: Centre | undefined

  constructor(window: number, maxTemplates: number, { key, random }: DetectorContext) {
    this.#window = window
    this.#linked = new LinkedAccounts(MOST_CLIENTS, maxTemplates, key)
    this.#random = random
  }

  async refer(events: readonly Event[]): Promise<void> {
    const requests = events.filter(isModelRequest)
    this.#spec ??= specOf(requests, this.#random.next())
    if (this.#spec) this.#mean ??= new PopulationMean(columnsOf(this.#spec))
    for (const event of requests) {
      this.#pass(event)
      const values = this.#valuesOf(event)
      if (values) this.#mean?.add(event.principal, values)
    }
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    this.#centre ??= this.#mean?.centre()
    for (const event of events) {
      if (!isModelRequest(event)) continue
      const party = this.#pass(event, this.#shared)
      const values = this.#centre && this.#valuesOf(event)
      if (!party || !values || !this.#centre) continue
      const filled = new Pool(this.#pools.use(party)).add(values, event, this.#window, this.#centre)
      if (filled) this.#distances.add(party, filled.distance)
    }
  }

  async freeze(): Promise<Frozen> {
    const templates = this.#shared.calibrated()
    const pool = this.#poolReference()
    if (!templates && !pool)
      return {
        refused: `${FEWEST_CLIENTS} clients beyond those of the reference are needed with ${this.#window} prompts each, and there are ${Math.max(this.#shared.clients, this.#distances.clients)}: take in more files, or configure a smaller window`,
      }
    const accounts = this.#linked.known
    const notes = [
      `windows of ${this.#window}: shared templates ${noteOn(templates, this.#shared.clients)}, compared with about ${Math.round(accounts)} accounts in all`,
      `windows of ${this.#window}: requests of linked accounts taken together ${noteOn(pool?.calibration, this.#distances.clients)}`,
    ]
    return { reference: freeze({ window: this.#window, accounts, templates, pool }), notes }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Who is behind the request: its cluster, or its account; undefined for one that is not looked at. */
  #pass(event: ModelRequest, measured?: Measured): string | undefined {
    const { prompt, features } = event.inference
    if (!prompt && !features) return undefined
    const { account, ties } = this.#linked.request(event)
    if (prompt) this.#linked.learn(event, prompt)
    if (account && account.requests >= this.#window) {
      measured?.add(event.principal, account.shared)
      account.clear()
    }
    return ties.label === 0 ? event.principal : String(ties.label)
  }

  #valuesOf({ inference }: ModelRequest): Float32Array | undefined {
    if (!this.#spec || writeFeatures(inference, this.#spec, this.#values, 0)) return undefined
    return this.#values.subarray(0, columnsOf(this.#spec))
  }

  #poolReference(): PoolReference | undefined {
    if (!this.#spec || !this.#centre || !this.#mean) return undefined
    const floor = this.#mean.floor(this.#window)
    const calibration = this.#distances.calibrated((distance) => scaled(distance, floor))
    return calibration && { spec: this.#spec, centre: this.#centre, floor, calibration }
  }
}

/** What most of these requests have: vectors of one length, or prompts. */
function specOf(requests: readonly ModelRequest[], random: number): FeatureSpec | undefined {
  const kinds = Map.groupBy(requests, columnsIn)
  kinds.delete(undefined)
  const [most] = [...kinds].toSorted(([, one], [, other]) => other.length - one.length)
  const columns = most?.[0]
  const seed = Math.floor(random * 2 ** 31)
  if (columns === undefined) return undefined
  return columns === 0 ? { kind: 'text', seed } : { kind: 'vector', seed, columns }
}

function noteOn(calibration: Calibration | undefined, clients: number): string {
  return calibration
    ? `calibrated on ${clients} clients, p-values below ${calibration.reach.toPrecision(2)} are extrapolated`
    : `not scored, since ${clients} other clients filled one and ${FEWEST_CLIENTS} are needed`
}
