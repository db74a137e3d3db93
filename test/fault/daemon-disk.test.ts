import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, type TestContext } from 'vitest'
import { type DaemonHouse, eventually, pause } from '../support/daemon.ts'
import { drained, markedHouse, marksOf, Pusher, remembered, toldIds, total, trailLine } from '../support/marked.ts'
import { SmallDisk } from '../support/small-disk.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
})

function newHouse(options: Parameters<typeof markedHouse>[0]): DaemonHouse {
  const house = markedHouse(options)
  open.push({ stop: () => house.remove() })
  return house
}

/** Large enough to fill soon what the journal holds in reserve. */
function pushTo(house: DaemonHouse): Pusher {
  const pusher = new Pusher(house, { every: 10, padding: 5_000 })
  open.push(pusher)
  return pusher
}

/** Appends marked lines to a file until it is stopped. */
class Writer {
  readonly marks: string[] = []
  readonly #done: Promise<void>
  readonly #stop = new AbortController()

  constructor(house: DaemonHouse) {
    this.#done = this.#run(join(house.path('logs'), 'trail.ndjson'))
    open.push(this)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #run(file: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const marks = Array.from({ length: 5 }, (_, n) => `file-${this.marks.length + n}`)
      appendFileSync(file, marks.map((mark) => trailLine(mark)).join(''))
      this.marks.push(...marks)
      await pause(15)
    }
  }
}

/** Every mark once in the store, and told to the file sink at least once. */
function expectAll(house: DaemonHouse, written: readonly string[], acked: readonly string[]): void {
  const { alerts, counts, verdict } = remembered(house)
  const marks = marksOf(alerts)
  const pushed = [...marks.keys()].filter((mark) => mark.startsWith('push-'))
  expect([...written, ...acked].filter((mark) => marks.get(mark) !== 1)).toEqual([])
  expect([...marks].filter(([, count]) => count !== 1)).toEqual([])
  expect([...toldIds(house).keys()].toSorted()).toEqual([...marks.keys()].toSorted())
  expect(verdict.intact).toBe(true)
  const records = written.length + pushed.length
  expect([total(counts, 'received'), total(counts, 'committed')]).toEqual([records, records])
}

async function isStuck(house: DaemonHouse): Promise<string[]> {
  const { degraded } = await house.status()
  return degraded.filter((reason) => reason.includes('the store takes no commits'))
}

describe('a disk that is full', () => {
  test('stops commits and acknowledgements, is said, and is over by itself once there is room', async (context) => {
    const disk = SmallDisk.mount(32, context)
    open.push({ stop: () => disk.unmount() })
    const house = newHouse({ data: join(disk.path, 'data'), http: ', minFreeBytes: 0' })
    house.start()
    expect(await house.ready()).toBe(true)
    const writer = new Writer(house)
    const pusher = pushTo(house)
    await pause(1_000)

    disk.fill()
    await eventually(
      'the full disk is said',
      () => isStuck(house),
      (reasons) => reasons.length === 1,
    )
    const before = await house.status()
    await eventually(
      'the reserve of the journal is used up',
      () => pusher.answers.get(503) ?? 0,
      (count) => count > 10,
    )
    const acked = pusher.acked.length
    await pause(1_000)
    const during = await house.status()
    expect(during.balance.committed).toBe(before.balance.committed)
    expect(pusher.acked.length).toBe(acked)
    expect(during.ready).toBe(true)

    disk.free()
    const freedAt = performance.now()
    await eventually(
      'commits again',
      () => isStuck(house),
      (reasons) => reasons.length === 0,
    )
    expect(performance.now() - freedAt).toBeLessThan(5_000)
    await eventually(
      'takes pushes again',
      () => pusher.acked.length,
      (count) => count > acked,
    )
    await writer.stop()
    await pusher.stop()
    await drained(house, writer.marks.length + pusher.acked.length)
    expect((await house.end()).code).toBe(0)
    expectAll(house, writer.marks, pusher.acked)
  })

  test('lets the daemon be stopped, and a start on it works or is refused in words; nothing is lost by either', async (context) => {
    const disk = SmallDisk.mount(32, context)
    open.push({ stop: () => disk.unmount() })
    const house = newHouse({ data: join(disk.path, 'data'), http: ', minFreeBytes: 0' })
    house.start()
    expect(await house.ready()).toBe(true)
    const writer = new Writer(house)
    const pusher = pushTo(house)
    await pause(500)
    disk.fill()
    await eventually(
      'the full disk is said',
      () => isStuck(house),
      (reasons) => reasons.length === 1,
    )
    const stopped = await house.end()
    expect([stopped.code, stopped.signal]).toEqual([0, null])

    disk.fill()
    house.start()
    const isReady = await house.ready()
    const again = await (isReady ? house.end() : house.finished)
    expect([again.code, again.err.includes('    at ')]).toEqual([isReady ? 0 : 3, false])
    if (!isReady) expect(again.err).toContain('full')

    disk.free()
    house.start()
    expect(await house.ready()).toBe(true)
    await pause(500)
    await writer.stop()
    await pusher.stop()
    await drained(house, writer.marks.length + pusher.acked.length)
    await house.end()
    expectAll(house, writer.marks, pusher.acked)
  })
})

/** Skips with the reason, except in CI, where everything must run. */
function needsStrace(context: TestContext): void {
  if (spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0) return
  if (process.env['CI']) throw new Error('strace is missing or may not trace here')
  context.skip('strace is missing or may not trace here')
}

describe('an fsync that fails', () => {
  test.for<readonly [string, string, number]>([
    ['of the database', 'modelward.db-wal', 3],
    ['of the database, later', 'modelward.db-wal', 40],
    ['of the journal', 'sources/push/0000000000000000.journal', 3],
    ['of the journal, later', 'sources/push/0000000000000000.journal', 30],
  ])('%s ends the process at once, and the next one loses nothing', async ([, file, when], context) => {
    needsStrace(context)
    const house = newHouse({})
    const trace = house.path('trace')
    const calls = 'fsync,fdatasync'
    const inject = ['-f', '-o', trace, '-P', join(house.data, file), '-e', `trace=${calls}`]
    house.start({}, ['strace', ...inject, '-e', `inject=${calls}:error=EIO:when=${when}`])
    const writer = new Writer(house)
    const pusher = pushTo(house)

    const ended = await Promise.race([house.finished, pause(30_000)])
    expect(existsSync(trace) && readFileSync(trace, 'utf8')).toContain('EIO')
    expect([ended?.code, ended?.signal]).toEqual([3, null])
    expect(ended?.err).toContain('MW_STORE')
    const failedAt = pusher.acked.length
    await pause(200)
    expect(pusher.acked.length).toBe(failedAt)

    house.start()
    expect(await house.ready()).toBe(true)
    await pause(500)
    await writer.stop()
    await pusher.stop()
    await drained(house, writer.marks.length + pusher.acked.length)
    expect((await house.end()).code).toBe(0)
    expectAll(house, writer.marks, pusher.acked)
  })
})
