import type { AuditCheckpoint, AuditEntry, AuditLog, AuditVerdict, StoredAuditEntry } from '../contract/store.ts'
import { StoreError } from '../runtime/errors.ts'
import { chainStart, rowAfter, type AuditRow, type ChainHead } from './audit-chain.ts'
import type { AuditKey } from './audit-key.ts'
import { verifyAudit } from './audit-verify.ts'
import type { Connection } from './connection.ts'
import type { JsonReader } from './json.ts'
import { rowLimit } from './reading.ts'

/** A checkpoint is signed and stored after each so many entries, and whenever somebody asks. */
const CHECKPOINT_EVERY = 1000

export interface AuditLogOptions {
  readonly connection: Connection
  readonly json: JsonReader
  /** The public key to verify with, base64. */
  readonly publicKey: string | undefined
  /** Without it the log can be read and verified only. */
  readonly key?: AuditKey
}

/** The audit log in SQLite. The writer remembers the head, so that a log that was cut under a running daemon is noticed. */
export class SqliteAuditLog implements AuditLog {
  readonly #connection: Connection
  readonly #json: JsonReader
  readonly #publicKey: string | undefined
  readonly #key: AuditKey | undefined
  #head: ChainHead

  constructor({ connection, json, publicKey, key }: AuditLogOptions) {
    this.#connection = connection
    this.#json = json
    this.#publicKey = publicKey
    this.#key = key
    this.#head = this.#storedHead()
  }

  head(): { readonly seq: number; readonly hash: string } {
    const { seq, hash } = this.#key ? this.#head : this.#storedHead()
    return { seq, hash: hash.toString('hex') }
  }

  entries(from: number, limit: number): readonly StoredAuditEntry[] {
    const rows = this.#connection.all<AuditRow>(
      'SELECT seq, at, actor, action, subject, detail, hash FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?',
      from,
      rowLimit(limit, 0),
    )
    return rows.map(({ detail, hash, ...row }) => ({
      ...row,
      detail: this.#json.read<AuditEntry['detail']>(detail, `audit entry ${row.seq}`) ?? {},
      hash: Buffer.from(hash).toString('hex'),
    }))
  }

  checkpoint(at: number): AuditCheckpoint {
    return this.#connection.transaction(() => this.#seal(this.#head, at))
  }

  verify(anchors: readonly AuditCheckpoint[] = []): AuditVerdict {
    const memory = this.#key ? { head: this.#head } : {}
    return verifyAudit(this.#connection, { anchors, publicKey: this.#publicKey, ...memory })
  }

  /** Inside the caller's transaction; gives the head to pass to `moved` once that is committed. */
  append(entries: readonly AuditEntry[]): ChainHead {
    const insert = this.#connection.statement(
      'INSERT INTO audit (seq, at, actor, action, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    let head = this.#head
    for (const entry of entries) {
      const row = rowAfter(head, entry)
      insert.run(row.seq, row.at, row.actor, row.action, row.subject, row.detail, row.hash)
      head = row
      if (row.seq % CHECKPOINT_EVERY === 0) this.#seal(head, row.at)
    }
    return head
  }

  moved(head: ChainHead): void {
    this.#head = head
  }

  #seal(head: ChainHead, at: number): AuditCheckpoint {
    if (!this.#key) throw new StoreError('this store was opened for reading: it signs nothing')
    const checkpoint = this.#key.sign(head.seq, head.hash.toString('hex'), at)
    this.#connection.run(
      'INSERT OR REPLACE INTO audit_checkpoints (seq, at, hash, public_key, signature) VALUES (?, ?, ?, ?, ?)',
      checkpoint.seq,
      checkpoint.at,
      head.hash,
      Buffer.from(checkpoint.publicKey, 'base64'),
      Buffer.from(checkpoint.signature, 'base64'),
    )
    return checkpoint
  }

  #storedHead(): ChainHead {
    const last = this.#connection.first<{ seq: number; hash: Uint8Array }>(
      'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1',
    )
    return last ? { seq: last.seq, hash: Buffer.from(last.hash) } : chainStart
  }
}
