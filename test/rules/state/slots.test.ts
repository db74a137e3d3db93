import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { OWN_NUMBERS, Rows } from '../../../src/rules/state/rows.ts'
import { Slots } from '../../../src/rules/state/slots.ts'

/** Few low bits, so that keys often want the same address. */
const key = fc.integer({ min: 0, max: 11 }).map((number) => number * 2 ** 49 + (number % 3))
const step = fc.record({ key, does: fc.constantFrom('touch', 'touch', 'remove'), at: fc.integer({ min: 0, max: 9 }) })

function orderOf(slots: Slots): readonly (readonly [number, number])[] {
  const order: [number, number][] = []
  for (let slot = slots.first; slot >= 0; slot = slots.after(slot)) order.push([slots.keyOf(slot), slots.timeOf(slot)])
  return order
}

function numbersOf(slots: Slots): readonly (readonly number[])[] {
  const numbers: (readonly number[])[] = []
  for (let slot = slots.first; slot >= 0; slot = slots.after(slot)) numbers.push([...ownOf(slots, slot)])
  return numbers
}

/** The owner's numbers of a slot. */
function ownOf(slots: Slots, slot: number): Int32Array {
  return slots.numbers.subarray(slots.numbersOf(slot), slots.numbersOf(slot) + OWN_NUMBERS)
}

test('slots are found and ordered as a map is whose touched keys are put last', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = new Slots()
      const naive = new Map<number, number>()
      for (const { key: one, does, at } of steps) {
        const slot = slots.find(one)
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

test('members that hold rows together do not notice each other', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(2)), { maxLength: 90 }), (steps) => {
      const rows = new Rows()
      const members = [0, 1, 2].map(() => ({ together: new Slots(rows), alone: new Slots() }))
      for (const [{ key: one, does, at }, which] of steps) {
        const { together, alone } = members[which] ?? { together: new Slots(), alone: new Slots() }
        for (const slots of [together, alone]) {
          const slot = slots.find(one)
          if (slot >= 0 && does === 'remove') slots.remove(slot)
          else if (slot >= 0) slots.touch(slot, at)
          else if (does === 'touch') ownOf(slots, slots.enter(one, at)).fill(which + 1)
        }
      }
      for (const { together, alone } of members) {
        expect(orderOf(together)).toEqual(orderOf(alone))
        expect(together.size).toBe(alone.size)
        expect(numbersOf(together)).toEqual(numbersOf(alone))
      }
    }),
  )
})

test('nobody joins when there are rows', () => {
  const rows = new Rows()
  new Slots(rows).enter(1, 1)
  expect(() => new Slots(rows)).toThrow(/before there are rows/)
})

test('a slot that was taken back is used again, and its own numbers are 0', () => {
  const slots = new Slots()
  for (let one = 0; one < 40; one++) ownOf(slots, slots.enter(one, one)).fill(one + 1)
  expect([...ownOf(slots, 39)]).toEqual([40, 40, 40, 40, 40, 40])
  expect([slots.keyOf(39), slots.timeOf(39)]).toEqual([39, 39])
  slots.remove(7)
  expect(slots.find(7)).toBe(-1)
  expect(slots.enter(100, 1)).toBe(7)
  expect([...ownOf(slots, 7)]).toEqual([0, 0, 0, 0, 0, 0])
  expect(slots.enter(101, 1)).toBe(40)
})
