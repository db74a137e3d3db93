import type { IncomingMessage } from 'node:http'
import { RequestError, badInput } from '../http/request-error.ts'
import type { Caller } from './caller.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Token } from './token.ts'

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@+:/\\-]{0,99}$/u

/** Finds out who asks. */
export class Guard {
  readonly #token: Token
  readonly #sessions: Sessions

  constructor(token: Token, sessions: Sessions) {
    this.#token = token
    this.#sessions = sessions
  }

  /** A wrong token is nobody, whatever cookie comes with it. */
  callerOf(request: IncomingMessage): Caller {
    const { authorization } = request.headers
    if (authorization !== undefined) {
      const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
      return given !== undefined && this.#token.is(given)
        ? { kind: 'program', by: givenName(request) ?? 'console' }
        : { kind: 'nobody' }
    }
    const session = this.#sessionOf(request)
    if (session) return { kind: 'browser', by: givenName(request) ?? session.by, session }
    return isLocal(request) ? { kind: 'local' } : { kind: 'nobody' }
  }

  /** Opens a session and gives the cookie to set, or undefined when the token is not ours. */
  signIn(request: IncomingMessage, token: string, by: string): string | undefined {
    if (!this.#token.is(token)) return undefined
    const name = by.trim() === '' ? 'console' : checkedName(by.trim(), 'name')
    const { id } = this.#sessions.open(name)
    return cookie(request, id, Math.floor(this.#sessions.lifeMs / 1000))
  }

  /** Ends a session and gives the cookie that forgets it. */
  signOut(request: IncomingMessage, session: Session): string {
    this.#sessions.close(session)
    return cookie(request, '', 0)
  }

  #sessionOf(request: IncomingMessage): Session | undefined {
    const wanted = `${cookieName(request)}=`
    for (const part of (request.headers.cookie ?? '').split(';')) {
      const trimmed = part.trim()
      const session = trimmed.startsWith(wanted) ? this.#sessions.find(trimmed.slice(wanted.length)) : undefined
      if (session) return session
    }
    return undefined
  }
}

/** Changes asked for by a browser must carry the word that only our own pages know. Throws RequestError 403. */
export function expectCsrf(session: Session, given: string | undefined): void {
  if (given === session.csrf) return
  throw new RequestError(
    403,
    'MW_CSRF',
    'this form is not of your session: load the page again and repeat it (programs send x-csrf-token)',
  )
}

/** Browsers share cookies between ports of one host; two daemons on one machine must not. */
function cookieName(request: IncomingMessage): string {
  return `${isEncrypted(request) ? '__Host-' : ''}modelward-${request.socket.localPort ?? 0}`
}

function cookie(request: IncomingMessage, value: string, seconds: number): string {
  const secure = isEncrypted(request) ? '; Secure' : ''
  return `${cookieName(request)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`
}

function isEncrypted(request: IncomingMessage): boolean {
  return 'encrypted' in request.socket
}

function givenName(request: IncomingMessage): string | undefined {
  const given = request.headers['x-modelward-user']
  return typeof given === 'string' ? checkedName(given, 'x-modelward-user') : undefined
}

function checkedName(name: string, place: string): string {
  if (NAME.test(name)) return name
  throw badInput(`${place}: a name has up to 100 letters, digits, spaces or . _ @ + : / \\ -`)
}

/**
 * A program on this machine that names it by address: neither somebody behind a proxy here nor a web page that has its
 * own host name point to us (DNS rebinding).
 */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false
  if (!/^(?:::1|(?:::ffff:)?127\.[\d.]+)$/.test(socket.remoteAddress ?? '')) return false
  return /^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/i.test(headers.host ?? '')
}
