import { describe, expect, test } from 'vitest'
import { Entries, MOST_REFS } from '../../../src/rules/correlate/entries.ts'
import { Pool } from '../../../src/rules/correlate/pool.ts'
import { References } from '../../../src/rules/correlate/references.ts'

const ref = (id: string): { id: string; at: number; source: string } => ({ id, at: 0, source: 's' })

describe('a pool', () => {
  test('gives out blocks that do not overlap, and given ones again', () => {
    const pool = new Pool(2)
    const addresses = Array.from({ length: 5_000 }, (_, at) => pool.take(at % 3))
    const taken = new Set<string>()
    for (const [at, address] of addresses.entries())
      for (let entry = 0; entry < 2 ** (at % 3); entry++)
        taken.add(`${pool.pageOf(address).index}/${pool.baseOf(address) + entry}`)
    expect(taken.size).toBe(addresses.reduce((sum, _, at) => sum + 2 ** (at % 3), 0))
    pool.give(addresses[4] ?? 0, 1)
    expect(pool.take(1)).toBe(addresses[4])
  })

  test('lets pages go of which nothing is used, but for one of each size', () => {
    const pool = new Pool(3)
    const addresses = Array.from({ length: 4 * 4_096 }, () => pool.take(0))
    expect(pool.held).toBe(4)
    for (const address of addresses) pool.give(address, 0)
    expect(pool.held).toBe(1)
    expect(pool.pageOf(pool.take(15)).numbers).toHaveLength(3 * 2 ** 15)
    expect(pool.held).toBe(2)
  })
})

test('an event is held until nobody names it any more, and its number is used again', () => {
  const references = new References()
  const number = references.enter(ref('a'))
  references.keep(number)
  references.drop(number)
  expect(references.get(number)).toEqual(ref('a'))
  references.drop(number)
  expect([references.get(number), references.held]).toEqual([undefined, 0])
  expect(references.enter(ref('b'))).toBe(number)
  references.drop(0)
  expect(references.get(0)).toBeUndefined()
})

test('what a group held is free when it is forgotten', () => {
  const [pool, references] = [new Pool(3), new References()]
  const entries = new Entries(pool, references)
  const slot = entries.slots.enter(1, 0)
  entries.make(slot)
  entries.open(slot)
  for (let at = 0; at < 5_000; at++) {
    entries.makeRoom()
    const number = references.enter(ref(`e${at}`))
    entries.put(entries.end++, at, at, number)
    references.drop(number)
    entries.forgetRefs(entries.end - 1)
  }
  entries.close()
  expect([references.held, entries.length, entries.value(entries.head + 77)]).toEqual([2 * MOST_REFS, 5_000, 77])
  entries.release(slot)
  expect(references.held).toBe(0)
})
