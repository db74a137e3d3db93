import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Check, Observation } from '../../src/contract/inspect.ts'
import type { Changes } from '../../src/contract/store.ts'
import { Scheduler, scheduleProblem } from '../../src/inspect/scheduler.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { given } from '../support/given.ts'
import type { TestGiven } from '../support/given.ts'

const START = Date.UTC(2026, 0, 5, 11, 30)
const HOUR = 3_600_000

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

class Documents {
  readonly all = new Map<string, unknown>()
  document<T>(kind: string, key: string): T | undefined {
    return this.all.get(`${kind} ${key}`) as T | undefined
  }
  commit({ documents = [] }: Changes): void {
    for (const { kind, key, value } of documents) this.all.set(`${kind} ${key}`, value)
  }
}

/** A check that notes when it ran, and does what it is told meanwhile. */
class Noting implements Check {
  readonly controls = []
  readonly ranAt: string[] = []
  work: (signal: AbortSignal) => Promise<void> = () => Promise.resolve()

  async inspect(signal: AbortSignal): Promise<readonly Observation[]> {
    this.ranAt.push(new Date().toISOString().slice(0, 16))
    await this.work(signal)
    return [{ subject: 'thing', at: Date.now(), fields: {} }]
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

interface Opened {
  readonly scheduler: Scheduler
  readonly check: Noting
  readonly store: Documents
  readonly world: TestGiven
  readonly observed: [string, readonly Observation[]][]
}

function open(store = new Documents()): Opened {
  const [check, world] = [new Noting(), given()]
  const parts = { clock: systemClock, log: world.log, metrics: world.metrics, checks: new Map([['tls', check]]), store }
  return { scheduler: new Scheduler(parts), check, store, world, observed: [] }
}

function start({ scheduler, observed }: Opened, schedule: string): void {
  scheduler.start([{ name: 'tls', schedule }], (name, observations) => {
    observed.push([name, observations])
    return Promise.resolve()
  })
}

/** A store in which the check ran an hour ago and is due at `nextRunAt`. */
function ranBefore(nextRunAt: number, schedule = '0 12 * * *'): Documents {
  const store = new Documents()
  store.all.set('check-run tls', { schedule, lastRunAt: START - HOUR, nextRunAt })
  return store
}

describe('the scheduler', () => {
  test('runs a check at its times in UTC and hands on what it saw', async () => {
    const opened = open(ranBefore(START + HOUR / 2))
    start(opened, '0 12 * * *')
    await vi.advanceTimersByTimeAsync(25 * HOUR)
    expect(opened.check.ranAt).toEqual(['2026-01-05T12:00', '2026-01-06T12:00'])
    expect(opened.observed.map(([name, seen]) => [name, seen.length])).toEqual([
      ['tls', 1],
      ['tls', 1],
    ])
    expect(opened.store.document('check-run', 'tls')).toEqual({
      schedule: '0 12 * * *',
      lastRunAt: Date.UTC(2026, 0, 6, 12),
      nextRunAt: Date.UTC(2026, 0, 7, 12),
    })
    expect(await opened.world.metrics.values('modelward_check_runs_total')).toMatchObject([
      { value: 2, labels: { check: 'tls', outcome: 'done' } },
    ])
    await opened.scheduler[Symbol.asyncDispose]()
  })

  test('keeps to UTC although the machine stands in another zone', async () => {
    vi.stubEnv('TZ', 'America/Sao_Paulo')
    const opened = open(ranBefore(START + HOUR / 2))
    start(opened, '0 12 * * *')
    expect(opened.scheduler.nextRunAt('tls')).toBe(Date.UTC(2026, 0, 5, 12))
    await opened.scheduler[Symbol.asyncDispose]()
    vi.unstubAllEnvs()
  })

  test.each([
    ['a check that never ran', new Documents(), 1],
    ['a check whose time passed while the daemon was down', ranBefore(START - 1), 1],
    ['a check with another schedule than before', ranBefore(START + HOUR, '0 6 * * *'), 1],
    ['a check whose time is still to come', ranBefore(START + HOUR / 2), 0],
  ])('%s runs at once: %s', async (_name, store, runs) => {
    const opened = open(store)
    start(opened, '0 12 * * *')
    await vi.advanceTimersByTimeAsync(0)
    expect(opened.check.ranAt).toHaveLength(runs)
    await opened.scheduler[Symbol.asyncDispose]()
  })

  test('runs a check once when the machine slept over its times', async () => {
    const opened = open(ranBefore(START + HOUR / 2, '0 * * * *'))
    start(opened, '0 * * * *')
    opened.check.work = () => new Promise((resolve) => setTimeout(resolve, 1_000))
    vi.setSystemTime(START + 5.2 * HOUR)
    await vi.advanceTimersByTimeAsync(HOUR / 2 + 5_000)
    expect(opened.check.ranAt).toHaveLength(1)
    await opened.scheduler[Symbol.asyncDispose]()
  })

  test('never runs a check twice at a time', async () => {
    const opened = open(ranBefore(START + HOUR, '* * * * *'))
    let active = 0
    opened.check.work = async () => {
      expect(++active).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 150_000))
      active--
    }
    start(opened, '* * * * *')
    await vi.advanceTimersByTimeAsync(61_000)
    const asked = opened.scheduler.runNow('tls')
    await vi.advanceTimersByTimeAsync(HOUR / 6)
    await expect(asked).resolves.toHaveLength(1)
    expect(opened.check.ranAt.length).toBeGreaterThan(2)
    const closing = opened.scheduler[Symbol.asyncDispose]()
    await vi.advanceTimersByTimeAsync(200_000)
    await closing
  })

  test('survives a check that throws: counted, tried again at its next time, still overdue after a restart', async () => {
    const opened = open()
    opened.check.work = () => Promise.reject(new Error('broken'))
    start(opened, '0 * * * *')
    await vi.advanceTimersByTimeAsync(2 * HOUR)
    expect(opened.check.ranAt).toEqual(['2026-01-05T11:30', '2026-01-05T12:00', '2026-01-05T13:00'])
    expect(opened.observed).toEqual([])
    expect(opened.store.all.size).toBe(0)
    expect(await opened.world.metrics.values('modelward_check_runs_total')).toMatchObject([
      { value: 3, labels: { outcome: 'failed' } },
    ])
    await expect(opened.scheduler.runNow('tls')).rejects.toThrow('broken')
    await opened.scheduler[Symbol.asyncDispose]()
  })

  test('does not count a run as done whose observations could not be taken', async () => {
    const opened = open()
    opened.scheduler.start([{ name: 'tls', schedule: '0 * * * *' }], () => Promise.reject(new Error('no room')))
    await vi.advanceTimersByTimeAsync(0)
    expect(opened.check.ranAt).toHaveLength(1)
    expect(opened.store.all.size).toBe(0)
    await opened.scheduler[Symbol.asyncDispose]()
  })

  test('closes by stopping what runs, and starts nothing afterwards', async () => {
    const opened = open()
    let stopped = false
    opened.check.work = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped = true
          reject(signal.reason as Error)
        })
      })
    start(opened, '* * * * *')
    await vi.advanceTimersByTimeAsync(1_000)
    await opened.scheduler[Symbol.asyncDispose]()
    expect(stopped).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    await expect(opened.scheduler.runNow('tls')).rejects.toThrow('closing')
    expect(opened.check.ranAt).toHaveLength(1)
  })

  test('refuses what is not there, and what is too early or twice', async () => {
    const opened = open()
    await expect(opened.scheduler.runNow('tls')).rejects.toThrow('not scheduled yet')
    await expect(opened.scheduler.runNow('nope')).rejects.toThrow('there is no check nope')
    expect(() => opened.scheduler.start([{ name: 'nope', schedule: '@daily' }], () => Promise.resolve())).toThrow(
      'nope',
    )
    start(opened, '@daily')
    expect(() => start(opened, '@daily')).toThrow('already scheduled')
    await vi.advanceTimersByTimeAsync(0)
    await opened.scheduler[Symbol.asyncDispose]()
  })
})

describe('a schedule', () => {
  test.each(['0 6 * * *', '*/15 * * * *', '0 6 * * MON-FRI', '@daily', '@hourly', '0 0 29 2 *'])(
    '%s is fine',
    (text) => {
      expect(scheduleProblem(text)).toBeUndefined()
    },
  )

  test.each([
    ['', 'no cron expression'],
    ['daily', 'expected 5 or 6 fields but got 1'],
    ['61 * * * *', 'minute: 61'],
    ['0 0 31 2 *', 'impossible day of month'],
    ['* * * * * *', 'once a minute at most'],
    ['@reboot', 'no cron expression'],
  ])('"%s" is a problem: %s', (text, words) => {
    expect(scheduleProblem(text)).toContain(words)
  })
})
