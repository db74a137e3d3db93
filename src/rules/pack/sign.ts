import type { KeyObject } from 'node:crypto'
import { MANIFEST, manifestOf, SIGNATURE, type Manifest } from './manifest.ts'
import { signatureOf } from './trust.ts'
import { writeTar } from './tar.ts'

/** A signed pack: what `pack.json` and `pack.sig` hold. */
export interface SignedPack {
  readonly manifest: Manifest
  readonly bytes: Buffer
  readonly signature: Buffer
}

/** Signs rule files as a pack. */
export function signPack(
  facts: Omit<Manifest, 'files'>,
  rules: ReadonlyMap<string, Buffer>,
  privateKey: KeyObject,
): SignedPack {
  const { manifest, bytes } = manifestOf(facts, rules)
  return { manifest, bytes, signature: Buffer.from(`${signatureOf(bytes, privateKey)}\n`) }
}

/** The pack as an archive. Throws a TarError for a path that no archive may hold. */
export function packArchive(pack: SignedPack, rules: ReadonlyMap<string, Buffer>): Buffer {
  return writeTar(new Map([...rules, [MANIFEST, pack.bytes], [SIGNATURE, pack.signature]]))
}
