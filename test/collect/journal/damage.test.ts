import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { localDisk } from '../../../src/collect/journal/disk.ts'
import { Journal } from '../../../src/collect/journal/journal.ts'
import { StoreError, StoreFullError } from '../../../src/runtime/errors.ts'
import { directory, disk, entry, files, opened, refusal, reopened, texts } from './journals.ts'

describe('damage', () => {
  test('a tail torn at any byte keeps every entry before it and loses nothing behind it', async () => {
    const journal = await opened()
    const ends: number[] = []
    for (const text of ['one', 'two', 'three']) ends.push(await journal.append(entry(text)))
    const path = journal.segments[0]?.path ?? ''
    const whole = await readFile(path)
    await journal[Symbol.asyncDispose]()
    for (let length = 0; length <= whole.length; length++) {
      await rm(directory, { recursive: true })
      await mkdir(directory)
      await writeFile(path, whole.subarray(0, length))
      const torn = await Journal.open({ directory, committed: 0, now: 1 })
      const kept = ends.filter((end) => end <= length)
      expect(torn.mended.tornBytes).toBe(length - (kept.at(-1) ?? 0))
      await torn.append(entry('after'))
      expect(await texts(torn)).toEqual([...['one', 'two', 'three'].slice(0, kept.length), 'after'])
      await torn[Symbol.asyncDispose]()
    }
  })

  test('a bit turned anywhere in the middle costs one entry, named as corrupt', async () => {
    const journal = await opened()
    await journal.append(entry('one'))
    const from = await journal.append(entry('two'))
    const to = await journal.append(entry('three'))
    await journal.append(entry('four'))
    const path = journal.segments[0]?.path ?? ''
    const whole = await readFile(path)
    for (let at = from; at < to; at++) {
      const turned = Buffer.from(whole)
      turned[at] = (turned[at] ?? 0) ^ 0x10
      await writeFile(path, turned)
      expect(await texts(journal)).toEqual(['one', 'two', 'corrupt', 'four'])
    }
    expect(await texts(await reopened(journal))).toEqual(['one', 'two', 'corrupt', 'four'])
  })

  test('a bit turned in the body of the last entry is no torn write: it may have been acknowledged', async () => {
    const journal = await opened()
    const from = await journal.append(entry('one'))
    await journal.append(entry('two'))
    const path = journal.segments[0]?.path ?? ''
    const whole = await readFile(path)
    for (let at = from + 24; at < whole.length; at++) {
      const turned = Buffer.from(whole)
      turned[at] = (turned[at] ?? 0) ^ 0x10
      await writeFile(path, turned)
      const again = await Journal.open({ directory, committed: 0, now: 1 })
      expect(again.mended.tornBytes).toBe(0)
      await again.append(entry('three'))
      expect(await texts(again)).toEqual(['one', 'corrupt', 'three'])
      await again[Symbol.asyncDispose]()
    }
  })

  test('tells where corrupt bytes begin and end, and shows the first of them', async () => {
    const journal = await opened()
    const from = await journal.append(entry('one'))
    const to = await journal.append(entry('two'))
    await journal.append(entry('three'))
    const path = journal.segments[0]?.path ?? ''
    const whole = await readFile(path)
    whole.fill(0, from, to)
    await writeFile(path, whole)
    const reader = journal.reader(from)
    expect(await reader.next()).toMatchObject({ kind: 'corrupt', at: from, end: to, head: whole.subarray(from, to) })
    await reader.close()
  })

  test('a closed segment that lost its end is a gap', async () => {
    const journal = await opened({ segmentBytes: 60 })
    for (const text of ['one', 'two', 'three']) await journal.append(entry(text.padEnd(20)))
    await truncate(journal.segments[0]?.path ?? '', 0)
    expect((await texts(journal)).map((text) => text.trim())).toEqual(['gap', 'two', 'three'])
  })

  test('a length made huge by damage costs no memory', async () => {
    const journal = await opened()
    await journal.append(entry('one'))
    await journal.append(entry('two'))
    const path = journal.segments[0]?.path ?? ''
    const whole = await readFile(path)
    whole.writeUInt32BE(0xffffffff, 8)
    await writeFile(path, whole)
    expect(await texts(journal)).toEqual(['corrupt', 'two'])
  })

  test('foreign and empty files never stop an opening', async () => {
    await mkdir(directory, { recursive: true })
    await mkdir(join(directory, '0000000000000300.journal'))
    await writeFile(join(directory, '0000000000000200.journal'), 'PK\x03\x04 not ours')
    await writeFile(join(directory, '0000000000000100.journal'), '')
    await writeFile(join(directory, 'README'), 'kept')
    const journal = await opened({ now: 77 })
    await journal.append(entry('one'))
    expect(await texts(journal)).toEqual(['one'])
    expect(journal.mended.setAside).toHaveLength(2)
    expect(await files()).toEqual([
      '0000000000000000.journal',
      '0000000000000200.journal.set-aside-77',
      '0000000000000300.journal.set-aside-77',
      'README',
    ])
    await reopened(journal)
  })

  test('any restart, tear and commit keeps every acknowledged entry exactly once and in order', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), size: fc.nat(80) }),
      fc.record({ kind: fc.constant('commit' as const) }),
      fc.record({ kind: fc.constant('restart' as const), torn: fc.uint8Array({ maxLength: 40 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await rm(directory, { recursive: true, force: true })
        let journal = await Journal.open({ directory, committed: 0, now: 1, segmentBytes: 120 })
        let committed = 0
        const acked: string[] = []
        const seen: string[] = []
        for (const step of steps) {
          if (step.kind === 'append') {
            const text = `${acked.length}`.padEnd(step.size + 4)
            await journal.append(entry(text))
            acked.push(text)
          } else if (step.kind === 'commit') {
            seen.push(...(await texts(journal, committed)))
            committed = journal.end
            await journal.release(committed)
          } else {
            const last = journal.segments.at(-1)
            await journal[Symbol.asyncDispose]()
            if (last) await writeFile(last.path, step.torn, { flag: 'a' })
            journal = await Journal.open({ directory, committed, now: 1, segmentBytes: 120 })
          }
        }
        seen.push(...(await texts(journal, committed)))
        await journal[Symbol.asyncDispose]()
        expect(seen).toEqual(acked)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a disk that fails', () => {
  test('is refused as full, leaves no trace, and is used again when there is room', async () => {
    let full = false
    const filling = disk({
      async write(file, buffers, position) {
        if (!full) return localDisk.write(file, buffers, position)
        await file.write(Buffer.from('MWJ1 half'), 0, 9, position)
        throw refusal('ENOSPC')
      },
    })
    const journal = await opened({ disk: filling })
    await journal.append(entry('one'))
    full = true
    const refused = await Promise.allSettled([journal.append(entry('two')), journal.append(entry('three'))])
    expect(refused.map((result) => result.status === 'rejected' && result.reason instanceof StoreFullError)).toEqual([
      true,
      true,
    ])
    expect(journal.failure).toBeUndefined()
    full = false
    await journal.append(entry('four'))
    expect(await texts(journal)).toEqual(['one', 'four'])
    expect(await texts(await reopened(journal))).toEqual(['one', 'four'])
  })

  test('when full, gives the present segment back once it is committed', async () => {
    let full = false
    const filling = disk({
      write: (file, buffers, position) =>
        full ? Promise.reject(refusal('ENOSPC')) : localDisk.write(file, buffers, position),
    })
    const journal = await opened({ disk: filling, checkpoint: () => entry('keys') })
    const end = await journal.append(entry('one'))
    full = true
    for (let n = 0; n < 3; n++) await expect(journal.append(entry('two'))).rejects.toThrow(StoreFullError)
    await journal.release(end)
    expect((await files()).length).toBeLessThanOrEqual(1)
    full = false
    await journal.append(entry('two'))
    expect(await texts(journal, end)).toEqual(['keys', 'two'])
  })

  test.each(['sync', 'write', 'create'] as const)('with EIO at %s is never believed again', async (call) => {
    let broken = false
    const breaking = disk({
      create: (path) => (broken && call === 'create' ? Promise.reject(refusal('EIO')) : localDisk.create(path)),
      write: (...offer) => (broken && call === 'write' ? Promise.reject(refusal('EIO')) : localDisk.write(...offer)),
      sync: (file) => (broken && call === 'sync' ? Promise.reject(refusal('EIO')) : localDisk.sync(file)),
    })
    const journal = await opened({ disk: breaking, segmentBytes: 40 })
    await journal.append(entry('one'))
    const waiting = journal.grown(journal.end, new AbortController().signal)
    broken = true
    await expect(journal.append(entry('two'))).rejects.toThrow(StoreError)
    await expect(waiting).rejects.toThrow(StoreError)
    broken = false
    await expect(journal.append(entry('three'))).rejects.toThrow(StoreError)
    expect(journal.failure).toBeInstanceOf(StoreError)
  })

  test('full at the sync is fatal too: what was kept is unknown', async () => {
    const journal = await opened({ disk: disk({ sync: () => Promise.reject(refusal('ENOSPC')) }) })
    await expect(journal.append(entry('one'))).rejects.toThrow(StoreError)
    expect(journal.failure).toBeInstanceOf(StoreError)
  })
})
