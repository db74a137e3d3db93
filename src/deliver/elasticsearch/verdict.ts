import { errors } from '@elastic/elasticsearch'
import { reasonOf } from '../../runtime/errors.ts'
import { retryAfterMs } from '../http/retry-after.ts'

/** What became of one document. `loud`: it will not get better before a person changes something. */
export type Verdict =
  | { readonly kind: 'stored' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number; readonly loud?: boolean }
  | { readonly kind: 'park'; readonly reason: string }

/** One item of a bulk reply, as far as it is looked at. */
export interface ReplyItem {
  readonly status: number
  readonly error?: { readonly type?: string; readonly reason?: string | null }
  readonly failure_store?: string
}

/**
 * What the answer to one `create` means.
 *
 *     2xx                                   stored (also in the failure store: the sink counts and says so)
 *     409 version conflict                  duplicate: an earlier attempt was stored and its answer was lost
 *     401, 403, 404                         retry, loudly: rights or the data stream are missing, nothing is wrong with the document
 *     408, 409 of another kind, 429, 5xx    retry
 *     other 4xx                             park: this document will never be taken (a mapping conflict, too large)
 *     anything else                         retry: not an answer that Elasticsearch gives
 */
export function verdictOnItem(item: ReplyItem | undefined): Verdict {
  const status = item?.status ?? 0
  if (status >= 200 && status < 300) return { kind: 'stored' }
  const type = item?.error?.type
  if (status === 409 && (type === undefined || type === 'version_conflict_engine_exception'))
    return { kind: 'duplicate' }
  const reason = itemReason(item)
  if (status === 401 || status === 403 || status === 404) return { kind: 'retry', reason, loud: true }
  if (status === 408 || status === 409 || status === 429) return { kind: 'retry', reason }
  if (status >= 400 && status < 500) return { kind: 'park', reason }
  return { kind: 'retry', reason }
}

/** What a failed request means for all of its documents; `split`: send the halves, and judge a lone document as told. */
export type RequestVerdict = Verdict | { readonly kind: 'split'; readonly alone: Verdict }

/**
 * What an error of `client.bulk` means. Only 413 and 400 can be the fault of a document, and one by one shows of which;
 * everything else is the connection, the cluster or the configuration, and worth another try.
 */
export function verdictOnError(error: unknown, now: number): RequestVerdict {
  const reason = cut(reasonOf(error))
  if (error instanceof errors.ProductNotSupportedError)
    return { kind: 'retry', loud: true, reason: 'the other side does not say that it is Elasticsearch' }
  if (!(error instanceof errors.ResponseError)) return { kind: 'retry', reason }
  const status = error.meta.statusCode ?? 0
  const answered = `Elasticsearch answered ${status}: ${reason}`
  if (status === 413) return { kind: 'split', alone: { kind: 'park', reason: answered } }
  if (reason.includes('media_type_header_exception'))
    return { kind: 'retry', loud: true, reason: `${answered}; for a cluster of version 8 set compatibility: 8` }
  if (status === 400) return { kind: 'split', alone: { kind: 'park', reason: answered } }
  const header = error.meta.headers?.['retry-after']
  const afterMs = retryAfterMs(typeof header === 'string' ? header : undefined, now)
  const loud = status >= 400 && status < 500 && status !== 408 && status !== 429
  return { kind: 'retry', reason: answered, loud, ...(afterMs === undefined ? {} : { afterMs }) }
}

function itemReason(item: ReplyItem | undefined): string {
  if (item === undefined) return 'the reply has no item for this document'
  const { type, reason } = item.error ?? {}
  return cut([`item status ${item.status}`, type, reason].filter((part) => typeof part === 'string').join(': '))
}

/** Reasons are kept and shown, in one line; Elasticsearch's can quote much. */
function cut(reason: string): string {
  const text = reason.replaceAll(/\s+/g, ' ')
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`
}
