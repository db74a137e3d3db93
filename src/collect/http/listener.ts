import { readFile } from 'node:fs/promises'
import { type IncomingMessage, type Server, type ServerOptions, type ServerResponse, createServer } from 'node:http'
import { type ServerOptions as TlsServerOptions, createServer as createTlsServer } from 'node:https'
import type { Clock } from '../../contract/plugin.ts'
import { TransientError } from '../../runtime/errors.ts'
import type { HttpConfig } from './config.ts'
import { closeIfIdle, closeServer } from '../../runtime/server-close.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** How long requests under way may take when the listener closes. */
const GRACE_MS = 10_000
const KEEP_ALIVE_MS = 65_000

/** A socket that is listened on. */
export class Listener implements AsyncDisposable {
  readonly #server: Server
  readonly #clock: Clock

  /** Resolves once connections are taken; throws TransientError when the address or a file cannot be used. */
  static async open(config: HttpConfig, handler: Handler, clock: Clock): Promise<Listener> {
    const { host, port } = config.listen
    const server = await serverOf(config)
    // With `expect: 100-continue` the handler says when the body may come.
    for (const event of ['request', 'checkContinue'])
      server.on(event, (request: IncomingMessage, response: ServerResponse) => {
        response.once('close', () => closeIfIdle(server))
        void handler(request, response)
      })
    const opened = Promise.withResolvers<void>()
    server.once('error', opened.reject)
    server.listen(port, host, opened.resolve)
    try {
      await opened.promise
    } catch (cause) {
      throw new TransientError(`listening on ${host}:${port}`, { cause })
    }
    server.off('error', opened.reject)
    return new Listener(server, clock)
  }

  private constructor(server: Server, clock: Clock) {
    this.#server = server
    this.#clock = clock
  }

  /** Host and port, the port as it was given out. */
  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return ''
    return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
  }

  /** Takes no more connections, lets requests under way finish, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await closeServer(this.#server, this.#clock, GRACE_MS)
  }
}

async function serverOf(config: HttpConfig): Promise<Server> {
  const { requestTimeoutMs, headersTimeoutMs, maxConnections } = config.limits
  const options: ServerOptions = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeoutMs / 4)),
  }
  const tls = await tlsOptions(config)
  const server = tls ? createTlsServer({ ...options, ...tls }) : createServer(options)
  server.maxConnections = maxConnections
  return server
}

async function tlsOptions({ tls, auth }: HttpConfig): Promise<TlsServerOptions | undefined> {
  const mtls = auth?.mtls
  const files = mtls ?? tls
  if (!files) return undefined
  try {
    const own = { cert: await readFile(files.cert), key: await readFile(files.key), minVersion: 'TLSv1.2' as const }
    const clients = mtls ? { ca: await readFile(mtls.ca), requestCert: true, rejectUnauthorized: true } : {}
    return { ...own, ...clients, handshakeTimeout: 10_000 }
  } catch (cause) {
    throw new TransientError('reading the files for TLS', { cause })
  }
}
