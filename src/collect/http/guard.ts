import { createHash, createHmac, hash, timingSafeEqual, type X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../contract/plugin.ts'
import { TransientError } from '../../runtime/errors.ts'
import type { SecretRef } from '../../runtime/secret.ts'
import { webhookKey } from '../../runtime/webhook-signature.ts'
import type { Rejection } from './answer.ts'
import type { HttpConfig } from './config.ts'

/** Who sent a request, as far as idempotency keys are concerned: the same name, the same sender. No secret. */
export interface Caller {
  readonly name: string
}

/** Decides who may send. */
export interface Guard {
  /** What the headers and the connection say, before the body is read. */
  admit(request: IncomingMessage): Caller | Rejection
  /** What only the body can prove: bytes as they came, before decompression. */
  prove?(request: IncomingMessage, wire: Uint8Array): Rejection | undefined
}

/** Seconds by which a signature's time may differ from ours, either way. */
const TOLERANCE_SECONDS = 300

/** Reads the secrets. Throws TransientError naming the place when one cannot be used. */
export async function openGuard(auth: HttpConfig['auth'], clock: Clock): Promise<Guard> {
  if (auth?.bearer) return bearerGuard(await Promise.all(auth.bearer.map(digestOf)))
  if (auth?.hmac) return signatureGuard(await Promise.all(auth.hmac.map(signingKey)), clock)
  return auth?.mtls ? certificateGuard(auth.mtls.sans) : localGuard
}

/**
 * Loopback without authentication. A page in a browser on this machine can post here too, and always says so in `origin`
 * (Fetch standard): no collector's sender does.
 */
const localGuard: Guard = {
  admit: ({ headers }) =>
    headers.origin === undefined
      ? { name: 'local' }
      : { status: 403, code: 'MW_BROWSER', message: 'requests from web pages are not taken' },
}

/** Every digest is compared, so that the time tells nothing about which came close. */
function bearerGuard(digests: readonly Buffer[]): Guard {
  return {
    admit({ headers }) {
      const token = /^bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1]
      if (token === undefined)
        return unauthenticated('send the header authorization: Bearer <token>', 'Bearer realm="modelward"')
      const given = createHash('sha256').update(token, 'utf8').digest()
      let found: Buffer | undefined
      for (const digest of digests) if (timingSafeEqual(digest, given)) found = digest
      if (!found)
        return unauthenticated('the token is not known here', 'Bearer realm="modelward", error="invalid_token"')
      return { name: `bearer:${hash('sha256', found, 'hex').slice(0, 16)}` }
    },
  }
}

/** Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, one of several signatures may match one of several secrets. */
function signatureGuard(keys: readonly Buffer[], clock: Clock): Guard {
  return {
    admit({ headers }) {
      const signed = signatureHeaders(headers)
      if (!signed) return badSignature('send the headers webhook-id, webhook-timestamp and webhook-signature')
      const seconds = clock.now() / 1000 - Number(signed.timestamp)
      if (Math.abs(seconds) > TOLERANCE_SECONDS)
        return badSignature(`webhook-timestamp is more than ${TOLERANCE_SECONDS} s away from this machine's clock`)
      return { name: 'hmac' }
    },
    prove({ headers }, wire) {
      const signed = signatureHeaders(headers)
      if (!signed) return badSignature('the signature headers are missing')
      const expected = keys.map((key) =>
        createHmac('sha256', key).update(`${signed.id}.${signed.timestamp}.`, 'utf8').update(wire).digest(),
      )
      let matches = false
      for (const given of signed.signatures)
        for (const digest of expected)
          if (given.length === digest.length && timingSafeEqual(given, digest)) matches = true
      return matches
        ? undefined
        : badSignature('no v1 signature matches: check the secret, and that the body is signed as it is sent')
    },
  }
}

/** The connection already proved the certificate's issuer; here it is asked for its names. */
function certificateGuard(sans: readonly string[] | undefined): Guard {
  return {
    admit({ socket }) {
      const certificate = certificateOf(socket)
      if (!certificate) return unauthenticated('send a client certificate', 'mTLS')
      const names = alternativeNames(certificate.subjectAltName ?? '')
      if (sans && !names.some((name) => sans.includes(name)))
        return {
          status: 403,
          code: 'MW_CERTIFICATE',
          message: 'no subject alternative name of the client certificate is allowed',
        }
      return { name: `mtls:${certificate.fingerprint256}` }
    },
  }
}

function certificateOf(socket: object): X509Certificate | undefined {
  if (!('getPeerX509Certificate' in socket) || typeof socket.getPeerX509Certificate !== 'function') return undefined
  return socket.getPeerX509Certificate() as X509Certificate | undefined
}

/**
 * The names in Node's text form, `DNS:a, URI:b`. A name that holds a comma or a quote comes as a JSON string
 * (CVE-2021-44532); splitting inside it would let one name pass for two.
 */
export function alternativeNames(text: string): readonly string[] {
  const names: string[] = []
  const part = /([A-Za-z ]+:)("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y
  for (let match = part.exec(text); match && match[0] !== ''; match = part.exec(text)) {
    const [, kind = '', value = ''] = match
    names.push(kind + (value.startsWith('"') ? String(JSON.parse(value)) : value))
  }
  return names
}

function signatureHeaders(headers: IncomingMessage['headers']) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return undefined
  if (id === '' || id.length > 256 || !/^\d{1,12}$/.test(timestamp)) return undefined
  const signatures = signature
    .split(' ')
    .filter((each) => each.startsWith('v1,'))
    .slice(0, 16)
    .map((each) => Buffer.from(each.slice(3), 'base64'))
  return { id, timestamp, signatures }
}

function badSignature(message: string): Rejection {
  return unauthenticated(message, 'Standard-Webhooks')
}

function unauthenticated(message: string, scheme: string): Rejection {
  return { status: 401, code: 'MW_UNAUTHENTICATED', message, headers: { 'www-authenticate': scheme } }
}

async function digestOf(secret: SecretRef): Promise<Buffer> {
  return createHash('sha256')
    .update((await secret.read()).reveal(), 'utf8')
    .digest()
}

async function signingKey(secret: SecretRef): Promise<Buffer> {
  try {
    return webhookKey(await secret.read())
  } catch (cause) {
    throw new TransientError(
      `the secret at ${secret.toString()} is no signing key (whsec_ and base64 of 24 to 64 bytes)`,
      { cause },
    )
  }
}
