import { z } from 'zod'
import type { Detector, KeyUse, Score, StateChange } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Given, Log, Plugin } from '../../../contract/plugin.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { SingleRow } from '../../state/single-row.ts'
import { Ladder } from '../../statistics/ladder.ts'
import { explain } from './explain.ts'
import { boundOf, FLEET_NUMBERS, noteTrial } from './fleet.ts'
import { SECTION, Suspect } from './suspect.ts'
import type { Trial } from './suspect.ts'
import { judge } from './verdict.ts'

const Config = z.strictObject({
  /** Principals held at once; about 1.5 KB each, and only for those that ever biased tokens in a short request. */
  maxKeys: z.int().min(1).default(50_000),
  /** A request counts as probing when it biases tokens and asks for at most this many, or for log-probabilities. */
  maxTokens: z.int().min(1).default(2),
  /** One verdict is about so many hours of event time, from a principal's first probing request. */
  windowHours: z.number().positive().max(744).default(24),
  /** Different tokens that an ordinary caller may bias in one window; see `verdict.ts` for the tail beyond. */
  ordinaryTokens: z.number().positive().default(32),
  /** p-values above are not told. */
  emitBelow: z.number().positive().max(0.5).default(0.05),
})
type Config = z.infer<typeof Config>

/**
 * Finds callers who read a language model's output layer token by token: Carlini et al. 2024, "Stealing Part of a
 * Production Language Model" (arXiv 2403.06634), Finlayson et al. 2024 (arXiv 2403.09539); ATLAS AML.T0024.002, control
 * IN-1. They ask the same prompt again and again for one token, each time with a logit bias on other tokens. Callers who
 * use the same parameters for classification or evaluation bias a small fixed set of tokens, or none.
 *
 * Score: p in [1e-9, 1], anytime valid within one window of one principal (null model: `verdict.ts`); e-value: the
 * wealth of the bet. Told when p first falls under 5, 2, 1 times a power of ten. About 0.05 µs an event that biases
 * nothing; one that does 0.4 µs, or 2 µs where 50,000 principals that do take turns and every row is out of the cache.
 */
export const apiAbuse: Plugin<Detector, Config> = {
  kind: 'api-abuse',
  summary: 'Model stealing through logit bias: ever new biased tokens on requests for one token (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 10_000, windowHours: 6 }, { maxTokens: 4, ordinaryTokens: 100, emitBelow: 0.01 }],
  open: async (config: Config, given: Given): Promise<Detector> => new ApiAbuseDetector(config, given),
}

const NOTHING: readonly Score[] = []

class ApiAbuseDetector implements Detector {
  readonly #config: Config
  readonly #name: string
  readonly #log: Log
  readonly #rows: KeyedRows
  readonly #fleet = new SingleRow('fleet.1', FLEET_NUMBERS)
  readonly #ladder: Ladder
  /** The trial of the event that was scored last: its outcome is learned only if the event turns out quiet. */
  #pending: { readonly event: string; readonly trial: Trial } | undefined

  constructor(config: Config, given: Given) {
    this.#config = config
    this.#name = given.name
    this.#log = given.log
    this.#rows = new KeyedRows(config.maxKeys, [SECTION])
    this.#ladder = new Ladder(config.emitBelow)
  }

  score(event: Event): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const { inference, principal } = event
    const tokens = inference.parameters.biasedTokens
    const probing = tokens !== undefined && tokens.length > 0 && this.#isProbe(inference.parameters)
    if (!probing && !this.#rows.find(principal)) return NOTHING

    const suspect = new Suspect(this.#rows.use(principal))
    suspect.enter(event.at, this.#config.windowHours * 3_600_000)
    suspect.countRequest(probing)
    if (!probing) return NOTHING

    const trial = suspect.probe(event.id, tokens, inference.promptHash)
    if (trial) {
      suspect.bet(trial.hit, boundOf(this.#fleet.numbers, trial.kind))
      this.#pending = { event: event.id, trial }
    }
    return this.#verdict(event, principal, suspect)
  }

  learn(event: Event): void {
    if (this.#pending?.event !== event.id || event.principal === undefined) return
    const { trial } = this.#pending
    this.#pending = undefined
    const row = this.#rows.find(event.principal)
    if (!row || !new Suspect(row).mayTeach()) return
    this.#rows.touch(row, 0)
    noteTrial(this.#fleet.numbers, trial.kind, trial.hit)
    this.#fleet.touch()
  }

  changes(): readonly StateChange[] {
    return [...this.#fleet.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#fleet.clear()
    this.#pending = undefined
    const own = [...state].filter((change) => !this.#fleet.restore(change))
    const unknown = this.#rows.restore(own)
    tellForgotten(unknown, { log: this.#log, name: this.#name })
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #isProbe(parameters: {
    readonly maxTokens?: number
    readonly logprobs?: boolean
    readonly topLogprobs?: number
  }): boolean {
    const { maxTokens, logprobs, topLogprobs } = parameters
    return (
      (maxTokens !== undefined && maxTokens <= this.#config.maxTokens) || logprobs === true || (topLogprobs ?? 0) > 0
    )
  }

  #verdict(event: Event, principal: string, suspect: Suspect): readonly Score[] {
    const verdict = judge(suspect, this.#config.ordinaryTokens)
    const rung = this.#ladder.rungOf(verdict.p)
    if (rung <= suspect.rung) return NOTHING
    suspect.rung = rung
    return [
      {
        detector: this.#name,
        event,
        principal,
        p: verdict.p,
        e: verdict.e,
        counts: 'episode',
        direction: 'high',
        window: { from: suspect.startedAt, to: event.at, events: suspect.requests },
        explain: explain(suspect, verdict, this.#config),
      },
    ]
  }
}
