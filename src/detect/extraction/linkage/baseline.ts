import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Calibration } from '../../calibration/calibration.ts'
import { FEWEST_CLIENTS, Measured } from '../../calibration/measured.ts'
import { columnsIn, columnsOf, featuresOf, type FeatureSpec } from '../../features/features.ts'
import type { MeanVector } from '../../features/mean-vector.ts'
import { isModelRequest, type ModelRequest } from '../../request/model-request.ts'
import { LinkedAccounts, type Linked, type LinkedOptions } from './fleet.ts'
import { freeze, scaled, type PoolReference } from './frozen.ts'
import { Parties } from './parties.ts'
import { PopulationMean } from './population-mean.ts'

/** Accounts that are compared at most. */
const MOST_CLIENTS = 20_000

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

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
  #spec: FeatureSpec | undefined
  #mean: PopulationMean | undefined
  #measuring: { readonly parties: Parties; readonly centre: MeanVector } | undefined

  constructor(config: LinkedOptions & { readonly window: number }, { key, random }: DetectorContext) {
    this.#window = config.window
    this.#linked = new LinkedAccounts({ ...config, maxKeys: MOST_CLIENTS }, key)
    this.#random = random
  }

  async refer(events: readonly Event[]): Promise<void> {
    const requests = events.filter(isModelRequest)
    this.#spec ??= specOf(requests, this.#random.next())
    if (this.#spec) this.#mean ??= new PopulationMean(columnsOf(this.#spec))
    for (const event of requests) {
      this.#pass(event)
      const values = this.#spec && featuresOf(event, this.#spec)
      if (values instanceof Float32Array) this.#mean?.add(event.principal, values)
    }
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    this.#measuring ??= this.#measure()
    for (const event of events) {
      const linked = isModelRequest(event) && this.#pass(event, this.#shared)
      if (!linked || !this.#measuring) continue
      const filled = this.#measuring.parties.add(event, linked, true)
      if (typeof filled !== 'object') continue
      this.#distances.add(linked.ties.label === 0 ? event.principal : String(linked.ties.label), filled.distance)
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

  /** The account of a request that is looked at. */
  #pass(event: ModelRequest, measured?: Measured): Linked | undefined {
    const { prompt, features } = event.inference
    if (!prompt && !features) return undefined
    const linked = this.#linked.request(event)
    if (prompt) this.#linked.learn(event, prompt)
    const { account } = linked
    if (account && account.requests >= this.#window) {
      measured?.add(event.principal, account.shared)
      account.clear()
    }
    return linked
  }

  #measure(): { readonly parties: Parties; readonly centre: MeanVector } | undefined {
    const centre = this.#mean?.centre()
    if (!this.#spec || !centre) return undefined
    const parties = new Parties({
      linked: this.#linked,
      spec: this.#spec,
      centre,
      window: this.#window,
      maxClusters: MOST_CLIENTS,
      maxSketches: MOST_CLIENTS,
      version: 'baseline',
    })
    return { parties, centre }
  }

  #poolReference(): PoolReference | undefined {
    if (!this.#spec || !this.#measuring || !this.#mean) return undefined
    const floor = this.#mean.floor(this.#window)
    const calibration = this.#distances.calibrated((distance) => scaled(distance, floor))
    return calibration && { spec: this.#spec, centre: this.#measuring.centre, floor, calibration }
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
