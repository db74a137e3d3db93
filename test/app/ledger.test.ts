import { expect, test } from 'vitest'
import { Ledger } from '../../src/app/ledger.ts'
import { isEven } from '../../src/app/status.ts'
import { MetricRegistry } from '../../src/runtime/metrics.ts'

test('the balance is even at every step, and only a commit settles what is in flight', () => {
  const ledger = new Ledger([], new MetricRegistry())
  ledger.received('push', 10)
  expect(ledger.balance()).toMatchObject({ received: 10, committed: 0, inFlight: 10 })
  ledger.settled('committed', 'push', '', 8)
  ledger.settled('quarantined', 'push', 'not_json', 2)
  expect(isEven(ledger.balance())).toBe(true)
  expect(ledger.balance().inFlight).toBe(10)
  ledger.committed(ledger.drain())
  expect(ledger.balance()).toEqual({
    received: 10,
    committed: 8,
    quarantined: { not_json: 2 },
    dropped: {},
    inFlight: 0,
  })
  expect(isEven(ledger.balance())).toBe(true)
})

test('a ledger takes up where the stored counts left off', () => {
  const first = new Ledger([], new MetricRegistry())
  first.received('push', 3)
  first.settled('committed', 'push', '', 3)
  first.lost('logs', 'truncated', 120)
  first.committed(first.drain())
  const second = new Ledger(first.counts(), new MetricRegistry())
  second.received('push', 1)
  expect(second.balance()).toMatchObject({ received: 4, committed: 3, inFlight: 1 })
  expect(second.counts().find(({ name }) => name === 'lost_bytes')?.add).toBe(120)
})

test('an uneven balance is seen', () => {
  expect(isEven({ received: 2, committed: 1, quarantined: {}, dropped: {}, inFlight: 0 })).toBe(false)
})
