import type { Notification } from '../contract/alert.ts'
import type { OutboxRow, ParkedRow } from '../contract/deliver.ts'
import type { Clock } from '../contract/plugin.ts'
import type { Outbox } from '../contract/store.ts'
import { RefusedError } from '../runtime/errors.ts'
import type { Connection } from './connection.ts'
import type { JsonReader } from './json.ts'
import { rowLimit } from './reading.ts'

/** How much waits, against the limit that the operator set. The store never refuses a notification for it: who feeds it stops. */
export interface OutboxFill {
  readonly bytes: number
  readonly maxBytes: number
  readonly full: boolean
}

/**
 * Each notification once, a cursor for each consumer. Sequence numbers are never used twice, so that a cursor means the
 * same for ever. A consumer that leaves is forgotten: if it comes back it starts at the newest end.
 */
export class SqliteOutbox implements Outbox {
  readonly #connection: Connection
  readonly #json: JsonReader
  readonly #clock: Clock
  readonly #maxBytes: number
  #bytes: number
  /** Nobody is registered and somebody said so: what is written now would wait for ever. */
  #isUnheard = false

  constructor(connection: Connection, json: JsonReader, clock: Clock, maxBytes: number) {
    this.#connection = connection
    this.#json = json
    this.#clock = clock
    this.#maxBytes = maxBytes
    this.#bytes = this.#heldBytes()
  }

  fill(): OutboxFill {
    return { bytes: this.#bytes, maxBytes: this.#maxBytes, full: this.#bytes >= this.#maxBytes }
  }

  /** Inside the caller's transaction; gives the bytes to pass to `grown` once that is committed. */
  append(notifications: readonly Notification[]): number {
    if (this.#isUnheard) return 0
    const insert = this.#connection.statement('INSERT INTO outbox (at, bytes, json) VALUES (?, ?, ?)')
    let bytes = 0
    for (const notification of notifications) {
      const json = JSON.stringify(notification)
      insert.run(notification.at, json.length, json)
      bytes += json.length
    }
    return bytes
  }

  grown(bytes: number): void {
    this.#bytes += bytes
  }

  due(consumer: string, limit: number): readonly OutboxRow[] {
    const rows = this.#connection.all<{ seq: number; json: string }>(
      `SELECT seq, json FROM outbox WHERE seq > ? AND (only_for IS NULL OR only_for = ?) ORDER BY seq LIMIT ?`,
      this.#cursorOf(consumer),
      consumer,
      rowLimit(limit, 0),
    )
    return this.#json.readAll(rows, 'outbox', ({ seq }, notification: Notification) => ({ seq, notification }))
  }

  advance(
    consumer: string,
    seq: number,
    parked: readonly { readonly seq: number; readonly reason: string }[] = [],
  ): void {
    const freed = this.#connection.transaction(() => {
      const cursor = this.#cursorOf(consumer)
      // Beyond the newest row a cursor would skip rows that are still to come.
      const next = Math.min(Math.max(cursor, seq), this.#newest())
      for (const row of parked)
        this.#connection.run(
          `INSERT INTO parked (consumer, seq, at, reason, bytes, json)
           SELECT ?, seq, ?, ?, bytes, json FROM outbox
           WHERE seq = ? AND seq > ? AND seq <= ? AND (only_for IS NULL OR only_for = ?)
           ON CONFLICT DO NOTHING`,
          consumer,
          this.#clock.now(),
          row.reason,
          row.seq,
          cursor,
          next,
          consumer,
        )
      this.#connection.run('UPDATE consumers SET cursor = ? WHERE name = ?', next, consumer)
      return this.#deletePassed()
    })
    this.#bytes -= freed
  }

  register(consumers: readonly string[]): void {
    const freed = this.#connection.transaction(() => {
      const known = this.#connection.all<{ name: string; registered: number }>('SELECT name, registered FROM consumers')
      const present = new Set(known.filter((row) => row.registered === 1).map((row) => row.name))
      const start = known.length === 0 ? 0 : this.#newest()
      this.#connection.run('UPDATE consumers SET registered = 0')
      for (const name of consumers)
        if (present.has(name)) this.#connection.run('UPDATE consumers SET registered = 1 WHERE name = ?', name)
        else this.#connection.run('INSERT OR REPLACE INTO consumers VALUES (?, ?, 1)', name, start)
      return this.#deletePassed()
    })
    this.#isUnheard = consumers.length === 0
    this.#bytes -= freed
  }

  parked(): readonly ParkedRow[] {
    const rows = this.#connection.all<{ consumer: string; seq: number; at: number; reason: string; json: string }>(
      'SELECT consumer, seq, at, reason, json FROM parked ORDER BY at, seq, consumer',
    )
    return this.#json.readAll(rows, 'parked', (row, notification: Notification) => ({
      consumer: row.consumer,
      seq: row.seq,
      at: row.at,
      reason: row.reason,
      notification,
    }))
  }

  unpark(consumer: string, seq: number): boolean {
    const found = this.#connection.transaction(() => {
      const moved = this.#connection.run(
        `INSERT INTO outbox (at, bytes, only_for, json) SELECT parked.at, bytes, consumer, json FROM parked
         JOIN consumers ON name = consumer AND registered = 1 WHERE consumer = ? AND seq = ?`,
        consumer,
        seq,
      )
      if (moved > 0) this.#connection.run('DELETE FROM parked WHERE consumer = ? AND seq = ?', consumer, seq)
      return moved > 0
    })
    if (found) this.#bytes = this.#heldBytes()
    return found
  }

  depth(): readonly { readonly consumer: string; readonly rows: number; readonly oldestAt?: number }[] {
    const rows = this.#connection.all<{ consumer: string; rows: number; oldestAt: number | null }>(
      `SELECT name AS consumer, count(seq) AS rows, min(at) AS oldestAt FROM consumers
       LEFT JOIN outbox ON seq > cursor AND (only_for IS NULL OR only_for = name)
       WHERE registered = 1 GROUP BY name ORDER BY name`,
    )
    return rows.map(({ oldestAt, ...row }) => (oldestAt === null ? row : { ...row, oldestAt }))
  }

  #cursorOf(consumer: string): number {
    const found = this.#connection.first<{ cursor: number }>(
      'SELECT cursor FROM consumers WHERE name = ? AND registered = 1',
      consumer,
    )
    if (!found) throw new RefusedError(`no consumer named ${consumer} is registered at the outbox`)
    return found.cursor
  }

  #newest(): number {
    return this.#connection.first<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")?.seq ?? 0
  }

  #heldBytes(): number {
    return this.#connection.first<{ held: number }>('SELECT coalesce(sum(bytes), 0) AS held FROM outbox')?.held ?? 0
  }

  /** Deletes what nobody waits for any more; gives the bytes that freed. */
  #deletePassed(): number {
    const newest = this.#newest()
    const forAll = this.#connection.all<Freed>(
      `DELETE FROM outbox WHERE only_for IS NULL
       AND seq <= coalesce((SELECT min(cursor) FROM consumers WHERE registered = 1), ?) RETURNING bytes`,
      newest,
    )
    const forOne = this.#connection.all<Freed>(
      `DELETE FROM outbox WHERE only_for IS NOT NULL
       AND seq <= coalesce((SELECT cursor FROM consumers WHERE registered = 1 AND name = only_for), ?) RETURNING bytes`,
      newest,
    )
    return [...forAll, ...forOne].reduce((sum, row) => sum + row.bytes, 0)
  }
}

interface Freed {
  readonly bytes: number
}
