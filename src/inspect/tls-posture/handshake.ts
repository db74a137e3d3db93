import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { SecureVersion, TLSSocket } from 'node:tls'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface HandshakeOptions {
  /** PEM texts of the roots to trust. */
  readonly roots: readonly string[]
  /** Offer exactly this version, with ciphers and keys that are long out of use. Without it: what Node offers today. */
  readonly only?: SecureVersion
}

/** What came of one TLS handshake. A server that breaks off after showing its certificate counts as having accepted. */
export interface Handshake {
  /** A TCP connection came about. */
  readonly connected: boolean
  /** The protocol both sides settled on: `TLSv1.3`. Absent when they did not. */
  readonly protocol?: string
  readonly certificate?: X509Certificate
  /** Whether chain, validity and name hold; absent when the server broke off. */
  readonly trusted?: boolean
  /** Why the certificate is not trusted: OpenSSL's or Node's code, `CERT_HAS_EXPIRED`. */
  readonly distrust?: string
  /** Why the handshake failed: Node's error code. */
  readonly problem?: string
}

/** Connects, shakes hands and hangs up. Never rejects: whatever goes wrong, `signal` aborting included, is a `problem`. */
export function shakeHands(address: Address, options: HandshakeOptions, signal: AbortSignal): Promise<Handshake> {
  return new Promise((resolve) => {
    let connected = false
    const socket = connect({
      ...address,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
      ca: [...options.roots],
      rejectUnauthorized: false,
      ...(options.only === undefined
        ? {}
        : { minVersion: options.only, maxVersion: options.only, ciphers: 'DEFAULT@SECLEVEL=0' }),
    })
    const stop = (): void => finish({ connected, problem: 'ETIMEDOUT' })
    function finish(result: Handshake): void {
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => (connected = true))
    socket.once('secureConnect', () => finish({ ...seen(socket), ...verdict(socket), connected: true }))
    socket.on('error', (error) => finish({ ...seen(socket), connected, problem: codeOf(error) }))
    socket.once('close', () => finish({ connected, problem: 'ECONNRESET' }))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function seen(socket: TLSSocket): Pick<Handshake, 'protocol' | 'certificate'> {
  const certificate = socket.getPeerX509Certificate()
  const protocol = socket.getProtocol()
  return certificate === undefined ? {} : { certificate, ...(protocol === null ? {} : { protocol }) }
}

function verdict(socket: TLSSocket): Pick<Handshake, 'trusted' | 'distrust'> {
  if (socket.authorized) return { trusted: true }
  return { trusted: false, distrust: String(socket.authorizationError) }
}

/** Node's code of a connection error; of several addresses tried, the first one's. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (!(error instanceof Error)) return 'UNKNOWN'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
