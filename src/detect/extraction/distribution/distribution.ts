import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin, KeyUse, Score, StateChange } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Counter } from '../../../contract/plugin.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { DriftGate } from '../../fleet/drift-gate.ts'
import { FourierFeatures } from '../../features/fourier.ts'
import { PROMPT_LIMIT } from '../../features/text.ts'
import { referenceName } from '../../reference/reference.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { USUAL_SIZES, WindowSizes } from '../window-sizes.ts'
import { openBaseline } from './baseline.ts'
import { explain } from './explain.ts'
import { KIND, thaw } from './frozen.ts'
import type { Frozen, SizeReference } from './frozen.ts'
import { judge } from './verdict.ts'
import { LARGEST_FIRST, OpenWindows, sectionsOf } from './window.ts'

/** Tenants change their ways one by one; that half of them does at once is no coincidence. */
const FLEET_SHARE = 0.5

const Config = z.strictObject({
  /** Principals held at once; 13 KB each with the default windows. */
  maxKeys: z.int().min(1).max(1_000_000).default(10_000),
  /** Requests in a window: each a multiple of the one before, the first at most 256. */
  windows: WindowSizes.refine(([first = 0]) => first <= LARGEST_FIRST, {
    error: `the first window holds at most ${LARGEST_FIRST} requests`,
  }).default(USUAL_SIZES),
})
type Config = z.infer<typeof Config>

/**
 * Finds callers whose requests as a whole are not what one caller asks for: model extraction and distillation, ATLAS
 * AML.T0024.002, control IN-1. Requests become vectors (`features/`: the telemetry's embedding, or hashed n-grams of the
 * prompt), and windows of 50, 200 and 1,000 of one principal are compared with a frozen reference of benign requests by
 * unbiased squared maximum mean discrepancy (Gretton et al. 2012, JMLR 13) by random Fourier features, after arXiv
 * 2606.05725 but against the reference's whole mean, not samples of it: cheaper, and it tells more apart.
 *
 * Both tails count. `high`: random words, texts from elsewhere, a foreign data set. `low`: a caller who harvests asks
 * for a bit of everything, and so looks more like the whole population than any one ordinary caller does.
 *
 * Scores: each window that is full, whatever its p, counted as a window. p is twice the smaller tail among clients that
 * the reference had not seen (`Calibration`), each client counting once: it holds for any one window of a new client.
 * Windows of one client are alike, and a window of 200 holds four of 50, so their p-values depend on each other: they may
 * be averaged as e-values, as the fusion does, and never multiplied. Where half of the fleet moves the same way, p is at
 * least the rank among them, and the text says drift (`fleet/drift-gate.ts`).
 *
 * What it cannot see: where tenants are very different, a caller who is no further from all of them than each is: who asks
 * for what another tenant asks for, and who sends random words (`unfamiliar-text` tells those); and extraction by many
 * accounts that each keep to one tenant's ways (linkage, X7, looks for those).
 *
 * State: 13 KB a principal (a commit stores 4 KB of it, and 4 KB more when a window of 50 is full), only sums of random
 * projections. Whoever was evicted begins an empty window: to hide so, a caller needs requests of `maxKeys` others between
 * 50 of its own, and evictions are counted. 18 µs a request of 300 characters on `wasm`, 10 of them on the main thread. Telemetry
 * with other vectors than the reference's is counted, not scored.
 */
export const queryDistribution: DetectorPlugin<Config> = {
  kind: KIND,
  summary: 'Extraction and harvesting: what a caller asks for as a whole, against all callers (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 1_000, windows: [64, 256, 1_024] }, { windows: [100] }],
  open: async (config, context) => opened(config, context),
  baseline: (config, context) => openBaseline(config.windows, context),
}

const NOTHING: readonly Score[] = []

