import type { Kernels } from '../../contract/compute.ts'
import type { Event } from '../../contract/event.ts'
import type { Random } from '../../contract/plugin.ts'
import { isModelRequest } from '../request/model-request.ts'
import type { ModelRequest } from '../request/model-request.ts'
import { columnsIn, featuresOf } from './features.ts'
import type { FeatureSpec } from './features.ts'
import { FOURIER_FEATURES, FOURIER_SCALE, FourierFeatures } from './fourier.ts'
import type { FourierSpec } from './fourier.ts'

/** Requests from which the median distance is taken; the first ones. */
const SAMPLE = 1_024
/** Pairs of them. */
const PAIRS = 5_000
/** Clients that make up a reference at most, 16 KiB each while it is made; requests of further ones are left out. */
export const MOST_CLIENTS = 5_000
const FEWEST_CLIENTS = 5

/** Benign requests of many clients, as one distribution in which each client weighs the same. */
export interface Population {
  readonly fourier: FourierSpec
  /** Mean of the quantised Fourier features, in their unit. */
  readonly mean: Float64Array
  /** Mean square of the centred kernel between two requests: what chance makes of the distance of a window from none. */
  readonly spread: number
  readonly clients: number
  readonly requests: number
  /** Requests without a feature vector of the kind, or of clients beyond the most. */
  readonly leftOut: number
}

interface Client {
  readonly sums: Float64Array
  requests: number
}

/** Collects a population in one pass, in bounded memory. */
export class PopulationBuilder {
  readonly #kernels: Kernels
  readonly #random: Random
  readonly #clients = new Map<string, Client>()
  #spec: FeatureSpec | undefined
  #fourier: { readonly spec: FourierSpec; readonly features: FourierFeatures } | undefined
  #sample: ModelRequest[] = []
  readonly #sampled: Int8Array[] = []
  #leftOut = 0

  constructor(kernels: Kernels, random: Random) {
    this.#kernels = kernels
    this.#random = random
  }

