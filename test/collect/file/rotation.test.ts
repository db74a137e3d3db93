import {
  appendFileSync,
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { FIVE_MINUTES, folder, line, lines, numbered } from './folder.ts'

describe('rotation', () => {
  test('renamed while up: the rest of the old file, then the new one', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 2))
    await logs.look()
    appendFileSync(logs.at('app.log'), lines(2, 1))
    renameSync(logs.at('app.log'), logs.at('app.log.1'))
    writeFileSync(logs.at('app.log'), lines(4, 2))
    appendFileSync(logs.at('app.log.1'), lines(3, 1))
    expect(await logs.look()).toEqual(numbered(2, 4))
    expect(logs.losses).toEqual([])
  })

  test('renamed to where no glob finds it: read to its end while it is open, then forgotten', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 2))
    await logs.look()
    renameSync(logs.at('app.log'), logs.at('old'))
    appendFileSync(logs.at('old'), `${lines(2, 1)}${line(3)}`)
    writeFileSync(logs.at('app.log'), lines(4, 1))
    expect(await logs.look()).toEqual([line(2), line(4)])
    logs.pass(FIVE_MINUTES)
    expect(await logs.look()).toEqual([line(3)])
    expect(logs.committed.size).toBe(1)
    expect(logs.losses).toEqual([])
  })

  test('renamed while down: gone on with under the old name, the new file from its start', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 2))
    await logs.look()
    await logs.stop()
    appendFileSync(logs.at('app.log'), lines(2, 1))
    renameSync(logs.at('app.log'), logs.at('app.log.1'))
    writeFileSync(logs.at('app.log'), lines(3, 2))
    expect((await logs.look()).toSorted()).toEqual(numbered(2, 3))
    expect(logs.losses).toEqual([])
  })

  test('rotated and packed while down: the rest is read from the packed file, nothing twice', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 50))
    await logs.look()
    await logs.stop()
    appendFileSync(logs.at('app.log'), lines(50, 10))
    writeFileSync(logs.at('app.log.1.gz'), gzipSync(readFileSync(logs.at('app.log'))))
    unlinkSync(logs.at('app.log'))
    writeFileSync(logs.at('app.log'), lines(60, 2))
    expect((await logs.look()).toSorted()).toEqual(numbered(50, 12))
    expect(logs.losses).toEqual([])
    await logs.stop()
    renameSync(logs.at('app.log.1.gz'), logs.at('app.log.2.gz'))
    expect(await logs.look()).toEqual([])
  })

  test('rotated and packed while up: read to its end, and never again from the packed file', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 50))
    await logs.look()
    renameSync(logs.at('app.log'), logs.at('app.log.1'))
    appendFileSync(logs.at('app.log.1'), lines(50, 1))
    const packed = gzipSync(readFileSync(logs.at('app.log.1')))
    writeFileSync(logs.at('app.log.1.gz'), packed.subarray(0, 40))
    expect(await logs.look()).toEqual([line(50)])
    writeFileSync(logs.at('app.log.1.gz'), packed)
    expect(await logs.look()).toEqual([])
    unlinkSync(logs.at('app.log.1'))
    expect(await logs.look()).toEqual([])
    logs.pass(FIVE_MINUTES)
    expect(await logs.look()).toEqual([])
    expect(await logs.look()).toEqual([])
    await logs.stop()
    expect(await logs.look()).toEqual([])
    expect(logs.losses).toEqual([])
  })

  test('copied and truncated, with the copies matched: nothing lost, nothing twice', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 60))
    await logs.look()
    appendFileSync(logs.at('app.log'), lines(60, 5))
    copyFileSync(logs.at('app.log'), logs.at('app.log.1'))
    truncateSync(logs.at('app.log'), 0)
    appendFileSync(logs.at('app.log'), lines(65, 2))
    expect((await logs.look()).toSorted()).toEqual(numbered(60, 7))
    expect(logs.losses).toEqual([])
    await logs.stop()
    expect(await logs.look()).toEqual([])
  })

  test('a copy seen before its original is truncated is not read beside it', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 60))
    await logs.look()
    appendFileSync(logs.at('app.log'), lines(60, 1))
    copyFileSync(logs.at('app.log'), logs.at('app.log.1'))
    appendFileSync(logs.at('app.log'), lines(61, 1))
    expect(await logs.look()).toEqual(numbered(60, 2))
    truncateSync(logs.at('app.log'), 0)
    writeFileSync(logs.at('app.log'), lines(62, 1))
    expect(await logs.look()).toEqual([line(62)])
    expect(await logs.look()).toEqual([])
  })

  test('a copy that stops short of what was read of its original is recognised', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 100))
    await logs.look()
    copyFileSync(logs.at('app.log'), logs.at('hidden'))
    appendFileSync(logs.at('app.log'), lines(100, 20))
    expect(await logs.look()).toEqual(numbered(100, 20))
    renameSync(logs.at('hidden'), logs.at('app.log.1'))
    truncateSync(logs.at('app.log'), 0)
    appendFileSync(logs.at('app.log'), lines(120, 1))
    expect(await logs.look()).toEqual([line(120)])
    await logs.stop()
    expect(await logs.look()).toEqual([])
  })

  test('a copy and its packed form, found in one look, are one', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 3))
    await logs.look()
    appendFileSync(logs.at('app.log'), lines(3, 1))
    copyFileSync(logs.at('app.log'), logs.at('app.log.1'))
    writeFileSync(logs.at('app.log'), lines(4, 1))
    writeFileSync(logs.at('app.log.1.gz'), gzipSync(readFileSync(logs.at('app.log.1'))))
    expect((await logs.look()).toSorted()).toEqual(numbered(3, 2))
    unlinkSync(logs.at('app.log.1'))
    await logs.look()
    logs.pass(FIVE_MINUTES)
    expect([...(await logs.look()), ...(await logs.look())]).toEqual([])
  })

  test('a file and its packed form, neither seen before, are read once', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log.1'), lines(0, 3))
    writeFileSync(logs.at('app.log.1.gz'), gzipSync(readFileSync(logs.at('app.log.1'))).subarray(0, 20))
    expect(await logs.look()).toEqual(numbered(0, 3))
    writeFileSync(logs.at('app.log.1.gz'), gzipSync(readFileSync(logs.at('app.log.1'))))
    unlinkSync(logs.at('app.log.1'))
    expect(await logs.look()).toEqual([])
    await logs.stop()
    expect(await logs.look()).toEqual([])
  })

  test('a packed file is not taken for a file of its own while it is still empty', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log.1'), lines(0, 3))
    await logs.look()
    for (const size of [0, 1, 2, 1000]) {
      writeFileSync(logs.at('app.log.1.gz'), gzipSync(readFileSync(logs.at('app.log.1'))).subarray(0, size))
      expect(await logs.look()).toEqual([])
    }
  })

  test('two files that begin alike are two files', async () => {
    const logs = folder()
    writeFileSync(logs.at('app-1.log'), lines(0, 1))
    await logs.look()
    writeFileSync(logs.at('app-12.log'), lines(0, 1))
    expect(await logs.look()).toEqual([line(0)])
    appendFileSync(logs.at('app-1.log'), lines(1, 1))
    appendFileSync(logs.at('app-12.log'), lines(2, 1))
    expect((await logs.look()).toSorted()).toEqual(numbered(1, 2))
  })
})

