import { z } from 'zod'
import type { Detector, DetectorContext, DetectorPlugin, KeyUse, Score, StateChange } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Counter } from '../../../contract/plugin.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { SyntheticBaseline } from './baseline.ts'
import { explain } from './explain.ts'
import { departure, KIND, thaw } from './frozen.ts'
import type { Frozen } from './frozen.ts'
import { Queries } from './queries.ts'
import { sectionsOf, Session } from './session.ts'

const Config = z.strictObject({
  /** Principals whose requests are counted, 32 bytes each. */
  maxKeys: z.int().min(1).max(1_000_000).default(50_000),
  /** Principals looked at closely at once, 257 KB each. */
  maxPromoted: z.int().min(1).max(10_000).default(500),
  /** Requests with vectors within a week from which on a principal is looked at closely. */
  volume: z.int().min(1).default(300),
})
type Config = z.infer<typeof Config>

const WEEK_MS = 7 * 86_400_000
/** What another detector says of a principal with a p-value of at most this has it looked at closely. */
const NOTICED_P = 0.05
// A counter, in numbers; the first belongs to the map.
const [FROM, COUNT] = [1, 2]
const COUNTER = { name: 'count.1', bytes: 32 }
const PROMOTED = 'promoted.'

/**
 * Finds queries that are made from each other by steps, as attackers do who have no inputs of their own (Papernot's
 * Jacobian augmentation, T-RND): PRADA (Juuti et al. 2019, arXiv 1805.02628), ATLAS AML.T0024.002, control IN-1. The distances
 * of queries from the nearest earlier one of their class are near a bell curve for natural inputs, and not for steps of a
 * fixed size (`session.ts`). Of exact repeats, which PRADA counts, none is: they would make every client that retries synthetic.
 *
 * A session of a principal has a verdict at 300 distances (PRADA's own 100 gives 3 % of false alarms) and at each hundred
 * more up to 1,000, then begins anew. Statistic: Shapiro and Wilk's W; p its lower tail among benign clients after as many
 * distances (`Calibration`), of the nearest number below where clients were too few. It needs a frozen reference.
 *
 * Sessions are dear, so they are for principals that another detector notices (p at most 0.05) or that send 300 vectors
 * within a week (by default); at most 500, the least recently used out and counted in `modelward_detector_demoted_total`.
 * Whoever is out, or evicted, begins with an empty session; it takes 500 busy principals between one's requests to be so
 * forgotten. It cannot see: natural inputs of any kind (X4, X6), attackers who mix in two benign queries for each, or who
 * split over accounts of fewer than 300 queries.
 *
 * State: counters, and per session at most 960 queries as 64 numbers of a salted projection. 25 µs a request of a
 * promoted principal with 784 numbers, 1 µs of others.
 */
export const syntheticQueries: DetectorPlugin<Config> = {
  kind: KIND,
  summary: 'Extraction by synthetic queries: distances between queries that are too regular (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 10_000, maxPromoted: 100, volume: 1_000 }],
  open: async (config, context) =>
    context.reference
      ? new SyntheticDetector(config, context, thaw(context.reference))
      : new Unreferenced({
          name: context.name,
          feature: 'distances_between_queries',
          what: 'how distances between queries scatter',
          isFor: ({ inference }) => (inference.features?.length ?? 0) > 0,
        }),
  baseline: (_config, context) => new SyntheticBaseline(context),
}

const NOTHING: readonly Score[] = []

class SyntheticDetector implements Detector {
  readonly #name: string
  readonly #context: DetectorContext
  readonly #volume: number
  readonly #frozen: Frozen
  readonly #queries: Queries
  readonly #counters: KeyedRows
  readonly #promoted: KeyedRows
  readonly #demotions: Counter
  #demoted = 0

  constructor({ maxKeys, maxPromoted, volume }: Config, context: DetectorContext, frozen: Frozen) {
    this.#name = context.name
    this.#context = context
    this.#volume = volume
    this.#frozen = frozen
    this.#queries = new Queries(context)
    this.#counters = new KeyedRows(maxKeys, [COUNTER])
    this.#promoted = new KeyedRows(maxPromoted, sectionsOf(`${PROMOTED}1.${frozen.columns}`))
    const help = 'Principals no longer looked at closely, since others were used more recently'
    this.#demotions = context.metrics.counter('modelward_detector_demoted_total', help, ['component_id'])
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const features = this.#queries.vectorOf(event, this.#frozen.columns)
    if (!features) return NOTHING
    const isBusy = this.#count(event) >= this.#volume
    const isPromoted = this.#promoted.find(event.principal) !== undefined
    if (!isPromoted && !isBusy) return NOTHING
    const row = this.#promote(event.principal)
    const session = new Session(row, (section) => this.#promoted.touch(row, section))
    const query = this.#queries.of(features, event.inference.label)
    if (!query || !session.add(query, event.at, event.id)) return NOTHING
    const scores = this.#verdict(event, session, this.#frozen)
    session.closeWhenFull()
    return scores
  }

  notice({ detector, principal, p }: Score): void {
    if (detector === this.#name || principal === undefined || p === null || p > NOTICED_P) return
    // Only who sends vectors is worth a session.
    if (this.#counters.find(principal)) this.#promote(principal)
  }

  learn(): void {}

  changes(): readonly StateChange[] {
    return [...this.#counters.changes(), ...this.#promoted.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    const all = [...state]
    const isPromoted = ({ key }: StateChange): boolean => key.startsWith(PROMOTED)
    const unknown =
      this.#promoted.restore(all.filter(isPromoted)) + this.#counters.restore(all.filter((each) => !isPromoted(each)))
    this.#demoted = 0
    tellForgotten(unknown, this.#context)
  }

  keys(): KeyUse {
    return this.#counters.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Requests of the principal in the week that began with its first. */
  #count({ principal, at }: ModelRequest): number {
    const { numbers } = this.#counters.use(principal)
    const from = numbers[FROM] ?? 0
    if (numbers[COUNT] === 0 || Math.abs(at - from) >= WEEK_MS) numbers.set([at, 0], FROM)
    return (numbers[COUNT] = (numbers[COUNT] ?? 0) + 1)
  }

  #promote(principal: string): ReturnType<KeyedRows['use']> {
    const row = this.#promoted.use(principal)
    const { evicted } = this.#promoted.keys()
    if (evicted > this.#demoted) this.#demotions.add(evicted - this.#demoted, { component_id: this.#name })
    this.#demoted = evicted
    return row
  }

  #verdict(event: ModelRequest, session: Session, { ordinary }: Frozen): readonly Score[] {
    const { w } = session
    const against = ordinary.findLast(({ distances }) => distances <= session.distances)
    if (!against) return NOTHING
    return [
      {
        detector: this.#name,
        event,
        principal: event.principal,
        p: against.calibration.high(departure(w)),
        counts: 'window',
        direction: 'low',
        window: { from: session.startedAt, to: event.at, events: session.queries },
        explain: explain(session, w, against),
      },
    ]
  }
}
