import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin, KeyUse, Score, StateChange } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Counter, Log } from '../../../contract/plugin.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import type { Row } from '../../state/keyed-rows.ts'
import { Vectors } from '../trail/vectors.ts'
import { DeltaSimilarityBaseline } from './baseline.ts'
import { gathering, leastGathering, sumOf } from './distances.ts'
import type { Gathering } from './distances.ts'
import { explain, explainLearning } from './explain.ts'
import type { Seen } from './explain.ts'
import { KIND, Learned, readOrdinary, TEACHING_WINDOWS } from './ordinary.ts'
import type { Ordinary } from './ordinary.ts'
import { SECTIONS, Walk } from './walk.ts'

const Config = z.strictObject({
  /** Principals (and lengths of vector) held at once; 2.1 KB each, of which a request writes half. */
  maxKeys: z.int().min(1).default(50_000),
  /** Steps of one window; two windows of 63 are full after 65 and 128 requests. */
  window: z.int().min(32).max(255).default(63),
})
type Config = z.infer<typeof Config>

/** A window less usual than this does not become a principal's own past. The fleet learns all that were quiet: without its
 * unusual windows, unusual ones would soon be taken for rarer than they are. */
const LEARN_ABOVE = 0.05
/** Own cosines from which on they count. */
const OWN_COSINES = 126

/**
 * Finds black-box attacks by how their queries step: DS = cos(x[i] - x[i-1], x[i+1] - x[i]) over a principal's consecutive
 * vectors (GWAD, CVPR 2025, arXiv 2503.02986), told from the fleet's by Kuiper's form of the KS distance (`distances.ts`)
 * in place of GWAD's network; ATLAS AML.T0043.001, control IN-6. Noise of any size has the same directions, so turning it up does not
 * help the attacker; mixing in other queries does. Vectors only: directions between bags of words say little.
 *
 * - Equal vectors in a row (retries) and steps on one line (sliders, sweeps of one parameter, back and forth) are counted and
 *   no evidence. A resting scene (`trail.ts`: a camera) is told with p = 1, and teaches nothing.
 * - A window's statistic is its distance from the fleet, from those of it whose cosines scatter widely (`shapesOf`), or
 *   from the principal's own past, whichever is least. The own past is
 *   made only of quiet windows with p over 0.05, so it lies near the fleet: by the triangle inequality an attacker who
 *   teaches it gains no more than what it may do anyway. The first windows of a principal have the fleet alone.
 * - p: a frozen reference (`modelward baseline`), else learned (`ordinary.ts`), calibrated by client, never by formula:
 *   neighbouring cosines share vectors. An evicted principal comes back as a new one, with a new window and no own past.
 *
 * 11 µs for a request with 784 numbers, most of it the projection.
 */
export const deltaSimilarity: DetectorPlugin<Config> = {
  kind: KIND,
  summary: 'Adversarial query loops by the directions of their steps (IN-6, AML.T0043.001)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 10_000, window: 127 }],
  open: async (config, context) => new DeltaSimilarityDetector(config, context),
  baseline: (config, context) => new DeltaSimilarityBaseline(config.window, context),
}

const NOTHING: readonly Score[] = []

/** A full window that waits for the word that its event was quiet. */
interface Pending {
  readonly event: string
  readonly row: Row
  readonly client: number
  readonly cosines: Uint8Array
  readonly p: number | null
}

class DeltaSimilarityDetector implements Detector {
  readonly #config: Config
  readonly #name: string
  readonly #log: Log
  readonly #rows: KeyedRows
  readonly #touch = (row: Row, section: number): void => this.#rows.touch(row, section)
  readonly #vectors: Vectors
  readonly #hash: KeyedHash
  readonly #frozen: Ordinary | undefined
  readonly #learned = new Learned()
  readonly #resting: Counter
  #pending: Pending | undefined

  constructor(config: Config, context: DetectorContext) {
    this.#config = config
    this.#name = context.name
    this.#log = context.log
    this.#rows = new KeyedRows(config.maxKeys, SECTIONS)
    this.#vectors = new Vectors(context.name, context.key, context.metrics)
    this.#hash = new KeyedHash(context.key)
    this.#frozen = context.reference && readOrdinary(context.reference, config.window)
    const help = 'Windows of a scene at rest, which are no evidence'
    this.#resting = context.metrics.counter('modelward_detector_resting_total', help, ['component_id'])
    if (context.reference && !this.#frozen)
      context.log.warn('the reference is for another window: make it again with modelward baseline', {
        part: this.#name,
      })
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event) || !event.inference.features) return NOTHING
    const { features, label, output } = event.inference
    const vector = this.#vectors.project(features)
    if (!vector) return NOTHING
    const row = this.#rows.use(`${features.length}/${event.principal}`)
    const walk = new Walk(row, this.#touch)
    if (!walk.enter(event, vector, this.#vectors.answer(label ?? output)) || sumOf(walk.cosines) < this.#config.window)
      return NOTHING
    return this.#verdict(event, event.principal, row, walk)
  }

  learn(event: Event): void {
    const pending = this.#pending
    if (pending?.event !== event.id) return
    this.#pending = undefined
    const walk = new Walk(pending.row, this.#touch)
    if (pending.p !== null && pending.p > LEARN_ABOVE) walk.learnOwn(pending.cosines)
    if (this.#frozen || !walk.mayTeach(TEACHING_WINDOWS)) return
    this.#rows.touch(pending.row, 0)
    this.#learned.learn(pending.client, pending.cosines)
  }

  changes(): readonly StateChange[] {
    return [...this.#learned.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#learned.clear()
    this.#pending = undefined
    const own = [...state].filter((change) => !this.#learned.restore(change))
    const unknown = this.#rows.restore(own)
    tellForgotten(unknown, { log: this.#log, name: this.#name })
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #verdict(event: Event, principal: string, row: Row, walk: Walk): readonly Score[] {
    const cosines = walk.cosines.slice()
    const seen: Seen = {
      cosines,
      repeats: walk.repeats,
      collinear: walk.collinear,
      rests: walk.trail.rests(),
      exemplars: walk.exemplars(),
    }
    const ordinary = this.#frozen ?? this.#learned.ordinary
    const window = { from: walk.startedAt, to: event.at, events: this.#config.window }
    walk.close()
    const told = { detector: this.#name, event, principal, direction: 'high', window, counts: 'window' as const }
    const found = ordinary && this.#gathering(cosines, walk, ordinary)
    const isKnown = ordinary !== undefined && found !== undefined
    const usual = isKnown ? ordinary.calibration.high(found.excess) : null
    const p = isKnown && seen.rests ? 1 : usual
    if (seen.rests) this.#resting.add(1, { component_id: this.#name })
    else this.#pending = { event: event.id, row, client: this.#hash.of(row.key), cosines, p }
    if (isKnown) return [{ ...told, p, explain: explain(seen, found, ordinary.calibration) }]
    return walk.warnOnce() ? [{ ...told, p: null, explain: explainLearning(seen, this.#learned.progress) }] : NOTHING
  }

  /** Against the fleet, or against the principal's own past where that is nearer. */
  #gathering(cosines: Uint8Array, walk: Walk, ordinary: Ordinary): Gathering | undefined {
    const fleet = leastGathering(cosines, ordinary.shapes)
    const own = sumOf(walk.own) < OWN_COSINES ? undefined : gathering(cosines, walk.own)
    return fleet && own && own.excess < fleet.excess ? own : fleet
  }
}
