import { z } from 'zod'
import type {
  Detector,
  DetectorContext,
  DetectorPlugin,
  KeyUse,
  Reading,
  Score,
  StateChange,
} from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import type { Counter } from '../../../contract/plugin.ts'
import { referenceName } from '../../reference/reference.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { tellForgotten } from '../../state/forgotten.ts'
import { LinkageBaseline } from './baseline.ts'
import { LinkedAccounts, MOST_TEMPLATES, templateReader, type Linked } from './fleet.ts'
import { KIND, thaw, type Frozen } from './frozen.ts'
import { Parties } from './parties.ts'
import type { Ties } from './ties.ts'
import { pooledScore, templateScore, type About } from './verdict.ts'

/** Parts of sketches that are held for each account. */
const SKETCHES = 4

const Config = z.strictObject({
  /** Accounts held at once, 1.7 KB each; with vectors 1.1 KB more. */
  maxKeys: z.int().min(1).max(1_000_000).default(20_000),
  /** Templates remembered with the last eight accounts that used them, 0.5 KB each. */
  maxTemplates: z.int().min(100).max(10_000_000).default(50_000),
  /** Clusters of linked accounts held at once, 6.4 KB each. */
  maxClusters: z.int().min(1).max(100_000).default(1_000),
  /** Requests of an account, or of linked accounts, that are looked at together. */
  window: z.int().min(10).max(1_000).default(50),
  /** Count turns where the telemetry tells no latency: right only if no server of yours ever has a queue. */
  turnsWithoutLatency: z.boolean().default(false),
})
type Config = z.infer<typeof Config>

/**
 * Finds accounts that share out one harvest or one search among them ("sybils", "hydra clusters"): ATLAS AML.T0024.002,
 * control IN-1. Two scores, each of windows of 50 requests.
 *
 * `shared_templates`, of an account's window: how many different templates in it other accounts had used. Someone who has
 * templates sent by many accounts leaves the same ones with all of them, while ordinary accounts each keep to a few of
 * their own. A template is told by the first and the last six words of a prompt when they came six times at least. p: among
 * the windows of held-out clients (`Calibration`), measured the same way after the reference's clients had filled the memory
 * of templates; times how many more accounts are known now than there were then, since chance finds more among more.
 *
 * `pooled_distance` (part `cluster`), of a window that linked accounts filled together, so that a harvest over accounts too
 * short for a window of their own is one all the same. What links accounts: they take turns (`turns.ts`: a stated null, a
 * bound for p, the price of all that was tested that day), or, where requests are vectors, the means of their inputs are
 * nearly the same (`near.ts`). The window's mean vector is compared with the reference's as one caller's would be, both tails:
 * p is the larger of that p-value and the link's. The principal is the account that completed the window; `cluster` is the
 * same for all accounts of it and `partners` names up to 64. A link that is not found again for a day is over.
 *
 * What it cannot see: accounts in random order that part templates among them; accounts in turn that make up less than
 * about a tenth of the traffic (made-up keys between them count as traffic), or fewer than six; turns where the telemetry
 * tells no latency, since a full queue makes all callers take turns (who waits for more than a third of its time is not
 * looked at); turns at whole seconds by fewer than some thirty accounts; searches shared out among accounts where ordinary
 * callers send nearly the same inputs all the time too. One owner who takes its keys in turn is linked, and stays quiet as
 * long as all of them together ask for what one caller asks for.
 *
 * Whoever was evicted begins an empty window and is linked to nobody, but the templates it used are still remembered: they
 * are evicted last used first, uncounted. To make it forget, an attacker has to send `maxTemplates` other templates between
 * two uses of each of its own. 4 to 11 µs a request; 24 where the whole of the traffic is one cluster of 250 accounts.
 */
