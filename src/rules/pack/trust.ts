import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'

/** A public key whose packs are believed. */
export interface TrustedKey {
  /** The first 16 hex digits of the SHA-256 of its SPKI bytes: how people tell keys apart. */
  readonly id: string
  readonly key: KeyObject
}

/**
 * An Ed25519 public key from PEM (`-----BEGIN PUBLIC KEY-----`) or from its SPKI bytes in base64 (what stands between the
 * lines of the PEM). Throws an Error that says what is wrong.
 */
export function readTrustedKey(text: string): TrustedKey {
  if (text.includes('PRIVATE KEY')) throw new Error('it is a private key; give its public key (`openssl pkey -pubout`)')
  return trusted(ed25519(() => publicKey(text.trim()), 'public'))
}

function publicKey(text: string): KeyObject {
  if (text.startsWith('-----')) return createPublicKey(text)
  return createPublicKey({ key: Buffer.from(text.replaceAll(/\s/g, ''), 'base64'), format: 'der', type: 'spki' })
}

/** An Ed25519 private key from PEM (PKCS #8, not encrypted). Throws an Error that says what is wrong. */
export function readPrivateKey(pem: string): KeyObject {
  return ed25519(() => createPrivateKey(pem), 'private')
}

/** The public half of a private key. */
export function trustedKeyOf(privateKey: KeyObject): TrustedKey {
  return trusted(createPublicKey(privateKey))
}

function trusted(key: KeyObject): TrustedKey {
  const spki = key.export({ format: 'der', type: 'spki' })
  return { id: createHash('sha256').update(spki).digest('hex').slice(0, 16), key }
}

function ed25519(open: () => KeyObject, kind: 'public' | 'private'): KeyObject {
  let key: KeyObject
  try {
    key = open()
  } catch (cause) {
    throw new Error(`it is no ${kind} key in PEM${kind === 'public' ? ' or base64 SPKI' : ''}`, { cause })
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of ${key.asymmetricKeyType}, not Ed25519`)
  return key
}

/** The signature over the bytes of `pack.json`, base64, as `pack.sig` holds it. */
export function signatureOf(manifest: Buffer, privateKey: KeyObject): string {
  return sign(null, manifest, privateKey).toString('base64')
}

/** The key that signed; undefined where none of them did. A text that is no signature (64 bytes in base64) is signed by none. */
export function signerOf(manifest: Buffer, signature: string, keys: readonly TrustedKey[]): TrustedKey | undefined {
  const text = signature.trim()
  if (!/^[A-Za-z0-9+/]{86}==$/.test(text)) return undefined
  return keys.find(({ key }) => verify(null, manifest, key, Buffer.from(text, 'base64')))
}
