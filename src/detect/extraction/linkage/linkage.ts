import { createHash } from 'node:crypto'
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
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { LinkageBaseline } from './baseline.ts'
import { LinkedAccounts, templateReader, type Linked } from './fleet.ts'
import { KIND, thaw, type Frozen } from './frozen.ts'
import { Parties } from './parties.ts'
import type { Ties } from './ties.ts'
import { pooledScore, templateScore, type About } from './verdict.ts'

/** Parts of sketches that are held for each account. */
const SKETCHES = 4

const Config = z.strictObject({
  /** Accounts held at once, 0.9 KB each. */
  maxKeys: z.int().min(1).max(1_000_000).default(20_000),
  /** Templates remembered with the last eight accounts that used them, 0.5 KB each. */
  maxTemplates: z.int().min(100).max(10_000_000).default(50_000),
  /** Clusters of linked accounts held at once, 5.8 KB each. */
  maxClusters: z.int().min(1).max(100_000).default(1_000),
  /** Requests of an account, or of linked accounts, that are looked at together. */
  window: z.int().min(10).max(1_000).default(50),
})
type Config = z.infer<typeof Config>

/**
 * Finds accounts that share out one harvest among them ("sybils", "hydra clusters"): ATLAS AML.T0024.002, control IN-1.
 * Someone who has templates sent in turn by many accounts leaves the same templates with all of them, while ordinary
 * accounts each keep to a few of their own. A template is told by the first and the last six words of a prompt when they
 * came six times at least, and only salted hashes of these are kept. Score of a window of 50 requests: how many different templates in it other accounts
 * had used. It names up to eight of those with whom most is shared, and does not weaken with the number of accounts.
 *
 * p: among the windows of held-out clients (`Calibration`), measured the same way after the reference's clients had
 * filled the memory of templates; times how many more accounts are known now than there were then, since chance finds
 * more among more. Each account's windows count for that account; `cluster` is the same for accounts that name each other.
 *
 * What it cannot see: accounts that part the templates among them so that no two share any; a harvest by one template
 * that ordinary callers have too. Accounts of one owner that run the same few applications share few templates each, and
 * stay quiet.
 *
 * Whoever was evicted begins an empty window, but the templates it used are still remembered: they are evicted last used
 * first, uncounted. To make it forget, an attacker has to send `maxTemplates` other templates between two uses of each of its own.
 */
export const accountLinkage: DetectorPlugin<Config> = {
  kind: KIND,
  summary: 'Accounts that share a harvest out among them, by the templates they have in common (IN-1, AML.T0024.002)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 1_000, maxTemplates: 10_000, window: 100 }],
  open: async (config, context) =>
    context.reference
      ? new LinkageDetector(config, context, thaw(context.reference, config.window), hashOf(context.reference))
      : new Unreferenced({
          name: context.name,
          feature: 'shared_templates',
          what: 'what callers share and ask for',
          isFor: ({ inference: { prompt, features } }) => !!prompt || features !== undefined,
        }),
  reader: (_config, { key }) => templateReader(key),
  baseline: ({ maxTemplates, window }, context) => new LinkageBaseline(window, maxTemplates, context),
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
    const { maxKeys, maxTemplates, maxClusters, window } = config
    this.#name = context.name
    this.#context = context
    this.#window = window
    this.#frozen = frozen
    this.#linked = new LinkedAccounts(maxKeys, maxTemplates, context.key)
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
    if (unknown > 0)
      this.#context.log.warn('detector state of another version or reference is forgotten', {
        part: this.#name,
        unknown,
      })
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

function hashOf(reference: Uint8Array): string {
  return createHash('sha256').update(reference).digest('hex').slice(0, 8)
}
