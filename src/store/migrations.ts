import { StoreError } from '../runtime/errors.ts'
import type { Connection } from './connection.ts'

/** One step of the schema. `down` undoes `up` and keeps every row that the older schema can hold. */
export interface Migration {
  readonly version: number
  readonly up: string
  readonly down: string
}

/** Never edited once released; a change of the schema is a new number at the end. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    // Rows of a few hundred bytes and more are kept by rowid: measured twice as fast as in the key's own tree.
    up: `
      CREATE TABLE positions (
        source TEXT NOT NULL, stream TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (source, stream)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE detector_states (
        detector TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (detector, key)
      ) STRICT;
      CREATE TABLE alerts (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, principal TEXT, rule TEXT NOT NULL, last_at REAL, json TEXT NOT NULL
      ) STRICT;
      CREATE INDEX alerts_by_state ON alerts (state, last_at);
      CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, bytes INTEGER NOT NULL, only_for TEXT, json TEXT NOT NULL
      ) STRICT;
      CREATE INDEX outbox_in_order ON outbox (seq, only_for, at, bytes);
      CREATE INDEX outbox_only_for ON outbox (only_for, seq) WHERE only_for IS NOT NULL;
      CREATE TABLE consumers (
        name TEXT PRIMARY KEY, cursor INTEGER NOT NULL, registered INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE parked (
        consumer TEXT NOT NULL, seq INTEGER NOT NULL, at REAL, reason TEXT NOT NULL, bytes INTEGER NOT NULL,
        json TEXT NOT NULL, PRIMARY KEY (consumer, seq)
      ) STRICT;
      CREATE TABLE quarantine (
        id TEXT PRIMARY KEY, at REAL, source TEXT NOT NULL, stream TEXT NOT NULL, offset REAL, file TEXT, number REAL,
        format TEXT, reason TEXT NOT NULL, detail TEXT NOT NULL, bytes BLOB NOT NULL
      ) STRICT;
      CREATE INDEX quarantine_by_time ON quarantine (at);
      CREATE TABLE documents (
        kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, key)
      ) STRICT;
      CREATE TABLE counts (
        name TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL, total REAL, PRIMARY KEY (name, source, reason)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at REAL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
        detail TEXT NOT NULL, hash BLOB NOT NULL
      ) STRICT;
      CREATE TABLE audit_checkpoints (
        seq INTEGER PRIMARY KEY, at REAL, hash BLOB NOT NULL, public_key BLOB NOT NULL, signature BLOB NOT NULL
      ) STRICT;`,
    down: `
      DROP TABLE positions;
      DROP TABLE detector_states;
      DROP TABLE alerts;
      DROP TABLE outbox;
      DROP TABLE consumers;
      DROP TABLE parked;
      DROP TABLE quarantine;
      DROP TABLE documents;
      DROP TABLE counts;
      DROP TABLE audit;
      DROP TABLE audit_checkpoints;`,
  },
  {
    version: 2,
    up: `
      CREATE INDEX alerts_by_time ON alerts (last_at);
      CREATE INDEX alerts_by_principal ON alerts (principal, last_at);
      CREATE INDEX alerts_by_rule ON alerts (rule, last_at);
      CREATE INDEX quarantine_by_source ON quarantine (source, at);`,
    down: `
      DROP INDEX alerts_by_time;
      DROP INDEX alerts_by_principal;
      DROP INDEX alerts_by_rule;
      DROP INDEX quarantine_by_source;`,
  },
  {
    version: 3,
    up: `
      CREATE TABLE detector_state_log (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, detector TEXT NOT NULL, key TEXT NOT NULL, value BLOB
      ) STRICT;`,
    down: `
      INSERT INTO detector_states
      SELECT detector, key, value FROM detector_state_log
      WHERE seq IN (SELECT max(seq) FROM detector_state_log GROUP BY detector, key) AND value IS NOT NULL
      ON CONFLICT (detector, key) DO UPDATE SET value = excluded.value;
      DELETE FROM detector_states WHERE (detector, key) IN (
        SELECT detector, key FROM detector_state_log
        WHERE seq IN (SELECT max(seq) FROM detector_state_log GROUP BY detector, key) AND value IS NULL);
      DROP TABLE detector_state_log;`,
  },
  {
    version: 4,
    // Alerts about several principals, whose own column is empty.
    up: `
      CREATE TABLE alert_principals (
        principal TEXT NOT NULL, alert TEXT NOT NULL, PRIMARY KEY (principal, alert)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO alert_principals
      SELECT each.value, alerts.id
      FROM alerts, json_each(CASE WHEN json_valid(alerts.json) THEN alerts.json ELSE '{}' END, '$.principals') AS each
      WHERE alerts.principal IS NULL;`,
    down: `
      DROP TABLE alert_principals;`,
  },
]

/** The schema version of an open database; 0 for an empty one. */
export function schemaVersion(connection: Connection): number {
  return connection.first<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
}

/** Throws StoreError, naming both versions and the cure, when a newer program made the database. */
export function refuseNewer(version: number, place: string, known: readonly Migration[] = migrations): void {
  const newest = known.at(-1)?.version ?? 0
  if (version > newest)
    throw new StoreError(
      `${place} has schema version ${version}, this program knows up to ${newest}. ` +
        'Start the newer program again, let it migrate the store down, or restore a backup from before the upgrade',
    )
}

/** Brings the schema to `target`, up or down, each step in a transaction of its own; an error leaves the last whole step. */
export function migrate(connection: Connection, target: number, known: readonly Migration[] = migrations): void {
  const from = schemaVersion(connection)
  const up = known.filter((step) => step.version > from && step.version <= target)
  const down = known.filter((step) => step.version <= from && step.version > target)
  for (const step of up) apply(connection, step.up, step.version)
  for (const step of down.toReversed()) apply(connection, step.down, step.version - 1)
}

function apply(connection: Connection, sql: string, version: number): void {
  connection.transaction(() => {
    connection.execute(sql)
    connection.execute(`PRAGMA user_version = ${version}`)
  })
}
