import type { Rejection } from './answer.ts'

/** What a path asks for. `format` is the format it names; `protocol` decides how success looks. */
export type Route =
  | { readonly kind: 'health' }
  | { readonly kind: 'ingest'; readonly protocol: 'records' | 'otlp'; readonly format?: string }

const OTLP = new Set(['/v1/traces', '/v1/logs', '/v1/metrics'])
const NAMED = /^\/ingest\/([a-z0-9][a-z0-9-]{0,63})$/

/** Which route a request takes, or 404 or 405. */
export function routeOf(method: string, url: string): Route | Rejection {
  const path = url.split('?', 1)[0] ?? ''
  const route = at(path)
  if (!route)
    return {
      status: 404,
      code: 'MW_NOT_FOUND',
      message: 'nothing here: POST records to /, /ingest, /ingest/<format> or /v1/{traces,logs,metrics}',
    }
  const allowed = route.kind === 'health' ? 'GET' : 'POST'
  if (method === allowed) return route
  return { status: 405, code: 'MW_METHOD', message: `only ${allowed} is allowed here`, headers: { allow: allowed } }
}

function at(path: string): Route | undefined {
  if (path === '/' || path === '/ingest') return { kind: 'ingest', protocol: 'records' }
  if (path === '/-/healthy') return { kind: 'health' }
  if (OTLP.has(path)) return { kind: 'ingest', protocol: 'otlp', format: 'otlp' }
  const format = NAMED.exec(path)?.[1]
  return format === undefined ? undefined : { kind: 'ingest', protocol: 'records', format }
}
