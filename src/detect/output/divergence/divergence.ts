import { z } from 'zod'
import type {
  Detector,
  DetectorContext,
  DetectorPlugin,
  KeyUse,
  Reader,
  Reading,
  Score,
  StateChange,
} from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { isModelRequest, type ModelRequest } from '../../request/model-request.ts'
import { ReadHere } from '../../request/read-here.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows, type Row } from '../../state/keyed-rows.ts'
import { readShortText, writeShortText } from '../../state/short-text.ts'
import { SingleRow } from '../../state/single-row.ts'
import { unionBound } from '../../statistics/combine.ts'
import { repetitionOf, runOf } from '../text/repetition.ts'
import { FEATURES, FLEET_NUMBERS, levelsOf, noteWindow, pOf, typical } from './levels.ts'

const Config = z.strictObject({
  /** Principals held at once; 0.2 KB each. */
  maxKeys: z.int().min(1).default(50_000),
  /** Requests of a principal that are judged together. */
  window: z.int().min(1).max(1_000).default(16),
  /** Quiet windows of the fleet before p-values are given. */
  learningWindows: z.int().min(20).max(100_000).default(200),
})
type Config = z.infer<typeof Config>

const COUNT = 1
const FROM = 2
const TAUGHT = 3
const LEVEL = 4
const NUMBERS = LEVEL + FEATURES.length
const ID_BYTES = 32
const IDS = 8 * NUMBERS
/** What the reader says of a request: a level for each feature, and of the output its run, repeated share and switch. */
const [RUN, REPEATED, SWITCHED] = [FEATURES.length, FEATURES.length + 1, FEATURES.length + 2]
const REPETITION_NUMBERS = SWITCHED + 1
const SECTION = { name: 'windows.1', bytes: IDS + FEATURES.length * ID_BYTES }
/** Windows of one principal that the fleet learns from: a busy caller weighs no more than others. */
const TEACHING_WINDOWS = 64

/**
 * Finds outputs that come loose: one phrase over and over, then other text, which is how training data is drawn out of
 * language models (Nasr et al. 2023, arXiv 2311.17035; ATLAS AML.T0024, AML.T0057; control IN-5), and the prompts that ask
 * for it. An output that switched is told at once (direction `divergence`, no p-value needed: ordinary text does not do
 * that). Beside that each window of 16 requests of a principal is held against all quiet windows of the fleet by the
 * longest run, the share of repeated passages, and the longest run in a prompt: a conformal p-value, Bonferroni over the
 * three, and null until the fleet has shown 200 windows.
 *
 * State: 0.2 KB a principal, least recently used out first; who comes back after that begins a new window, and an output
 * that switched is told whatever the window. About 45 µs for an output of 1,000 words, 1 µs for one of 20.
 */
export const divergence: DetectorPlugin<Config> = {
  kind: 'divergence',
  summary: 'Outputs that repeat and then come loose, prompts that ask for it (IN-5, OB-4, AML.T0057)',
  needs: [],
  config: Config,
  examples: [{}, { window: 32, learningWindows: 1_000 }],
  open: async (config: Config, context: DetectorContext): Promise<Detector> => new Divergence(config, context),
  reader: { width: REPETITION_NUMBERS, open: () => repetitionReader },
}

const repetitionReader: Reader = {
  read: ({ prompt, output }, out, at) => {
    const seen = repetitionOf(output)
    for (const [feature, level] of levelsOf(seen, runOf(prompt)).entries()) out[at + feature] = level
    out[at + RUN] = seen.run
    out[at + REPEATED] = seen.repeated
    out[at + SWITCHED] = Number(seen.switched)
  },
}

class Divergence implements Detector {
  readonly #config: Config
  readonly #context: DetectorContext
  readonly #rows: KeyedRows
  readonly #fleet = new SingleRow('fleet.1', FLEET_NUMBERS)
  readonly #read = new ReadHere(repetitionReader, REPETITION_NUMBERS)
  /** The window that the last event closed: learned only if the event turns out quiet. */
  #closed: { readonly event: string; readonly levels: readonly number[] } | undefined

  constructor(config: Config, context: DetectorContext) {
    this.#config = config
    this.#context = context
    this.#rows = new KeyedRows(config.maxKeys, [SECTION])
  }

