import { hash } from 'node:crypto'
import {
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/runtime/random.ts'
import { modelward } from '../support/command.ts'
import type { DaemonHouse } from '../support/daemon.ts'
import { drained, markedHouse, marksOf, Pusher, remembered, toldIds, trailLine } from '../support/marked.ts'

const houses: DaemonHouse[] = []
afterEach(() => {
  for (const house of houses.splice(0)) house.remove()
})

const RECORDS = 2_000
const marks = Array.from({ length: RECORDS }, (_, n) => `file-${n}`)

async function startReady(house: DaemonHouse): Promise<void> {
  house.start()
  expect(await house.ready()).toBe(true)
}

/** A house whose daemon has read everything and was stopped. */
async function lived(): Promise<DaemonHouse> {
  const house = markedHouse()
  houses.push(house)
  writeFileSync(house.path('logs/trail.ndjson'), marks.map((mark) => trailLine(mark)).join(''))
  await startReady(house)
  await drained(house, RECORDS)
  expect((await house.end()).code).toBe(0)
  return house
}

function database(house: DaemonHouse): string {
  return join(house.data, 'modelward.db')
}

/** Overwrites `bytes` bytes here and there, the header apart. */
function flip(path: string, bytes: number): void {
  const random = seededRandom(5)
  const { size } = statSync(path)
  const file = openSync(path, 'r+')
  for (let left = bytes; left > 0; left--)
    writeSync(file, random.bytes(1), 0, 1, 4096 + Math.floor(random.next() * (size - 4096)))
  closeSync(file)
}

const damages: readonly (readonly [string, (path: string) => void])[] = [
  ['with bits flipped', (path) => flip(path, 2_000)],
  ['overwritten with text', (path) => writeFileSync(path, 'this was a database once\n'.repeat(5_000))],
  ['cut in half', (path) => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096)],
  [
    'whose header is gone',
    (path) => {
      const file = openSync(path, 'r+')
      writeSync(file, Buffer.alloc(100))
      closeSync(file)
    },
  ],
]

describe('a database', () => {
  test.for(damages)(
    '%s is set aside with a loud alert; the daemon goes on and reads its sources again',
    async ([, damage]) => {
      const house = await lived()
      const before = toldIds(house)
      damage(database(house))
      await startReady(house)
      await drained(house, RECORDS)

      const status = await house.status()
      expect(status.degraded.filter((reason) => reason.includes('was damaged'))).toHaveLength(1)
      expect(readdirSync(house.data).filter((name) => name.includes('corrupt'))).not.toEqual([])
      await house.end()
      const { alerts, verdict } = remembered(house)
      expect(alerts.filter(({ level }) => level === 'critical').map(({ rule }) => rule.title)).toEqual([
        "modelward's own store was damaged and set aside",
      ])
      const found = marksOf(alerts)
      expect(marks.filter((mark) => found.get(mark) !== 1)).toEqual([])
      // Told again after the loss, under the ids that receivers know.
      const after = toldIds(house)
      expect(marks.filter((mark) => after.get(mark)?.size !== 1 || !before.has(mark))).toEqual([])
      expect(verdict.intact).toBe(true)

      await startReady(house)
      expect((await house.status()).degraded).toEqual([])
      expect((await house.end()).code).toBe(0)
    },
  )

  test('that was deleted is made anew, and the sources are read again', async () => {
    const house = await lived()
    for (const name of readdirSync(house.data)) if (name.startsWith('modelward.db')) rmSync(join(house.data, name))
    await startReady(house)
    await drained(house, RECORDS)
    expect((await house.status()).degraded).toEqual([])
    await house.end()
    const found = marksOf(remembered(house).alerts)
    expect(marks.filter((mark) => found.get(mark) !== 1)).toEqual([])
  })

  test('of a newer modelward is refused in words and left as it is', async () => {
    const house = await lived()
    const newer = new DatabaseSync(database(house))
    newer.exec('PRAGMA user_version = 999')
    newer.close()
    const digest = hash('sha256', readFileSync(database(house)))
    house.start()
    const { code, err } = await house.finished
    expect(code).toBe(3)
    expect(err).toContain('999')
    expect(err).toMatch(/newer/)
    expect(err).not.toContain('    at ')
    expect(hash('sha256', readFileSync(database(house)))).toBe(digest)
  })
})

test('a second daemon on the same data directory ends with the pid of the first, which is not disturbed', async () => {
  const house = await lived()
  await startReady(house)
  const pusher = new Pusher(house)
  const note = readFileSync(join(house.data, 'console.json'), 'utf8')
  for (let time = 0; time < 3; time++) {
    const second = await modelward(['run', '-c', house.configFile, '--data', house.data])
    expect(second.code).toBe(3)
    expect(second.err).toContain(`pid ${house.pid}`)
    expect(second.err).not.toContain('    at ')
  }
  expect(readFileSync(join(house.data, 'console.json'), 'utf8')).toBe(note)
  await pusher.stop()
  expect([...pusher.answers.keys()]).toEqual([202])
  await drained(house, RECORDS + pusher.acked.length)
  expect((await house.status()).degraded).toEqual([])
  expect((await house.end()).code).toBe(0)
  const found = marksOf(remembered(house).alerts)
  expect([...marks, ...pusher.acked].filter((mark) => found.get(mark) !== 1)).toEqual([])
})
