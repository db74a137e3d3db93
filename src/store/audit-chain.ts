import { createHash } from 'node:crypto'
import type { AuditEntry } from '../contract/store.ts'
import { canonicalJson } from './canonical-json.ts'

/** A place in the chain: how many entries there are and the last one's hash (32 bytes). */
export interface ChainHead {
  readonly seq: number
  readonly hash: Buffer
}

/** An entry as it stands in its row; `detail` is canonical JSON. */
export interface AuditRow {
  readonly seq: number
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly detail: string
  readonly hash: Uint8Array
}

export const chainStart: ChainHead = { seq: 0, hash: Buffer.alloc(32) }

/** The entry's row after `head`. Half a surrogate pair cannot be stored and is replaced before it is hashed. */
export function rowAfter(head: ChainHead, entry: AuditEntry): AuditRow & { readonly hash: Buffer } {
  const row = {
    seq: head.seq + 1,
    at: entry.at,
    actor: entry.actor.toWellFormed(),
    action: entry.action.toWellFormed(),
    subject: entry.subject.toWellFormed(),
    detail: canonicalJson(entry.detail),
  }
  return { ...row, hash: hashAfter(head.hash, row) }
}

/** sha256(previous hash ‖ canonical JSON of {seq, at, actor, action, subject, detail}). */
export function hashAfter(previous: Uint8Array, row: Omit<AuditRow, 'hash'>): Buffer {
  // The keys stand in canonical order and the detail's text as it was stored, so that any changed byte is found.
  const json =
    `{"action":${JSON.stringify(row.action)},"actor":${JSON.stringify(row.actor)},"at":${JSON.stringify(row.at)},` +
    `"detail":${row.detail},"seq":${row.seq},"subject":${JSON.stringify(row.subject)}}`
  return createHash('sha256').update(previous).update(json).digest()
}
