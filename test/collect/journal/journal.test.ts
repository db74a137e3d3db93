import { type FileHandle, rm, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { type JournalOptions } from '../../../src/collect/journal/journal.ts'
import { StoreError } from '../../../src/runtime/errors.ts'
import { directory, disk, entry, files, opened, reopened, texts } from './journals.ts'

describe('appending', () => {
  test('gives back what was put in, in order, after a restart too', async () => {
    const journal = await opened()
    const ends = await Promise.all(['one', 'two', 'three'].map((text) => journal.append(entry(text))))
    expect(ends).toEqual(ends.toSorted((a, b) => a - b))
    expect(await texts(journal)).toEqual(['one', 'two', 'three'])
    expect(await texts(await reopened(journal))).toEqual(['one', 'two', 'three'])
  })

  test('resolves only after the sync, and readers see nothing earlier', async () => {
    const synced = Promise.withResolvers<void>()
    const journal = await opened({ disk: disk({ sync: () => synced.promise }) })
    let acked = false
    const append = journal.append(entry('held')).then(() => (acked = true))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(acked).toBe(false)
    expect(await texts(journal)).toEqual([])
    synced.resolve()
    await append
    expect(await texts(journal)).toEqual(['held'])
  })

  test('shares one sync among the appends that wait together', async () => {
    let syncs = 0
    const counting = disk({
      sync(file: FileHandle) {
        syncs++
        return file.datasync()
      },
    })
    const journal = await opened({ disk: counting })
    await Promise.all(Array.from({ length: 200 }, (_, at) => journal.append(entry(`body ${at}`))))
    expect(syncs).toBeLessThanOrEqual(2)
    expect(await texts(journal)).toHaveLength(200)
  })

  test('survives a disk that takes a few bytes at a time', async () => {
    const slow = disk({
      async write(file, buffers, position) {
        const first = buffers[0] ?? Buffer.alloc(0)
        return (await file.write(first, 0, Math.min(7, first.length), position)).bytesWritten
      },
    })
    const journal = await opened({ disk: slow })
    await Promise.all([journal.append(entry('a longer text than seven')), journal.append(entry('and another'))])
    expect(await texts(await reopened(journal))).toEqual(['a longer text than seven', 'and another'])
  })

  test('keeps files to 0600 and the directory to 0700', async () => {
    const journal = await opened()
    await journal.append(entry('secret'))
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(journal.segments[0]?.path ?? '')).mode & 0o777).toBe(0o600)
  })

  test('is refused after closing', async () => {
    const journal = await opened()
    await journal[Symbol.asyncDispose]()
    await expect(journal.append(entry('late'))).rejects.toThrow(StoreError)
  })

  test('waits for growth without polling, and stops on the signal', async () => {
    const journal = await opened()
    const stop = new AbortController()
    const grown = journal.grown(0, stop.signal)
    await journal.append(entry('x'))
    await grown
    const waiting = journal.grown(journal.end, stop.signal)
    stop.abort()
    await waiting
  })
})

describe('segments', () => {
  test('are closed at their size and deleted only when wholly committed', async () => {
    const journal = await opened({ segmentBytes: 80 })
    const ends: number[] = []
    for (let n = 0; n < 6; n++) ends.push(await journal.append(entry(`body ${n}`)))
    expect(journal.segments.length).toBe(3)
    const second = journal.segments[1]?.start ?? 0
    await journal.release(second - 1)
    expect(journal.segments.length).toBe(3)
    await journal.release(second)
    expect(journal.segments.length).toBe(2)
    await journal.release(ends.at(-1) ?? 0)
    expect(await files()).toHaveLength(1)
    expect(journal.backlogBytes).toBe(0)
  })

  test('hold an entry larger than themselves alone', async () => {
    const journal = await opened({ segmentBytes: 80 })
    await Promise.all(['a', 'b'.repeat(500), 'c'].map((text) => journal.append(entry(text))))
    expect(await texts(await reopened(journal, { segmentBytes: 100 }))).toEqual(['a', 'b'.repeat(500), 'c'])
  })

  test('begin with the checkpoint of their owner, which the next opening gets back', async () => {
    let known: string[] = []
    const options: Partial<JournalOptions> = {
      segmentBytes: 150,
      checkpoint: () => entry(known.join(), { kind: 'checkpoint' }),
      recovered: ({ meta, body }) => {
        if (meta['kind'] === 'checkpoint') known = Buffer.from(body).toString().split(',').filter(Boolean)
        else known.push(Buffer.from(body).toString())
      },
    }
    const journal = await opened(options)
    for (let n = 0; n < 8; n++) {
      await journal.append(entry(`k${n}`))
      known.push(`k${n}`)
    }
    await journal.release(journal.end)
    known = []
    await reopened(journal, options)
    expect(known).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'])
  })

  test('stay when a commit comes after closing: another journal may own them by then', async () => {
    const first = await opened()
    const end = await first.append(entry('one'))
    const second = await reopened(first, { committed: end })
    await second.append(entry('two'))
    await first.release(end)
    expect(await texts(await reopened(second, { committed: end }), end)).toEqual(['two'])
  })

  test('never give a position out twice, even when the files are gone', async () => {
    const journal = await opened()
    const end = await journal.append(entry('one'))
    await journal[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
    const again = await opened({ committed: end })
    expect(await again.append(entry('two'))).toBeGreaterThan(end)
    expect(await texts(again, end)).toEqual(['two'])
  })

  test('that are shorter than what was committed are left behind', async () => {
    const journal = await opened()
    await journal.append(entry('one'))
    const again = await reopened(journal, { committed: 10_000 })
    expect(await again.append(entry('two'))).toBeGreaterThan(10_000)
    expect(await texts(again, 10_000)).toEqual(['two'])
    await again.release(again.end)
    expect(await files()).toHaveLength(1)
  })

  test('that somebody deleted are one gap, and the rest is read', async () => {
    const journal = await opened({ segmentBytes: 60 })
    for (const text of ['one', 'two', 'three', 'four']) await journal.append(entry(text.padEnd(20)))
    await rm(journal.segments[1]?.path ?? '')
    expect((await texts(journal)).map((text) => text.trim())).toEqual(['one', 'gap', 'three', 'four'])
    const again = await reopened(journal, { segmentBytes: 60 })
    expect((await texts(again)).map((text) => text.trim())).toEqual(['one', 'gap', 'three', 'four'])
  })
})
