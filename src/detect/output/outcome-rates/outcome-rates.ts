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
import type { Event, Inference } from '../../../contract/event.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { ReadHere } from '../../request/read-here.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { SingleRow } from '../../state/single-row.ts'
import { unionBound } from '../../statistics/combine.ts'
import { Ladder } from '../../statistics/ladder.ts'
import { isFiltered, refuses } from '../text/refusal.ts'
import { Account, OUTCOMES, SECTION } from './account.ts'
import { boundOf, FLEET_NUMBERS, noteOutcome } from './bound.ts'

const Config = z.strictObject({
  /** Principals held at once, and as many endpoints as a tenth of that; 0.5 KB each. */
  maxKeys: z.int().min(1).default(50_000),
  /** One bet runs over so many hours of event time. */
  windowHours: z.number().positive().max(744).default(24),
  /** A rate up to so many times what is usual is taken for usual. */
  tolerance: z.number().min(1).max(100).default(1.5),
  /** p-values above are not told. */
  emitBelow: z.number().positive().max(0.5).default(0.05),
})
type Config = z.infer<typeof Config>

/**
 * Finds callers, and endpoints, whose answers come to be held back or to fail more often than is usual: someone looks for
 * a way around the model's refusals (ATLAS AML.T0054), gropes for parameters, or a model or filter has changed. Controls
 * IN-5 and OB-4. A list of phrases is a poor judge of one answer and a fair one of a rate (`text/refusal.ts`).
 *
 * Each request is a trial against "a hit has at most probability `bound`" (bound.ts: what is usual of this caller and of
 * the fleet, known before the request), with an e-process (statistics/betting.ts), so p = 1 / largest wealth is valid at
 * every moment of the window. A p-value is told when it first falls under 5, 2, 1 times a power of ten; the two outcomes
 * share it by Bonferroni. State: 0.5 KB a principal, least recently used out first; one who comes back after that is held
 * to the fleet's rate, which is no looser than its own. About 0.5 µs an event.
 */
export const outcomeRates: DetectorPlugin<Config> = {
  kind: 'outcome-rates',
  summary: 'Refusals or errors of a caller or an endpoint more frequent than usual (IN-5, OB-4, AML.T0054)',
  needs: [],
  config: Config,
  examples: [{}, { windowHours: 6, tolerance: 2 }, { maxKeys: 5_000, emitBelow: 0.01 }],
  open: async (config: Config, context: DetectorContext): Promise<Detector> => new OutcomeRates(config, context),
  reader: { width: 1, open: () => refusalReader },
}

/** 1 when the answer refuses in words. */
const refusalReader: Reader = {
  read: ({ output }, out, at) => {
    if (output !== undefined && refuses(output)) out[at] = 1
  },
}

const ENDPOINT = 'endpoint '

class OutcomeRates implements Detector {
  readonly #config: Config
  readonly #context: DetectorContext
  readonly #principals: KeyedRows
  readonly #endpoints: KeyedRows
  readonly #fleet = new SingleRow('fleet.1', FLEET_NUMBERS)
  readonly #ladder: Ladder
  readonly #read = new ReadHere(refusalReader, 1)
  /** What came of the event that was scored last. */
  #last: { readonly event: Event; readonly hits: readonly boolean[] } | undefined

  constructor(config: Config, context: DetectorContext) {
    this.#config = config
    this.#context = context
    this.#principals = new KeyedRows(config.maxKeys, [SECTION])
    this.#endpoints = new KeyedRows(Math.ceil(config.maxKeys / 10), [{ ...SECTION, name: 'endpoints.1' }])
    this.#ladder = new Ladder(config.emitBelow)
  }

  score(event: Event, ahead?: Reading): readonly Score[] {
    if (!isModelRequest(event)) return []
    const { numbers, at } = this.#read.of(event.inference, ahead)
    const hits = hitsOf(event.inference, numbers[at] === 1)
    this.#last = { event, hits }
    const scores = [...this.#look(this.#principals, event.principal, event, hits)]
    const { endpoint } = event.inference
    if (endpoint !== undefined) scores.push(...this.#look(this.#endpoints, endpoint, event, hits))
    return scores
  }

  learn(event: Event): void {
    if (!isModelRequest(event) || this.#last?.event !== event) return
    const { hits } = this.#last
    const { endpoint } = event.inference
    for (const [rows, key] of [[this.#principals, event.principal] as const, [this.#endpoints, endpoint] as const]) {
      const row = key === undefined ? undefined : rows.find(key)
      if (!row) continue
      new Account(row).learn(hits)
      rows.touch(row, 0)
    }
    noteOutcome(this.#fleet.numbers, hits)
    this.#fleet.touch()
  }

  changes(): readonly StateChange[] {
    return [...this.#fleet.changes(), ...this.#principals.changes(), ...this.#endpoints.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#fleet.clear()
    const own = [...state].filter((change) => !this.#fleet.restore(change))
    const ofEndpoints = (change: StateChange): boolean => change.key.startsWith('endpoints.1/')
    this.#endpoints.restore(own.filter(ofEndpoints))
    const unknown = this.#principals.restore(own.filter((change) => !ofEndpoints(change)))
    tellForgotten(unknown, this.#context)
  }

  keys(): KeyUse {
    return this.#principals.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #look(rows: KeyedRows, key: string, event: Event, hits: readonly boolean[]): readonly Score[] {
    const account = new Account(rows.use(key))
    account.enter(event.at, this.#config.windowHours * 3_600_000)
    account.countRequest()
    const scores: Score[] = []
    for (const [part, hit] of hits.entries()) {
      account.bet(part, event.id, hit, boundOf(account, this.#fleet.numbers, part, this.#config.tolerance))
      const p = unionBound(1 / account.bestWealth(part), OUTCOMES.length)
      const rung = this.#ladder.rungOf(p)
      if (rung <= account.rung(part)) continue
      account.setRung(part, rung)
      scores.push(this.#say(event, account, part, p, rows === this.#endpoints ? key : undefined))
    }
    return scores
  }

  #say(event: Event, account: Account, part: number, p: number, endpoint: string | undefined): Score {
    const outcome = OUTCOMES[part] ?? 'errors'
    const expected = Math.round(account.expected(part) * 10) / 10
    const who = endpoint === undefined ? 'this caller' : `endpoint ${endpoint}`
    return {
      detector: this.#context.name,
      event,
      // An endpoint is nobody: what is wrong with it is no evidence on whoever asked last.
      ...(endpoint === undefined && event.principal !== undefined
        ? { principal: event.principal, counts: 'episode' }
        : {}),
      part: endpoint === undefined ? outcome : `${ENDPOINT}${outcome}`,
      p,
      e: account.wealth(part) / OUTCOMES.length,
      direction: outcome,
      window: { from: account.startedAt, to: event.at, events: account.requests },
      explain: {
        feature: outcome,
        seen: account.hits(part),
        expected,
        text: `${account.hits(part)} ${outcome} in ${account.requests} requests of ${who}, expected at most ${expected}`,
        exemplars: account.exemplars(part),
        ...(endpoint === undefined ? {} : { endpoint }),
      },
    }
  }
}

function hitsOf({ ok, status }: Inference, refuses: boolean): readonly boolean[] {
  const refused = refuses || isFiltered(status)
  return [refused, !ok && !refused]
}
