import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueQueue } from '../../src/alert/due-queue.ts'

test('gives what is due, earliest first, equal times by key', () => {
  const dueAt = new Map([
    ['b', 5],
    ['a', 5],
    ['c', 1],
    ['d', 9],
  ])
  const queue = new DueQueue((key) => dueAt.get(key))
  for (const key of dueAt.keys()) queue.touch(key)
  expect(queue.next()).toEqual({ key: 'c', at: 1 })
  expect([queue.take(5)?.key, queue.take(5)?.key, queue.take(5)?.key, queue.take(5)]).toEqual([
    'c',
    'a',
    'b',
    undefined,
  ])
})

test('notices times that moved later by itself, and times that moved earlier when touched', () => {
  const dueAt = new Map([['a', 5]])
  const queue = new DueQueue((key) => dueAt.get(key))
  queue.touch('a')
  dueAt.set('a', 8)
  expect(queue.take(5)).toBeUndefined()
  expect(queue.next()).toEqual({ key: 'a', at: 8 })
  dueAt.set('a', 2)
  queue.touch('a')
  expect(queue.take(2)).toEqual({ key: 'a', at: 2 })
  expect(queue.next()).toBeUndefined()
})

test('agrees with a sorted list, whatever is moved when', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.option(fc.nat(50)), now: fc.nat(50) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const dueAt = new Map<string, number>()
      const queue = new DueQueue((key) => dueAt.get(key))
      for (const { key, at, now } of steps) {
        if (at === null) dueAt.delete(key)
        else dueAt.set(key, at)
        queue.touch(key)
        const [first] = [...dueAt].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
        expect(queue.next()).toEqual(first && { key: first[0], at: first[1] })
        const taken = queue.take(now)
        expect(taken?.key).toBe(first && first[1] <= now ? first[0] : undefined)
        if (taken) dueAt.delete(taken.key)
      }
    }),
  )
})
