import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Log } from '../contract/plugin.ts'
import { reasonOf } from '../runtime/errors.ts'
import { fileFailureOf } from './failure.ts'

/** Where each file of a data directory is. */
export interface StorePaths {
  readonly directory: string
  readonly database: string
  /** The database and what SQLite keeps beside it. */
  readonly databaseFiles: readonly string[]
  readonly lock: string
  readonly holder: string
  readonly auditKey: string
  /** Present when SQLite reported damage: the next opening checks everything, whatever the size. */
  readonly suspect: string
}

export function storePaths(directory: string): StorePaths {
  const database = join(directory, 'modelward.db')
  return {
    directory,
    database,
    databaseFiles: [database, `${database}-wal`, `${database}-shm`],
    lock: join(directory, 'modelward.lock'),
    holder: join(directory, 'modelward.pid'),
    auditKey: join(directory, 'audit.key'),
    suspect: join(directory, 'modelward.suspect'),
  }
}

/**
 * Makes the directory with mode 0700. One that is there already is closed to others only if it is empty or holds a store:
 * somebody may have pointed at a directory that serves more than us.
 */
export function prepareDirectory(paths: StorePaths, log: Log): void {
  const { directory } = paths
  try {
    const isNew = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined
    if (isNew) chmodSync(directory, 0o700)
    if ((statSync(directory).mode & 0o077) === 0) return
    const isOurs = existsSync(paths.database) || readdirSync(directory).length === 0
    if (isOurs && tighten(directory, 0o700)) return
    log.warn('data directory is open to other users', { directory, cure: `chmod 700 ${directory}` })
  } catch (error) {
    throw fileFailureOf(error, `opening the data directory ${directory}: check that it exists and may be written`)
  }
}

/** Takes everybody else's rights away; false when the file is not ours to change. A file that is not there is no failure. */
export function tighten(path: string, mode = 0o600): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && (found.mode & 0o777) !== mode) chmodSync(path, mode)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') return false
    throw error
  }
}

/** Makes an empty file of mode 0600, whatever the umask, unless it is there. SQLite gives its -wal and -shm the same mode. */
export function createPrivately(path: string): void {
  // A file that is there is never opened here: closing it would drop the locks that SQLite holds on it in this process.
  const file = openUnlessThere(path)
  if (file === undefined) return
  try {
    fchmodSync(file, 0o600)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  syncDirectory(dirname(path))
}

function openUnlessThere(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw error
  }
}

/** The whole text or the former file, also after a power cut; mode 0600. */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.new`
  const file = openSync(draft, 'w', 0o600)
  try {
    fchmodSync(file, 0o600)
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  syncDirectory(dirname(path))
}

/** Renames a damaged database and its companions to `modelward.db.corrupt-<ISO time>`; gives the new path. */
export function setAside(paths: StorePaths, now: number): string {
  const stem = `${paths.database}.corrupt-${new Date(now).toISOString()}`
  let aside = stem
  for (let more = 2; existsSync(aside); more++) aside = `${stem}-${more}`
  for (const path of paths.databaseFiles)
    if (existsSync(path)) renameSync(path, `${aside}${path.slice(paths.database.length)}`)
  syncDirectory(paths.directory)
  return aside
}

/** Bytes that an ordinary user may still write; 0 when the file system does not say. */
export function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return 0
  }
}

export function sizeOf(paths: readonly string[]): number {
  let bytes = 0
  for (const path of paths) bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return bytes
}

/** For marks whose loss is no harm: says in the log why it could not be written. */
export function tryToWrite(path: string, text: string, log: Log): void {
  try {
    writeWhole(path, text)
  } catch (error) {
    log.warn('file could not be written', { path, reason: reasonOf(error) })
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
