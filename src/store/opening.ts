import { existsSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Clock, Log } from '../contract/plugin.ts'
import type { StoreNotice } from '../contract/store.ts'
import { StoreError } from '../runtime/errors.ts'
import { Connection } from './connection.ts'
import { createPrivately, freeBytes, setAside, tighten, tryToWrite, type StorePaths } from './directory.ts'
import { fileFailureOf, isCorruption } from './failure.ts'
import { migrate, migrations, refuseNewer, schemaVersion } from './migrations.ts'

/** A file up to this size is checked whole at every opening; a larger one only after damage was reported. */
const CHECKED_BYTES = 256 * 1024 * 1024
const BUSY_TIMEOUT_MS = 5000
const CACHE_KIB = 16 * 1024
const KEPT_WAL_BYTES = 64 * 1024 * 1024
/** `MWRD`: tells our file from another program's database of the same name. */
const APPLICATION_ID = 0x4d575244

export interface OpenedDatabase {
  readonly connection: Connection
  readonly notices: readonly StoreNotice[]
}

/**
 * Opens or makes the database, checked, migrated and private. A damaged file is set aside and a new one made, which a
 * notice tells; a newer or foreign one is refused with StoreError and left alone.
 */
export function openDatabase(paths: StorePaths, clock: Clock, log: Log): OpenedDatabase {
  const notices: StoreNotice[] = []
  try {
    const damage = damageOf(paths)
    if (damage !== undefined) notices.push(asideNotice(paths, damage, clock, log))
    rmSync(paths.suspect, { force: true })
    const isNew = !existsSync(paths.database)
    createPrivately(paths.database)
    for (const path of paths.databaseFiles)
      if (!tighten(path)) log.warn('file belongs to another user', { path, cure: `chmod 600 ${path}` })
    const connection = connect(paths, log)
    try {
      const migrated = bringUpToDate(connection, paths.database)
      notices.push(...(isNew ? [{ kind: 'created' as const, detail: paths.database }] : migrated))
    } catch (error) {
      connection[Symbol.dispose]()
      throw error
    }
    return { connection, notices }
  } catch (error) {
    throw fileFailureOf(error, `opening ${paths.database}`, () => freeBytes(paths.directory))
  }
}

/** A database that lives in memory and is gone when closed. */
export function openInMemory(): Connection {
  const connection = new Connection(new DatabaseSync(':memory:'), { freeBytes: () => Infinity })
  migrate(connection, migrations.at(-1)?.version ?? 0)
  return connection
}

/** Looks, and never writes, migrates or sets aside; a daemon may be at work beside it. */
export function openToRead(paths: StorePaths): Connection {
  const connection = new Connection(new DatabaseSync(paths.database, { readOnly: true, timeout: BUSY_TIMEOUT_MS }), {
    freeBytes: () => freeBytes(paths.directory),
  })
  try {
    const version = schemaVersion(connection)
    refuseNewer(version, paths.database)
    if (version < (migrations.at(-1)?.version ?? 0))
      throw new StoreError(
        `${paths.database} has the older schema version ${version}: start the daemon once to migrate it`,
      )
    return connection
  } catch (error) {
    connection[Symbol.dispose]()
    throw error
  }
}

function connect(paths: StorePaths, log: Log): Connection {
  const connection = new Connection(new DatabaseSync(paths.database, { timeout: BUSY_TIMEOUT_MS }), {
    freeBytes: () => freeBytes(paths.directory),
    corrupted: () =>
      tryToWrite(paths.suspect, 'SQLite reported damage; the next start checks the whole database\n', log),
  })
  try {
    const mode = connection.first<{ journal_mode: string }>('PRAGMA journal_mode = WAL')?.journal_mode
    if (mode !== 'wal')
      throw new StoreError(`${paths.database} cannot use a write-ahead log here: put it on a local file system`)
    // Checkpoints are run by the store itself: SQLite's automatic ones swallow a failed fsync.
    connection.execute(`
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = ${KEPT_WAL_BYTES};
      PRAGMA cache_size = -${CACHE_KIB};`)
    return connection
  } catch (error) {
    connection[Symbol.dispose]()
    throw error
  }
}

/**
 * In words what is wrong with the file, undefined when nothing is; throws for one that is not ours to use. Through a
 * read-only connection, which leaves the evidence as it is.
 */
function damageOf(paths: StorePaths): string | undefined {
  const found = statSync(paths.database, { throwIfNoEntry: false })
  if (!found || found.size === 0) return undefined
  const database = new DatabaseSync(paths.database, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    const isSuspect = existsSync(paths.suspect)
    if (found.size <= CHECKED_BYTES || isSuspect) {
      const answer = database.prepare(isSuspect ? 'PRAGMA integrity_check(1)' : 'PRAGMA quick_check(1)').get()
      const verdict = String(Object.values(answer ?? {})[0])
      if (verdict !== 'ok') return verdict
    }
    refuseForeign(database, paths.database)
    return undefined
  } catch (error) {
    if (isCorruption(error)) return error instanceof Error ? error.message : 'damaged'
    throw error
  } finally {
    database.close()
  }
}

function asideNotice(paths: StorePaths, damage: string, clock: Clock, log: Log): StoreNotice {
  const aside = setAside(paths, clock.now())
  // At once: if the rest of the opening fails, the next one has nothing left to tell.
  log.error('damaged database set aside', { path: paths.database, damage, aside })
  return {
    kind: 'set-aside',
    detail: `${paths.database} was damaged (${damage}) and is kept as ${aside}; an empty store was made in its place`,
  }
}

function bringUpToDate(connection: Connection, place: string): readonly StoreNotice[] {
  const from = schemaVersion(connection)
  const to = migrations.at(-1)?.version ?? 0
  if (from === to) return []
  connection.execute(`PRAGMA application_id = ${APPLICATION_ID}`)
  migrate(connection, to)
  return [{ kind: 'migrated', detail: `${place} from schema version ${from} to ${to}` }]
}

function refuseForeign(database: DatabaseSync, place: string): void {
  const number = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0])
  if (number('PRAGMA application_id') !== APPLICATION_ID && number('SELECT count(*) FROM sqlite_schema') > 0)
    throw new StoreError(`${place} is the database of another program: choose another data directory`)
  refuseNewer(number('PRAGMA user_version'), place)
}
