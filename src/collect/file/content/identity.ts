import type { BigIntStats } from 'node:fs'

/** Which file it is, whatever its name. Decimal strings; `birth` is in ns, '0' where the file system does not keep it. */
export interface Identity {
  readonly dev: string
  readonly ino: string
  readonly birth: string
}

/** A file as a scan found it. */
export interface Found {
  readonly path: string
  readonly key: string
  readonly identity: Identity
  readonly size: number
  readonly modified: string
}

export function foundAt(path: string, stat: BigIntStats): Found {
  const identity = { dev: String(stat.dev), ino: String(stat.ino), birth: String(stat.birthtimeNs) }
  return { path, identity, key: keyOf(identity), size: Number(stat.size), modified: String(stat.mtimeNs) }
}

/** Device numbers may change at a reboot; with a birth time the inode is enough. */
export function keyOf(identity: Identity): string {
  const { dev, ino, birth } = identity
  return birth === '0' ? `${dev}-${ino}` : `${BigInt(ino).toString(36)}-${BigInt(birth).toString(36)}`
}
