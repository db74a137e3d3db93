import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RefusedError } from '../../src/runtime/errors.ts'
import type { SqliteStore } from '../../src/store/store.ts'
import { freshDirectory, inMemory, opened } from './opened.ts'
import { noon, notification } from './sample.ts'

function put(store: SqliteStore, ...ids: readonly string[]): void {
  store.commit({ notifications: ids.map((id, index) => notification(id, noon + index)) })
}

function due(store: SqliteStore, consumer: string, limit = 100): string {
  return store.outbox
    .due(consumer, limit)
    .map((row) => row.notification.id)
    .join('')
}

describe('consumers', () => {
  test('each have a cursor, and rows stay until all are past', () => {
    const store = inMemory()
    store.outbox.register(['fast', 'slow'])
    put(store, 'a', 'b', 'c')
    store.outbox.advance('fast', 2)
    expect([due(store, 'fast'), due(store, 'slow'), due(store, 'slow', 1)]).toEqual(['c', 'abc', 'a'])
    expect(store.outbox.depth()).toEqual([
      { consumer: 'fast', rows: 1, oldestAt: noon + 2 },
      { consumer: 'slow', rows: 3, oldestAt: noon },
    ])
    const before = store.outbox.fill().bytes
    store.outbox.advance('slow', 1)
    expect(store.outbox.fill().bytes).toBeLessThan(before)
    store.outbox.advance('slow', 3)
    store.outbox.advance('fast', 3)
    expect(store.outbox.fill().bytes).toBe(0)
    expect(store.outbox.depth()).toEqual([
      { consumer: 'fast', rows: 0 },
      { consumer: 'slow', rows: 0 },
    ])
  })

  test('the first ever start at the beginning, later ones at the newest end', () => {
    const store = inMemory()
    put(store, 'a')
    store.outbox.register(['one', 'two'])
    expect([due(store, 'one'), due(store, 'two')]).toEqual(['a', 'a'])
    put(store, 'b')
    store.outbox.register(['one', 'two', 'three'])
    put(store, 'c')
    expect([due(store, 'one'), due(store, 'three')]).toEqual(['abc', 'c'])
  })

  test('that are gone are not waited for, and start anew when they come back', () => {
    const store = inMemory()
    store.outbox.register(['stays', 'goes'])
    put(store, 'a', 'b')
    store.outbox.advance('stays', 1)
    store.outbox.register(['stays'])
    expect(due(store, 'stays')).toBe('b')
    expect(() => store.outbox.due('goes', 1)).toThrow(RefusedError)
    expect(store.outbox.depth().map(({ consumer }) => consumer)).toEqual(['stays'])
    store.outbox.register(['stays', 'goes'])
    put(store, 'c')
    expect([due(store, 'stays'), due(store, 'goes')]).toEqual(['bc', 'c'])
  })

  test('nothing is kept for nobody once nobody is registered', () => {
    const store = inMemory()
    put(store, 'a')
    store.outbox.register([])
    put(store, 'b')
    expect(store.outbox.fill().bytes).toBe(0)
    store.outbox.register(['one'])
    put(store, 'c')
    expect(due(store, 'one')).toBe('c')
  })

  test('a cursor never goes back, nor beyond the newest row', () => {
    const store = inMemory()
    store.outbox.register(['one'])
    put(store, 'a', 'b')
    store.outbox.advance('one', 2)
    store.outbox.advance('one', 1)
    expect(due(store, 'one')).toBe('')
    store.outbox.advance('one', 1_000_000)
    put(store, 'c')
    expect(due(store, 'one')).toBe('c')
  })

  test('numbers are not used again after the outbox ran empty and the store was closed', () => {
    const directory = freshDirectory()
    const first = opened(directory)
    first.outbox.register(['one'])
    put(first, 'a', 'b')
    first.outbox.advance('one', 2)
    first[Symbol.dispose]()
    const second = opened(directory)
    second.outbox.register(['one'])
    put(second, 'c')
    expect(second.outbox.due('one', 9).map(({ seq }) => seq)).toEqual([3])
  })
})

