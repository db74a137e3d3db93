import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Slots } from '../../../src/rules/state/slots.ts'

/** Few low bits, so that keys often want the same address. */
const key = fc.integer({ min: 0, max: 11 }).map((number) => number * 2 ** 49 + (number % 3))
const step = fc.record({ key, does: fc.constantFrom('touch', 'touch', 'remove'), at: fc.integer({ min: 0, max: 9 }) })

function orderOf(slots: Slots): readonly (readonly [number, number])[] {
  const order: [number, number][] = []
  for (let slot = slots.first; slot >= 0; slot = slots.after(slot)) order.push([slots.keyOf(slot), slots.timeOf(slot)])
  return order
}

test('slots are found and ordered as a map is whose touched keys are put last', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = new Slots()
      const naive = new Map<number, number>()
      for (const { key: one, does, at } of steps) {
        const slot = slots.find(one, steps.length % 7)
        expect(slot >= 0).toBe(naive.has(one))
        const last = Math.max(at, naive.get(one) ?? 0)
        naive.delete(one)
        if (does === 'remove') {
          if (slot >= 0) slots.remove(slot)
          continue
        }
        naive.set(one, last)
        if (slot >= 0) slots.touch(slot, at)
        else slots.enter(one, at)
      }
      expect(orderOf(slots)).toEqual([...naive])
      expect(slots.size).toBe(naive.size)
      slots.sort()
      expect(orderOf(slots)).toEqual([...naive].toSorted((a, b) => a[1] - b[1]))
    }),
  )
})

test('a slot that was taken back is used again, and its own numbers are 0', () => {
  const slots = new Slots()
  const numbersOf = (slot: number): readonly number[] => [
    ...slots.numbers.subarray(slots.numbersOf(slot), slots.numbersOf(slot) + 6),
  ]
  for (let one = 0; one < 40; one++) slots.numbers.fill(one + 1, slots.numbersOf(slots.enter(one, one)))
  expect(numbersOf(39)).toEqual([40, 40, 40, 40, 40, 40])
  expect([slots.keyOf(39), slots.timeOf(39)]).toEqual([39, 39])
  slots.remove(7)
  expect([slots.find(7), slots.find(7, 7)]).toEqual([-1, -1])
  expect(slots.enter(100, 1)).toBe(7)
  expect(numbersOf(7)).toEqual([0, 0, 0, 0, 0, 0])
  expect(slots.enter(101, 1)).toBe(40)
})
