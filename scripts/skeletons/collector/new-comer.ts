import { z } from 'zod'
import type { CollectorContext } from '../../../src/collect/context/collector-context.ts'
import type { Clock, Plugin } from '../../../src/contract/plugin.ts'
import type { Batch, Collector, SourceLag } from '../../../src/contract/record.ts'

const Config = z.strictObject({
  pollMs: z.int().min(10).max(3_600_000).default(1_000).describe('How often to look for records.'),
})
type Config = z.output<typeof Config>

/** What new-comer promises, in one sentence: where its order holds, and when a record may come twice. */
export const newComer: Plugin<Collector, Config, CollectorContext> = {
  kind: 'new-comer',
  summary: 'What it does, in one line for the help.',
  needs: ['what it needs outside: a host, a role, a file'],
  config: Config,
  examples: [{}, { pollMs: 10_000 }],
  open: (config, context) => Promise.resolve(new NewComerCollector(config, context)),
}

class NewComerCollector implements Collector {
  readonly #config: Config
  readonly #clock: Clock
  readonly #once: boolean

  constructor(config: Config, { clock, once = false }: CollectorContext) {
    this.#config = config
    this.#clock = clock
    this.#once = once
  }

  /** Throws when the source is lost; the supervisor opens it again. `context.positions` says where to go on. */
  async *read(signal: AbortSignal): AsyncIterable<Batch> {
    while (!signal.aborted) {
      yield* this.#batches()
      if (this.#once) return
      await this.#clock.sleep(this.#config.pollMs, signal).catch(() => undefined)
    }
  }

  lag(): readonly SourceLag[] {
    return []
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Each batch names the positions that are true once it is committed. */
  #batches(): readonly Batch[] {
    return []
  }
}
