import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Counter, Given } from '../contract/plugin.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Caller } from './access/caller.ts'
import { type Guard, expectCsrf } from './access/guard.ts'
import type { Decisions } from './decide/decide.ts'
import { type Answer, json, send } from './http/answer.ts'
import { RequestError, badInput, requestErrorOf } from './http/request-error.ts'
import { problemPage, signInFirst } from './pages/entrance.ts'
import type { Access, Route, Router } from './routing/router.ts'

export interface FrontParts {
  readonly context: Given
  readonly guard: Guard
  readonly router: Router
  readonly decisions: Decisions
}

/** Takes every request: who asks, what for, and what became of it. */
export class Front {
  readonly #parts: FrontParts
  readonly #refused: Counter

  constructor(parts: FrontParts) {
    this.#parts = parts
    this.#refused = parts.context.metrics.counter(
      'modelward_console_refused_total',
      'Requests to the console that were not served',
      ['code'],
    )
  }

  /** Decisions come first and take the short way: gateways wait for them. */
  readonly serve = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? ''
    const cut = url.indexOf('?')
    const path = cut < 0 ? url : url.slice(0, cut)
    const query = cut < 0 ? '' : url.slice(cut + 1)
    if (path === '/decide' || path.startsWith('/decide/')) this.#decide(request, response, query)
    else void this.#answer(request, path, query).then((answer) => send(response, answer))
  }

  #decide(request: IncomingMessage, response: ServerResponse, query: string): void {
    try {
      this.#parts.decisions.answer(request, response, query)
    } catch (error) {
      send(response, problemJson(this.#problemOf(error)))
    }
  }

  async #answer(request: IncomingMessage, path: string, query: string): Promise<Answer> {
    let access: Access = path.startsWith('/api/') || path.startsWith('/-/') ? 'api' : 'page'
    let caller: Caller = { kind: 'nobody' }
    try {
      if (request.method === 'OPTIONS') return this.#options(path)
      const { route, parts } = this.#parts.router.find(request.method ?? '', path)
      access = route.access
      caller = this.#parts.guard.callerOf(request)
      const refused = admit(route, caller, request)
      if (refused) return refused
      return await route.handle({
        request,
        path,
        query: new URLSearchParams(query),
        caller,
        part: (name) => parts[name] ?? '',
      })
    } catch (error) {
      const problem = this.#problemOf(error)
      return access === 'page' ? problemPage(problem, caller) : problemJson(problem)
    }
  }

  #options(path: string): Answer {
    const allow = path === '*' ? 'GET, HEAD, POST, DELETE, OPTIONS' : this.#parts.router.allowed(path)
    return { status: 204, body: '', headers: { allow } }
  }

  #problemOf(error: unknown): RequestError {
    const known = requestErrorOf(error)
    this.#refused.add(1, { code: known?.code ?? 'MW_INTERNAL' })
    if (known) return known
    this.#parts.context.log.error('the console failed at a request', { reason: reasonOf(error) })
    return new RequestError(500, 'MW_INTERNAL', 'the daemon failed at this request; its log says why')
  }
}

/** Throws RequestError 401 or 403, or gives the way to the sign-in page. */
function admit(route: Route, caller: Caller, request: IncomingMessage): Answer | undefined {
  if (route.access === 'open' || (route.access === 'local' && caller.kind === 'local')) return undefined
  if (route.access === 'page') return caller.kind === 'browser' ? undefined : signInFirst(request)
  if (caller.kind === 'program') return undefined
  if (caller.kind !== 'browser')
    throw new RequestError(
      401,
      'MW_UNAUTHENTICATED',
      'send the console token as Authorization: Bearer; it is in console.token of the data directory',
      { 'www-authenticate': 'Bearer realm="modelward"' },
    )
  if (route.method !== 'GET') expectCsrf(caller.session, csrfHeader(request))
  return undefined
}

function csrfHeader({ headers }: IncomingMessage): string | undefined {
  const given = headers['x-csrf-token']
  if (Array.isArray(given)) throw badInput('x-csrf-token: send it once')
  return given
}

function problemJson({ status, code, message, headers }: RequestError): Answer {
  return json(status, { error: { code, message } }, headers)
}
