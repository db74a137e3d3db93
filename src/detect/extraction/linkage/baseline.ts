import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { writeReference } from '../../reference/reference.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { LinkedAccounts } from './fleet.ts'

export const KIND = 'account-linkage'
export const VERSION = 1

/** Accounts that are compared at most. */
const MOST_CLIENTS = 20_000
/** Clients with a full window that calibrating takes at least: p-values then go down to 1/21 by measuring. */
const FEWEST_CLIENTS = 20
/** Windows of one client that are kept. */
const MOST_WINDOWS = 64

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

/** Fills the memory of templates from the reference's clients, then measures what others share with them and each other. */
export class LinkageBaseline implements BaselineMaker {
  readonly #window: number
  readonly #linked: LinkedAccounts
  readonly #observed = new Map<string, Observed[]>()

  constructor(window: number, maxTemplates: number, context: DetectorContext) {
    this.#window = window
    this.#linked = new LinkedAccounts(MOST_CLIENTS, maxTemplates, context.key)
  }

  async refer(events: readonly Event[]): Promise<void> {
    this.#pass(events, () => undefined)
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    this.#pass(events, (client, value) => {
      const own = this.#observed.get(client) ?? []
      if (own.length === 0) this.#observed.set(client, own)
      if (own.length < MOST_WINDOWS) own.push({ client, value })
    })
  }

  async freeze(): Promise<Frozen> {
    const clients = this.#observed.size
    if (clients < FEWEST_CLIENTS)
      return {
        refused: `${FEWEST_CLIENTS} clients beyond those of the reference are needed with ${this.#window} prompts each, and there are ${clients}: take in more files, or configure a smaller window`,
      }
    const calibration = Calibration.fit([...this.#observed.values()].flat())
    const accounts = this.#linked.known
    const head = { window: this.#window, accounts, calibration: calibration.toJSON() }
    return {
      reference: writeReference(KIND, VERSION, head, {}),
      notes: [
        `windows of ${this.#window}: calibrated on ${clients} clients, compared with about ${Math.round(accounts)} accounts in all; p-values below ${calibration.reach.toPrecision(2)} are extrapolated`,
      ],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #pass(events: readonly Event[], told: (client: string, shared: number) => void): void {
    for (const event of events) {
      if (!isModelRequest(event) || !event.inference.prompt) continue
      const account = this.#linked.request(event, event.inference.prompt)
      this.#linked.learn(event, event.inference.prompt)
      if (account.requests < this.#window) continue
      told(event.principal, account.shared)
      account.clear()
    }
  }
}
