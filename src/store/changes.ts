import type { Changes } from '../contract/store.ts'
import type { ChainHead } from './audit-chain.ts'
import type { SqliteAuditLog } from './audit-log.ts'
import type { Connection } from './connection.ts'
import type { SqliteOutbox } from './outbox.ts'
import type { StateLog } from './state-log.ts'

/** What memory must take over once the changes are committed. */
export interface Written {
  readonly head: ChainHead | undefined
  readonly outboxBytes: number
}

export function isEmpty(changes: Changes): boolean {
  return Object.values(changes).every((list: readonly unknown[] | undefined) => !list || list.length === 0)
}

/** Writes all changes inside the caller's transaction. */
export function writeChanges(
  changes: Changes,
  connection: Connection,
  outbox: SqliteOutbox,
  audit: SqliteAuditLog,
  states: StateLog,
): Written {
  if (changes.positions) writePositions(changes.positions, connection)
  if (changes.states) states.append(changes.states)
  if (changes.alerts) writeAlerts(changes.alerts, connection)
  if (changes.quarantine) writeQuarantine(changes.quarantine, connection)
  if (changes.released) release(changes.released, connection)
  if (changes.documents) writeDocuments(changes.documents, connection)
  if (changes.counts) writeCounts(changes.counts, connection)
  return {
    outboxBytes: changes.notifications ? outbox.append(changes.notifications) : 0,
    head: changes.audit ? audit.append(changes.audit) : undefined,
  }
}

function writePositions(positions: NonNullable<Changes['positions']>, connection: Connection): void {
  const put = connection.statement(
    'INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT (source, stream) DO UPDATE SET value = excluded.value',
  )
  const forget = connection.statement('DELETE FROM positions WHERE source = ? AND stream = ?')
  for (const { source, stream, value } of positions)
    if (value === null) forget.run(source, stream)
    else put.run(source, stream, value)
}

function writeAlerts(alerts: NonNullable<Changes['alerts']>, connection: Connection): void {
  const put = connection.statement(
    `INSERT INTO alerts (id, state, principal, rule, last_at, json) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, principal = excluded.principal, rule = excluded.rule,
     last_at = excluded.last_at, json = excluded.json`,
  )
  const name = connection.statement('INSERT OR IGNORE INTO alert_principals (principal, alert) VALUES (?, ?)')
  for (const alert of alerts) {
    put.run(alert.id, alert.state, alert.principal ?? null, alert.rule.id, alert.lastAt, JSON.stringify(alert))
    for (const principal of alert.principals ?? []) name.run(principal, alert.id)
  }
}

function writeQuarantine(records: NonNullable<Changes['quarantine']>, connection: Connection): void {
  const put = connection.statement(
    `INSERT OR REPLACE INTO quarantine (id, at, source, stream, offset, file, number, format, reason, detail, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  for (const { id, at, source, stream, offset, file, index, format, reason, detail, bytes } of records)
    put.run(id, at, source, stream, offset, file ?? null, index ?? null, format ?? null, reason, detail, bytes)
}

function release(ids: NonNullable<Changes['released']>, connection: Connection): void {
  const remove = connection.statement('DELETE FROM quarantine WHERE id = ?')
  for (const id of ids) remove.run(id)
}

function writeDocuments(documents: NonNullable<Changes['documents']>, connection: Connection): void {
  const put = connection.statement(
    'INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET json = excluded.json',
  )
  const forget = connection.statement('DELETE FROM documents WHERE kind = ? AND key = ?')
  for (const { kind, key, value } of documents)
    if (value === null) forget.run(kind, key)
    else put.run(kind, key, JSON.stringify(value))
}

function writeCounts(counts: NonNullable<Changes['counts']>, connection: Connection): void {
  const put = connection.statement(
    `INSERT INTO counts VALUES (?, ?, ?, coalesce(?, 0))
     ON CONFLICT (name, source, reason) DO UPDATE SET total = total + excluded.total`,
  )
  for (const { name, source, reason, add } of counts) put.run(name, source, reason, add)
}
