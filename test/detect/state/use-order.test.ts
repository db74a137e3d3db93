import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { UseOrder } from '../../../src/detect/state/use-order.ts'

test('places come out in the order of their last use, whatever was used and taken out between', () => {
  // -1 takes the oldest out; any other number is used, and added when it is not there.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 40 })), (steps) => {
      const order = new UseOrder()
      const model = new Set<number>()
      const takeOldest = (): void => {
        const [oldest] = model
        if (oldest !== undefined) model.delete(oldest)
        expect(order.takeOldest()).toBe(oldest)
      }
      for (const place of steps) {
        if (place < 0) takeOldest()
        else if (model.delete(place)) order.use(place)
        else order.add(place)
        if (place >= 0) model.add(place)
      }
      while (model.size > 0) takeOldest()
      expect(order.takeOldest()).toBeUndefined()
    }),
  )
})

test('a cleared order is empty and can be filled again', () => {
  const order = new UseOrder()
  for (const place of [0, 1, 2]) order.add(place)
  order.clear()
  expect(order.takeOldest()).toBeUndefined()
  for (const place of [2, 0]) order.add(place)
  expect([order.takeOldest(), order.takeOldest(), order.takeOldest()]).toEqual([2, 0, undefined])
})
