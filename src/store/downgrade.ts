import type { Clock, Log } from '../contract/plugin.ts'
import { RefusedError } from '../runtime/errors.ts'
import { prepareDirectory, storePaths } from './directory.ts'
import { takeLock } from './lock.ts'
import { migrate, migrations } from './migrations.ts'
import { openDatabase } from './opening.ts'

/**
 * Takes a stopped daemon's store back to an older schema, so that the program of that time can open it. Throws
 * RefusedError for a version there never was, LockedError while the daemon runs.
 */
export function downgradeStore(directory: string, version: number, given: { clock: Clock; log: Log }): void {
  const newest = migrations.at(-1)?.version ?? 0
  if (!Number.isInteger(version) || version < 1 || version > newest)
    throw new RefusedError(`there is no schema version ${version}: choose one from 1 to ${newest}`)
  const paths = storePaths(directory)
  prepareDirectory(paths, given.log)
  const lock = takeLock(paths, given.log)
  try {
    const { connection } = openDatabase(paths, given.clock, given.log)
    try {
      migrate(connection, version)
    } finally {
      connection[Symbol.dispose]()
    }
  } finally {
    lock[Symbol.dispose]()
  }
}
