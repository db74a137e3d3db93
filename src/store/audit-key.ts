import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Random } from '../contract/plugin.ts'
import type { AuditCheckpoint } from '../contract/store.ts'
import { StoreError } from '../runtime/errors.ts'
import { tighten, writeWhole } from './directory.ts'
import { fileFailureOf } from './failure.ts'

/** RFC 8410: what stands before the raw 32 bytes in an Ed25519 key's DER. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Signs checkpoints of the audit log. `publicKey` is base64 of the raw 32 bytes. */
export interface AuditKey {
  readonly publicKey: string
  sign(seq: number, hash: string, at: number): AuditCheckpoint
}

/** The key in `path` (PKCS 8 PEM, mode 0600); made at the first start. Throws StoreError for a file that holds no Ed25519 key. */
export function openAuditKey(path: string, random: Random): { readonly key: AuditKey; readonly isNew: boolean } {
  try {
    const isNew = !existsSync(path)
    if (isNew) writeWhole(path, generate(random).export({ format: 'pem', type: 'pkcs8' }))
    tighten(path)
    return { key: auditKeyOf(readKey(path)), isNew }
  } catch (error) {
    throw fileFailureOf(error, `opening the audit key ${path}`)
  }
}

/** A key that is gone with the process. */
export function passingAuditKey(random: Random): AuditKey {
  return auditKeyOf(generate(random))
}

/** The public half of the key in `path`, base64; undefined when there is none. */
export function publicKeyAt(path: string): string | undefined {
  return existsSync(path) ? auditKeyOf(readKey(path)).publicKey : undefined
}

/** Whether the checkpoint carries a valid Ed25519 signature by the public key it names. */
export function isSigned(checkpoint: AuditCheckpoint): boolean {
  const raw = Buffer.from(checkpoint.publicKey, 'base64')
  const signature = Buffer.from(checkpoint.signature, 'base64')
  if (raw.length !== 32 || signature.length !== 64) return false
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' })
  return verify(null, sealedText(checkpoint.seq, checkpoint.hash, checkpoint.at), key, signature)
}

function auditKeyOf(privateKey: KeyObject): AuditKey {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = der.subarray(PUBLIC_PREFIX.length).toString('base64')
  return {
    publicKey,
    sign: (seq, hash, at) => ({
      seq,
      hash,
      at,
      publicKey,
      signature: sign(null, sealedText(seq, hash, at), privateKey).toString('base64'),
    }),
  }
}

function generate(random: Random): KeyObject {
  const key = Buffer.concat([PRIVATE_PREFIX, random.bytes(32)])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function readKey(path: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(path))
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}`)
    return key
  } catch (cause) {
    throw new StoreError(
      `${path} holds no Ed25519 key: restore it from a backup, or move it away to start with a new key`,
      { cause },
    )
  }
}

function sealedText(seq: number, hash: string, at: number): Buffer {
  return Buffer.from(`modelward audit v1\n${seq}\n${hash}\n${at}\n`)
}
