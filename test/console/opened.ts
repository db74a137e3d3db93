import { onTestFinished } from 'vitest'
import { ConsoleConfig } from '../../src/console/config.ts'
import { type Console, type ConsoleContext, openConsole } from '../../src/console/console.ts'
import { Secret } from '../../src/runtime/secret.ts'
import { type TestGiven, given } from '../support/given.ts'
import { FakeDesk, NOW } from './fake-desk.ts'

export const TOKEN = 'a-console-token-of-some-length'
export const BEARER = { authorization: `Bearer ${TOKEN}` }

export interface Opened {
  readonly console: Console
  readonly desk: FakeDesk
  readonly given: TestGiven
  /** Asks without following redirects. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
  readonly post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>
}

/** A console over a fake desk on a port of its own, closed when the test ends. */
export async function opened(
  desk = new FakeDesk(),
  config: object = {},
  more: Partial<ConsoleContext> = {},
): Promise<Opened> {
  const world = given('console', NOW)
  const parsed = ConsoleConfig.parse({ listen: '127.0.0.1:0', ...config })
  const console = await openConsole(parsed, { ...world, desk, token: new Secret(TOKEN), ...more })
  onTestFinished(() => console[Symbol.asyncDispose]())
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(console.address + path, { redirect: 'manual', ...init })
  const post = (path: string, body: unknown = {}, headers: Record<string, string> = BEARER): Promise<Response> =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return { console, desk, given: world, ask, post }
}

/** A signed-in browser: its cookie, and its forms with the word of its session. */
export async function browser({ ask }: Opened): Promise<{
  readonly get: (path: string) => Promise<Response>
  readonly submit: (path: string, fields?: Record<string, string>) => Promise<Response>
  readonly cookie: string
  readonly csrf: string
}> {
  const reply = await ask('/login', { method: 'POST', body: new URLSearchParams({ token: TOKEN, name: 'dana' }) })
  const cookie = (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const get = (path: string): Promise<Response> => ask(path, { headers: { cookie } })
  const csrf = /name="csrf" value="([^"]+)"/.exec(await (await get('/')).text())?.[1] ?? ''
  const submit = (path: string, fields: Record<string, string> = {}): Promise<Response> =>
    ask(path, { method: 'POST', headers: { cookie }, body: new URLSearchParams({ csrf, ...fields }) })
  return { get, submit, cookie, csrf }
}
