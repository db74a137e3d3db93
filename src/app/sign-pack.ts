import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { MANIFEST, SIGNATURE, type Manifest } from '../rules/pack/manifest.ts'
import { packArchive, signPack as sign } from '../rules/pack/sign.ts'
import { readPrivateKey, trustedKeyOf } from '../rules/pack/trust.ts'
import { readFolder } from '../rules/rule-files.ts'
import { RefusedError } from '../runtime/errors.ts'

export interface SignOptions {
  readonly folder: string
  /** A file with an Ed25519 private key in PEM. */
  readonly key: string
  /** Default: the folder's name. */
  readonly name?: string
  /** Default: the day, `2026.11.21`. */
  readonly version?: string
  /** An archive to write as well. */
  readonly out?: string
  /** Epoch ms. */
  readonly now: number
}

export interface Signed {
  readonly manifest: Manifest
  /** The id of the key that signed. */
  readonly key: string
  readonly written: readonly string[]
}

/** Writes `pack.json` and `pack.sig` into a rule folder, and the archive if asked for. Throws a RefusedError. */
export function signFolder(options: SignOptions): Signed {
  const { folder, out, now } = options
  const created = new Date(now).toISOString()
  const facts = {
    name: options.name ?? basename(resolve(folder)),
    version: options.version ?? created.slice(0, 10).replaceAll('-', '.'),
    created,
  }
  const rules = orRefused(folder, () => readFolder(folder))
  if (rules.size === 0) throw new RefusedError(`${folder} holds no rule (.yml or .yaml)`)
  const key = orRefused(options.key, () => readPrivateKey(readFileSync(options.key, 'utf8')))
  const pack = orRefused(folder, () => sign(facts, rules, key))
  const files: (readonly [string, Buffer])[] = [
    [join(folder, MANIFEST), pack.bytes],
    [join(folder, SIGNATURE), pack.signature],
  ]
  if (out !== undefined) files.push([out, orRefused(out, () => packArchive(pack, rules))])
  for (const [path, bytes] of files) orRefused(path, () => writeFileSync(path, bytes))
  return { manifest: pack.manifest, key: trustedKeyOf(key).id, written: files.map(([path]) => path) }
}

function orRefused<T>(place: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new RefusedError(`${place} cannot be signed or written`, { cause })
  }
}
