import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { FEWEST_CLIENTS, Measured } from '../../calibration/measured.ts'
import { FourierFeatures } from '../../features/fourier.ts'
import { MOST_CLIENTS, PopulationBuilder } from '../../features/population.ts'
import type { Population } from '../../features/population.ts'
import { meanVector, type MeanVector } from '../../features/mean-vector.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { freeze, scaled } from './frozen.ts'
import type { SizeReference } from './frozen.ts'
import { OpenWindows, sectionsOf } from './window.ts'

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

/** The windows that other clients fill, measured against the population. */
interface Measuring {
  readonly population: Population
  readonly features: FourierFeatures
  readonly centre: MeanVector
  readonly rows: KeyedRows
}

export function openBaseline(sizes: readonly number[], context: DetectorContext): BaselineMaker {
  return new Baseline(sizes, context)
}

class Baseline implements BaselineMaker {
  readonly #sizes: readonly number[]
  readonly #context: DetectorContext
  readonly #builder: PopulationBuilder
  readonly #measured: ReadonlyMap<number, Measured>
  #measuring: Promise<Measuring | { readonly refused: string }> | undefined

  constructor(sizes: readonly number[], context: DetectorContext) {
    this.#sizes = sizes
    this.#context = context
    this.#builder = new PopulationBuilder(context.compute, context.random)
    this.#measured = new Map(sizes.map((size) => [size, new Measured()]))
  }

  async refer(events: readonly Event[]): Promise<void> {
    await this.#builder.add(events)
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    const measuring = await this.#measure()
    if ('refused' in measuring) return
    const { features, rows, centre } = measuring
    await features.prepare(events.filter(isModelRequest))
    for (const event of events) {
      if (!isModelRequest(event)) continue
      const values = features.of(event)
      if (typeof values === 'string') continue
      const windows = new OpenWindows(rows.use(event.principal), this.#sizes, () => undefined)
      for (const { size, distance } of windows.add(values, event.at, event.id, centre))
        this.#measured.get(size)?.add(event.principal, distance)
    }
  }

  async freeze(): Promise<Frozen> {
    const measuring = await this.#measure()
    if ('refused' in measuring) return measuring
    const { population, centre } = measuring
    const sizes = this.#sizes.flatMap((size) => this.#calibrated(size, population) ?? [])
    const counts = this.#sizes.map((size) => `${this.#measured.get(size)?.clients ?? 0} with ${size} requests`)
    if (sizes.length === 0)
      return {
        refused: `${FEWEST_CLIENTS} clients beyond those of the reference are needed with a full window, and there are ${counts.join(', ')}: take in more files, or configure smaller windows`,
      }
    const { fourier, clients, requests, leftOut } = population
    const kind = fourier.features.kind === 'text' ? 'prompts' : `vectors of ${fourier.features.columns} columns`
    return {
      reference: freeze({ fourier, centre, sizes }),
      notes: [
        `reference: ${requests} requests of ${clients} clients, by their ${kind}; ${leftOut} requests left out`,
        ...this.#sizes.map((size) => noteOn(size, sizes, this.#measured.get(size)?.clients ?? 0)),
      ],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #measure(): Promise<Measuring | { readonly refused: string }> {
    this.#measuring ??= this.#builder.finish().then((population) => {
      if ('refused' in population) return population
      return {
        population,
        features: new FourierFeatures(this.#context.compute, population.fourier),
        centre: meanVector(population.mean),
        rows: new KeyedRows(MOST_CLIENTS, sectionsOf(this.#sizes, 'baseline')),
      }
    })
    return this.#measuring
  }

  #calibrated(size: number, { spread }: Population): SizeReference | undefined {
    // Variance of a degenerate U-statistic of order two (Serfling 1980, sec. 5.2): 2 E[k²] / (n (n - 1)).
    const floor = Math.sqrt((2 * Math.max(spread, Number.MIN_VALUE)) / (size * (size - 1)))
    const calibration = this.#measured.get(size)?.calibrated((value) => scaled(value, floor))
    return calibration && { size, floor, calibration }
  }
}

function noteOn(size: number, sizes: readonly SizeReference[], clients: number): string {
  const made = sizes.find((each) => each.size === size)
  if (!made)
    return `windows of ${size}: not scored, since ${clients} other clients filled one and ${FEWEST_CLIENTS} are needed`
  const reach = Math.min(1, 2 * made.calibration.reach).toPrecision(2)
  return `windows of ${size}: calibrated on ${clients} other clients; p-values below ${reach} are extrapolated`
}
