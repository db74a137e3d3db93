import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteBudget, Funnel } from '../../src/runtime/queue.ts'

const never = new AbortController().signal

describe('the byte budget', () => {
  test('grants in order and never holds more than its limit, but for one request larger than all of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 40 }), async (sizes) => {
        const budget = new ByteBudget(100)
        const granted: number[] = []
        const taking = sizes.map((size, at) => budget.take(size, never).then(() => granted.push(at)))
        let given = 0
        while (given < sizes.length) {
          await Promise.resolve()
          await Promise.resolve()
          const held = granted.slice(given).map((at) => sizes[at] ?? 0)
          expect(budget.used).toBe(held.reduce((sum, size) => sum + size, 0))
          if (held.length > 1) expect(budget.used).toBeLessThanOrEqual(100)
          if (held.length > 0) budget.give(sizes[granted[given++] ?? 0] ?? 0)
        }
        await Promise.all(taking)
        expect(granted).toEqual(sizes.map((_, at) => at))
        expect(budget.used).toBe(0)
      }),
    )
  })

  test('a waiter that gives up makes way for those behind it', async () => {
    const budget = new ByteBudget(10)
    await budget.take(8, never)
    const stop = new AbortController()
    const large = budget.take(9, stop.signal)
    const small = budget.take(2, never)
    stop.abort(new Error('enough'))
    await expect(large).rejects.toThrow('enough')
    await small
    expect(budget.used).toBe(10)
  })
})

describe('the funnel', () => {
  test('hands items over in order and frees their bytes when they are done with', async () => {
    const budget = new ByteBudget(10)
    const funnel = new Funnel<string>(budget, (text) => text.length)
    await funnel.put('12345', never)
    await funnel.put('1234', never)
    const blocked = funnel.put('late', never)
    expect(await funnel.next(0)).toBe('12345')
    expect(budget.used).toBe(9)
    funnel.done('12345')
    await blocked
    expect([await funnel.next(0), await funnel.next(0)]).toEqual(['1234', 'late'])
  })

  test('a nudge ends a wait without an item, the end ends it for good', async () => {
    const funnel = new Funnel<string>(new ByteBudget(10), (text) => text.length)
    const waiting = funnel.next(60_000)
    funnel.nudge()
    expect(await waiting).toBeUndefined()
    expect(funnel.ended).toBe(false)
    funnel.end()
    expect(await funnel.next(60_000)).toBeUndefined()
    expect(funnel.ended).toBe(true)
  })
})