/** The detector, or what stands in for it while there is no reference of the configured sizes. */
function opened(config: Config, context: DetectorContext): Detector {
  const frozen = context.reference && thaw(context.reference)
  const sizes = new Set(frozen?.sizes.map(({ size }) => size))
  if (frozen && context.reference && config.windows.some((size) => sizes.has(size)))
    return new DistributionDetector(config, context, frozen, `open.3.${referenceName(context.reference)}`)
  const { name, log } = context
  if (frozen) log.warn('the reference has no windows of the sizes configured', { part: name, windows: config.windows })
  const what = `windows of ${config.windows.join(', ')} requests`
  const isFor = ({ inference: { prompt, features } }: ModelRequest): boolean => !!prompt || features !== undefined
  return new Unreferenced({ name, feature: 'distance_from_reference', what, isFor })
}

class DistributionDetector implements Detector {
  readonly #name: string
  readonly #context: DetectorContext
  readonly #sizes: readonly number[]
  readonly #frozen: Frozen
  readonly #bySize: ReadonlyMap<number, SizeReference>
  readonly #features: FourierFeatures
  readonly #rows: KeyedRows
  readonly #fleet = new DriftGate({ tails: 2, share: FLEET_SHARE })
  readonly #hash: KeyedHash
  readonly #skipped: Counter
  readonly #cut: Counter
  readonly #touch = (row: Row, section: number): void => this.#rows.touch(row, section)

  /** `version` names the reference: sums under one mean nothing under another. */
  constructor({ maxKeys, windows }: Config, context: DetectorContext, frozen: Frozen, version: string) {
    this.#name = context.name
    this.#context = context
    this.#sizes = windows
    this.#bySize = new Map(frozen.sizes.map((size) => [size.size, size]))
    this.#frozen = frozen
    this.#features = new FourierFeatures(context.compute, frozen.fourier)
    this.#rows = new KeyedRows(maxKeys, sectionsOf(windows, version))
    this.#hash = new KeyedHash(context.key)
    const labels = ['component_id', 'reason']
    this.#skipped = context.metrics.counter(
      'modelward_detector_skipped_total',
      'Requests that a detector could not look at',
      labels,
    )
    this.#cut = context.metrics.counter(
      'modelward_detector_cut_total',
      'Prompts of which a detector looked at the beginning and the end only',
      ['component_id'],
    )
  }

  async prepare(events: readonly Event[]): Promise<void> {
    await this.#features.prepare(events.filter(isModelRequest))
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const features = this.#features.of(event)
    if (typeof features === 'string') {
      this.#skipped.add(1, { component_id: this.#name, reason: features })
      return NOTHING
    }
    const length = this.#frozen.fourier.features.kind === 'text' ? (event.inference.prompt?.length ?? 0) : 0
    if (length > PROMPT_LIMIT) this.#cut.add(1, { component_id: this.#name })
    const windows = new OpenWindows(this.#rows.use(event.principal), this.#sizes, this.#touch)
    const filled = windows.add(features, event.at, event.id, this.#frozen.centre)
    return filled.length === 0 ? NOTHING : this.#scores(event, filled)
  }

  /** References are frozen: nothing is learned. */
  learn(): void {}

  changes(): readonly StateChange[] {
    return [...this.#fleet.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#fleet.clear()
    const unknown = this.#rows.restore([...state].filter((change) => !this.#fleet.restore(change)))
    tellForgotten(unknown, this.#context)
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #scores(event: ModelRequest, windows: ReturnType<OpenWindows['add']>): readonly Score[] {
    const scores: Score[] = []
    for (const filled of windows) {
      const reference = this.#bySize.get(filled.size)
      if (!reference) continue
      const judged = judge(filled.distance, reference, this.#fleet)
      if (filled.size === this.#sizes[0])
        this.#fleet.note(1 + this.#hash.of(event.principal), [judged.high, judged.low])
      scores.push({
        detector: this.#name,
        event,
        principal: event.principal,
        p: judged.p,
        counts: 'window',
        direction: judged.direction,
        window: { from: filled.startedAt, to: event.at, events: filled.size },
        explain: explain(filled, judged),
        part: String(filled.size),
      })
    }
    return scores
  }
}
