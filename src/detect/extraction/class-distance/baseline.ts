import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { ModelBuilder } from './learn-model.ts'
import { freeze, Placing } from './model.ts'
import { OpenWindow, sectionOf, VOTERS, WINDOW } from './window.ts'

/** Clients with a vote that calibrating takes at least. */
const FEWEST_CLIENTS = 20
/** Clients that are calibrated on at once, 2.5 KB each. */
const MOST_CLIENTS = 10_000
/** Windows of one client that are kept. */
const MOST_WINDOWS = 64

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

export class ClassDistanceBaseline implements BaselineMaker {
  readonly #context: DetectorContext
  readonly #builder: ModelBuilder
  readonly #rows = new KeyedRows(MOST_CLIENTS, [sectionOf('baseline')])
  readonly #excess: Observed[] = []
  readonly #far: Observed[] = []
  readonly #outside: Observed[] = []
  readonly #windows = new Map<string, number>()
  #placing: Promise<Placing | { readonly refused: string }> | undefined

  constructor(context: DetectorContext) {
    this.#context = context
    this.#builder = new ModelBuilder(context)
  }

  async refer(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      const { features, label } = isModelRequest(event) ? event.inference : {}
      if (features && features.length > 0) this.#builder.add(event.principal ?? '', features, label)
    }
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    const placing = await this.#place()
    if ('refused' in placing) return
    await placing.prepare(events.filter(isModelRequest), this.#context.compute)
    for (const event of events) if (isModelRequest(event)) this.#measure(event, placing)
  }

  async freeze(): Promise<Frozen> {
    const placing = await this.#place()
    if ('refused' in placing) return placing
    const clients = new Set(this.#far.map(({ client }) => client)).size
    if (clients < FEWEST_CLIENTS)
      return {
        refused: `${FEWEST_CLIENTS} clients beyond those of the reference are needed with ${Math.ceil(VOTERS / WINDOW) * WINDOW} vectors each, and there are ${clients}: take in more files`,
      }
    const { model } = placing
    const [excess, far] = [Calibration.fit(this.#excess), Calibration.fit(this.#far)]
    const outside = Calibration.fit(this.#outside)
    return {
      reference: freeze({ ...model, excess, far, outside }),
      notes: [
        this.#builder.notes,
        `${model.labels.length} classes; calibrated on ${clients} other clients; p-values below ${(3 * far.reach).toPrecision(2)} are extrapolated`,
      ],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #place(): Promise<Placing | { readonly refused: string }> {
    this.#placing ??= this.#builder.finish().then((model) => ('refused' in model ? model : new Placing(model)))
    return this.#placing
  }

  #measure({ principal, inference, at, id }: ModelRequest, placing: Placing): void {
    const { features } = inference
    if (features?.length !== placing.space.columns) return
    const query = placing.of(inference, features)
    if (!query) return
    const filled = new OpenWindow(this.#rows.use(principal)).add(query, at, id, placing.model, placing.space)
    const windows = this.#windows.get(principal) ?? 0
    if (!filled || windows >= MOST_WINDOWS) return
    this.#windows.set(principal, windows + 1)
    this.#excess.push({ client: principal, value: filled.excess })
    this.#outside.push({ client: principal, value: filled.outside })
    if (filled.far !== undefined) this.#far.push({ client: principal, value: filled.far })
  }
}
