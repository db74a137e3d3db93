import type { Clock, Random } from '../contract/plugin.ts'
import { TransientError } from '../runtime/errors.ts'
import { Backoff } from '../runtime/retry.ts'

const CALL_MS = 30_000
const TRIES = 3

/** Calls actions: each call has a deadline, and is tried again only after a TransientError, three times in all. */
export class Calls {
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  async persist<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const backoff = new Backoff(this.#random, 500, 10_000)
    for (;;) {
      try {
        return await this.once(call, signal)
      } catch (error) {
        if (signal.aborted || !(error instanceof TransientError) || backoff.failures + 1 >= TRIES) throw error
        await this.#clock.sleep(backoff.failed(error.afterMs), signal)
      }
    }
  }

  /** Rejects with TransientError when there is no answer in time, even if the call does not heed its signal. */
  async once<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const over = new AbortController()
    const late = new AbortController()
    const deadline = this.#clock.sleep(CALL_MS, AbortSignal.any([signal, over.signal])).then(() => {
      const error = new TransientError(`no answer within ${CALL_MS} ms`)
      late.abort(error)
      throw error
    })
    try {
      return await Promise.race([call(AbortSignal.any([signal, late.signal])), deadline])
    } finally {
      over.abort()
      deadline.catch(() => undefined)
    }
  }
}
