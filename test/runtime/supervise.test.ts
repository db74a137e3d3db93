import { expect, test } from 'vitest'
import { ManualClock } from '../../src/runtime/clock.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { Backoff } from '../../src/runtime/retry.ts'
import { supervise } from '../../src/runtime/supervise.ts'

test('a part that throws is started again after a growing wait; one that returns is done', async () => {
  const clock = new ManualClock()
  const starts: number[] = []
  const supervised = supervise(
    { name: 'part', clock, random: { next: () => 1, bytes: () => new Uint8Array() }, log: silentLog },
    async () => {
      starts.push(clock.now())
      if (starts.length < 4) throw new Error('lost')
    },
    new AbortController().signal,
  )
  for (let at = 0; at < 20_000; at += 100) {
    clock.advanceTo(at)
    await new Promise(setImmediate)
  }
  await supervised
  expect(starts).toEqual([0, 500, 1_500, 3_500])
})

test('an abort ends supervision in the middle of a wait', async () => {
  const stop = new AbortController()
  const supervised = supervise(
    { name: 'part', clock: new ManualClock(), random: seededRandom(1), log: silentLog },
    () => Promise.reject(new Error('lost')),
    stop.signal,
  )
  await new Promise(setImmediate)
  stop.abort(new Error('stopping'))
  await supervised
})

test('the backoff is jittered below its ceiling, honours what was asked, and caps even that', () => {
  const backoff = new Backoff(seededRandom(3), 100, 1_000)
  for (let failure = 0; failure < 50; failure++)
    expect(backoff.failed()).toBeLessThanOrEqual(Math.min(1_000, 100 * 2 ** failure))
  expect(backoff.failed(900)).toBeGreaterThanOrEqual(900)
  expect(backoff.failed(1e9)).toBe(3_600_000)
  expect(backoff.failed(Number.NaN)).toBeLessThanOrEqual(1_000)
  backoff.succeeded()
  expect(backoff.failures).toBe(0)
})
