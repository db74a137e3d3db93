import { meanVector, type MeanVector } from '../../features/mean-vector.ts'

/** Clients that make up a mean at most, 4 KB each while it is made. */
const MOST_CLIENTS = 5_000
/** Requests from whose pairs the spread is taken: the first of different clients, then further ones of theirs. */
const SAMPLE = 400
const PER_CLIENT = 4

interface Client {
  readonly sums: Float64Array
  requests: number
}

/** The mean vector of requests, in which each client weighs the same, and how they scatter around it. */
export class PopulationMean {
  readonly #columns: number
  readonly #clients = new Map<string, Client>()
  readonly #sample: Float32Array[] = []

  constructor(columns: number) {
    this.#columns = columns
  }

  add(client: string, values: Float32Array): void {
    let found = this.#clients.get(client)
    if (!found) {
      if (this.#clients.size >= MOST_CLIENTS) return
      found = { sums: new Float64Array(this.#columns), requests: 0 }
      this.#clients.set(client, found)
    }
    found.requests++
    for (let i = 0; i < values.length; i++) found.sums[i] = (found.sums[i] ?? 0) + (values[i] ?? 0)
    if (found.requests <= PER_CLIENT && this.#sample.length < SAMPLE) this.#sample.push(values.slice())
  }

  centre(): MeanVector {
    const mean = new Float64Array(this.#columns)
    for (const { sums, requests } of this.#clients.values())
      for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] ?? 0) + (sums[i] ?? 0) / (requests * this.#clients.size)
    return meanVector(mean)
  }

  /** What chance makes of the distance of a window drawn from all of it (Serfling 1980, sec. 5.2: √(2 E[k²] / n (n - 1))). */
  floor(window: number): number {
    const { mean } = this.centre()
    const centred = this.#sample.map((values) => values.map((value, i) => value - (mean[i] ?? 0)))
    let [sum, pairs] = [0, 0]
    for (const [i, one] of centred.entries())
      for (const other of centred.slice(i + 1)) {
        let product = 0
        for (let k = 0; k < one.length; k++) product += (one[k] ?? 0) * (other[k] ?? 0)
        sum += product * product
        pairs++
      }
    return Math.sqrt((2 * Math.max(pairs === 0 ? 0 : sum / pairs, 1e-12)) / (window * (window - 1)))
  }
}
