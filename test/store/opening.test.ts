import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/runtime/errors.ts'
import { migrations } from '../../src/store/migrations.ts'
import { openReader } from '../../src/store/reader.ts'
import { openStore } from '../../src/store/store.ts'
import { given } from '../support/given.ts'
import { freshDirectory, opened } from './opened.ts'
import { alert, auditEntries, quarantined } from './sample.ts'

const database = (directory: string): string => join(directory, 'modelward.db')
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

/** A closed store with a few hundred pages. */
function written(): string {
  const directory = freshDirectory()
  const store = opened(directory)
  store.commit({
    alerts: Array.from({ length: 300 }, (_, index) => alert(`a${index}`, { principal: `user:${index % 7}` })),
    states: Array.from({ length: 1000 }, (_, index) => ({
      detector: 'd',
      key: `k${index}`,
      value: new Uint8Array(300),
    })),
    quarantine: [quarantined('q', { bytes: new Uint8Array(100_000) })],
    audit: auditEntries(5),
  })
  store[Symbol.dispose]()
  return directory
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, offset)
  closeSync(file)
}

describe('a damaged database', () => {
  const damages: readonly { readonly name: string; readonly damage: (path: string) => void }[] = [
    { name: 'a text file', damage: (path) => writeFileSync(path, 'not a database\n'.repeat(100)) },
    { name: 'a file cut in the middle', damage: (path) => truncateSync(path, Math.floor(statSync(path).size / 2)) },
    { name: 'a file cut in its first page', damage: (path) => truncateSync(path, 1000) },
    { name: 'a few bytes', damage: (path) => writeFileSync(path, 'xy') },
    {
      name: 'a page whose header was flipped',
      damage: (path) => overwrite(path, 4096 * 30, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
    },
    { name: 'a page of noise', damage: (path) => overwrite(path, 4096 * 12, new Uint8Array(4096).fill(0xa5)) },
    { name: 'a page of zeros', damage: (path) => overwrite(path, 4096 * 3, new Uint8Array(4096)) },
  ]

  test.for(damages)('is set aside and a new one made: $name', ({ damage }) => {
    const directory = written()
    const key = readFileSync(join(directory, 'audit.key'), 'utf8')
    damage(database(directory))
    const evidence = readFileSync(database(directory))
    const store = opened(directory)
    expect(store.openedWith.map(({ kind }) => kind)).toEqual(['set-aside', 'created'])
    const aside = `${database(directory)}.corrupt-2026-01-05T12:00:00.000Z`
    expect(store.openedWith[0]?.detail).toContain(aside)
    expect(readFileSync(aside).equals(evidence)).toBe(true)
    expect(modeOf(aside)).toBe('600')
    expect(store.alerts({})).toEqual([])
    store.commit({ alerts: [alert('new')], audit: auditEntries(1) })
    expect(readFileSync(join(directory, 'audit.key'), 'utf8')).toBe(key)
    store[Symbol.dispose]()
    const again = opened(directory)
    expect(again.openedWith).toEqual([])
    expect(again.alerts({}).map(({ id }) => id)).toEqual(['new'])
  })

  test('takes its write-ahead log along, and a second one does not overwrite the first', () => {
    const directory = written()
    for (const round of [1, 2]) {
      writeFileSync(database(directory), 'not a database\n'.repeat(100))
      writeFileSync(`${database(directory)}-wal`, `log ${round}`)
      opened(directory)[Symbol.dispose]()
    }
    const aside = 'modelward.db.corrupt-2026-01-05T12:00:00.000Z'
    const found = readdirSync(directory).filter((name) => name.includes('corrupt') && !name.endsWith('-shm'))
    expect(found.toSorted()).toEqual([aside, `${aside}-2`, `${aside}-2-wal`, `${aside}-wal`])
    expect(readFileSync(join(directory, `${aside}-wal`), 'utf8')).toBe('log 1')
  })

  test('noticed only while running ends the store and is looked at closely at the next start', () => {
    const directory = written()
    const store = opened(directory)
    const script = `const fs = require('node:fs'); const file = fs.openSync(process.argv[1], 'r+');
      const size = fs.fstatSync(file).size; fs.writeSync(file, Buffer.alloc(size - 8192, 0xa5), 0, size - 8192, 8192)`
    // From outside: closing the file in this process would drop the locks that SQLite holds on it.
    expect(spawnSync(process.execPath, ['-e', script, database(directory)]).status).toBe(0)
    expect(() => [...store.states('d')]).toThrow(StoreError)
    expect(() => store.commit({ alerts: [alert('x')] })).toThrow('failed before')
    expect(() => store.commit({})).toThrow('failed before')
    expect(() => store.audit.checkpoint(1)).toThrow('failed before')
    expect(readdirSync(directory)).toContain('modelward.suspect')
    store[Symbol.dispose]()
    const next = opened(directory)
    expect(next.openedWith[0]?.kind).toBe('set-aside')
    expect(readdirSync(directory)).not.toContain('modelward.suspect')
  })

  test('is told to a reader, which touches nothing', () => {
    const directory = written()
    writeFileSync(database(directory), 'not a database\n'.repeat(100))
    expect(() => openReader(directory)).toThrow(StoreError)
    expect(readdirSync(directory).filter((name) => name.includes('corrupt'))).toEqual([])
  })
})

describe('a database that is not ours to change', () => {
  test('of a newer program is refused with both versions and the cure, and left alone', () => {
    const directory = written()
    const raw = new DatabaseSync(database(directory))
    raw.exec('PRAGMA user_version = 99')
    raw.close()
    const newest = migrations.at(-1)?.version
    for (const open of [() => opened(directory), () => openReader(directory)]) {
      expect(open).toThrow(StoreError)
      expect(open).toThrow(`has schema version 99, this program knows up to ${newest}. Start the newer program`)
    }
    expect(readdirSync(directory).filter((name) => name.includes('corrupt'))).toEqual([])
  })

  test('of another program is refused and left byte for byte', () => {
    const directory = freshDirectory()
    mkdirSync(directory, { recursive: true })
    const raw = new DatabaseSync(database(directory))
    raw.exec('CREATE TABLE bookmarks (url)')
    raw.close()
    const before = readFileSync(database(directory))
    expect(() => opened(directory)).toThrow('another program')
    expect(readFileSync(database(directory)).equals(before)).toBe(true)
  })

  test('an audit key that is none is refused with the cure, and the lock is given back', () => {
    const directory = written()
    const key = readFileSync(join(directory, 'audit.key'))
    writeFileSync(join(directory, 'audit.key'), 'rubbish')
    expect(() => opened(directory)).toThrow('holds no Ed25519 key: restore it')
    writeFileSync(join(directory, 'audit.key'), key)
    expect(opened(directory).openedWith).toEqual([])
  })

  test('a data directory that is a file is a StoreError that names it', () => {
    const directory = freshDirectory()
    writeFileSync(directory, '')
    expect(() => opened(directory)).toThrow(StoreError)
    expect(() => opened(directory)).toThrow(directory)
  })
})

describe('rights', () => {
  const script = `
    process.umask(Number.parseInt(process.argv[2], 8))
    const { openStore } = await import(process.argv[3])
    const { given } = await import(process.argv[4])
    const { clock, random, log } = given()
    const store = openStore({ directory: process.argv[1], clock, random, log })
    store.commit({ counts: [{ name: 'received', source: 'a', reason: '', add: 1 }] })
    process.kill(process.pid, 'SIGKILL')`

  test.for(['000', '022', '077', '777'])('are 0700 and 0600 whatever the umask: %s', (umask) => {
    const directory = freshDirectory()
    const here = import.meta.dirname
    const modules = [join(here, '../../src/store/store.ts'), join(here, '../support/given.ts')]
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, directory, umask, ...modules])
    expect(child.signal, String(child.stderr)).toBe('SIGKILL')
    expect(modeOf(directory)).toBe('700')
    const names = readdirSync(directory).toSorted()
    const left = [
      'audit.key',
      'modelward.db',
      'modelward.db-shm',
      'modelward.db-wal',
      'modelward.lock',
      'modelward.pid',
    ]
    expect(names).toEqual(left)
    expect(names.map((name) => modeOf(join(directory, name)))).toEqual(names.map(() => '600'))
  })

  test('of files and a directory that others may read are tightened', () => {
    const directory = written()
    chmodSync(directory, 0o755)
    for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o644)
    const store = opened(directory)
    store.commit({ alerts: [alert('a')] })
    expect(modeOf(directory)).toBe('700')
    for (const name of readdirSync(directory)) expect(`${name} ${modeOf(join(directory, name))}`).toBe(`${name} 600`)
  })

  test('of a directory that serves others too are left, with a warning', () => {
    const directory = freshDirectory()
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, 0o755)
    writeFileSync(join(directory, 'somebody-else'), '')
    const { clock, random, log } = given()
    const warnings: string[] = []
    const store = openStore({ directory, clock, random, log: { ...log, warn: (message) => warnings.push(message) } })
    store[Symbol.dispose]()
    expect(modeOf(directory)).toBe('755')
    expect(modeOf(database(directory))).toBe('600')
    expect(warnings).toEqual(['data directory is open to other users'])
  })
})
