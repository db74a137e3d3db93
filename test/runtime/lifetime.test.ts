import { expect, test } from 'vitest'
import { Lifetime } from '../../src/runtime/lifetime.ts'

test('closes what was opened, last opened first, and every part even when one will not close', async () => {
  const closed: string[] = []
  const life = new Lifetime()
  life.defer('store', () => closed.push('store'))
  life.defer('sink', () => {
    throw new Error('stuck')
  })
  life.defer('source', async () => void closed.push('source'))
  const failure = await life[Symbol.asyncDispose]().catch((error: unknown) => error)
  expect(closed).toEqual(['source', 'store'])
  expect(failure).toBeInstanceOf(AggregateError)
  expect((failure as AggregateError).errors.map((error: Error) => error.message)).toEqual(['closing sink'])
})

test('a part that is opened while closing is refused, and closing twice waits for the first', async () => {
  const life = new Lifetime()
  let closings = 0
  life.defer('part', () => closings++)
  await Promise.all([life[Symbol.asyncDispose](), life[Symbol.asyncDispose]()])
  expect(closings).toBe(1)
  expect(() => life.defer('late', () => undefined)).toThrow('opening late while closing')
})
