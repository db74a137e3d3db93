import type { Log } from '../contract/plugin.ts'
import { StoreFullError, reasonOf } from '../runtime/errors.ts'
import type { Connection } from './connection.ts'

/** 16 MiB of 4 KiB pages: fewer and larger checkpoints were measured faster, and a start reads no more than this. */
const FOLDED_FRAMES = 4000
const CLOSING_WAIT_MS = 250

interface WalState {
  readonly busy: number
  readonly log: number
  readonly checkpointed: number
}

/**
 * Folds SQLite's write-ahead log back into the database when it is long. Done by hand because SQLite's automatic
 * checkpoint keeps a failed fsync to itself, and here such a failure must end the daemon.
 */
export class WriteAheadLog {
  readonly #connection: Connection
  readonly #log: Log
  #isWarned = false

  constructor(connection: Connection, log: Log) {
    this.#connection = connection
    this.#log = log
  }

  /** After a commit. A full disk is no failure here, what was committed is safe; any other error is StoreError. */
  fold(whenLongerThan = FOLDED_FRAMES): void {
    try {
      const state = this.#connection.first<WalState>('PRAGMA wal_checkpoint(NOOP)')
      if (!state || state.log - state.checkpointed <= whenLongerThan) return
      this.#connection.first<WalState>('PRAGMA wal_checkpoint(PASSIVE)')
      this.#isWarned = false
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error
      if (!this.#isWarned) this.#log.warn('write-ahead log cannot be folded', { reason: reasonOf(error) })
      this.#isWarned = true
    }
  }

  /** Before closing: leaves a database without a log, unless a reader, a full disk or an earlier failure is in the way. */
  finish(): void {
    if (!this.#connection.usable) return
    try {
      this.#connection.execute(`PRAGMA busy_timeout = ${CLOSING_WAIT_MS}`)
      this.#connection.first<WalState>('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error
      this.#log.warn('write-ahead log cannot be folded', { reason: reasonOf(error) })
    }
  }
}
