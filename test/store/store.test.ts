import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StoreError, StoreFullError } from '../../src/runtime/errors.ts'
import { openReader } from '../../src/store/reader.ts'
import { freshDirectory, inMemory, opened } from './opened.ts'
import { alert, auditEntries, noon, notification, quarantined } from './sample.ts'
import { lived } from './story.ts'

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

describe('a commit', () => {
  test('keeps everything of its changes across a restart', () => {
    const directory = freshDirectory()
    const first = opened(directory)
    first.outbox.register(['siem'])
    first.commit({
      positions: [{ source: 'gateway', stream: 'file-1', value: '{"offset":7}' }],
      states: [{ detector: 'usage', key: 'user:1', value: bytes(1, 2, 3) }],
      alerts: [alert('a1', { principal: 'user:1' })],
      notifications: [notification('n1')],
      quarantine: [quarantined('q1', { file: '/var/log/x', index: 4, format: 'litellm' })],
      documents: [{ kind: 'silence', key: 's1', value: { author: 'ann', list: [1, null] } }],
      audit: auditEntries(2),
      counts: [{ name: 'received', source: 'gateway', reason: '', add: 5 }],
    })
    const head = first.audit.head()
    first[Symbol.dispose]()

    const second = opened(directory)
    expect(second.openedWith).toEqual([])
    expect(second.positions('gateway')).toEqual(new Map([['file-1', '{"offset":7}']]))
    expect([...second.states('usage')]).toEqual([{ key: 'user:1', value: bytes(1, 2, 3) }])
    expect(second.alert('a1')).toEqual(alert('a1', { principal: 'user:1' }))
    expect(second.outbox.due('siem', 10)).toEqual([{ seq: 1, notification: notification('n1') }])
    expect(second.quarantined({})).toEqual([quarantined('q1', { file: '/var/log/x', index: 4, format: 'litellm' })])
    expect(second.document('silence', 's1')).toEqual({ author: 'ann', list: [1, null] })
    expect(second.counts()).toEqual([{ name: 'received', source: 'gateway', reason: '', add: 5 }])
    expect(second.audit.head()).toEqual(head)
    expect(second.audit.entries(2, 5)).toEqual([{ ...auditEntries(2)[1], seq: 2, hash: head.hash }])
  })

  test('replaces by key, forgets on null and adds counts up', () => {
    const store = inMemory()
    const one = {
      positions: [
        { source: 'a', stream: 's', value: '1' },
        { source: 'a', stream: 't', value: '1' },
      ],
      states: [
        { detector: 'd', key: 'k', value: bytes(1) },
        { detector: 'd', key: 'l', value: bytes(1) },
        { detector: 'other', key: 'k', value: bytes(9) },
      ],
      documents: [
        { kind: 'plan', key: 'p', value: 1 },
        { kind: 'plan', key: 'q', value: 'text' },
      ],
      alerts: [alert('a', { revision: 1 })],
      quarantine: [quarantined('q')],
      counts: [{ name: 'dropped', source: 'a', reason: 'policy', add: 2 }],
    }
    store.commit(one)
    store.commit({
      positions: [
        { source: 'a', stream: 's', value: null },
        { source: 'a', stream: 't', value: '2' },
      ],
      states: [
        { detector: 'd', key: 'k', value: null },
        { detector: 'd', key: 'l', value: bytes(2) },
      ],
      documents: [
        { kind: 'plan', key: 'p', value: null },
        { kind: 'plan', key: 'q', value: false },
      ],
      alerts: [alert('a', { state: 'resolved', revision: 2 })],
      quarantine: [quarantined('q', { detail: 'again' })],
      counts: [
        { name: 'dropped', source: 'a', reason: 'policy', add: 3 },
        { name: 'dropped', source: 'a', reason: 'policy', add: Number.NaN },
      ],
    })
    expect(store.positions('a')).toEqual(new Map([['t', '2']]))
    expect([...store.states('d')]).toEqual([{ key: 'l', value: bytes(2) }])
    expect([...store.states('other')]).toEqual([{ key: 'k', value: bytes(9) }])
    expect(store.document('plan', 'p')).toBeUndefined()
    expect(store.documents('plan')).toEqual([{ key: 'q', value: false }])
    expect(store.alerts({ states: ['firing'] })).toEqual([])
    expect(store.alerts({ states: ['resolved'] })[0]?.revision).toBe(2)
    expect(store.quarantined({})).toEqual([quarantined('q', { detail: 'again' })])
    expect(store.counts()).toEqual([{ name: 'dropped', source: 'a', reason: 'policy', add: 5 }])
  })

  test('of nothing opens no transaction', () => {
    const seen: string[] = []
    const store = inMemory({ failpoint: (name) => seen.push(name) })
    store.commit({})
    store.commit({ alerts: [], counts: [] })
    expect(seen).toEqual([])
    store.commit({ alerts: [alert('a')] })
    expect(seen).toEqual(['store.before-commit', 'store.in-commit', 'store.after-commit'])
  })

  test('that meets a full disk changes nothing, and tried again gives the same hashes', () => {
    let isFull = false
    const failpoint = (name: string): void => {
      if (isFull && name === 'store.in-commit') throw new StoreFullError('the disk is full')
    }
    const [store, undisturbed] = [inMemory({ failpoint }), inMemory()]
    for (const one of [store, undisturbed]) one.outbox.register(['siem'])
    const changes = {
      audit: auditEntries(3),
      notifications: [notification('n')],
      counts: [{ name: 'received', source: 'a', reason: '', add: 1 }],
    }
    isFull = true
    expect(() => store.commit(changes)).toThrow(StoreFullError)
    expect(() => store.commit(changes)).toThrow(StoreFullError)
    expect(store.audit.head()).toEqual(inMemory().audit.head())
    expect(store.outbox.fill().bytes).toBe(0)
    expect(store.counts()).toEqual([])
    isFull = false
    for (const one of [store, undisturbed]) one.commit(changes)
    expect(store.audit.head()).toEqual(undisturbed.audit.head())
    expect(store.audit.verify().intact).toBe(true)
    expect(store.outbox.fill().bytes).toBe(undisturbed.outbox.fill().bytes)
  })

  test('that cannot be written for another reason is taken back whole', () => {
    const store = inMemory()
    expect(() =>
      store.commit({
        alerts: [alert('a')],
        documents: [{ kind: 'plan', key: 'p', value: 1n }],
      }),
    ).toThrow(TypeError)
    expect(store.alerts({})).toEqual([])
    store.commit({ alerts: [alert('b')] })
    expect(store.alerts({}).map(({ id }) => id)).toEqual(['b'])
  })
})

