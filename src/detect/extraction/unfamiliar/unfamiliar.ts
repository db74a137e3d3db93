import { z } from 'zod'
import type {
  Detector,
  DetectorContext,
  DetectorPlugin,
  Explanation,
  KeyUse,
  Reader,
  Reading,
  Score,
  StateChange,
} from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Counter } from '../../../contract/plugin.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { PROMPT_LIMIT } from '../../features/text.ts'
import { DriftGate, driftWords, type Moved } from '../../fleet/drift-gate.ts'
import { referenceName } from '../../reference/reference.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest, type ModelRequest } from '../../request/model-request.ts'
import { ReadHere } from '../../request/read-here.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows, type Row } from '../../state/keyed-rows.ts'
import { USUAL_SIZES, WindowSizes } from '../window-sizes.ts'
import { UnfamiliarBaseline } from './baseline.ts'
import { FAMILIAR_NUMBERS, shareOf, surpriseAt } from './familiar.ts'
import { type Frozen, KIND, type SizeReference, thaw } from './frozen.ts'
import { type Filled, OpenWindows, sectionsOf } from './window.ts'

/** Callers begin to write of new things one by one; that half of them does at once is no coincidence. */
const FLEET_SHARE = 0.5

const Config = z.strictObject({
  /** Principals held at once; 1.2 KB each with the default windows. */
  maxKeys: z.int().min(1).max(1_000_000).default(10_000),
  /** Requests in a window: each a multiple of the one before. */
  windows: WindowSizes.default(USUAL_SIZES),
})
type Config = z.infer<typeof Config>

/**
 * Finds callers whose prompts are made of what nobody else writes: random words, sentences from elsewhere, as attackers
 * send who have no requests of their own to copy a model with (ATLAS AML.T0024.002, control IN-1). Anagram (Wang, Parekh,
 * Stolfo, RAID 2006) for prompts: the reference knows which runs of six characters and pairs of words at least two benign
 * callers wrote, and the surprise of a prompt is -ln of the share of its runs that are known, and the same of its pairs,
 * with a few known ones beside, so that a short prompt says little. Where tenants ask for very different things, this tells
 * what `query-distribution` cannot: to be unlike all others there is what every tenant is, but they write in words that
 * others use too.
 *
 * Scores: each window of 50, 200 and 1,000 prompts that is full, whatever its p, counted as a window: the mean surprise of
 * its 10, 20 and 45 most surprising prompts, so that ordinary ones between them hide little. p is its upper tail among
 * clients that the reference had not seen (`Calibration`), each client counting once. Where half of the fleet moves the
 * same way, p is at least the rank among them, and the text says drift.
 *
 * What it cannot see: prompts in ordinary language on what is asked here (X4's lower tail looks for a harvest of them), and
 * prompts that are mostly filled up with familiar text; of prompts of a few words it takes many. A new tenant in a
 * language that no other writes is told as a stranger, and is one.
 *
 * State: 1.2 KB a principal, numbers only; what the reference holds are bits at places that the detector's key chooses.
 * Whoever was evicted begins an empty window. 5 µs for 300 characters, on a thread that reads ahead where there is one.
 */
export const unfamiliarText: DetectorPlugin<Config> = {
  kind: KIND,
  summary:
    'Extraction: prompts made of what no caller writes, random words and foreign sentences (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 1_000, windows: [100, 500] }],
  open: async (config, context) => opened(config, context),
  reader: {
    width: FAMILIAR_NUMBERS,
    open: (_config, { key, reference }) => (reference ? thaw(reference, key).familiar : nothingKnown),
  },
  baseline: (config, context) => new UnfamiliarBaseline(config.windows, context),
}

const NOTHING: readonly Score[] = []
/** Without a reference nobody asks what was read. */
const nothingKnown: Reader = { read: () => undefined }

/** The detector, or what stands in for it while there is no reference of the configured sizes. */
function opened(config: Config, context: DetectorContext): Detector {
  const { name, log, reference, key } = context
  const frozen = reference && thaw(reference, key)
  if (frozen && frozen.sizes.some(({ size }) => config.windows.includes(size)))
    return new UnfamiliarDetector(config, context, frozen, `open.1.${referenceName(reference)}`)
  if (frozen) log.warn('the reference has no windows of the sizes configured', { part: name, windows: config.windows })
  return new Unreferenced({
    name,
    feature: FEATURE,
    what: 'what callers write',
    isFor: ({ inference }) => !!inference.prompt,
  })
}