describe('parking', () => {
  test('keeps the notification with its reason after its row is gone, and lets others go on', () => {
    const store = inMemory()
    store.outbox.register(['siem', 'chat'])
    put(store, 'a', 'b')
    store.outbox.advance('siem', 2, [
      { seq: 1, reason: 'answered 400' },
      { seq: 1, reason: 'said twice' },
    ])
    store.outbox.advance('chat', 2)
    expect(store.outbox.fill().bytes).toBe(0)
    expect(store.outbox.parked()).toEqual([
      { consumer: 'siem', seq: 1, at: noon, reason: 'answered 400', notification: notification('a') },
    ])
  })

  test('an unparked row stands at the end of its own consumer only', () => {
    const store = inMemory()
    store.outbox.register(['siem', 'chat'])
    put(store, 'a')
    store.outbox.advance('siem', 1, [{ seq: 1, reason: 'answered 400' }])
    put(store, 'b')
    expect(store.outbox.unpark('siem', 1)).toBe(true)
    expect(store.outbox.unpark('siem', 1)).toBe(false)
    expect(store.outbox.unpark('chat', 1)).toBe(false)
    expect([due(store, 'siem'), due(store, 'chat')]).toEqual(['ba', 'ab'])
    store.outbox.advance('chat', 2)
    expect([due(store, 'siem'), due(store, 'chat')]).toEqual(['ba', ''])
    store.outbox.advance('siem', 3)
    expect(store.outbox.parked()).toEqual([])
    expect(store.outbox.fill().bytes).toBe(0)
  })

  test('a row of a consumer that is gone stays parked', () => {
    const store = inMemory()
    store.outbox.register(['siem'])
    put(store, 'a')
    store.outbox.advance('siem', 1, [{ seq: 1, reason: 'answered 400' }])
    store.outbox.register(['chat'])
    expect(store.outbox.unpark('siem', 1)).toBe(false)
    expect(store.outbox.parked()).toHaveLength(1)
  })

  test('what the consumer was not given or is past already is not parked', () => {
    const store = inMemory()
    store.outbox.register(['siem'])
    put(store, 'a', 'b')
    store.outbox.advance('siem', 1)
    store.outbox.advance('siem', 1, [
      { seq: 1, reason: 'late' },
      { seq: 2, reason: 'not yet' },
    ])
    expect(store.outbox.parked()).toEqual([])
    expect(due(store, 'siem')).toBe('b')
  })
})

test('a full outbox says so and still takes what is committed', () => {
  const store = inMemory({ outboxMaxBytes: 1000 })
  store.outbox.register(['siem'])
  expect(store.outbox.fill()).toEqual({ bytes: 0, maxBytes: 1000, full: false })
  put(store, 'a', 'b', 'c')
  expect(store.outbox.fill().full).toBe(true)
  expect(due(store, 'siem')).toBe('abc')
  store.outbox.advance('siem', 3)
  expect(store.outbox.fill().full).toBe(false)
})

test('the bytes that are counted in memory are those that a new opening finds', () => {
  const directory = freshDirectory()
  const first = opened(directory)
  first.outbox.register(['one', 'two'])
  put(first, 'a', 'b', 'c', 'd')
  first.outbox.advance('one', 4, [{ seq: 2, reason: 'x' }])
  first.outbox.advance('two', 1)
  first.outbox.unpark('one', 2)
  const counted = first.outbox.fill().bytes
  first[Symbol.dispose]()
  expect(opened(directory).outbox.fill().bytes).toBe(counted)
})

const consumers = ['x', 'y', 'z'] as const
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      take: fc.constantFrom(...consumers),
      limit: fc.integer({ min: 1, max: 5 }),
      park: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ unpark: fc.constantFrom(...consumers) }) },
)

test('every consumer gets every notification exactly once and in order, whatever the others do', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const store = inMemory()
      store.outbox.register(consumers)
      const got: Record<string, string[]> = { x: [], y: [], z: [] }
      const given: string[] = []
      const parked = new Set<string>()
      const take = (consumer: string, limit: number, park: boolean): void => {
        const rows = store.outbox.due(consumer, limit)
        const last = rows.at(-1)
        if (!last) return
        const kept = park ? rows.slice(0, -1) : rows
        for (const row of kept) got[consumer]?.push(row.notification.id)
        if (park) parked.add(consumer)
        store.outbox.advance(consumer, last.seq, park ? [{ seq: last.seq, reason: 'test' }] : [])
      }
      for (const one of steps)
        if ('put' in one) {
          const ids = Array.from({ length: one.put }, (_, index) => `n${given.length + index}`)
          given.push(...ids)
          put(store, ...ids)
        } else if ('take' in one) take(one.take, one.limit, one.park)
        else
          for (const row of store.outbox.parked())
            if (row.consumer === one.unpark) store.outbox.unpark(row.consumer, row.seq)
      for (const row of store.outbox.parked()) store.outbox.unpark(row.consumer, row.seq)
      for (const consumer of consumers) while (store.outbox.due(consumer, 1).length > 0) take(consumer, 7, false)
      for (const consumer of consumers) {
        expect(got[consumer]?.toSorted()).toEqual(given.toSorted())
        if (!parked.has(consumer)) expect(got[consumer]).toEqual(given)
      }
      expect(store.outbox.fill().bytes).toBe(0)
      store[Symbol.dispose]()
    }),
    { numRuns: 60 },
  )
})
