import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StateChange } from '../../../src/contract/detect.ts'
import { KeyedRows } from '../../../src/detect/state/keyed-rows.ts'

const SECTIONS = [
  { name: 'hot.1', bytes: 24 },
  { name: 'cold.1', bytes: 16 },
]

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

function rows(cap: number): KeyedRows {
  return new KeyedRows(cap, SECTIONS)
}

function keep(store: Map<string, Uint8Array>, changes: readonly StateChange[]): void {
  for (const { key, value } of changes)
    if (value) store.set(key, value)
    else store.delete(key)
}

describe('keyed rows', () => {
  test('evict the least recently used key and delete what was stored of it', () => {
    const held = rows(2)
    held.use('a')
    held.touch(held.use('b'), 1)
    held.changes()
    held.use('a')
    held.use('c')
    expect(held.find('b')).toBeUndefined()
    expect(held.keys()).toEqual({ held: 2, cap: 2, evicted: 1 })
    const gone = held.changes().filter((change) => change.value === null)
    expect(gone.map((change) => change.key)).toEqual(['hot.1/b', 'cold.1/b'])
  })

  test('a key that comes back begins with zeros and is stored, not deleted', () => {
    const held = rows(1)
    held.use('a').numbers[1] = 7
    held.use('b')
    expect(held.use('a').numbers[1]).toBe(0)
    expect(held.changes().filter((change) => change.key.endsWith('/a') && change.value === null)).toEqual([])
  })

  test('a row that is recalled while it is young keeps its place and stores nothing; an old one is used', () => {
    const held = rows(16)
    for (const key of KEYS) held.use(key)
    held.changes()
    expect(held.recall('h')).toBe(held.find('h'))
    expect(held.recall('g')).toBe(held.find('g'))
    expect(held.changes()).toEqual([])
    held.recall('f')
    held.recall('z')
    expect(held.changes().map(({ key }) => key)).toEqual(['hot.1/f', 'hot.1/z'])
    const again = rows(16)
    again.restore(
      KEYS.map((key, at) => ({ key: `hot.1/${key}`, value: new Uint8Array(Float64Array.of(at + 1).buffer) })),
    )
    expect(again.recall('g')).toBe(again.find('g'))
    expect(again.changes()).toEqual([])
  })

  test('give only the sections that changed, without trailing zeros', () => {
    const held = rows(4)
    const row = held.use('a')
    // Read as a number these bytes are -0, which must not pass for zero.
    row.bytes[15] = 0x80
    expect(held.changes().map(({ key, value }) => [key, value?.length])).toEqual([['hot.1/a', 16]])
    expect(held.changes()).toEqual([])
    row.bytes[24] = 1
    held.touch(row, 1)
    expect(held.changes().map((change) => change.key)).toEqual(['cold.1/a'])
  })

  test('delete with a row what was stored of it, and nothing that never was', () => {
    const held = rows(1)
    held.use('a')
    held.changes()
    held.use('b')
    expect(held.changes().map(({ key, value }) => [key, value === null])).toEqual([
      ['hot.1/a', true],
      ['hot.1/b', false],
    ])
  })

  test('refuse a map for nothing and a section that is no multiple of eight', () => {
    expect(() => rows(0)).toThrow('one key at least')
    expect(() => new KeyedRows(1, [{ name: 'odd', bytes: 7 }])).toThrow('section odd')
  })

  test.each([
    [24, 1_000, 256],
    [24, 7, 7],
    [300_000, 1_000, 3],
    [2_000_000, 1_000, 1],
  ])('rows of %i bytes, %i at most, take memory for %i at a time', (bytes, cap, at) => {
    const held = new KeyedRows(cap, [{ name: 'large.1', bytes }])
    for (const key of ['a', 'b']) expect(held.use(key).bytes.buffer.byteLength).toBe(bytes * at)
  })

  test('with a lower cap than before, restoring keeps the most recently used', () => {
    const held = rows(5)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'a']) held.use(key)
    const fewer = rows(2)
    fewer.restore(held.changes())
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => fewer.find(key))).toEqual(['a', 'e'])
    expect(fewer.changes().every((change) => change.value === null)).toBe(true)
  })

  test('a stored value that is too long is deleted, unless its key is stored anew', () => {
    const long = ['hot.1/a', 'hot.1/b'].map((key) => ({ key, value: new Uint8Array(32) }))
    const held = rows(2)
    expect(held.restore(long)).toBe(2)
    held.use('a')
    // In this order: what comes later holds.
    expect(held.changes().map(({ key, value }) => [key, value?.length])).toEqual([
      ['hot.1/a', undefined],
      ['hot.1/b', undefined],
      ['hot.1/a', 8],
    ])
  })

  test('hold, after any uses and a restart anywhere, what a map with the same history holds', () => {
    const uses = fc.array(
      fc.record({ key: fc.constantFrom(...KEYS), value: fc.nat(1e6), isCold: fc.boolean(), store: fc.boolean() }),
    )
    fc.assert(
      fc.property(uses, uses, fc.integer({ min: 1, max: 6 }), (before, after, cap) => {
        let held = rows(cap)
        const store = new Map<string, Uint8Array>()
        // A Map whose keys are put back at the end on each use is the simplest least-recently-used map there is.
        const model = new Map<string, { readonly hot: number; readonly cold: number }>()
        const apply = (steps: typeof before): void => {
          for (const { key, value, isCold, store: isStored } of steps) {
            const row = held.use(key)
            row.numbers[1] = (row.numbers[1] ?? 0) + value
            if (isCold) {
              row.numbers[3] = (row.numbers[3] ?? 0) + value
              held.touch(row, 1)
            }
            const { hot, cold } = model.get(key) ?? { hot: 0, cold: 0 }
            model.delete(key)
            model.set(key, { hot: hot + value, cold: cold + (isCold ? value : 0) })
            const [oldest] = model.keys()
            if (model.size > cap && oldest !== undefined) model.delete(oldest)
            if (isStored) keep(store, held.changes())
          }
          keep(store, held.changes())
        }
        apply(before)
        held = rows(cap)
        held.restore([...store].map(([key, value]) => ({ key, value })).toSorted((a, b) => (a.key < b.key ? -1 : 1)))
        apply(after)
        for (const key of KEYS) {
          expect(held.find(key)?.numbers[1]).toBe(model.get(key)?.hot)
          expect(held.find(key)?.numbers[3]).toBe(model.get(key)?.cold)
        }
        expect(held.keys().held).toBe(model.size)
        expect([...store.keys()].filter((key) => key.startsWith('hot.1/'))).toHaveLength(model.size)
        expect([...store.keys()].every((key) => model.has(key.slice(-1)))).toBe(true)
      }),
    )
  })
})
