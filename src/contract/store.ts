import type { Alert, AlertState, Notification } from './alert.ts'
import type { StateChange } from './detect.ts'
import type { OutboxRow, ParkedRow } from './deliver.ts'
import type { Position } from './record.ts'

/** Everything that becomes true together. One transaction, one fdatasync. */
export interface Changes {
  readonly positions?: readonly SourcePosition[]
  readonly states?: readonly DetectorChange[]
  readonly alerts?: readonly Alert[]
  readonly notifications?: readonly Notification[]
  readonly quarantine?: readonly Quarantined[]
  /** Ids of quarantined records that were read at last, or given up by a person. */
  readonly released?: readonly string[]
  readonly documents?: readonly DocumentChange[]
  readonly audit?: readonly AuditEntry[]
  readonly counts?: readonly Count[]
}

export interface SourcePosition extends Position {
  readonly source: string
}

export interface DetectorChange extends StateChange {
  readonly detector: string
}

/** A record that could not be read, whole (up to the line limit), with what is needed to try again. */
export interface Quarantined {
  readonly id: string
  readonly at: number
  readonly source: string
  readonly stream: string
  readonly offset: number
  readonly file?: string
  readonly index?: number
  readonly format?: string
  readonly reason: string
  readonly detail: string
  readonly bytes: Uint8Array
}

/** A small JSON document by kind and key: silences, groups, claims, plans, tokens. null deletes it. */
export interface DocumentChange {
  readonly kind: string
  readonly key: string
  readonly value: unknown
}

/** One line of the audit log: who did what to what, with which outcome. Chained and signed by the store. */
export interface AuditEntry {
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** A counter that survives restarts: `received`, `committed`, `quarantined`, `dropped`, by source and reason. */
export interface Count {
  readonly name: string
  readonly source: string
  readonly reason: string
  readonly add: number
}

export interface AlertQuery {
  readonly states?: readonly AlertState[]
  readonly principal?: string
  readonly rule?: string
  readonly since?: number
  readonly limit?: number
}

/**
 * Remembers. Calls are synchronous (node:sqlite); `commit` returns once the changes are on disk. It throws
 * StoreFullError, with nothing written, while the disk is full (the caller may try the same changes again), and any
 * other StoreError means the daemon must end: after a failed fsync no later success can be believed.
 */
export interface Store extends Disposable {
  commit(changes: Changes): void
  positions(source: string): ReadonlyMap<string, string>
  states(detector: string): Iterable<StateChange>
  document<T>(kind: string, key: string): T | undefined
  documents<T>(kind: string): readonly { readonly key: string; readonly value: T }[]
  alert(id: string): Alert | undefined
  alerts(query: AlertQuery): readonly Alert[]
  outbox: Outbox
  quarantined(query: {
    readonly source?: string
    readonly reason?: string
    readonly limit?: number
  }): readonly Quarantined[]
  counts(): readonly Count[]
  audit: AuditLog
  /** What had to be mended at opening: a corrupt file set aside, a migration. For the log and for an alert. */
  readonly openedWith: readonly StoreNotice[]
  /** Bytes on disk, and free bytes of its file system. */
  usage(): { readonly bytes: number; readonly freeBytes: number }
}

export interface StoreNotice {
  readonly kind: 'set-aside' | 'migrated' | 'created'
  readonly detail: string
}

/** Notifications in order; each consumer has a cursor of its own, so that a slow one holds up nobody else. */
export interface Outbox {
  /** Rows after the consumer's cursor, in order. A consumer seen for the first time starts at the newest row's end. */
  due(consumer: string, limit: number): readonly OutboxRow[]
  /** Everything up to and including `seq` is done for this consumer; rows that every consumer is past are deleted. */
  advance(consumer: string, seq: number, parked?: readonly { readonly seq: number; readonly reason: string }[]): void
  /** The consumers that exist; rows of one that is gone are not waited for. */
  register(consumers: readonly string[]): void
  parked(): readonly ParkedRow[]
  /** Puts a parked row back at the end of its consumer's queue. */
  unpark(consumer: string, seq: number): boolean
  depth(): readonly { readonly consumer: string; readonly rows: number; readonly oldestAt?: number }[]
}

export interface AuditLog {
  head(): { readonly seq: number; readonly hash: string }
  entries(from: number, limit: number): readonly StoredAuditEntry[]
  /** Signs the present head and keeps the checkpoint; also returned so that it can be sent elsewhere. */
  checkpoint(at: number): AuditCheckpoint
  verify(anchors?: readonly AuditCheckpoint[]): AuditVerdict
}

export interface StoredAuditEntry extends AuditEntry {
  readonly seq: number
  readonly hash: string
}

/** Ed25519 over `modelward audit v1\n<seq>\n<hash>\n<at>\n`. `signature` and `publicKey` are base64 (raw 64 and 32 bytes). */
export interface AuditCheckpoint {
  readonly seq: number
  readonly hash: string
  readonly at: number
  readonly publicKey: string
  readonly signature: string
}

export interface AuditVerdict {
  readonly intact: boolean
  readonly entries: number
  readonly checkpoints: number
  /** The first sequence number at which the chain does not hold, and why. */
  readonly brokenAt?: number
  readonly problem?: string
}
