import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { reasonOf } from '../../runtime/errors.ts'

/** No node could be asked for its certificates: nothing is known to be wrong with the configuration. */
export class UnreachableError extends Error {}

/**
 * The certificate with this SHA-256 fingerprint (hex, colons allowed) out of the chain that one of the nodes shows, as
 * PEM, to be used as the only trusted authority. Nothing else is believed of that first connection and nothing is sent
 * over it: chain and host name are verified in full on every later one. The client's own `caFingerprint` does not do:
 * it needs verification switched off to accept a private authority, and then takes any leaf that is shown beside it.
 */
export async function pinnedAuthority(
  nodes: readonly string[],
  fingerprint: string,
  timeoutMs: number,
): Promise<string> {
  let unreachable: unknown
  for (const node of nodes)
    try {
      return authorityIn(await chainOf(new URL(node), timeoutMs), fingerprint)
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      unreachable = error
    }
  throw new UnreachableError(reasonOf(unreachable))
}

function authorityIn(leaf: DetailedPeerCertificate, fingerprint: string): string {
  const wanted = plain(fingerprint)
  const seen = new Set<string>()
  for (
    let at: DetailedPeerCertificate | undefined = leaf;
    at && !seen.has(at.fingerprint256);
    at = at.issuerCertificate
  ) {
    if (plain(at.fingerprint256) === wanted) return pem(at.raw)
    seen.add(at.fingerprint256)
  }
  throw new Error(`no certificate that the node shows has the fingerprint ${fingerprint}`)
}

function chainOf(url: URL, timeoutMs: number): Promise<DetailedPeerCertificate> {
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    socket.once('error', (cause) => reject(new UnreachableError(`asking ${url.host} for its certificate`, { cause })))
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate(true))
      socket.destroy()
    })
  })
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

function pem(raw: Buffer): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
