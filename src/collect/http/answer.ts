import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** What a request is answered with. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: OutgoingHttpHeaders
}

/** Why a request is not taken: a stable code, a sentence that names the place and the cure, the record's number from 0. */
export interface Rejection {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly record?: number
  readonly headers?: OutgoingHttpHeaders
}

export function isRejection(value: object): value is Rejection {
  return 'code' in value && 'status' in value
}

/** `retry-after` is in seconds. */
export function busy(status: 429 | 503, code: string, message: string, seconds: number): Rejection {
  return { status, code, message, headers: { 'retry-after': String(seconds) } }
}

/**
 * A rejection as JSON: `{"error":{"code","message","record"}}`. OTLP senders also look for `message` at the top
 * (google.rpc.Status), so for them it stands there too.
 */
export function rejected(rejection: Rejection, protocol: 'records' | 'otlp'): Answer {
  const { status, code, message, record, headers } = rejection
  const error = { code, message, ...(record === undefined ? {} : { record }) }
  return { status, body: protocol === 'otlp' ? { message, error } : { error }, ...(headers ? { headers } : {}) }
}

export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(text)
}
