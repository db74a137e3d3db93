import type { IncomingMessage } from 'node:http'
import type { Caller } from '../access/caller.ts'
import type { Answer } from '../http/answer.ts'
import { RequestError, badInput, notFound } from '../http/request-error.ts'

/** One request, as a handler sees it. */
export interface Ask {
  readonly request: IncomingMessage
  readonly path: string
  readonly query: URLSearchParams
  /** The parts of the path that the route names with a colon. */
  readonly part: (name: string) => string
  readonly caller: Caller
}

/**
 * Who may ask. `open`: anybody; `local`: programs on this machine, else like `api`; `api`: the token or a session;
 * `page`: a session, and who has none is shown the way to one.
 */
export type Access = 'open' | 'local' | 'api' | 'page'

export type Method = 'GET' | 'POST' | 'DELETE'

export interface Route {
  readonly method: Method
  /** `/alerts/:id` */
  readonly path: string
  readonly access: Access
  readonly handle: (ask: Ask) => Answer | Promise<Answer>
}

export interface Found {
  readonly route: Route
  readonly parts: Readonly<Record<string, string>>
}

/** Finds the route of a request; HEAD is served as GET. */
export class Router {
  readonly #routes: readonly { readonly route: Route; readonly segments: readonly string[] }[]

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, segments: route.path.split('/').slice(1) }))
  }

  /** Throws RequestError: 400 for a path that is none, 404, 405. */
  find(method: string, path: string): Found {
    const matching = this.#matching(path)
    const wanted = method === 'HEAD' ? 'GET' : method
    const found = matching.find(({ route }) => route.method === wanted)
    if (found) return found
    if (matching.length === 0) throw notFound('there is nothing at this path')
    throw new RequestError(405, 'MW_METHOD', `use ${methodsOf(matching)} here`, { allow: methodsOf(matching) })
  }

  /** The value of `allow` for a path. Throws RequestError 404. */
  allowed(path: string): string {
    const matching = this.#matching(path)
    if (matching.length === 0) throw notFound('there is nothing at this path')
    return methodsOf(matching)
  }

  #matching(path: string): readonly Found[] {
    const given = segmentsOf(path)
    return this.#routes.flatMap(({ route, segments }) => {
      const parts = partsOf(segments, given)
      return parts ? [{ route, parts }] : []
    })
  }
}

function methodsOf(found: readonly Found[]): string {
  const methods = new Set<string>(found.map(({ route }) => route.method))
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods, 'OPTIONS'].join(', ')
}

/** Each segment decoded by itself, nothing resolved: `..` is a name like any other, and no route has it. */
function segmentsOf(path: string): readonly string[] {
  if (!path.startsWith('/')) throw badInput('the path must begin with /')
  const segments = path.split('/').slice(1)
  if (segments.length > 1 && segments.at(-1) === '') segments.pop()
  try {
    return segments.map(decodeURIComponent)
  } catch {
    throw badInput('the path is not well percent-encoded')
  }
}

function partsOf(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined
  const parts: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const value = given[index] ?? ''
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined
    } else if (value === '' || value.length > 200) return undefined
    else parts[segment.slice(1)] = value
  }
  return parts
}
