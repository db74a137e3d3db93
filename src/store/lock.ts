import { readFileSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '../contract/plugin.ts'
import { LockedError, StoreError } from '../runtime/errors.ts'
import { createPrivately, tighten, tryToWrite, type StorePaths } from './directory.ts'
import { fileFailureOf, sqliteCode } from './failure.ts'

const BUSY = 5
/** Long enough for a holder that has only just taken the lock to write its pid. */
const WAIT_MS = 250

/**
 * One daemon a directory: an exclusive transaction on a SQLite database of its own, so that the kernel releases it when
 * the process ends, however it ends. Throws LockedError naming the holder's pid. The pid file is for people only.
 */
export function takeLock(paths: StorePaths, log: Log): Disposable {
  const database = openLockFile(paths.lock)
  try {
    database.exec('PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (((sqliteCode(cause) ?? 0) & 0xff) === BUSY)
      throw new LockedError(
        `the data directory ${paths.directory} is in use by another modelward${holderOf(paths)}. ` +
          'Stop that one first, or give this one a directory of its own',
        { cause },
      )
    throw new StoreError(`locking ${paths.lock}: it holds nothing of value, remove it if it is damaged`, { cause })
  }
  tryToWrite(paths.holder, `${process.pid}\n`, log)
  return {
    [Symbol.dispose]() {
      if (!database.isOpen) return
      // Before the lock is given up: after it the pid may be somebody else's.
      rmSync(paths.holder, { force: true })
      database.close()
    },
  }
}

function openLockFile(path: string): DatabaseSync {
  try {
    createPrivately(path)
    tighten(path)
    return new DatabaseSync(path, { timeout: WAIT_MS })
  } catch (error) {
    throw fileFailureOf(error, `opening the lock file ${path}`)
  }
}

function holderOf(paths: StorePaths): string {
  try {
    const pid = readFileSync(paths.holder, 'utf8').trim()
    return /^\d+$/.test(pid) ? ` (pid ${pid})` : ''
  } catch {
    return ''
  }
}
