import { isIP } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { RefusedAddressError } from './address-guard.ts'
import type { AddressGuard } from './address-guard.ts'

const CONNECT_TIMEOUT_MS = 5000
const MOST_HEADER_BYTES = 16 * 1024

/**
 * An undici agent that connects only where the guard lets it: names are checked while they are looked up for the
 * connection, literal addresses (for which no look-up happens) before it. One connection; no HTTP/2, no redirects.
 */
export function guardedAgent(guard: AddressGuard, ca: string | undefined): Agent {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: guard.lookup,
    allowH2: false,
    ...(ca === undefined ? {} : { ca }),
  })
  return new Agent({
    connections: 1,
    pipelining: 1,
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(options, done) {
      const why = isIP(options.hostname) === 0 ? undefined : guard.refusal(options.hostname)
      if (why === undefined) connect(options, done)
      else done(new RefusedAddressError(why), null)
    },
  })
}
