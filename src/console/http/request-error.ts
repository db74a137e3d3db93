import type { OutgoingHttpHeaders } from 'node:http'
import { ModelwardError, RefusedError, StoreFullError, TransientError, reasonOf } from '../../runtime/errors.ts'

/** A request that is not served, with its status, a stable code and a sentence that names the place and the cure. */
export class RequestError extends ModelwardError {
  readonly code: string
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  constructor(status: number, code: string, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message)
    this.code = code
    this.status = status
    this.headers = headers
  }
}

export function badInput(message: string): RequestError {
  return new RequestError(400, 'MW_BAD_INPUT', message)
}

export function notFound(message: string): RequestError {
  return new RequestError(404, 'MW_NOT_FOUND', message)
}

/** What a failure means to the one who asked. undefined: a fault of ours, whose words are for the log only. */
export function requestErrorOf(error: unknown): RequestError | undefined {
  if (error instanceof RequestError) return error
  if (error instanceof RefusedError) return new RequestError(409, error.code, error.message)
  if (error instanceof StoreFullError)
    return new RequestError(503, error.code, `${error.message}; free some space and try again`, { 'retry-after': '30' })
  if (error instanceof TransientError) {
    const seconds = Math.max(1, Math.ceil((error.afterMs ?? 5_000) / 1000))
    return new RequestError(503, error.code, reasonOf(error), { 'retry-after': String(seconds) })
  }
  return undefined
}
