/** The longest wait that a receiver is granted, in milliseconds. */
const LONGEST_WAIT_MS = 3_600_000

/**
 * RFC 9110 `Retry-After` in milliseconds from `now` (epoch ms): whole seconds or an HTTP date, at most an hour. Undefined
 * for anything else, a negative number or a time that has passed: then the sender's own backoff decides.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_WAIT_MS)
  if (!HTTP_DATE.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) || at <= now ? undefined : Math.min(at - now, LONGEST_WAIT_MS)
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that senders must use. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
