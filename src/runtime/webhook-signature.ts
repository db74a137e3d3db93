import { createHmac } from 'node:crypto'
import type { Secret } from './secret.ts'

const WRITTEN = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/**
 * The `webhook-signature` of Standard Webhooks 1.0.0: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` under the
 * bytes of the secret. `timestamp` is in seconds. Throws an Error that says what is wrong with the secret, never the secret.
 */
export function webhookSignature(secret: Secret, id: string, timestamp: number, body: string): string {
  const hmac = createHmac('sha256', webhookKey(secret))
  return `v1,${hmac.update(`${id}.${timestamp}.${body}`, 'utf8').digest('base64')}`
}

/** The signing key in a secret: `whsec_` and the base64 of 24 to 64 bytes. Throws an Error that says what is wrong with it. */
export function webhookKey(secret: Secret): Buffer {
  const [, text] = WRITTEN.exec(secret.reveal()) ?? []
  if (text === undefined) throw new Error('the signing secret is not `whsec_` followed by base64')
  const key = Buffer.from(text, 'base64')
  if (key.length < 24 || key.length > 64)
    throw new Error(`the signing secret has ${key.length} bytes; Standard Webhooks asks for 24 to 64`)
  return key
}
