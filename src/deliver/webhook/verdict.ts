import type { Outcome } from '../../contract/deliver.ts'
import { retryAfterMs } from '../http/retry-after.ts'

/**
 * What an HTTP status means for one notification. 2xx: done. 408, 425, 429 and 5xx: try again, after `Retry-After` where
 * that can be read. Everything else needs a person: a redirect is never followed, 410 says that the receiver is gone.
 */
export function verdictOf(status: number, retryAfter: string | undefined, now: number): Outcome {
  if (status >= 200 && status < 300) return { done: true }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const afterMs = retryAfterMs(retryAfter, now)
    return { retry: `the receiver answered ${status}`, ...(afterMs === undefined ? {} : { afterMs }) }
  }
  if (status >= 300 && status < 400)
    return {
      park: `the receiver answered ${status}, a redirect, which is never followed; put the final address into url`,
    }
  if (status === 410)
    return { park: 'the receiver answered 410: it is gone for good; remove the sink or change its url' }
  return { park: `the receiver answered ${status}` }
}
