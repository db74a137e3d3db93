import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { LockedError, RefusedError, StoreError } from '../../src/runtime/errors.ts'
import { Connection } from '../../src/store/connection.ts'
import { downgradeStore } from '../../src/store/downgrade.ts'
import { migrate, migrations, schemaVersion, type Migration } from '../../src/store/migrations.ts'
import { openReader } from '../../src/store/reader.ts'
import { given } from '../support/given.ts'
import { freshDirectory, opened } from './opened.ts'
import { alert, auditEntries, notification, quarantined } from './sample.ts'

const versions = migrations.map(({ version }) => version)
const newest = versions.at(-1) ?? 0

function empty(): { readonly connection: Connection; readonly raw: DatabaseSync } {
  const raw = new DatabaseSync(':memory:')
  return { connection: new Connection(raw, { freeBytes: () => Infinity }), raw }
}

function schemaOf(raw: DatabaseSync): unknown {
  return raw
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name")
    .all()
}

/** Every table's rows as text, but for those of tables that an older schema does not have: they are compared as they are read. */
function contentOf(raw: DatabaseSync): Record<string, string> {
  const tables = raw
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'detector_%' AND name != 'alert_principals'",
    )
    .all()
  const names = tables.map((row) => String(row['name']))
  return Object.fromEntries(names.map((name) => [name, JSON.stringify(raw.prepare(`SELECT * FROM ${name}`).all())]))
}

test('numbers count up from one without a gap', () => {
  expect(versions).toEqual(versions.map((_, index) => index + 1))
})

describe('the schema', () => {
  test.for(versions)('comes up from version %i and back down to it, the same each time', (version) => {
    const { connection, raw } = empty()
    migrate(connection, version)
    const before = schemaOf(raw)
    migrate(connection, newest)
    const whole = schemaOf(raw)
    migrate(connection, version)
    expect(schemaOf(raw)).toEqual(before)
    expect(schemaVersion(connection)).toBe(version)
    migrate(connection, newest)
    expect(schemaOf(raw)).toEqual(whole)
  })

  test('goes down to nothing', () => {
    const { connection, raw } = empty()
    migrate(connection, newest)
    migrate(connection, 0)
    expect(schemaOf(raw)).toEqual([])
  })
})

describe('a store with something in every table', () => {
  function written(): string {
    const directory = freshDirectory()
    const store = opened(directory, { foldStatesAfter: { rows: 3 } })
    store.outbox.register(['siem', 'chat'])
    store.commit({
      positions: [{ source: 'a', stream: 's', value: '1' }],
      states: ['k', 'gone', 'late'].map((key) => ({ detector: 'd', key, value: Uint8Array.of(1) })),
      alerts: [alert('a'), alert('b', { principals: ['p', 'q'] })],
      notifications: [notification('n'), notification('m')],
      quarantine: [quarantined('q')],
      documents: [{ kind: 'k', key: 'd', value: 1 }],
      audit: auditEntries(3),
      counts: [{ name: 'received', source: 'a', reason: '', add: 1 }],
    })
    store.commit({
      states: [
        { detector: 'd', key: 'gone', value: null },
        { detector: 'd', key: 'late', value: Uint8Array.of(3) },
      ],
    })
    store.outbox.advance('siem', 1, [{ seq: 1, reason: 'answered 400' }])
    store.audit.checkpoint(1)
    store[Symbol.dispose]()
    return directory
  }

  test.for(versions)('keeps all rows down to version %i, and the program opens it again with a notice', (version) => {
    const directory = written()
    const raw = new DatabaseSync(join(directory, 'modelward.db'))
    const before = contentOf(raw)
    expect(Object.entries(before).filter(([, rows]) => rows === '[]')).toEqual([])
    raw.close()
    downgradeStore(directory, version, given())
    const down = new DatabaseSync(join(directory, 'modelward.db'))
    expect(down.prepare('PRAGMA user_version').get()).toEqual({ user_version: version })
    expect(contentOf(down)).toEqual(before)
    down.close()
    if (version < newest) expect(() => openReader(directory)).toThrow('start the daemon once')
    const store = opened(directory)
    expect(store.openedWith.map(({ kind }) => kind)).toEqual(version < newest ? ['migrated'] : [])
    expect(store.audit.verify()).toEqual({ intact: true, entries: 3, checkpoints: 1 })
    expect(store.outbox.parked()).toHaveLength(1)
    expect(store.alerts({ principal: 'q' }).map(({ id }) => id)).toEqual(['b'])
    expect([...store.states('d')].map(({ key, value }) => [key, value?.[0]])).toEqual([
      ['k', 1],
      ['late', 3],
    ])
  })

  test('is not taken down while its daemon runs, nor to a version there never was', () => {
    const directory = freshDirectory()
    opened(directory)
    expect(() => downgradeStore(directory, 1, given())).toThrow(LockedError)
    for (const version of [0, newest + 1, 1.5])
      expect(() => downgradeStore(directory, version, given())).toThrow(RefusedError)
  })
})

test('a step that fails is taken back whole and the steps before it stay', () => {
  const { connection, raw } = empty()
  const steps: readonly Migration[] = [
    { version: 1, up: 'CREATE TABLE one (x)', down: 'DROP TABLE one' },
    { version: 2, up: 'CREATE TABLE two (x); INSERT INTO nowhere VALUES (1)', down: 'DROP TABLE two' },
  ]
  expect(() => migrate(connection, 2, steps)).toThrow(StoreError)
  expect(raw.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'one' }])
  expect(raw.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
})