describe('questions', () => {
  test('an alert about several is found by each of them, also by one who joins it', () => {
    const store = inMemory()
    const found = (principal: string): readonly string[] => store.alerts({ principal }).map(({ id }) => id)
    store.commit({ alerts: [alert('a', { principal: 'p' }), alert('b', { principal: 'q', lastAt: noon + 1 })] })
    store.commit({ alerts: [alert('a', { principals: ['p', 'q'] })] })
    expect([found('p'), found('q'), found('r')]).toEqual([['a'], ['b', 'a'], []])
    store.commit({ alerts: [alert('a', { principals: ['p', 'q', 'r'], state: 'resolved' })] })
    expect([found('p'), found('q'), found('r')]).toEqual([['a'], ['b', 'a'], ['a']])
    expect(store.alerts({ principal: 'q', states: ['resolved'], limit: 5 }).map(({ id }) => id)).toEqual(['a'])
  })

  test('alerts are found by state, principal, rule and time, newest first', () => {
    const store = inMemory()
    const of = (id: string, lastAt: number, principal: string, rule: string): ReturnType<typeof alert> =>
      alert(id, { lastAt, principal, rule: { ...alert('').rule, id: rule } })
    store.commit({
      alerts: [
        of('a', 1, 'p', 'r'),
        of('b', 2, 'p', 's'),
        of('c', 3, 'q', 'r'),
        alert('d', { lastAt: 4, state: 'pending' }),
      ],
    })
    const ids = (query: Parameters<typeof store.alerts>[0]): string =>
      store
        .alerts(query)
        .map(({ id }) => id)
        .join('')
    expect(ids({})).toBe('dcba')
    expect(ids({ states: ['firing'] })).toBe('cba')
    expect(ids({ states: ['pending', 'resolved'] })).toBe('d')
    expect(ids({ states: [] })).toBe('')
    expect(ids({ principal: 'p' })).toBe('ba')
    expect(ids({ rule: 'r' })).toBe('ca')
    expect(ids({ since: 3 })).toBe('dc')
    expect(ids({ principal: 'p', rule: 'r', since: 1, limit: 5 })).toBe('a')
    expect(ids({ limit: 2 })).toBe('dc')
    expect(ids({ limit: 0 })).toBe('')
    expect(ids({ limit: Infinity })).toBe('dcba')
    expect(ids({ limit: Number.NaN })).toBe('dcba')
    expect(ids({ limit: 1.9 })).toBe('d')
  })

  test('quarantined records are found by source and reason, a hundred unless asked', () => {
    const store = inMemory()
    store.commit({
      quarantine: Array.from({ length: 150 }, (_, index) =>
        quarantined(`q${index}`, { at: index, source: index % 2 ? 'a' : 'b', reason: index % 3 ? 'x' : 'y' }),
      ),
    })
    expect(store.quarantined({})).toHaveLength(100)
    expect(store.quarantined({ limit: 1000 })).toHaveLength(150)
    expect(store.quarantined({ source: 'a', reason: 'y', limit: 2 }).map(({ id }) => id)).toEqual(['q147', 'q141'])
  })

  test('states come page by page and in full, also while commits go on', () => {
    const store = inMemory()
    const keys = Array.from({ length: 2500 }, (_, index) => `k${String(index).padStart(5, '0')}`)
    store.commit({ states: keys.map((key) => ({ detector: 'd', key, value: bytes(1) })) })
    const seen: string[] = []
    for (const { key } of store.states('d')) {
      seen.push(key)
      if (seen.length === 10) store.commit({ states: [{ detector: 'd', key: 'k00005', value: null }] })
    }
    expect(seen).toEqual(keys)
  })

  test('a row that is no JSON any more costs itself, not the daemon', async () => {
    const directory = freshDirectory()
    const store = opened(directory)
    store.commit({ alerts: [alert('a'), alert('b')], documents: [{ kind: 'k', key: 'x', value: 1 }] })
    store[Symbol.dispose]()
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(`${directory}/modelward.db`)
    database.exec("UPDATE alerts SET json = '{oops' WHERE id = 'a'; UPDATE documents SET json = '}'")
    database.close()
    const again = opened(directory)
    expect(again.alerts({}).map(({ id }) => id)).toEqual(['b'])
    expect(again.alert('a')).toBeUndefined()
    expect(again.documents('k')).toEqual([])
  })
})

