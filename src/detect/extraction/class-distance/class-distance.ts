import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin, KeyUse, Score, StateChange } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Counter } from '../../../contract/plugin.ts'
import { KeyedHash } from '../../../runtime/keyed-hash.ts'
import { DriftGate } from '../../fleet/drift-gate.ts'
import { referenceName } from '../../reference/reference.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { ClassDistanceBaseline } from './baseline.ts'
import { KIND, Placing, thaw } from './model.ts'
import type { Frozen } from './model.ts'
import { explain, judge } from './verdict.ts'
import { OpenWindow, sectionOf, WINDOW } from './window.ts'
import type { Filled } from './window.ts'

const Config = z.strictObject({
  /** Principals held at once; 2.5 KB each. */
  maxKeys: z.int().min(1).max(1_000_000).default(10_000),
})
type Config = z.infer<typeof Config>

/**
 * Finds queries that are not of the class that the model took them for, as the natural images of others (Knockoff nets), noise
 * and synthetic steps are not: model extraction, ATLAS AML.T0024.002, control IN-1. Three looks at each window of 32 queries
 * of one principal, by feature vector and predicted class:
 *
 * - ADD (AAAI 2025, arXiv 2503.12497): Fréchet's distance between the benign queries of each class and the window's
 *   (`frechet.ts`), less what is usual for so many queries of the class: clients with one class and with all are alike then.
 * - FDINet's vote (TDSC 2024, arXiv 2306.11338): how many of the last 50 queries are farther from 16 benign queries of
 *   their class than 95 % of benign ones.
 * - Ours: how much of the queries lies outside of the directions that benign queries spread in (`subspace.ts`).
 *
 * All are calibrated on clients that the reference had not seen; p is for three looks (Bonferroni). Each window is told,
 * counted as one. Where a fifth of the fleet moves at once it is drift (`fleet/drift-gate.ts`). A class that the reference
 * lacks is measured against all classes together; without labels there is one class.
 *
 * What it cannot see: queries from the same source as the callers' own; within 600 queries, natural inputs mixed one to
 * two with benign ones, and steps by a surrogate's gradient mixed one to nine (test/bench/detection/query-attacks.ts).
 *
 * State: 2.5 KB a principal: of at most 32 queries 64 quantised numbers of a secret projection. Whoever was evicted begins an
 * empty window: to hide so takes requests of `maxKeys` others between 32 of its own, and evictions are counted. Vectors of
 * another length than the reference's, and what is not finite, are counted and not scored. 55 µs a request with 784 numbers,
 * and 35 µs more where the device was not asked before.
 */
export const classDistance: DetectorPlugin<Config> = {
  kind: KIND,
  summary:
    'Extraction by foreign or synthetic inputs: queries far from the classes they are given (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 1_000 }],
  open: async (config, context) =>
    context.reference
      ? new ClassDistanceDetector(config, context, context.reference)
      : new Unreferenced({
          name: context.name,
          feature: 'distance_from_class',
          what: 'the vectors of each class',
          isFor: ({ inference }) => (inference.features?.length ?? 0) > 0,
        }),
  baseline: (_config, context) => new ClassDistanceBaseline(context),
}

const NOTHING: readonly Score[] = []
/** Vectors of all callers move with a camera or a season; a fifth of the fleet is no coincidence. */
const FLEET_SHARE = 0.2

class ClassDistanceDetector implements Detector {
  readonly #name: string
  readonly #context: DetectorContext
  readonly #frozen: Frozen
  readonly #placing: Placing
  readonly #rows: KeyedRows
  readonly #fleet = new DriftGate({ tails: 1, share: FLEET_SHARE })
  readonly #hash: KeyedHash
  readonly #skipped: Counter

  constructor({ maxKeys }: Config, context: DetectorContext, reference: Uint8Array) {
    this.#name = context.name
    this.#context = context
    this.#frozen = thaw(reference)
    this.#placing = new Placing(this.#frozen)
    // Coordinates under one reference mean nothing under another.
    this.#rows = new KeyedRows(maxKeys, [sectionOf(`open.1.${referenceName(reference)}`)])
    this.#hash = new KeyedHash(context.key)
    const help = 'Requests that a detector could not look at'
    this.#skipped = context.metrics.counter('modelward_detector_skipped_total', help, ['component_id', 'reason'])
  }

  async prepare(events: readonly Event[]): Promise<void> {
    await this.#placing.prepare(events.filter(isModelRequest), this.#context.compute)
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const { features } = event.inference
    if (!features || features.length === 0) return NOTHING
    const placing = this.#placing
    if (features.length !== placing.space.columns) return this.#skip('other_columns')
    const query = placing.of(event.inference, features)
    if (!query) return this.#skip('vector_not_finite')
    const window = new OpenWindow(this.#rows.use(event.principal))
    if (window.holds(query)) return this.#skip('repeat')
    const filled = window.add(query, event.at, event.id, placing.model, placing.space)
    return filled ? [this.#verdict(event, filled, this.#frozen)] : NOTHING
  }

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

  #verdict(event: ModelRequest, filled: Filled, reference: Frozen): Score {
    const { principal } = event
    const judged = judge(filled, reference, this.#fleet)
    this.#fleet.note(1 + this.#hash.of(principal), [judged.alone])
    return {
      detector: this.#name,
      event,
      principal,
      p: judged.p,
      counts: 'window',
      direction: 'high',
      window: { from: filled.startedAt, to: event.at, events: WINDOW },
      explain: explain(filled, judged, reference),
    }
  }

  #skip(reason: string): readonly Score[] {
    this.#skipped.add(1, { component_id: this.#name, reason })
    return NOTHING
  }
}