describe('truncation', () => {
  test('a file that is shorter begins anew, and the loss is named', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), `${lines(0, 5)}${line(5).slice(0, 9)}`)
    await logs.look()
    writeFileSync(logs.at('app.log'), lines(10, 2))
    expect(await logs.look()).toEqual(numbered(10, 2))
    expect(logs.losses).toMatchObject([{ reason: 'truncated', bytes: 9 }])
    expect(new Set(logs.records.map(({ stream }) => stream)).size).toBe(2)
    expect(logs.committed.size).toBe(1)
    expect(await logs.world.metrics.values('modelward_tail_generation_reset_total')).toMatchObject([
      { value: 1, labels: { component_id: 'files', reason: 'truncated' } },
    ])
  })

  test('truncated and grown past the old offset between two looks is noticed by its content', async () => {
    for (const down of [false, true]) {
      const logs = folder()
      writeFileSync(logs.at('app.log'), lines(0, 5))
      await logs.look()
      if (down) await logs.stop()
      writeFileSync(logs.at('app.log'), lines(10, 20))
      expect(await logs.look()).toEqual(numbered(10, 20))
      expect(logs.losses).toHaveLength(1)
    }
  })

  test('and also when it begins with the same header of more than a KiB', async () => {
    const logs = folder()
    const header = `${'#'.repeat(2000)}\n`
    writeFileSync(logs.at('app.log'), `${header}${lines(0, 50)}`)
    await logs.look()
    writeFileSync(logs.at('app.log'), `${header}${lines(100, 90)}`)
    expect((await logs.look()).slice(1)).toEqual(numbered(100, 90))
  })
})

describe('deletion', () => {
  test('deleted and created under the same name while up: the old to its end, the new from its start', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), lines(0, 2))
    await logs.look()
    appendFileSync(logs.at('app.log'), lines(2, 1))
    unlinkSync(logs.at('app.log'))
    writeFileSync(logs.at('app.log'), lines(3, 2))
    expect(await logs.look()).toEqual(numbered(2, 3))
    expect(logs.losses).toEqual([])
  })

  test('deleted and created while down, on the same inode or not: the new from its start, whatever its size', async () => {
    for (const count of [1, 3, 30]) {
      const logs = folder()
      writeFileSync(logs.at('app.log'), lines(0, 3))
      await logs.look()
      await logs.stop()
      unlinkSync(logs.at('app.log'))
      writeFileSync(logs.at('app.log'), lines(3, count))
      expect(await logs.look()).toEqual(numbered(3, count))
    }
  })

  test('deleted while down with bytes unread: the loss is named with the known bytes, and the position forgotten', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), `${lines(0, 3)}unfinished`)
    await logs.look()
    await logs.stop()
    unlinkSync(logs.at('app.log'))
    expect(await logs.look()).toEqual([])
    expect(logs.losses).toEqual([])
    logs.pass(FIVE_MINUTES)
    await logs.look()
    expect(logs.losses).toMatchObject([{ reason: 'deleted_unread', bytes: 10 }])
    expect(logs.committed.size).toBe(0)
  })

  test('deleted while open: its unfinished line is a record when it is let go', async () => {
    const logs = folder()
    writeFileSync(logs.at('app.log'), `${lines(0, 3)}unfinished`)
    await logs.look()
    const writer = openSync(logs.at('app.log'), 'a')
    unlinkSync(logs.at('app.log'))
    logs.pass(FIVE_MINUTES - 1)
    await logs.look()
    writeSync(writer, ' no more\nlast')
    closeSync(writer)
    logs.pass(1)
    expect(await logs.look()).toEqual(['unfinished no more'])
    logs.pass(FIVE_MINUTES)
    expect(await logs.look()).toEqual(['last'])
    expect(logs.committed.size).toBe(0)
    expect(logs.losses).toEqual([])
  })
})
