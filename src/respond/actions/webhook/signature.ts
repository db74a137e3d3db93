import { createHmac } from 'node:crypto'
import type { Secret } from '../../../runtime/secret.ts'

const WRITTEN = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/**
 * The headers of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body` under the bytes of the secret; the
 * timestamp is in seconds. Throws an Error that says what is wrong with the secret, never the secret.
 */
export function signedHeaders(secret: Secret, id: string, now: number, body: string): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000))
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64')
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}

function keyOf(secret: Secret): Buffer {
  const [, text] = WRITTEN.exec(secret.reveal()) ?? []
  if (text === undefined) throw new Error('the signing secret is not `whsec_` followed by base64')
  const key = Buffer.from(text, 'base64')
  if (key.length < 24 || key.length > 64)
    throw new Error(`the signing secret has ${key.length} bytes; Standard Webhooks asks for 24 to 64`)
  return key
}
