import { freemem } from 'node:os'
import type { Clock, Log, Random } from '../contract/plugin.ts'
import type { Changes, Store, StoreNotice } from '../contract/store.ts'
import { StoreFullError } from '../runtime/errors.ts'
import { openAuditKey, passingAuditKey, type AuditKey } from './audit-key.ts'
import { SqliteAuditLog } from './audit-log.ts'
import { isEmpty, writeChanges, type Written } from './changes.ts'
import type { Connection } from './connection.ts'
import { freeBytes, prepareDirectory, sizeOf, storePaths, type StorePaths } from './directory.ts'
import { JsonReader } from './json.ts'
import { takeLock } from './lock.ts'
import { openDatabase, openInMemory } from './opening.ts'
import { SqliteOutbox } from './outbox.ts'
import { StoreQueries } from './reading.ts'
import { StateLog, type Folding } from './state-log.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

const OUTBOX_BYTES = 256 * 1024 * 1024

/** Where the store lives: a directory of its own, or memory only (for replay: no file, no lock, gone when closed). */
type StorePlace =
  | { readonly directory: string; readonly memory?: false }
  | { readonly directory?: string; readonly memory: true }

export type StoreOptions = StorePlace & {
  readonly clock: Clock
  /** Makes the audit key at the first start, so not a seeded one in a daemon. */
  readonly random: Random
  readonly log: Log
  /** Called at `store.before-commit`, `store.in-commit` (all written, not committed) and `store.after-commit`; for fault tests. */
  readonly failpoint?: (name: string) => void
  /** When `outbox.fill()` says full. Default 256 MiB. */
  readonly outboxMaxBytes?: number
  /** How many changes of detector state are kept as a log before they are folded into the table. Default 400,000. */
  readonly foldStatesAfter?: Folding
}

/**
 * Opens the store, made, migrated and mended as needed (see `openedWith`). Throws LockedError while another daemon holds
 * the directory, StoreFullError when there is no room to open, and StoreError, naming the cure, for all else.
 */
export function openStore(options: StoreOptions): SqliteStore {
  if (options.memory) {
    const key = passingAuditKey(options.random)
    return new SqliteStore({ options, key, connection: openInMemory(), openedWith: [] })
  }
  const paths = storePaths(options.directory)
  prepareDirectory(paths, options.log)
  const lock = takeLock(paths, options.log)
  try {
    return openLocked(paths, options, lock)
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

function openLocked(paths: StorePaths, options: StoreOptions, lock: Disposable): SqliteStore {
  const { connection, notices } = openDatabase(paths, options.clock, options.log)
  try {
    const { key, isNew } = openAuditKey(paths.auditKey, options.random)
    const openedWith = isNew ? [...notices, ...lostKeyNotices(paths, connection)] : notices
    return new SqliteStore({ options, paths, key, connection, openedWith, lock })
  } catch (error) {
    connection[Symbol.dispose]()
    throw error
  }
}

/** A new key beside an old log: what the lost one signed can be believed with an anchor only. */
function lostKeyNotices(paths: StorePaths, connection: Connection): readonly StoreNotice[] {
  const seq = connection.first<{ seq: number | null }>('SELECT max(seq) AS seq FROM audit_checkpoints')?.seq ?? null
  if (seq === null) return []
  const detail = `${paths.auditKey} was missing and a new key was made; the checkpoints up to entry ${seq} are signed by the lost one`
  return [{ kind: 'created', detail }]
}

interface StoreParts {
  readonly options: StoreOptions
  readonly paths?: StorePaths
  readonly key: AuditKey
  readonly connection: Connection
  readonly openedWith: readonly StoreNotice[]
  readonly lock?: Disposable
}

/** The contract's Store on SQLite. `outbox.fill()` tells how full the outbox is. */
export class SqliteStore extends StoreQueries implements Store {
  readonly outbox: SqliteOutbox
  readonly audit: SqliteAuditLog
  readonly openedWith: readonly StoreNotice[]
  readonly #connection: Connection
  readonly #writeAheadLog: WriteAheadLog
  readonly #stateLog: StateLog
  readonly #paths: StorePaths | undefined
  readonly #failpoint: (name: string) => void
  readonly #lock: Disposable | undefined

  constructor({ options, paths, key, connection, openedWith, lock }: StoreParts) {
    const json = new JsonReader(options.log)
    super(connection, json)
    this.outbox = new SqliteOutbox(connection, json, options.clock, options.outboxMaxBytes ?? OUTBOX_BYTES)
    this.audit = new SqliteAuditLog({ connection, json, publicKey: key.publicKey, key })
    this.openedWith = openedWith
    this.#connection = connection
    this.#writeAheadLog = new WriteAheadLog(connection, options.log)
    this.#stateLog = new StateLog(connection, options.log, options.foldStatesAfter)
    this.#paths = paths
    this.#failpoint = options.failpoint ?? (() => undefined)
    this.#lock = lock
  }

  commit(changes: Changes): void {
    this.#connection.guard('committing', () => undefined)
    if (isEmpty(changes)) return
    this.#failpoint('store.before-commit')
    const written = this.#write(changes)
    // Memory follows only now: after a failure the same changes give the same hashes again.
    if (written.head) this.audit.moved(written.head)
    this.outbox.grown(written.outboxBytes)
    this.#stateLog.grown(changes.states ?? [])
    this.#failpoint('store.after-commit')
    this.#stateLog.fold()
    this.#writeAheadLog.fold()
  }

  usage(): { readonly bytes: number; readonly freeBytes: number } {
    if (this.#paths) return { bytes: sizeOf(this.#paths.databaseFiles), freeBytes: freeBytes(this.#paths.directory) }
    const size = this.#connection.first<{ bytes: number }>(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
    )
    return { bytes: size?.bytes ?? 0, freeBytes: freemem() }
  }

  /** May be called twice. */
  [Symbol.dispose](): void {
    try {
      this.#writeAheadLog.finish()
    } finally {
      this.#connection[Symbol.dispose]()
      this.#lock?.[Symbol.dispose]()
    }
  }

  #write(changes: Changes): Written {
    try {
      return this.#connection.transaction(() => {
        const written = writeChanges(changes, this.#connection, this.outbox, this.audit, this.#stateLog)
        this.#failpoint('store.in-commit')
        return written
      })
    } catch (error) {
      // The log may hold enough room that folding it makes the next try succeed.
      if (error instanceof StoreFullError) this.#writeAheadLog.fold(0)
      throw error
    }
  }
}
