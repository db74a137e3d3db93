import { describe, expect, test } from 'vitest'
import { given } from '../../../test/support/given.ts'
import { newComer } from './new-comer.ts'

describe('the check new-comer', () => {
  test('takes its examples and refuses an unknown key', () => {
    expect(newComer.examples.length).toBeGreaterThan(0)
    for (const example of newComer.examples) expect(newComer.config.safeParse(example).success).toBe(true)
    expect(newComer.config.safeParse({ subjects: ['a'], nonsense: 1 }).success).toBe(false)
  })

  test('says of each subject what it saw, and when', async () => {
    const world = given('new-comer')
    const check = await newComer.open({ subjects: ['model-a', 'model-b'] }, world)
    const seen = await check.inspect(new AbortController().signal)
    expect(seen.map(({ subject }) => subject)).toEqual(['model-a', 'model-b'])
    for (const { at } of seen) expect(at).toBe(world.clock.now())
    await check[Symbol.asyncDispose]()
  })
})