  score(event: Event, ahead?: Reading): readonly Score[] {
    this.#closed = undefined
    if (!isModelRequest(event)) return []
    const { prompt, output } = event.inference
    if (prompt === undefined && output === undefined) return []
    const reading = this.#read.of(event.inference, ahead)
    const row = this.#rows.use(event.principal)
    this.#note(row, event, reading)
    const scores = reading.numbers[reading.at + SWITCHED] === 1 ? [this.#sayDiverged(event, reading)] : []
    const { numbers } = row
    if ((numbers[COUNT] ?? 0) >= this.#config.window) {
      scores.push(this.#close(event, row))
      numbers.fill(0, LEVEL)
      numbers[COUNT] = 0
    }
    return scores
  }

  learn(event: Event): void {
    const closed = this.#closed
    if (closed?.event !== event.id || event.principal === undefined) return
    this.#closed = undefined
    const row = this.#rows.find(event.principal)
    if (!row || (row.numbers[TAUGHT] ?? 0) >= TEACHING_WINDOWS) return
    row.numbers[TAUGHT] = (row.numbers[TAUGHT] ?? 0) + 1
    this.#rows.touch(row, 0)
    noteWindow(this.#fleet.numbers, closed.levels)
    this.#fleet.touch()
  }

  changes(): readonly StateChange[] {
    return [...this.#fleet.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#fleet.clear()
    this.#closed = undefined
    const unknown = this.#rows.restore([...state].filter((change) => !this.#fleet.restore(change)))
    tellForgotten(unknown, this.#context)
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #note({ numbers, bytes }: Row, event: ModelRequest, reading: Reading): void {
    if ((numbers[COUNT] ?? 0) === 0) {
      numbers[FROM] = event.at
      bytes.fill(0, IDS)
    }
    numbers[COUNT] = (numbers[COUNT] ?? 0) + 1
    for (let feature = 0; feature < FEATURES.length; feature++) {
      const level = reading.numbers[reading.at + feature] ?? 0
      if (level <= (numbers[LEVEL + feature] ?? 0)) continue
      numbers[LEVEL + feature] = level
      writeShortText(bytes, IDS + feature * ID_BYTES, ID_BYTES, event.id)
    }
  }

  #close(event: ModelRequest, row: Row): Score {
    const fleet = this.#fleet.numbers
    const levels = FEATURES.map((_, feature) => row.numbers[LEVEL + feature] ?? 0)
    this.#closed = { event: event.id, levels }
    const ps = levels.map((level, feature) => pOf(fleet, feature, level))
    const worst = ps.indexOf(Math.min(...ps))
    const learned = (fleet[0] ?? 0) / this.#config.learningWindows
    const feature = FEATURES[worst] ?? 'output_run'
    const [seen, expected] = [levels[worst] ?? 0, typical(fleet, worst)]
    const exemplar = readShortText(row.bytes, IDS + worst * ID_BYTES, ID_BYTES)
    return {
      detector: this.#context.name,
      event,
      principal: event.principal,
      p: learned < 1 ? null : unionBound(ps[worst] ?? 1, FEATURES.length),
      counts: 'window',
      part: 'window',
      direction: 'high',
      window: { from: row.numbers[FROM] ?? event.at, to: event.at, events: this.#config.window },
      explain: {
        feature,
        seen,
        expected: learned < 1 ? null : expected,
        text: `${feature} at level ${seen} of 31 in ${this.#config.window} requests, usually ${expected} (${fleet[0] ?? 0} windows of the fleet)`,
        ...(learned < 1 ? { learning: learned } : {}),
        ...(exemplar === '' ? {} : { exemplars: [exemplar] }),
      },
    }
  }

  #sayDiverged(event: ModelRequest, { numbers, at }: Reading): Score {
    const fleet = this.#fleet.numbers
    const [run, repeated] = [numbers[at + RUN] ?? 0, numbers[at + REPEATED] ?? 0]
    return {
      detector: this.#context.name,
      event,
      principal: event.principal,
      p: 1 / (1 + (fleet[0] ?? 0) * this.#config.window),
      direction: 'divergence',
      part: 'divergence',
      explain: {
        feature: 'output_run',
        seen: run,
        expected: 0,
        repeated: Math.round(repeated * 1000) / 1000,
        text: `the output repeats one phrase over ${run} tokens and then goes over to other text`,
        exemplars: [event.id],
      },
    }
  }
}
