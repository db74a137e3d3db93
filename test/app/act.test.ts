import { expect, test } from 'vitest'
import { Act, type Consumer } from '../../src/app/act.ts'
import type { Notification } from '../../src/contract/alert.ts'
import type { Outcome } from '../../src/contract/deliver.ts'
import { StoreFullError } from '../../src/runtime/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { given } from '../support/given.ts'

function notification(id: string, groupKey = id): Notification {
  return { id, at: 0, kind: 'firing', groupKey, labels: {}, alerts: [] }
}

/** A consumer over a store in memory, run until `until` holds. */
async function deliver(
  notifications: readonly Notification[],
  answer: (notification: Notification, attempt: number) => Outcome,
  options: { wants?: Consumer['wants']; throws?: number; full?: number } = {},
) {
  const world = given()
  const store = openStore({ memory: true, clock: world.clock, random: systemRandom, log: world.log })
  const advance = store.outbox.advance.bind(store.outbox)
  let full = options.full ?? 0
  store.outbox.advance = (...row) => {
    if (full-- > 0) throw new StoreFullError('the disk is full')
    advance(...row)
  }
  store.outbox.register(['sink'])
  store.commit({ notifications })
  const sent: string[] = []
  const attempts = new Map<string, number>()
  let throwing = options.throws ?? 0
  const consumer: Consumer = {
    name: 'sink',
    kind: 'test',
    wants: options.wants ?? (() => true),
    send: async (batch) => {
      if (throwing-- > 0) throw new Error('connection refused')
      return batch.map((one) => {
        sent.push(one.id)
        const attempt = (attempts.get(one.id) ?? 0) + 1
        attempts.set(one.id, attempt)
        return answer(one, attempt)
      })
    },
  }
  const act = new Act(consumer, { ...world, store, failpoint: () => undefined })
  const stop = new AbortController()
  const running = act.run(stop.signal)
  for (let turn = 0; turn < 200 && store.outbox.due('sink', 1).length > 0; turn++) {
    await new Promise(setImmediate)
    world.clock.advanceTo(world.clock.now() + 60_000)
  }
  stop.abort(new Error('done'))
  await running
  return { sent, store, act, left: store.outbox.due('sink', 100).length }
}

test('what is taken is sent once and leaves the outbox', async () => {
  const { sent, left } = await deliver([notification('a'), notification('b')], () => ({ done: true }))
  expect(sent).toEqual(['a', 'b'])
  expect(left).toBe(0)
})

test('while the disk is full the cursor waits, and what was sent is not sent again', async () => {
  const { sent, left } = await deliver([notification('a'), notification('b')], () => ({ done: true }), { full: 3 })
  expect(sent).toEqual(['a', 'b'])
  expect(left).toBe(0)
})

test('a retry keeps a notification and what stands behind it in its group; other groups are not sent again', async () => {
  const { sent, left } = await deliver(
    [notification('a1', 'a'), notification('b1', 'b'), notification('a2', 'a')],
    ({ id }, attempt) => (id === 'a1' && attempt < 3 ? { retry: 'busy' } : { done: true }),
  )
  expect(sent.filter((id) => id === 'a1')).toHaveLength(3)
  expect(sent.filter((id) => id === 'b1')).toHaveLength(1)
  expect(sent.lastIndexOf('a2')).toBeGreaterThan(sent.lastIndexOf('a1'))
  expect(left).toBe(0)
})

test('what a receiver will not take is parked with its reason, and the rest goes on', async () => {
  const { store, left } = await deliver([notification('bad'), notification('good')], ({ id }) =>
    id === 'bad' ? { park: '400 mapping' } : { done: true },
  )
  expect(left).toBe(0)
  expect(store.outbox.parked().map(({ reason, notification: parked }) => [parked.id, reason])).toEqual([
    ['bad', '400 mapping'],
  ])
})

test('a sink that throws keeps everything until it takes it', async () => {
  const { sent, left } = await deliver([notification('a'), notification('b')], () => ({ done: true }), { throws: 4 })
  expect(sent).toEqual(['a', 'b'])
  expect(left).toBe(0)
})

test('what is not for a consumer is done without being sent', async () => {
  const { sent, left } = await deliver([notification('a'), notification('b')], () => ({ done: true }), {
    wants: ({ id }) => id === 'b',
  })
  expect(sent).toEqual(['b'])
  expect(left).toBe(0)
})
