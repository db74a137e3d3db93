import type { Fields, Logsource } from '../../contract/event.ts'
import { type Identity, apiKeyIdentity } from '../principal/pseudonyms.ts'
import type { EcsView } from './ecs-view.ts'
import { type Draft, sealedPaths } from './format.ts'
import { timeOf } from './time.ts'
import { firstText, numberOf, textOf } from './values.ts'

/** Names under which proxies write the same thing; the first that is set counts. */
const NAMES = {
  time: ['time_iso8601', 'msec', 'time_local', 'time', 'timestamp', '@timestamp'],
  address: ['remote_addr', 'client_ip', 'http_x_forwarded_for'],
  method: ['request_method', 'method'],
  uri: ['request_uri', 'uri', 'path'],
  seconds: ['request_time'],
  millis: ['request_time_ms', 'time_total_ms'],
  sent: ['body_bytes_sent', 'bytes_sent'],
  received: ['request_length', 'bytes_received'],
  userAgent: ['http_user_agent', 'user_agent'],
  host: ['host', 'http_host', 'server_name'],
  requestId: ['request_id', 'http_x_request_id'],
  keyHash: ['api_key_hash', 'key_hash', 'api_key_sha256'],
  rawKey: ['api_key', 'http_authorization', 'http_x_api_key', 'http_api_key'],
  user: ['remote_user', 'user'],
} as const satisfies Record<string, readonly string[]>

type Name = keyof typeof NAMES

function value(fields: Fields, name: Name): unknown {
  for (const key of NAMES[name]) {
    const found = fields[key]
    if (found !== undefined && found !== null && found !== '' && found !== '-') return found
  }
  return undefined
}

/** Whether it looks like one request of a web server, under the names above. */
export function isAccessLog(fields: Fields): boolean {
  return (
    (typeof fields['remote_addr'] === 'string' || typeof fields['client_ip'] === 'string') &&
    'status' in fields &&
    ('request_method' in fields || 'request' in fields || 'request_uri' in fields || 'method' in fields)
  )
}

const SEALED = sealedPaths([...NAMES.keyHash, ...NAMES.rawKey, ...NAMES.user, 'http_cookie'], ['request_body'])

export function accessLogDraft(fields: Fields, logsource: Logsource, describe: Draft['describe']): Draft {
  const at = NAMES.time.map((name) => timeOf(fields[name])).find((time) => time !== undefined)
  return { at, logsource, fields, sealed: SEALED, principal: callerOf(fields), describe }
}

/** The key, by its hash or by the key itself where a proxy logs it; else the user that the proxy authenticated. */
function callerOf(fields: Fields): Identity | undefined {
  const key = textOf(value(fields, 'keyHash')) ?? textOf(value(fields, 'rawKey'))
  if (key !== undefined) return { kind: 'key', identity: apiKeyIdentity(key) }
  const user = textOf(value(fields, 'user'))
  return user === undefined ? undefined : { kind: 'user', identity: user }
}

export function describeAccess(ecs: EcsView, fields: Fields, product: string): void {
  const status = numberOf(fields['status'])
  const [method, uri] = requestLine(fields)
  ecs.event('web', status !== undefined && status >= 400 ? ['access', 'error'] : ['access'], method, outcomeOf(status))
  ecs.dataset(`${product}.access`, product)
  ecs.source(firstAddress(value(fields, 'address')))
  ecs.word('http.request.method', method)
  ecs.count('http.response.status_code', status)
  ecs.count('http.response.body.bytes', value(fields, 'sent'))
  ecs.count('http.request.bytes', value(fields, 'received'))
  ecs.word('http.request.id', value(fields, 'requestId'))
  // The query may hold keys and names: only the path is kept.
  ecs.word('url.path', uri?.split('?', 1)[0])
  ecs.word('url.domain', textOf(value(fields, 'host'))?.split(':', 1)[0])
  ecs.word('user_agent.original', value(fields, 'userAgent'))
  const seconds = numberOf(value(fields, 'seconds'))
  ecs.durationMs(seconds === undefined ? value(fields, 'millis') : seconds * 1000)
}

function outcomeOf(status: number | undefined): boolean | undefined {
  return status === undefined || status < 100 ? undefined : status < 400
}

function requestLine(fields: Fields): readonly [method?: string, uri?: string] {
  const [method, uri] = firstText(fields['request'])?.split(' ', 2) ?? []
  const named = [textOf(value(fields, 'method')) ?? method, textOf(value(fields, 'uri')) ?? uri] as const
  return [named[0] ?? 'unknown', named[1] ?? '']
}

/** `X-Forwarded-For` lists the client first. */
function firstAddress(address: unknown): string | undefined {
  return textOf(address)?.split(',', 1)[0]?.trim()
}