export const accountLinkage: DetectorPlugin<Config> = {
  kind: KIND,
  summary:
    'Accounts that share a harvest or a search out among them: common templates, turns, near inputs (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 1_000, maxTemplates: 10_000, window: 100 }],
  open: async (config, context) =>
    context.reference
      ? new LinkageDetector(config, context, thaw(context.reference, config.window), referenceName(context.reference))
      : new Unreferenced({
          name: context.name,
          feature: 'shared_templates',
          what: 'what callers share and ask for',
          isFor: ({ inference: { prompt, features } }) => !!prompt || features !== undefined,
        }),
  reader: { width: MOST_TEMPLATES, open: (_config, { key }) => templateReader(key) },
  baseline: (config, context) => new LinkageBaseline(config, context),
}

const NOTHING: readonly Score[] = []

class LinkageDetector implements Detector {
  readonly #name: string
  readonly #context: DetectorContext
  readonly #window: number
  readonly #frozen: Frozen
  readonly #linked: LinkedAccounts
  readonly #parties: Parties | undefined
  readonly #skipped: Counter

  /** `version` names the reference: sums under one mean nothing under another. */
  constructor(config: Config, context: DetectorContext, frozen: Frozen, version: string) {
    const { maxKeys, maxClusters, window } = config
    this.#name = context.name
    this.#context = context
    this.#window = window
    this.#frozen = frozen
    this.#linked = new LinkedAccounts(config, context.key)
    const { pool } = frozen
    const linked = this.#linked
    this.#parties =
      pool && new Parties({ linked, ...pool, window, maxClusters, maxSketches: SKETCHES * maxKeys, version })
    this.#skipped = context.metrics.counter(
      'modelward_detector_skipped_total',
      'Requests that a detector could not look at',
      ['component_id', 'reason'],
    )
  }

  score(event: Event, reading?: Reading): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const missing = this.#missing(event)
    if (missing) {
      this.#skip(missing)
      return NOTHING
    }
    const linked = this.#linked.request(event, reading)
    const { account, ties } = linked
    const pooled = this.#pooled(event, linked)
    if (!account || account.requests < this.#window) return pooled ? [pooled] : NOTHING
    const { templates } = this.#frozen
    const own = templates && templateScore(this.#about(event, ties), account, templates)
    account.clear()
    return [own, pooled].filter((score) => score !== undefined)
  }

  learn(event: Event): void {
    if (!isModelRequest(event) || !event.inference.prompt) return
    this.#linked.learn(event, event.inference.prompt)
  }

  changes(): readonly StateChange[] {
    return [...this.#linked.changes(), ...(this.#parties?.changes() ?? [])]
  }

  restore(state: Iterable<StateChange>): void {
    const all = [...state]
    const parties = this.#parties
    const isTheirs = (change: StateChange): boolean => parties !== undefined && Parties.isOwn(change)
    const unknown =
      (parties?.restore(all.filter(isTheirs)) ?? 0) + this.#linked.restore(all.filter((one) => !isTheirs(one)))
    tellForgotten(unknown, this.#context)
  }

  keys(): KeyUse {
    return this.#linked.accounts.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Why there is nothing in a request to compare, if so. */
  #missing({ inference: { prompt, features } }: ModelRequest): string | undefined {
    if (prompt) return undefined
    const spec = this.#frozen.pool?.spec
    if (spec?.kind !== 'vector' || !features) return prompt === undefined ? 'no-text' : 'empty-text'
    return features.length === spec.columns ? undefined : 'other-columns'
  }

  #pooled(event: ModelRequest, linked: Linked): Score | undefined {
    const { pool } = this.#frozen
    const filled = this.#parties?.add(event, linked)
    if (typeof filled === 'string') this.#skip(filled)
    if (!pool || typeof filled !== 'object') return undefined
    return pooledScore(this.#about(event, linked.ties), filled, pool)
  }

  #about(event: ModelRequest, ties: Ties): About {
    const more = Math.max(1, this.#linked.known / this.#frozen.accounts)
    return { detector: this.#name, event, window: this.#window, ties, more }
  }

  #skip(reason: string): void {
    this.#skipped.add(1, { component_id: this.#name, reason })
  }
}
