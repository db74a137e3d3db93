import type { Clock, Log, Random } from '../contract/plugin.ts'
import { reasonOf } from './errors.ts'
import { Backoff } from './retry.ts'

export interface Supervision {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Called at each failure, for metrics. */
  readonly failed?: (error: unknown) => void
  /** A run that lasted this long counts as well again. Default 30 s. */
  readonly healthyMs?: number
}

/**
 * Runs `work` until `signal` aborts. A throw is logged and the work started again after a backoff; a return before the
 * abort ends supervision (the work is finite and done). Plug-ins rely on this and never retry themselves.
 */
export async function supervise(
  supervision: Supervision,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { name, clock, random, log } = supervision
  const backoff = new Backoff(random, 500, 30_000)
  while (!signal.aborted) {
    const startedAt = clock.monotonic()
    try {
      await work(signal)
      return
    } catch (error) {
      if (signal.aborted) return
      if (clock.monotonic() - startedAt >= (supervision.healthyMs ?? 30_000)) backoff.succeeded()
      const waitMs = backoff.failed()
      supervision.failed?.(error)
      log.warn('part failed, starting it again', {
        part: name,
        reason: reasonOf(error),
        failures: backoff.failures,
        waitMs,
      })
      await clock.sleep(waitMs, signal).catch(() => undefined)
    }
  }
}
