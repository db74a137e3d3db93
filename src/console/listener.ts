import { readFile } from 'node:fs/promises'
import { type IncomingMessage, type Server, type ServerOptions, type ServerResponse, createServer } from 'node:http'
import { type ServerOptions as TlsServerOptions, createServer as createTlsServer } from 'node:https'
import type { Clock } from '../contract/plugin.ts'
import { TransientError } from '../runtime/errors.ts'
import type { ConsoleConfig } from './config.ts'
import { closeIfIdle, closeServer } from '../runtime/server-close.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Milliseconds that a client has for the head of a request and for all of it. */
export interface Patience {
  readonly headersMs: number
  readonly requestMs: number
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000 }
const KEEP_ALIVE_MS = 65_000
/** How long requests under way may take when the console closes. */
const GRACE_MS = 5_000

/** The console's socket. */
export class Listener implements AsyncDisposable {
  readonly #server: Server
  readonly #scheme: 'http' | 'https'
  readonly #clock: Clock

  /** Resolves once connections are taken; throws TransientError when the address or a TLS file cannot be used. */
  static async open(config: ConsoleConfig, handler: Handler, clock: Clock, patience = PATIENCE): Promise<Listener> {
    const { host, port } = config.listen
    const server = await serverOf(config, patience)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      response.once('close', () => closeIfIdle(server))
      handler(request, response)
    })
    const opened = Promise.withResolvers<void>()
    server.once('error', opened.reject)
    server.listen(port, host, opened.resolve)
    try {
      await opened.promise
    } catch (cause) {
      throw new TransientError(`the console cannot listen on ${host}:${port}; free it, or set console.listen`, {
        cause,
      })
    }
    server.off('error', opened.reject)
    return new Listener(server, config.tls ? 'https' : 'http', clock)
  }

  private constructor(server: Server, scheme: 'http' | 'https', clock: Clock) {
    this.#server = server
    this.#scheme = scheme
    this.#clock = clock
  }

  /** A URL without a path, the port as it was given out; for a wildcard address, the loopback one. */
  get address(): string {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') return ''
    const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[bound.address] ?? bound.address
    return `${this.#scheme}://${bound.family === 'IPv6' ? `[${host}]` : host}:${bound.port}`
  }

  /** Takes no more connections, lets requests under way finish, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await closeServer(this.#server, this.#clock, GRACE_MS)
  }
}

async function serverOf({ tls, maxConnections }: ConsoleConfig, { headersMs, requestMs }: Patience): Promise<Server> {
  const options: ServerOptions = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(1000, Math.ceil(headersMs / 4)),
  }
  const server = tls ? createTlsServer({ ...options, ...(await tlsOptions(tls)) }) : createServer(options)
  server.maxConnections = maxConnections
  return server
}

async function tlsOptions(tls: { readonly cert: string; readonly key: string }): Promise<TlsServerOptions> {
  try {
    return {
      cert: await readFile(tls.cert),
      key: await readFile(tls.key),
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
    }
  } catch (cause) {
    throw new TransientError('reading the files of console.tls', { cause })
  }
}
