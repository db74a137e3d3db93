import type { IncomingMessage } from 'node:http'
import type { Caller } from '../access/caller.ts'
import type { Guard } from '../access/guard.ts'
import { type Answer, redirect } from '../http/answer.ts'
import { readForm } from '../http/body.ts'
import { RequestError } from '../http/request-error.ts'
import { documentOf } from '../markup/document.ts'
import { html } from '../markup/html.ts'
import type { Ask, Route } from '../routing/router.ts'

const REASONS: Readonly<Record<number, string>> = {
  400: 'That request was not understood',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not possible here',
  409: 'Not done',
  413: 'Too large',
  503: 'Not possible just now',
}

/** Signing in and out. */
export function entranceRoutes(guard: Guard): readonly Route[] {
  return [
    { method: 'GET', path: '/login', access: 'open', handle: (ask) => enterByLink(guard, ask) },
    { method: 'POST', path: '/login', access: 'open', handle: (ask) => enterByForm(guard, ask) },
  ]
}

/**
 * Who has no session is shown the sign-in page, and comes back from there. A link from elsewhere (chat, Kibana) brings
 * no SameSite=Strict cookie: the page then asks for itself once more, from its own site, and the cookie comes along.
 */
export function signInFirst(request: IncomingMessage): Answer {
  const wanted = request.method === 'GET' ? localPath(request.url) : '/'
  if (request.headers['sec-fetch-site'] === 'cross-site' && request.method === 'GET')
    return documentOf({
      title: 'Opening',
      onward: wanted,
      body: html`<main>
        <p>Opening <a href="${wanted}">the page</a>.</p>
      </main>`,
    })
  return redirect(wanted === '/' ? '/login' : `/login?next=${encodeURIComponent(wanted)}`)
}

/** What went wrong, for a person. */
export function problemPage({ status, message, headers }: RequestError, caller: Caller): Answer {
  const back =
    caller.kind === 'browser' ? { href: '/', text: 'Back to the alerts' } : { href: '/login', text: 'Sign in' }
  const title = REASONS[status] ?? 'Something failed here'
  return documentOf({
    title,
    status,
    headers,
    body: html`<main class="narrow">
      <div class="panel">
        <h1>${title}</h1>
        <p>${message}</p>
        <p class="quiet">To try again, go back and load the page anew.</p>
        <p><a class="button" href="${back.href}">${back.text}</a></p>
      </div>
    </main>`,
  })
}

function enterByLink(guard: Guard, { request, query, caller }: Ask): Answer {
  const token = query.get('token')
  const next = localPath(query.get('next') ?? '/')
  if (token === null) return caller.kind === 'browser' ? redirect(next) : signInPage(next)
  return enter(guard, request, { token, by: '', next })
}

async function enterByForm(guard: Guard, { request }: Ask): Promise<Answer> {
  const form = await readForm(request)
  const field = (name: string): string => form.get(name) ?? ''
  return enter(guard, request, { token: field('token').trim(), by: field('name'), next: localPath(field('next')) })
}

function enter(
  guard: Guard,
  request: IncomingMessage,
  { token, by, next }: { readonly token: string; readonly by: string; readonly next: string },
): Answer {
  const cookie = guard.signIn(request, token, by)
  return cookie === undefined ? signInPage(next, true) : redirect(next, { 'set-cookie': cookie })
}

function signInPage(next: string, isRefused = false): Answer {
  return documentOf({
    title: 'Sign in',
    status: isRefused ? 401 : 200,
    body: html`<main class="narrow">
      <div class="panel">
        <h1>modelward</h1>
        <p class="quiet">
          Sign in with the console token. The daemon prints a sign-in link when it starts; the token is also in
          <code>console.token</code> of its data directory.
        </p>
        ${isRefused && html`<p class="trouble" role="alert">That is not this daemon's token. Copy the whole of it, without spaces.</p>`}
        <form method="post" action="/login">
          <input type="hidden" name="next" value="${next}" />
          <div class="field">
            <label for="token">Token</label>
            <input id="token" name="token" type="password" required autofocus autocomplete="current-password" />
          </div>
          <div class="field">
            <label for="name">Your name, for the audit log (optional)</label>
            <input id="name" name="name" type="text" maxlength="100" autocomplete="username" />
          </div>
          <button class="main">Sign in</button>
        </form>
      </div>
    </main>`,
  })
}

/** A path of this console, never another site and not the sign-in page. */
export function localPath(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) && !path.startsWith('/login')
    ? path
    : '/'
}