  async add(events: readonly Event[]): Promise<void> {
    const requests = events.filter(isModelRequest)
    this.#spec ??= specOf(requests, this.#random)
    const spec = this.#spec
    if (!spec) return
    if (this.#fourier) {
      await this.#sum(requests, this.#fourier.features)
      return
    }
    const usable = requests.filter((event) => typeof featuresOf(event, spec) !== 'string')
    this.#leftOut += requests.length - usable.length
    const missing = SAMPLE - this.#sample.length
    this.#sample.push(...usable.slice(0, missing))
    if (this.#sample.length < SAMPLE) return
    await this.#begin(spec)
    await this.add(usable.slice(missing))
  }

  /** The population, or in words why these requests do not make one. */
  async finish(): Promise<Population | { readonly refused: string }> {
    if (!this.#spec)
      return { refused: 'no request had a prompt or a feature vector: read files of a gateway that logs one of them' }
    if (!this.#fourier) await this.#begin(this.#spec)
    if (!this.#fourier)
      return { refused: 'the requests are all the same, so there is no distance to measure with: take in other files' }
    if (this.#clients.size < FEWEST_CLIENTS)
      return {
        refused: `requests of ${this.#clients.size} clients to compare with, and ${FEWEST_CLIENTS} are needed at least: take in files of more`,
      }
    const mean = this.#mean()
    return {
      fourier: this.#fourier.spec,
      mean,
      spread: this.#spread(mean),
      clients: this.#clients.size,
      requests: [...this.#clients.values()].reduce((sum, client) => sum + client.requests, 0),
      leftOut: this.#leftOut,
    }
  }

  /** With the median distance known, what was collected becomes Fourier features. */
  async #begin(features: FeatureSpec): Promise<void> {
    const bandwidth = this.#medianDistance(features)
    const sample = this.#sample
    this.#sample = []
    if (bandwidth === 0) {
      // Most of them are equal: later ones may differ.
      this.#leftOut += sample.length
      return
    }
    const spec = { features, bandwidth, seed: seedOf(this.#random) }
    this.#fourier = { spec, features: new FourierFeatures(this.#kernels, spec) }
    await this.#sum(sample, this.#fourier.features, this.#sampled)
  }

  /** `sampled` takes a copy of the features of those that count. */
  async #sum(events: readonly ModelRequest[], features: FourierFeatures, sampled?: Int8Array[]): Promise<void> {
    await features.prepare(events)
    for (const event of events) {
      const values = features.of(event)
      const client = typeof values === 'string' ? undefined : this.#clientOf(event)
      if (typeof values === 'string' || !client) {
        this.#leftOut++
        continue
      }
      client.requests++
      for (let i = 0; i < FOURIER_FEATURES; i++) client.sums[i] = (client.sums[i] ?? 0) + (values[i] ?? 0)
      sampled?.push(values.slice())
    }
  }

  #clientOf(event: ModelRequest): Client | undefined {
    let client = this.#clients.get(event.principal)
    if (!client && this.#clients.size < MOST_CLIENTS) {
      client = { sums: new Float64Array(FOURIER_FEATURES), requests: 0 }
      this.#clients.set(event.principal, client)
    }
    return client
  }

  #mean(): Float64Array {
    const mean = new Float64Array(FOURIER_FEATURES)
    for (const { sums, requests } of this.#clients.values())
      for (let i = 0; i < FOURIER_FEATURES; i++)
        mean[i] = (mean[i] ?? 0) + (sums[i] ?? 0) / (requests * this.#clients.size)
    return mean
  }

  #medianDistance(spec: FeatureSpec): number {
    const vectors = this.#sample.map((event) => featuresOf(event, spec)).filter((vector) => typeof vector !== 'string')
    const distances: number[] = []
    for (const [one, other] of this.#pairs(vectors)) {
      let squared = 0
      for (let i = 0; i < one.length; i++) squared += ((one[i] ?? 0) - (other[i] ?? 0)) ** 2
      distances.push(Math.sqrt(squared))
    }
    return distances.toSorted((a, b) => a - b)[distances.length >> 1] ?? 0
  }

  #spread(mean: Float64Array): number {
    const scale = 2 / (FOURIER_FEATURES * FOURIER_SCALE ** 2)
    let [sum, pairs] = [0, 0]
    for (const [one, other] of this.#pairs(this.#sampled)) {
      let product = 0
      for (let i = 0; i < FOURIER_FEATURES; i++) {
        const centre = mean[i] ?? 0
        product += ((one[i] ?? 0) - centre) * ((other[i] ?? 0) - centre)
      }
      sum += (product * scale) ** 2
      pairs++
    }
    return pairs === 0 ? 0 : sum / pairs
  }

  /** Pairs of different items, drawn at random. */
  *#pairs<Item>(items: readonly Item[]): Generator<readonly [Item, Item]> {
    const draw = (): number => Math.floor(this.#random.next() * items.length)
    for (let pair = 0; pair < PAIRS && items.length > 1; pair++) {
      const [at, to] = [draw(), draw()]
      const [one, other] = [items[at], items[to]]
      if (at !== to && one && other) yield [one, other]
    }
  }
}

/** What most of these requests have: the telemetry's own vectors of one length, or prompts. */
function specOf(requests: readonly ModelRequest[], random: Random): FeatureSpec | undefined {
  const counts = new Map<number, number>()
  for (const event of requests) {
    const columns = columnsIn(event)
    if (columns !== undefined) counts.set(columns, (counts.get(columns) ?? 0) + 1)
  }
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1])
  if (!most) return undefined
  const seed = seedOf(random)
  return most[0] === 0 ? { kind: 'text', seed } : { kind: 'vector', seed, columns: most[0] }
}

function seedOf(random: Random): number {
  return Math.floor(random.next() * 2 ** 31)
}
