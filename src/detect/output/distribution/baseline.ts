import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Vectors } from '../../adversarial/trail/vectors.ts'
import { Calibration, type Observed } from '../../calibration/calibration.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { Cloud, ROWS_A_COLUMN } from './cloud.ts'
import { freeze, type Frozen } from './frozen.ts'
import { Measurer } from './measurer.ts'
import { SIGNALS, type Signal } from './signals.ts'
import { WindowSums } from './window-sums.ts'

/** Vectors that the reference is fitted to; of more a fair sample is kept. */
const SAMPLE = 20_000
/** Clients that a signal is calibrated on at least. */
const FEWEST_CLIENTS = 20
/** Windows of one client and signal that are kept. */
const MOST_WINDOWS = 64

type Freezing = Awaited<ReturnType<BaselineMaker['freeze']>>

export class OutputBaseline implements BaselineMaker {
  readonly #window: number
  readonly #neighbours: number
  readonly #context: DetectorContext
  readonly #salt: Uint8Array
  readonly #vectors: Vectors
  readonly #sample: Float32Array[] = []
  #seen = 0
  /** Of the first vector: others are passed over. */
  #length = 0
  #measurer: Measurer | undefined
  readonly #sums = new Map<string, WindowSums>()
  readonly #observed = new Map<Signal, Observed[]>()

  constructor(
    { window, neighbours }: { readonly window: number; readonly neighbours: number },
    context: DetectorContext,
  ) {
    this.#window = window
    this.#neighbours = neighbours
    this.#context = context
    this.#salt = context.random.bytes(8)
    this.#vectors = new Vectors(context.name, this.#salt, context.metrics)
  }

  async refer(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      const features = event.inference?.features
      if (features === undefined) continue
      this.#length ||= features.length
      const row =
        features.length === this.#length
          ? this.#vectors.project(features)
          : this.#vectors.skip('vector_of_another_length')
      if (!row) continue
      // Reservoir sampling (Vitter 1985, algorithm R).
      const at = this.#seen < SAMPLE ? this.#seen : Math.floor(this.#context.random.next() * (this.#seen + 1))
      this.#seen++
      if (at < SAMPLE) this.#sample[at] = row
    }
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    this.#measurer ??= await this.#fit()
    await this.#measurer.prepare(events)
    for (const event of events) {
      if (!isModelRequest(event)) continue
      const { principal } = event
      const sums = this.#sums.get(principal) ?? new WindowSums(new Float64Array(WindowSums.NUMBERS))
      this.#sums.set(principal, sums)
      sums.add(this.#measurer.of(event))
      if (sums.count < this.#window) continue
      for (const [at, signal] of SIGNALS.entries()) this.#observe(signal, principal, sums.mean(at))
      sums.clear()
    }
  }

  async freeze(): Promise<Freezing> {
    const cloud = this.#measurer?.frozen.cloud
    const calibrations = new Map<Signal, Calibration>()
    for (const [signal, observed] of this.#observed)
      if (new Set(observed.map(({ client }) => client)).size >= FEWEST_CLIENTS)
        calibrations.set(signal, Calibration.fit(observed))
    if (calibrations.size === 0)
      return {
        refused: `${FEWEST_CLIENTS} clients beyond those of the reference are needed with ${this.#window} requests that carry confidences, log-probabilities or a vector, and no signal has so many`,
      }
    const reference = freeze({
      salt: this.#salt,
      window: this.#window,
      length: this.#length,
      cloud,
      calibrations,
    })
    const fitted = cloud ? `fitted to ${this.#sample.length} vectors` : 'no vectors to fit'
    const notes = [...calibrations].map(([signal, { clients, reach }]) => {
      return `${signal}: calibrated on ${clients} clients; p-values below ${reach.toFixed(3)} are extrapolated`
    })
    return { reference, notes: [fitted, ...notes] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#measurer?.[Symbol.asyncDispose]()
  }

  async #fit(): Promise<Measurer> {
    const columns = this.#sample[0]?.length ?? 0
    let cloud: Cloud | undefined
    if (columns > 0 && this.#sample.length >= ROWS_A_COLUMN * columns) {
      const values = new Float32Array(this.#sample.length * columns)
      for (const [i, row] of this.#sample.entries()) values.set(row, i * columns)
      const rows = { rows: this.#sample.length, columns, values }
      cloud = await Cloud.fit(rows, this.#neighbours, this.#context.compute, this.#context.random)
    }
    const frozen: Frozen = {
      salt: this.#salt,
      window: this.#window,
      length: this.#length,
      cloud,
      calibrations: new Map(),
    }
    return Measurer.open(frozen, this.#context)
  }

  #observe(signal: Signal, client: string, value: number | undefined): void {
    if (value === undefined) return
    const observed = this.#observed.get(signal) ?? []
    this.#observed.set(signal, observed)
    if (observed.filter((each) => each.client === client).length < MOST_WINDOWS) observed.push({ client, value })
  }
}
