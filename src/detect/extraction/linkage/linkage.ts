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
import { RefusedError } from '../../../runtime/errors.ts'
import { Calibration } from '../../calibration/calibration.ts'
import { readReference } from '../../reference/reference.ts'
import { Unreferenced } from '../../reference/unreferenced.ts'
import { isModelRequest } from '../../request/model-request.ts'
import type { ModelRequest } from '../../request/model-request.ts'
import { unionBound } from '../../statistics/combine.ts'
import type { Account } from './account.ts'
import { KIND, LinkageBaseline, VERSION } from './baseline.ts'
import { LinkedAccounts, templateReader } from './fleet.ts'

const Config = z.strictObject({
  /** Accounts held at once, 0.9 KB each. */
  maxKeys: z.int().min(1).max(1_000_000).default(20_000),
  /** Templates remembered with the last eight accounts that used them, 0.5 KB each. */
  maxTemplates: z.int().min(100).max(10_000_000).default(50_000),
  /** Requests of an account that are looked at together. */
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
      ? new LinkageDetector(config, context, thaw(context.reference, config.window))
      : new Unreferenced({
          name: context.name,
          feature: 'shared_templates',
          what: 'how many templates callers share',
          isFor: ({ inference }) => inference.prompt !== undefined && inference.prompt !== '',
        }),
  reader: (_config, { key }) => templateReader(key),
  baseline: ({ maxTemplates, window }, context) => new LinkageBaseline(window, maxTemplates, context),
}

const NOTHING: readonly Score[] = []
const Head = z.object({ window: z.int().min(1), accounts: z.number().min(1), calibration: z.unknown() })

interface Frozen {
  /** Accounts whose templates were remembered when windows were measured, by the same estimate. */
  readonly accounts: number
  readonly calibration: Calibration
}

class LinkageDetector implements Detector {
  readonly #name: string
  readonly #context: DetectorContext
  readonly #window: number
  readonly #frozen: Frozen
  readonly #linked: LinkedAccounts
  readonly #skipped: Counter

  constructor({ maxKeys, maxTemplates, window }: Config, context: DetectorContext, frozen: Frozen) {
    this.#name = context.name
    this.#context = context
    this.#window = window
    this.#frozen = frozen
    this.#linked = new LinkedAccounts(maxKeys, maxTemplates, context.key)
    this.#skipped = context.metrics.counter(
      'modelward_detector_skipped_total',
      'Requests that a detector could not look at',
      ['component_id', 'reason'],
    )
  }

  score(event: Event, reading?: Reading): readonly Score[] {
    if (!isModelRequest(event)) return NOTHING
    const { prompt } = event.inference
    if (prompt === undefined || prompt === '') {
      this.#skipped.add(1, { component_id: this.#name, reason: prompt === undefined ? 'no-text' : 'empty-text' })
      return NOTHING
    }
    const account = this.#linked.request(event, prompt, reading)
    if (account.requests < this.#window) return NOTHING
    const score = this.#scoreOf(event, account, this.#frozen)
    account.clear()
    return [score]
  }

  learn(event: Event): void {
    if (!isModelRequest(event) || !event.inference.prompt) return
    this.#linked.learn(event, event.inference.prompt)
  }

  changes(): readonly StateChange[] {
    return this.#linked.changes()
  }

  restore(state: Iterable<StateChange>): void {
    const unknown = this.#linked.restore(state)
    if (unknown > 0)
      this.#context.log.warn('detector state of another version is forgotten', { part: this.#name, unknown })
  }

  keys(): KeyUse {
    return this.#linked.accounts.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #scoreOf(event: ModelRequest, account: Account, { accounts, calibration }: Frozen): Score {
    const { shared, distinct } = account
    const partners = account.partners()
    const more = Math.max(1, this.#linked.known / accounts)
    const named = partners.map(({ name, templates }) => `${name} (${templates})`).join(', ')
    return {
      detector: this.#name,
      event,
      principal: event.principal,
      p: unionBound(calibration.high(shared), more),
      counts: 'window',
      direction: 'high',
      window: { from: account.startedAt, to: event.at, events: this.#window },
      explain: {
        feature: 'shared_templates',
        seen: shared,
        expected: calibration.typical,
        text:
          `${shared} of ${distinct} different beginnings and endings of prompts in ${this.#window} requests had been used ` +
          `by other accounts, typically ${calibration.typical}${named === '' ? '' : `; most in common with ${named}`}`,
        exemplars: account.exemplars(),
        partners: partners.map(({ name }) => name),
        cluster: [event.principal, ...partners.map(({ name }) => name)].toSorted()[0],
      },
    }
  }
}

function thaw(bytes: Uint8Array, window: number): Frozen {
  const head = Head.safeParse(readReference(bytes, KIND, VERSION).header)
  if (!head.success || head.data.window !== window)
    throw new RefusedError(`the reference is not of windows of ${window}: make it again with modelward baseline`)
  return { accounts: head.data.accounts, calibration: Calibration.from(head.data.calibration) }
}
