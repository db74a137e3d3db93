import { z } from 'zod'
import type { Check, Observation } from '../../../src/contract/inspect.ts'
import type { Clock, Given, Plugin } from '../../../src/contract/plugin.ts'

const Config = z.strictObject({
  subjects: z.array(z.string().min(1)).min(1).max(500).describe('What to look at.'),
})
type Config = z.output<typeof Config>

/** What new-comer looks at, in one sentence. Whether what it sees is bad is for the rules on `category: posture`. */
export const newComer: Plugin<Check, Config> = {
  kind: 'new-comer',
  summary: 'What it looks at, in one line for the help.',
  needs: ['what it needs outside: a host, a role, a file'],
  config: Config,
  examples: [{ subjects: ['model-a'] }],
  open: (config, given) => Promise.resolve(new NewComerCheck(config, given)),
}

class NewComerCheck implements Check {
  readonly controls = ['OB-1']
  readonly #config: Config
  readonly #clock: Clock

  constructor(config: Config, { clock }: Given) {
    this.#config = config
    this.#clock = clock
  }

  /** One observation for each subject; one that cannot be reached is an observation too. */
  inspect(signal: AbortSignal): Promise<readonly Observation[]> {
    signal.throwIfAborted()
    const at = this.#clock.now()
    return Promise.resolve(this.#config.subjects.map((subject) => ({ subject, at, fields: { reachable: false } })))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
