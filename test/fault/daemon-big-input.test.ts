import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import type { DaemonHouse } from '../support/daemon.ts'
import { drained, markedHouse, marksOf, remembered, total, trailLine } from '../support/marked.ts'

const houses: DaemonHouse[] = []
afterEach(() => {
  for (const house of houses.splice(0)) house.remove()
})

const MIB = 2 ** 20
const GIB = 2 ** 30

async function started(options: Parameters<typeof markedHouse>[0] = {}): Promise<DaemonHouse> {
  const house = markedHouse(options)
  houses.push(house)
  house.start()
  expect(await house.ready()).toBe(true)
  return house
}

/** The most memory the process has held so far, in MiB. */
function peakMiB(house: DaemonHouse): number {
  const status = readFileSync(`/proc/${house.pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** Settled with these quarantined, these marks found once each, and never more than so much memory held. */
async function expectCalm(house: DaemonHouse, records: number, quarantined: Readonly<Record<string, number>>) {
  await drained(house, records, 120_000)
  const { balance, degraded } = await house.status()
  expect(balance.quarantined).toEqual(quarantined)
  expect(degraded).toEqual([])
  const peak = peakMiB(house)
  process.stderr.write(`${expect.getState().currentTestName ?? ''}: peak ${peak.toFixed(0)} MiB\n`)
  expect(peak).toBeLessThan(512)
  expect((await house.end()).code).toBe(0)
  const { alerts, counts } = remembered(house)
  expect(total(counts, 'received')).toBe(records)
  return [...marksOf(alerts)].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

test('a line of 1 GiB without an end in sight is refused in flat memory, and the records around it are found', async () => {
  const house = await started()
  const path = house.path('logs/trail.ndjson')
  writeFileSync(path, `${trailLine('before')}{"a":"`)
  // A hole reads as NULs: inside a string they are a part of the line.
  truncateSync(path, GIB)
  appendFileSync(path, `"}\n${trailLine('after')}`)
  expect(await expectCalm(house, 3, { record_too_long: 1 })).toEqual([
    ['after', 1],
    ['before', 1],
  ])
})

test('a line of 1 GiB that grows while it is followed, and a restart in the midst of it', async () => {
  const house = await started()
  const file = openSync(house.path('logs/trail.ndjson'), 'a')
  const piece = Buffer.alloc(64 * MIB, 'x')
  writeSync(file, `${trailLine('before')}{"a":"`)
  for (let pieces = 0; pieces < 16; pieces++) {
    writeSync(file, piece)
    if (pieces === 8) {
      expect((await house.end('SIGKILL')).signal).toBe('SIGKILL')
      house.start()
      expect(await house.ready()).toBe(true)
    }
  }
  writeSync(file, `"}\n${trailLine('after')}`)
  closeSync(file)
  expect(await expectCalm(house, 3, { record_too_long: 1 })).toEqual([
    ['after', 1],
    ['before', 1],
  ])
})

test('a gzip bomb of 1 GiB in a file is unpacked in flat memory', async () => {
  const house = await started()
  const member = gzipSync(Buffer.alloc(64 * MIB, 'x'))
  const bomb = Array.from({ length: 16 }, () => member)
  const ends = [gzipSync(trailLine('before')), ...bomb, gzipSync(`\n${trailLine('after')}`)]
  writeFileSync(house.path('logs/trail.ndjson.gz'), Buffer.concat(ends))
  expect(await expectCalm(house, 3, { record_too_long: 1 })).toEqual([
    ['after', 1],
    ['before', 1],
  ])
})

test('hundreds of gzip bombs pushed at once are refused in flat memory, and pushes of others are taken between', async () => {
  const house = await started()
  const url = `http://${await house.sourceAddress('push')}/ingest`
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(256 * MIB, 'x')))
  const statuses = new Map<number, number>()
  for (let round = 0; round < 10; round++) {
    const replies = Array.from({ length: 30 }, async () => {
      const { status } = await fetch(url, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: bomb })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    })
    await Promise.all(replies)
    expect((await fetch(url, { method: 'POST', body: trailLine(`push-${round}`) })).status).toBe(202)
  }
  expect([...statuses.keys()].filter((status) => ![413, 429].includes(status))).toEqual([])
  const marks = Array.from({ length: 10 }, (_, n) => [`push-${n}`, 1])
  expect(await expectCalm(house, 10, {})).toEqual(marks)
})

test('a flood of 100,000 lines that are nothing is kept apart in flat memory', async () => {
  const house = await started()
  const path = house.path('logs/trail.ndjson')
  writeFileSync(path, `${'this is no record at all, only words\n'.repeat(100_000)}${trailLine('after')}`)
  expect(await expectCalm(house, 100_001, { not_json: 100_000 })).toEqual([['after', 1]])
})
