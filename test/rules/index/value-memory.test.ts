import { expect, test } from 'vitest'
import { LONGEST, REST, ValueMemory, WINDOW } from '../../../src/rules/index/value-memory.ts'

test('finds what it learnt of a value, and is asked about nothing longer than stated', () => {
  const memory = new ValueMemory(3)
  expect(memory.find('a\ud83d')).toBeUndefined()
  const found = memory.learn('a\ud83d', [4, 5])
  expect(found).toEqual({ atoms: [4, 5], answers: new Uint8Array(3) })
  expect(memory.find('a\ud83d')).toBe(found)
  expect(memory.takes('x'.repeat(LONGEST))).toBe(true)
  expect(memory.takes('x'.repeat(LONGEST + 1))).toBe(false)
  memory.forget()
  expect(memory.size).toBe(0)
})

test('rests and holds nothing while values do not come again, then tries anew', () => {
  const memory = new ValueMemory(0)
  const isTaken = (value: string): boolean => {
    if (!memory.takes(value)) return false
    if (!memory.find(value)) memory.learn(value, [])
    return true
  }
  for (let n = 0; n < WINDOW; n++) expect(isTaken(`new ${n}`)).toBe(true)
  expect(memory.size).toBeLessThan(2)
  for (let n = 0; n < REST; n++) expect(isTaken('again')).toBe(false)
  for (let n = 0; n < 2 * WINDOW; n++) expect(isTaken('again')).toBe(true)
})

test('does not rest while a quarter of the values are known', () => {
  const memory = new ValueMemory(0)
  for (let n = 0; n < 10 * WINDOW; n++) {
    const value = n % 3 === 0 ? 'again' : `new ${n}`
    expect(memory.takes(value)).toBe(true)
    if (!memory.find(value)) memory.learn(value, [])
  }
})
