import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** What a request is answered with. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: OutgoingHttpHeaders
}

/** On every answer; a page adds its own content-security-policy. Nothing here may be framed, sniffed, cached or leaked by a referrer. */
const GUARDS: OutgoingHttpHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export function json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } }
}

export function text(status: number, body: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, body, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } }
}

/** Sends the browser on with a GET. */
export function redirect(location: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status: 303, body: '', headers: { location, ...headers } }
}

/** Writes an answer. Of a HEAD request Node sends the headers only. */
export function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { ...GUARDS, 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
