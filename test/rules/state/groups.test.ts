import { describe, expect, test } from 'vitest'
import { writeTimes } from '../../../src/rules/remember/times.ts'
import { Groups, Room, type Codec } from '../../../src/rules/state/groups.ts'

interface Box {
  text: string
}
const codec: Codec<Box> = {
  encode: ({ text }, at) => Buffer.concat([writeTimes(at), Buffer.from(text)]),
  decode: (bytes) => {
    const text = Buffer.from(bytes).toString()
    if (text === 'bad') throw new RangeError('bad')
    return { text }
  },
}
const keysOf = (groups: Groups<Box>): readonly number[] => [...groups.entries()].map(([key]) => key)
const touched = (groups: Groups<Box>, ...touches: readonly (readonly [number, number])[]): void => {
  for (const [key, at] of touches) groups.touch(key, at, () => ({ text: `made ${key}` }))
}

describe('order', () => {
  test('touching puts a group last; the time of a group never goes back', () => {
    const groups = new Groups(new Room(10), codec)
    touched(groups, [1, 10], [2, 20], [3, 30], [1, 5])
    expect([...groups.entries()].map(([key, , at]) => [key, at])).toEqual([
      [2, 20],
      [3, 30],
      [1, 10],
    ])
    touched(groups, [1, 40], [1, 41])
    expect(keysOf(groups)).toEqual([2, 3, 1])
    expect(groups.get(1)).toEqual({ text: 'made 1' })
  })

  test('expiring stops at the first that is younger', () => {
    const room = new Room(10)
    const groups = new Groups(room, codec)
    touched(groups, [1, 10], [2, 20], [3, 15], [4, 40])
    groups.expire(20)
    expect(keysOf(groups)).toEqual([2, 3, 4])
    groups.expire(100)
    expect([groups.size, room.held]).toEqual([0, 0])
    touched(groups, [1, 1])
    expect(keysOf(groups)).toEqual([1])
  })
})

test('a full room: who holds most forgets what was left alone longest', () => {
  const room = new Room(3)
  const [few, many] = [new Groups(room, codec), new Groups(room, codec)]
  touched(few, [1, 1])
  touched(many, [1, 2], [2, 3])
  touched(few, [2, 4])
  expect([keysOf(few), keysOf(many), room.held, room.evicted]).toEqual([[1, 2], [2], 3, 1])
})

describe('what is stored', () => {
  test('is what was touched or forgotten since, each once', () => {
    const groups = new Groups(new Room(10), codec)
    touched(groups, [1, 1], [40, 2], [1, 3])
    expect(groups.changes().map(({ key }) => key)).toEqual(['1', '14'])
    expect(groups.changes()).toEqual([])
    groups.delete(1)
    groups.delete(7)
    expect(groups.changes()).toEqual([{ key: '1', value: null }])
    touched(groups, [2, 1])
    groups.delete(2)
    touched(groups, [2, 1])
    const [again, ...others] = groups.changes()
    expect([again?.key, again?.value === null, others.length]).toEqual(['2', false, 0])
  })

  test('listing all of it leaves open what has changed', () => {
    const groups = new Groups(new Room(10), codec)
    touched(groups, [1, 1])
    expect([...groups.state()]).toHaveLength(1)
    expect(groups.changes()).toHaveLength(1)
  })

  test('comes back in the order of time; what cannot be read is taken out of the store', () => {
    const groups = new Groups(new Room(10), codec)
    touched(groups, [9, 30], [2, 10], [5, 20])
    const room = new Room(10)
    const restored = new Groups(room, codec)
    for (const change of groups.state()) restored.restore(change)
    restored.restore({ key: 'z', value: Buffer.concat([Buffer.alloc(8), Buffer.from('bad')]) })
    restored.restore({ key: '!', value: Buffer.alloc(9) })
    restored.restore({ key: 'y', value: Buffer.alloc(3) })
    restored.settle()
    expect([...restored.entries()]).toEqual([
      [2, { text: 'made 2' }, 10],
      [5, { text: 'made 5' }, 20],
      [9, { text: 'made 9' }, 30],
    ])
    expect(restored.changes()).toEqual([{ key: 'z', value: null }])
    expect(room.held).toBe(3)
    touched(restored, [2, 40])
    expect(keysOf(restored)).toEqual([5, 9, 2])
  })
})
