import { z } from 'zod'
import type { Notification } from '../../../src/contract/alert.ts'
import type { Outcome, Sink } from '../../../src/contract/deliver.ts'
import type { Plugin } from '../../../src/contract/plugin.ts'
import type { SinkContext } from '../../../src/deliver/context/sink-context.ts'

const Config = z.strictObject({
  room: z.string().min(1).describe('Where to tell it.'),
})
type Config = z.output<typeof Config>

/** What new-comer promises, in one sentence, with the specification it follows. */
export const newComer: Plugin<Sink, Config, SinkContext> = {
  kind: 'new-comer',
  summary: 'What it does, in one line for the help.',
  needs: ['what it needs outside: a host, a role, a file'],
  config: Config,
  examples: [{ room: 'security' }],
  open: (config) => Promise.resolve(new NewComerSink(config)),
}

class NewComerSink implements Sink {
  readonly #config: Config

  constructor(config: Config) {
    this.#config = config
  }

  /** One outcome for each notification, in order. Retrying is the act loop's: classify what the receiver says. */
  send(notifications: readonly Notification[]): Promise<readonly Outcome[]> {
    const { room } = this.#config
    return Promise.resolve(notifications.map(() => ({ park: `new-comer cannot send to ${room} yet` })))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
