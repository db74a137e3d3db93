import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { MeasuredSizes } from '../../calibration/measured.ts'
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
  readonly #measured: MeasuredSizes
  #measuring: Promise<Measuring | { readonly refused: string }> | undefined

  constructor(sizes: readonly number[], context: DetectorContext) {
    this.#sizes = sizes
    this.#context = context
    this.#builder = new PopulationBuilder(context.compute, context.random)
    this.#measured = new MeasuredSizes(sizes)
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
        this.#measured.add(size, event.principal, distance)
    }
  }

  async freeze(): Promise<Frozen> {
    const measuring = await this.#measure()
    if ('refused' in measuring) return measuring
    const { population, centre } = measuring
    const sizes = this.#sizes.flatMap((size) => this.#calibrated(size, population) ?? [])
    if (sizes.length === 0) return { refused: this.#measured.tooFew('requests') }
    const { fourier, clients, requests, leftOut } = population
    const kind = fourier.features.kind === 'text' ? 'prompts' : `vectors of ${fourier.features.columns} columns`
    return {
      reference: freeze({ fourier, centre, sizes }),
      notes: [
        `reference: ${requests} requests of ${clients} clients, by their ${kind}; ${leftOut} requests left out`,
        ...this.#measured.notes(2),
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
    const calibration = this.#measured.calibrated(size, (value) => scaled(value, floor))
    return calibration && { size, floor, calibration }
  }
}
