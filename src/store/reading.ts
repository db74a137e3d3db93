import type { SQLInputValue } from 'node:sqlite'
import type { Alert } from '../contract/alert.ts'
import type { StateChange } from '../contract/detect.ts'
import type { AlertQuery, Count, Quarantined } from '../contract/store.ts'
import type { Connection } from './connection.ts'
import type { JsonReader } from './json.ts'

const STATES_PER_PAGE = 1000
/** Quarantined records come with their bytes, up to 1 MiB each. */
const QUARANTINED_UNASKED = 100

/** The questions that the daemon and a reader beside it may ask alike. */
export class StoreQueries {
  readonly #connection: Connection
  readonly #json: JsonReader

  constructor(connection: Connection, json: JsonReader) {
    this.#connection = connection
    this.#json = json
  }

  positions(source: string): ReadonlyMap<string, string> {
    const rows = this.#connection.all<{ stream: string; value: string }>(
      'SELECT stream, value FROM positions WHERE source = ?',
      source,
    )
    return new Map(rows.map(({ stream, value }) => [stream, value]))
  }

  /**
   * The table's rows in the order of keys, a thousand in memory at a time, no read open between them; then the keys that
   * only the log of changes has. What the log says of a key is read first and holds over the table.
   */
  *states(detector: string): Iterable<StateChange> {
    const changed = this.#changedStates(detector)
    let page = this.#connection.all<StateRow>(`${STATES} ORDER BY key LIMIT ${STATES_PER_PAGE}`, detector)
    while (page.length > 0) {
      for (const row of page) if (!changed.has(row.key)) yield row
      const last = page.at(-1)?.key ?? ''
      page = this.#connection.all(`${STATES} AND key > ? ORDER BY key LIMIT ${STATES_PER_PAGE}`, detector, last)
    }
    for (const [key, value] of changed) if (value !== null) yield { key, value }
  }

  #changedStates(detector: string): ReadonlyMap<string, Uint8Array | null> {
    const changed = new Map<string, Uint8Array | null>()
    let page = this.#connection.all<LoggedState>(STATE_LOG, detector, 0)
    while (page.length > 0) {
      for (const { key, value } of page) changed.set(key, value)
      page = this.#connection.all(STATE_LOG, detector, page.at(-1)?.seq ?? 0)
    }
    return changed
  }

  document<T>(kind: string, key: string): T | undefined {
    const row = this.#connection.first<{ json: string }>(
      'SELECT json FROM documents WHERE kind = ? AND key = ?',
      kind,
      key,
    )
    return row && this.#json.read<T>(row.json, `document ${kind}/${key}`)
  }

  /** In the order of keys. */
  documents<T>(kind: string): readonly { readonly key: string; readonly value: T }[] {
    const rows = this.#connection.all<{ key: string; json: string }>(
      'SELECT key, json FROM documents WHERE kind = ? ORDER BY key',
      kind,
    )
    return this.#json.readAll(rows, `documents of ${kind}`, ({ key }, value: T) => ({ key, value }))
  }

  alert(id: string): Alert | undefined {
    const row = this.#connection.first<{ json: string }>('SELECT json FROM alerts WHERE id = ?', id)
    return row && this.#json.read<Alert>(row.json, `alert ${id}`)
  }

  /** Newest first by `lastAt`; all that match unless there is a limit. */
  alerts(query: AlertQuery): readonly Alert[] {
    const { states, principal, rule, since, limit } = query
    const filter = new Filter()
    if (states) filter.add(`state IN (SELECT value FROM json_each(?))`, JSON.stringify(states))
    if (principal !== undefined)
      filter.add(
        '(principal = ? OR id IN (SELECT alert FROM alert_principals WHERE principal = ?))',
        principal,
        principal,
      )
    if (rule !== undefined) filter.add('rule = ?', rule)
    if (since !== undefined) filter.add('last_at >= ?', since)
    const rows = this.#connection.all<{ id: string; json: string }>(
      `SELECT id, json FROM alerts ${filter.where} ORDER BY last_at DESC, id LIMIT ?`,
      ...filter.values,
      rowLimit(limit, -1),
    )
    return this.#json.readAll(rows, 'alerts', (_, alert: Alert) => alert)
  }

  /** Newest first; 100 unless there is a limit. */
  quarantined(query: {
    readonly source?: string
    readonly reason?: string
    readonly limit?: number
  }): readonly Quarantined[] {
    const filter = new Filter()
    if (query.source !== undefined) filter.add('source = ?', query.source)
    if (query.reason !== undefined) filter.add('reason = ?', query.reason)
    const rows = this.#connection.all<QuarantineRow>(
      `SELECT id, at, source, stream, offset, file, number, format, reason, detail, bytes FROM quarantine
       ${filter.where} ORDER BY at DESC, id LIMIT ?`,
      ...filter.values,
      rowLimit(query.limit, QUARANTINED_UNASKED),
    )
    return rows.map(({ file, number, format, ...row }) => ({
      ...row,
      ...(file === null ? {} : { file }),
      ...(number === null ? {} : { index: number }),
      ...(format === null ? {} : { format }),
    }))
  }

  /** `add` is the total since the store was made. */
  counts(): readonly Count[] {
    return this.#connection
      .all<Count>('SELECT name, source, reason, total AS "add" FROM counts ORDER BY name, source, reason')
      .map((row) => ({ ...row }))
  }
}

const STATES = 'SELECT key, value FROM detector_states WHERE detector = ?'

const STATE_LOG =
  'SELECT seq, key, value FROM detector_state_log WHERE detector = ? AND seq > ? ORDER BY seq LIMIT 5000'

interface StateRow {
  readonly key: string
  readonly value: Uint8Array
}

interface LoggedState {
  readonly seq: number
  readonly key: string
  /** null: the key is gone. */
  readonly value: Uint8Array | null
}

type QuarantineRow = Omit<Quarantined, 'file' | 'index' | 'format'> & {
  readonly file: string | null
  readonly number: number | null
  readonly format: string | null
}

/** SQLite refuses a limit that is no whole number, and takes a negative one for none. */
export function rowLimit(asked: number | undefined, unasked: number): number {
  if (asked === undefined || Number.isNaN(asked)) return unasked
  return Number.isFinite(asked) ? Math.max(Math.trunc(asked), 0) : -1
}

class Filter {
  readonly values: SQLInputValue[] = []
  readonly #conditions: string[] = []

  add(condition: string, ...values: readonly SQLInputValue[]): void {
    this.#conditions.push(condition)
    this.values.push(...values)
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`
  }
}
