import { appendFile, chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Sink } from '../../../src/contract/deliver.ts'
import { file } from '../../../src/deliver/file/file.ts'
import { alert, notification, sinkContext } from '../alerts.ts'

let directory = ''
let sink: Sink
const running = new AbortController().signal

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'modelward-file-sink-'))
  sink = await file.open({ path: 'alerts.ndjson' }, sinkContext(directory))
})

afterEach(async () => {
  await sink[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

async function lines(name = 'alerts.ndjson'): Promise<string[]> {
  const text = await readFile(join(directory, name), 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text.slice(0, -1).split('\n')
}

async function ids(name?: string): Promise<unknown[]> {
  return (await lines(name)).map((line) => (JSON.parse(line) as { event: { id: string } }).event.id)
}

describe('the file sink', () => {
  test('writes one line an alert, with the notification it belongs to', async () => {
    const two = notification({ alerts: [alert({ id: 'first' }), alert({ id: 'second' })] })
    expect(await sink.send([two, notification({ id: 'n-2' })], running)).toEqual([{ done: true }, { done: true }])
    expect(await ids()).toEqual(['first', 'second', alert().id])
    const [line = ''] = await lines()
    expect(JSON.parse(line)).toMatchObject({ modelward: { notification: { id: 'n-1', kind: 'firing' } } })
  })

  test('the same notification twice is the same line twice', async () => {
    await sink.send([notification()], running)
    await sink.send([notification()], running)
    const [first, second] = await lines()
    expect(second).toBe(first)
  })

  test('makes the file for its owner only, and leaves the mode of one that is there', async () => {
    await sink.send([notification()], running)
    expect((await stat(join(directory, 'alerts.ndjson'))).mode & 0o777).toBe(0o600)
    await chmod(join(directory, 'alerts.ndjson'), 0o640)
    await sink.send([notification()], running)
    expect((await stat(join(directory, 'alerts.ndjson'))).mode & 0o777).toBe(0o640)
  })

  test('a line torn by a crash spoils itself only', async () => {
    await writeFile(join(directory, 'alerts.ndjson'), '{"event":{"id":"whole"}}\n{"event":{"id":"to')
    await sink.send([notification()], running)
    const [whole, torn, next] = await lines()
    expect(whole).toBe('{"event":{"id":"whole"}}')
    expect(torn).toBe('{"event":{"id":"to')
    expect(JSON.parse(next ?? '')).toMatchObject({ event: { id: alert().id } })
  })

  test('follows a rotation by renaming', async () => {
    await sink.send([notification({ alerts: [alert({ id: 'before' })] })], running)
    await rename(join(directory, 'alerts.ndjson'), join(directory, 'alerts.1'))
    await sink.send([notification({ alerts: [alert({ id: 'after' })] })], running)
    expect(await ids('alerts.1')).toEqual(['before'])
    expect(await ids()).toEqual(['after'])
  })

  test('follows a rotation that has made the new file already', async () => {
    await sink.send([notification({ alerts: [alert({ id: 'before' })] })], running)
    await rename(join(directory, 'alerts.ndjson'), join(directory, 'alerts.1'))
    await appendFile(join(directory, 'alerts.ndjson'), '')
    await sink.send([notification({ alerts: [alert({ id: 'after' })] })], running)
    expect(await ids()).toEqual(['after'])
  })

  test('a folder that is missing is worth another try', async () => {
    const gone = await file.open({ path: 'missing/alerts.ndjson' }, sinkContext(directory))
    expect(await gone.send([notification()], running)).toEqual([{ retry: expect.stringContaining('ENOENT') as string }])
    await mkdir(join(directory, 'missing'))
    expect(await gone.send([notification()], running)).toEqual([{ done: true }])
    await gone[Symbol.asyncDispose]()
  })

  test('a path that is no regular file is refused', async () => {
    for (const path of ['.', '/dev/null']) {
      const special = await file.open({ path }, sinkContext(directory))
      expect(await special.send([notification()], running)).toEqual([
        { retry: 'appending to the file: the path is not a regular file' },
      ])
    }
  })

  test('an alert that cannot be written holds up no other', async () => {
    const broken = notification({ id: 'broken', alerts: [alert({ startedAt: Number.NaN })] })
    const [first, second] = await sink.send([broken, notification()], running)
    expect(first).toEqual({ park: expect.stringContaining('Invalid time value') as string })
    expect(second).toEqual({ done: true })
    expect(await ids()).toEqual([alert().id])
  })

  test('its examples are valid and an unknown key is not', () => {
    for (const example of file.examples) expect(file.config.safeParse(example).success).toBe(true)
    expect(file.config.safeParse({ path: 'a', mode: 1 }).success).toBe(false)
  })
})
