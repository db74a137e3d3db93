import { describe, expect, test } from 'vitest'
import { newComer } from './new-comer.ts'

describe('the action new-comer', () => {
  test('takes its examples and refuses an unknown key, in the config and in a step', () => {
    expect(newComer.examples.length).toBeGreaterThan(0)
    for (const example of newComer.examples) expect(newComer.config.safeParse(example).success).toBe(true)
    expect(newComer.config.safeParse({ nonsense: 1 }).success).toBe(false)
    expect(newComer.parameters.safeParse({ note: 'why' }).success).toBe(true)
    expect(newComer.parameters.safeParse({ note: 'why', nonsense: 1 }).success).toBe(false)
  })
})
