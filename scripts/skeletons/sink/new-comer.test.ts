import { describe, expect, test } from 'vitest'
import { notification, sinkContext } from '../../../test/deliver/alerts.ts'
import { newComer } from './new-comer.ts'

const never = new AbortController().signal

describe('the sink new-comer', () => {
  test('takes its examples and refuses an unknown key', () => {
    expect(newComer.examples.length).toBeGreaterThan(0)
    for (const example of newComer.examples) expect(newComer.config.safeParse(example).success).toBe(true)
    expect(newComer.config.safeParse({ nonsense: 1 }).success).toBe(false)
  })

  test('answers once for each notification, in order', async () => {
    const sink = await newComer.open(newComer.config.parse(newComer.examples[0]), sinkContext())
    const outcomes = await sink.send([notification(), notification()], never)
    expect(outcomes).toHaveLength(2)
    expect(await sink.send([], never)).toEqual([])
    await sink[Symbol.asyncDispose]()
  })
})
