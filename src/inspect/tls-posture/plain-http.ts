import { request } from 'node:http'
import type { Address } from './handshake.ts'

/** How a port answers a request in plain HTTP. */
export interface PlainAnswer {
  readonly port: number
  readonly status: number
  /** It served the request: neither sent the client to https nor refused plain HTTP as such. */
  readonly isServed: boolean
}

/**
 * Asks for `/` in plain HTTP and hangs up after the headers. Undefined when no HTTP came back. Servers that speak TLS
 * on the port often say so in plain HTTP with 400 (Apache, Go, nginx) or 426: that is no service.
 */
export function askPlainly(address: Address, signal: AbortSignal): Promise<PlainAnswer | undefined> {
  return new Promise((resolve) => {
    const asking = request({
      ...address,
      path: '/',
      agent: false,
      signal,
      headers: { 'user-agent': 'modelward tls-posture', connection: 'close' },
    })
    asking.once('response', (response) => {
      const status = response.statusCode ?? 0
      const location = response.headers.location ?? ''
      const isRedirect = status >= 300 && status < 400 && /^https:/i.test(location)
      resolve({ port: address.port, status, isServed: !isRedirect && status !== 400 && status !== 426 })
      response.destroy()
    })
    asking.on('error', () => resolve(undefined))
    asking.once('close', () => resolve(undefined))
    asking.end()
  })
}