describe('a store', () => {
  test('in memory leaves nothing behind and does not lock', () => {
    const [one, other] = [inMemory(), inMemory()]
    one.commit({ alerts: [alert('a')] })
    expect(other.alerts({})).toEqual([])
    expect(one.usage().bytes).toBeGreaterThan(0)
  })

  test('that is closed says so, and may be closed twice', () => {
    const store = opened(freshDirectory())
    store[Symbol.dispose]()
    store[Symbol.dispose]()
    expect(() => store.commit({ alerts: [alert('a')] })).toThrow(StoreError)
    expect(() => store.alerts({})).toThrow('the store is closed')
  })

  test('tells what it uses and what is free', () => {
    const store = opened(freshDirectory())
    const before = store.usage()
    store.commit({ quarantine: [quarantined('q', { bytes: new Uint8Array(500_000) })] })
    expect(store.usage().bytes).toBeGreaterThan(before.bytes + 500_000)
    expect(before.freeBytes).toBeGreaterThan(0)
  })

  test('keeps its write-ahead log bounded while it is written', () => {
    const store = opened(freshDirectory())
    for (let round = 0; round < 60; round++)
      store.commit({ quarantine: [quarantined('q', { bytes: new Uint8Array(1_000_000).fill(round) })] })
    expect(store.usage().bytes).toBeLessThan(24 * 1024 * 1024)
  })
})

describe('a reader', () => {
  test('sees each commit of a running daemon and takes no lock', () => {
    const directory = freshDirectory()
    const store = opened(directory)
    store.outbox.register(['siem'])
    const reader = openReader(directory)
    expect(reader.alerts({})).toEqual([])
    store.commit({ alerts: [alert('a')], audit: auditEntries(1), notifications: [notification('n', noon)] })
    expect(reader.alerts({}).map(({ id }) => id)).toEqual(['a'])
    expect(reader.audit.head()).toEqual(store.audit.head())
    expect(reader.audit.verify().intact).toBe(true)
    expect(reader.outbox.depth()).toEqual([{ consumer: 'siem', rows: 1, oldestAt: noon }])
    reader[Symbol.dispose]()
    store.commit({ alerts: [alert('b')] })
  })

  test('reads what a daemon that was killed had committed, and leaves mending to the next daemon', () => {
    const directory = freshDirectory()
    const story = join(import.meta.dirname, 'story.ts')
    const child = spawnSync(process.execPath, [story, directory, '5', 'store.in-commit', '3'])
    expect(child.signal).toBe('SIGKILL')
    const reader = openReader(directory)
    expect(lived(reader)).toBe(3)
    expect(reader.audit.verify()).toEqual({ intact: true, entries: 900, checkpoints: 0 })
    reader[Symbol.dispose]()
    expect(lived(opened(directory))).toBe(3)
  })

  test('of a directory without a store is refused', () => {
    expect(() => openReader(freshDirectory())).toThrow('holds no store')
  })
})
