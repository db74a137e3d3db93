import { describe, expect, test } from 'vitest'
import type { Batch } from '../../../src/contract/record.ts'
import { given } from '../../../test/support/given.ts'
import { newComer } from './new-comer.ts'

describe('the collector new-comer', () => {
  test('takes its examples and refuses an unknown key', () => {
    expect(newComer.examples.length).toBeGreaterThan(0)
    for (const example of newComer.examples) expect(newComer.config.safeParse(example).success).toBe(true)
    expect(newComer.config.safeParse({ nonsense: 1 }).success).toBe(false)
  })

  test('reads until it is told to stop', async () => {
    const context = { ...given('new-comer'), positions: new Map<string, string>(), directory: 'unused' }
    const collector = await newComer.open(newComer.config.parse({}), context)
    const stop = new AbortController()
    const found: Batch[] = []
    const reading = (async () => {
      for await (const batch of collector.read(stop.signal)) found.push(batch)
    })()
    stop.abort()
    await reading
    expect(found).toEqual([])
    expect(collector.lag()).toEqual([])
    await collector[Symbol.asyncDispose]()
  })
})
