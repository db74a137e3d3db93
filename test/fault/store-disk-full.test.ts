import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { StoreFullError } from '../../src/runtime/errors.ts'
import type { SqliteStore } from '../../src/store/store.ts'
import { inMemory, opened } from '../store/opened.ts'
import { commitOf, live, memoryOf } from '../store/story.ts'

/** A file system of its own; undefined, with the test skipped, where nobody may mount one. In CI that is a failure. */
function smallDisk(kibibytes: number, context: TestContext): string {
  const place = mkdtempSync(join(tmpdir(), 'modelward-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', place], { encoding: 'utf8' })
  onTestFinished(() => {
    if (mounted.status === 0) spawnSync('umount', [place])
    rmSync(place, { recursive: true, force: true })
  })
  if (mounted.status === 0) return place
  const reason = `no small file system can be mounted here: ${mounted.stderr}`
  if (process.env['CI']) throw new Error(reason)
  return context.skip(reason)
}

/** Takes room until `leftKib` are free. */
function fill(place: string, leftKib: number): void {
  const file = openSync(join(place, 'ballast'), 'w')
  const { bavail, bsize } = statfsSync(place)
  const pages = Math.max(Math.floor((bavail * bsize) / 4096) - leftKib / 4, 0)
  const page = Buffer.alloc(4096, 1)
  for (let count = 0; count < pages; count++) writeSync(file, page)
  closeSync(file)
}

/** Commits until the disk is full; gives the commit that did not fit. */
function commitUntilFull(store: SqliteStore, from: number): number {
  for (let number = from; number < from + 200; number++)
    try {
      store.commit(commitOf(number))
    } catch (error) {
      expect(error).toBeInstanceOf(StoreFullError)
      return number
    }
  throw new Error('the disk never was full')
}

test('a full disk changes nothing, and once there is room the same changes give the same store', (context) => {
  const place = smallDisk(4096, context)
  const directory = join(place, 'data')
  let store = opened(directory)
  store.outbox.register(['chat', 'siem'])
  const undisturbed = inMemory()
  undisturbed.outbox.register(['chat', 'siem'])
  let next = 0
  // Different rooms, so that the disk is full at different places: a log, a database, their index.
  for (const leftKib of [0, 4, 8, 16, 32, 64, 100, 200, 400]) {
    fill(place, leftKib)
    const stuck = commitUntilFull(store, next)
    for (; next < stuck; next++) undisturbed.commit(commitOf(next))
    expect(memoryOf(store)).toEqual(memoryOf(undisturbed))
    for (let again = 0; again < 3; again++) expect(() => store.commit(commitOf(stuck))).toThrow(StoreFullError)
    expect(memoryOf(store)).toEqual(memoryOf(undisturbed))
    rmSync(join(place, 'ballast'))
    for (let more = 0; more < 2; more++, next++) {
      live(store, next)
      live(undisturbed, next)
    }
    expect(memoryOf(store)).toEqual(memoryOf(undisturbed))
    store[Symbol.dispose]()
    store = opened(directory)
    expect(store.openedWith).toEqual([])
  }
  expect(memoryOf(store)).toEqual(memoryOf(undisturbed))
})

test('a disk that is full at opening says so, and the next try with room succeeds', (context) => {
  const place = smallDisk(1024, context)
  const directory = join(place, 'data')
  for (const leftKib of [0, 4, 8, 16, 32, 48, 64, 96, 128]) {
    fill(place, leftKib)
    try {
      opened(directory)[Symbol.dispose]()
    } catch (error) {
      expect(error).toBeInstanceOf(StoreFullError)
    }
    rmSync(join(place, 'ballast'))
    const store = opened(directory)
    store.outbox.register(['chat', 'siem'])
    live(store, 0)
    expect(store.audit.verify().intact).toBe(true)
    store[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  }
})
