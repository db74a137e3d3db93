import { existsSync } from 'node:fs'
import type { AuditCheckpoint, AuditLog, AuditVerdict, Outbox } from '../contract/store.ts'
import { systemClock } from '../runtime/clock.ts'
import { RefusedError } from '../runtime/errors.ts'
import { silentLog } from '../runtime/log.ts'
import { publicKeyAt } from './audit-key.ts'
import { SqliteAuditLog } from './audit-log.ts'
import type { Connection } from './connection.ts'
import { storePaths } from './directory.ts'
import { fileFailureOf } from './failure.ts'
import { JsonReader } from './json.ts'
import { openToRead } from './opening.ts'
import { SqliteOutbox } from './outbox.ts'
import { StoreQueries } from './reading.ts'

/** A view of a store for a program beside the daemon: takes no lock, changes nothing, sees each commit once it is whole. */
export class StoreReader extends StoreQueries implements Disposable {
  readonly outbox: Pick<Outbox, 'due' | 'parked' | 'depth'>
  readonly audit: Pick<AuditLog, 'head' | 'entries' | 'verify'>
  readonly #connection: Connection

  constructor(connection: Connection, publicKey: string | undefined) {
    const json = new JsonReader(silentLog)
    super(connection, json)
    this.#connection = connection
    this.outbox = new SqliteOutbox(connection, json, systemClock, Infinity)
    this.audit = new SqliteAuditLog({ connection, json, publicKey })
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]()
  }
}

/** Throws RefusedError when the directory holds no store, StoreError for one that cannot be read by this program. */
export function openReader(directory: string): StoreReader {
  const paths = storePaths(directory)
  if (!existsSync(paths.database))
    throw new RefusedError(`${directory} holds no store: name the data directory of a daemon that has run`)
  try {
    return new StoreReader(openToRead(paths), publicKeyAt(paths.auditKey))
  } catch (error) {
    throw fileFailureOf(error, `reading the store in ${directory}`)
  }
}

/** Verifies the audit log of a directory, whether its daemon runs or not, against checkpoints that were kept elsewhere. */
export function verifyAuditFile(directory: string, anchors: readonly AuditCheckpoint[] = []): AuditVerdict {
  const reader = openReader(directory)
  try {
    return reader.audit.verify(anchors)
  } finally {
    reader[Symbol.dispose]()
  }
}
