import { z } from 'zod'
import type {
  BaselineMaker,
  Detector,
  DetectorContext,
  DetectorPlugin,
  KeyUse,
  Score,
  StateChange,
} from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest, type ModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows, type Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { unionBound } from '../../statistics/combine.ts'
import { OutputBaseline } from './baseline.ts'
import { thaw } from './frozen.ts'
import { Measurer } from './measurer.ts'
import { SIGNALS } from './signals.ts'
import { WindowSums } from './window-sums.ts'

const Config = z.strictObject({
  /** Principals held at once; 0.3 KB each. */
  maxKeys: z.int().min(1).default(50_000),
  /** Requests of a principal that are judged together; a reference is made for one number and says so. */
  window: z.int().min(8).max(1_000).default(32),
  /** Vectors that a reference keeps to compare others with. */
  neighbours: z.int().min(16).max(16_384).default(1_024),
})
type Config = z.infer<typeof Config>

const FROM = 1
const SUMS = 2
const EXEMPLARS = 3
const ID_BYTES = 32
const IDS = 8 * (SUMS + WindowSums.NUMBERS)
const SECTION = { name: 'sums.2', bytes: IDS + EXEMPLARS * ID_BYTES }

/**
 * Finds answers that are not like those that a model gives: inputs from elsewhere, a model that was exchanged, a search
 * along its borders (controls IN-5, OB-4; ATLAS AML.T0043, AML.T0015). Of each request what the model says of its own
 * certainty (largest probability, entropy, energy, mean log-probability of the tokens) and, where telemetry brings a
 * vector, how far that lies from a frozen reference: Mahalanobis (Lee et al. 2018, arXiv 1807.03888), 10th neighbour (Sun
 * et al. 2022, arXiv 2204.06507), and what an autoencoder, trained on the compute device, cannot copy.
 *
 * The means of 32 requests of a principal are compared with those of clients that the reference had not seen, both tails,
 * Bonferroni over signals and tails: one score a window, whatever its p. Vectors are kept as 128 numbers of a salted
 * projection (`adversarial/trail`), and only in the reference; state is sums, 0.3 KB a principal. Who was evicted begins
 * a new window: 31 requests at most go unjudged. About 25 µs for a vector of 784 numbers, 1 µs without one.
 */
export const outputDistribution: DetectorPlugin<Config> = {
  kind: 'output-distribution',
  summary: 'Confidences and vectors of answers away from the reference (IN-5, OB-4, AML.T0043)',
  needs: [],
  config: Config,
  examples: [{}, { window: 64, maxKeys: 5_000 }],
  open: async (config: Config, context: DetectorContext): Promise<Detector> =>
    context.reference
      ? new OutputDistribution(config, context, await Measurer.open(thaw(context.reference), context))
      : new Unreferenced({ name: context.name, feature: 'answers', what: 'answers', isFor: isWatched }),
  baseline: (config: Config, context: DetectorContext): BaselineMaker => new OutputBaseline(config, context),
}

class OutputDistribution implements Detector {
  readonly #context: DetectorContext
  readonly #window: number
  readonly #measurer: Measurer
  readonly #rows: KeyedRows

  constructor(config: Config, context: DetectorContext, measurer: Measurer) {
    this.#context = context
    this.#measurer = measurer
    this.#window = measurer.frozen.window
    this.#rows = new KeyedRows(config.maxKeys, [SECTION])
  }

  async prepare(events: readonly Event[]): Promise<void> {
    await this.#measurer.prepare(events)
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event) || !isWatched(event)) return []
    const row = this.#rows.use(event.principal)
    const sums = new WindowSums(row.numbers.subarray(SUMS))
    if (sums.count === 0) row.numbers[FROM] = event.at
    sums.add(this.#measurer.of(event))
    row.bytes.copyWithin(IDS + ID_BYTES, IDS, IDS + (EXEMPLARS - 1) * ID_BYTES)
    writeShortText(row.bytes, IDS, ID_BYTES, event.id)
    if (sums.count < this.#window) return []
    const scores = this.#judge(event, row, sums)
    sums.clear()
    return scores
  }

  /** References are frozen: nothing is learned. */
  learn(): void {}

  changes(): readonly StateChange[] {
    return this.#rows.changes()
  }

  restore(state: Iterable<StateChange>): void {
    const unknown = this.#rows.restore(state)
    tellForgotten(unknown, this.#context)
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#measurer[Symbol.asyncDispose]()
  }

  #judge(event: ModelRequest, row: Row, sums: WindowSums): readonly Score[] {
    const tails = [...this.#measurer.frozen.calibrations].flatMap(([signal, calibration]) => {
      const seen = sums.mean(SIGNALS.indexOf(signal))
      if (seen === undefined) return []
      const told = { signal, seen, expected: calibration.typical, clients: calibration.clients }
      return [
        { ...told, direction: 'high', p: calibration.high(seen) },
        { ...told, direction: 'low', p: calibration.low(seen) },
      ]
    })
    const [worst] = tails.toSorted((a, b) => a.p - b.p)
    if (!worst) return []
    const { signal, direction, clients } = worst
    const [seen, expected] = [rounded(worst.seen), rounded(worst.expected)]
    return [
      {
        detector: this.#context.name,
        event,
        principal: event.principal,
        p: unionBound(worst.p, tails.length),
        counts: 'window',
        direction,
        window: { from: row.numbers[FROM] ?? event.at, to: event.at, events: this.#window },
        explain: {
          feature: signal,
          seen,
          expected,
          text: `mean ${signal.replaceAll('_', ' ')} of ${this.#window} answers is ${seen}, typically ${expected} (${clients} clients that are not in the reference)`,
          exemplars: exemplarsOf(row),
        },
      },
    ]
  }
}

function isWatched({ inference: { confidences, tokenLogprobs, features } }: ModelRequest): boolean {
  return confidences !== undefined || tokenLogprobs !== undefined || features !== undefined
}

function exemplarsOf(row: Row): readonly string[] {
  const ids = Array.from({ length: EXEMPLARS }, (_, i) => readShortText(row.bytes, IDS + i * ID_BYTES, ID_BYTES))
  return ids.filter((id) => id !== '')
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