const FEATURE = 'unfamiliar_share'

class UnfamiliarDetector implements Detector {
  readonly #name: string
  readonly #context: DetectorContext
  readonly #sizes: readonly number[]
  readonly #bySize: ReadonlyMap<number, SizeReference>
  readonly #read: ReadHere
  readonly #rows: KeyedRows
  readonly #fleet = new DriftGate({ tails: 1, share: FLEET_SHARE })
  readonly #hash: KeyedHash
  readonly #skipped: Counter
  readonly #cut: Counter
  readonly #touch = (row: Row, section: number): void => this.#rows.touch(row, section)

  /** `version` names the reference: surprises under one mean nothing under another. */
  constructor({ maxKeys, windows }: Config, context: DetectorContext, frozen: Frozen, version: string) {
    this.#name = context.name
    this.#context = context
    this.#sizes = windows
    this.#bySize = new Map(frozen.sizes.map((size) => [size.size, size]))
    this.#read = new ReadHere(frozen.familiar, FAMILIAR_NUMBERS)
    this.#rows = new KeyedRows(maxKeys, sectionsOf(windows, version))
    this.#hash = new KeyedHash(context.key)
    this.#skipped = context.metrics.counter(
      'modelward_detector_skipped_total',
      'Requests that a detector could not look at',
      ['component_id', 'reason'],
    )
    this.#cut = context.metrics.counter(
      'modelward_detector_cut_total',
      'Prompts of which a detector looked at the beginning and the end only',
      ['component_id'],
    )
  }

  score(event: Event, ahead?: Reading): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const { numbers, at } = this.#read.of(event.inference, ahead)
    const surprise = surpriseAt(numbers, at)
    if (surprise === undefined) {
      this.#skipped.add(1, { component_id: this.#name, reason: 'no-text' })
      return NOTHING
    }
    if ((event.inference.prompt?.length ?? 0) > PROMPT_LIMIT) this.#cut.add(1, { component_id: this.#name })
    const windows = new OpenWindows(this.#rows.use(event.principal), this.#sizes, this.#touch)
    const filled = windows.add(surprise, event.at, event.id)
    return filled.length === 0 ? NOTHING : filled.flatMap((window) => this.#scored(event, window))
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

  #scored(event: ModelRequest, filled: Filled): readonly Score[] {
    const reference = this.#bySize.get(filled.size)
    if (!reference) return NOTHING
    const measured = reference.calibration.high(filled.surprise)
    const { p, drift } = this.#fleet.held(measured)
    if (filled.size === this.#sizes[0]) this.#fleet.note(1 + this.#hash.of(event.principal), [measured])
    return [
      {
        detector: this.#name,
        event,
        principal: event.principal,
        p,
        counts: 'window',
        direction: 'high',
        window: { from: filled.startedAt, to: event.at, events: filled.size },
        explain: explain(filled, reference, drift),
        part: String(filled.size),
      },
    ]
  }
}

/** The share of its most surprising prompts that nobody writes, against a typical client's. */
function explain({ size, top, surprise, exemplars }: Filled, reference: SizeReference, drift?: Moved): Explanation {
  const { calibration } = reference
  const [seen, expected] = [shareOf(surprise), shareOf(calibration.typical)]
  return {
    feature: FEATURE,
    seen: rounded(seen),
    expected: rounded(expected),
    text: `${top} of ${size} requests in a row are made of what others do not write here: ${percent(seen)} of their runs of characters and pairs of words, typically ${percent(expected)} of a caller's least familiar ones; compared with ${calibration.clients} clients that are not in the reference${driftWords(drift)}`,
    exemplars,
    window_requests: size,
    ...(drift === undefined ? {} : { fleet_moved: drift.unusual }),
  }
}

function rounded(share: number): number {
  return Number(share.toPrecision(3))
}

function percent(share: number): string {
  return `${(100 * share).toFixed()} %`
}
