import { z } from 'zod'
import type {
  Detector,
  DetectorContext,
  DetectorPlugin,
  KeyUse,
  Score,
  StateChange,
} from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import { isModelRequest } from '../../../src/detect/request/model-request.ts'
import { KeyedRows } from '../../../src/detect/state/keyed-rows.ts'

const Config = z.strictObject({
  /** Principals held at once, at 32 bytes each. */
  maxKeys: z.int().min(1).default(100_000),
  /** Quiet requests that a principal needs before it is compared with its own past. */
  learningRequests: z.int().min(2).max(1_000_000).default(50),
  /** p-values above are not told. */
  emitBelow: z.number().positive().max(1).default(0.05),
})
type Config = z.output<typeof Config>

/**
 * Finds requests that are longer than usual for their principal (control IN-1).
 *
 * Score: for each such request p in (0, 1], Cantelli's bound 1 / (1 + k²) on its distance in standard deviations k above
 * the mean of what was learned; null on a principal's first request. Mean and variance are Welford's, one pass.
 */
export const newComer: DetectorPlugin<Config> = {
  kind: 'new-comer',
  summary: 'Requests that are longer than usual for their principal (IN-1)',
  needs: [],
  config: Config,
  examples: [{}, { maxKeys: 5_000, learningRequests: 200, emitBelow: 0.01 }],
  open: (config, context) => Promise.resolve(new NewComerDetector(config, context)),
}

const NOTHING: readonly Score[] = []

class NewComerDetector implements Detector {
  readonly #config: Config
  readonly #name: string
  /** Order of use, count, mean and sum of squared distances from it. */
  readonly #rows: KeyedRows

  constructor(config: Config, { name }: DetectorContext) {
    this.#config = config
    this.#name = name
    this.#rows = new KeyedRows(config.maxKeys, [{ name: 'past.1', bytes: 32 }])
  }

  score(event: Event): readonly Score[] {
    const seen = tokensOf(event)
    if (seen === undefined || !isModelRequest(event)) return NOTHING
    const isNew = this.#rows.find(event.principal) === undefined
    const [, count = 0, mean = 0, squares = 0] = this.#rows.use(event.principal).numbers
    if (isNew) return [this.#scoreOf(event, null, seen, null)]
    if (count < this.#config.learningRequests || seen <= mean || squares === 0) return NOTHING
    const p = 1 / (1 + (seen - mean) ** 2 / (squares / (count - 1)))
    return p <= this.#config.emitBelow ? [this.#scoreOf(event, p, seen, mean)] : NOTHING
  }

  learn(event: Event): void {
    const seen = tokensOf(event)
    const row = seen === undefined || !isModelRequest(event) ? undefined : this.#rows.find(event.principal)
    if (!row || seen === undefined) return
    const [, count = 0, mean = 0, squares = 0] = row.numbers
    const moved = mean + (seen - mean) / (count + 1)
    row.numbers.set([count + 1, moved, squares + (seen - mean) * (seen - moved)], 1)
    this.#rows.touch(row, 0)
  }

  changes(): readonly StateChange[] {
    return this.#rows.changes()
  }

  restore(state: Iterable<StateChange>): void {
    this.#rows.restore(state)
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #scoreOf(event: Event, p: number | null, seen: number, expected: number | null): Score {
    const text = expected === null ? 'a principal not seen before' : `${seen} tokens, usually ${expected.toFixed(0)}`
    return {
      detector: this.#name,
      event,
      ...(event.principal === undefined ? {} : { principal: event.principal }),
      p,
      direction: 'high',
      explain: { feature: 'input tokens', seen, expected, text, ...(p === null ? { learning: 0 } : {}) },
    }
  }
}

/** Undefined for what is no believable count. */
function tokensOf(event: Event): number | undefined {
  const tokens = event.inference?.inputTokens
  return tokens !== undefined && tokens >= 0 && tokens < 1e9 ? tokens : undefined
}
