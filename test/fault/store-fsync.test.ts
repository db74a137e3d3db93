import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest'
import { freshDirectory, inMemory, opened } from '../store/opened.ts'
import { live, lived, memoryOf } from '../store/story.ts'

const story = join(import.meta.dirname, '../store/story.ts')

interface Told {
  readonly status: number | null
  readonly output: string
  /** The path behind each fsync and fdatasync, in order. */
  readonly synced: readonly string[]
}

/** Lives the story in a process whose fsync number `failing` answers EIO. */
function tell(directory: string, steps: number, failing?: number): Told {
  const notes = mkdtempSync(join(tmpdir(), 'modelward-strace-'))
  onTestFinished(() => rmSync(notes, { recursive: true, force: true }))
  const trace = join(notes, 'trace')
  const inject = failing === undefined ? [] : ['-e', `inject=fsync,fdatasync:error=EIO:when=${failing}`]
  const command = ['-f', '-y', '-e', 'trace=fsync,fdatasync', ...inject, '-o', trace, process.execPath, story]
  const child = spawnSync('strace', [...command, directory, String(steps)], { encoding: 'utf8' })
  const calls = readFileSync(trace, 'utf8').matchAll(/f(?:data)?sync\(\d+<(?<path>[^>]*)>/g)
  return {
    status: child.status,
    output: child.stdout,
    synced: [...calls].map((call) => (call.groups?.['path'] ?? '').slice(directory.length)),
  }
}

/** Skips with the reason, except in CI, where everything must run. */
function needsStrace(context: TestContext): void {
  const isThere = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0
  if (isThere) return
  if (process.env['CI']) throw new Error('strace is missing or may not trace here')
  context.skip('strace is missing or may not trace here')
}

/** A failed fsync of these ends nothing: the pid is for people, and SQLite itself ignores a directory's. */
const harmless = new Set(['', '/modelward.pid.new'])

/** What is there after a restart is whole, holds all that was reported as committed, and can go on to the end. */
function expectWhole(directory: string, told: Told, steps: number): void {
  const reported = told.output.split('\n').filter((line) => /^\d+$/.test(line)).length
  const store = opened(directory)
  expect(store.openedWith.map(({ kind }) => kind)).not.toContain('set-aside')
  expect(lived(store)).toBeGreaterThanOrEqual(reported)
  expect(lived(store)).toBeLessThanOrEqual(reported + 1)
  store.outbox.register(['chat', 'siem'])
  for (let number = lived(store); number < steps; number++) live(store, number)
  const undisturbed = inMemory()
  undisturbed.outbox.register(['chat', 'siem'])
  for (let number = 0; number < steps; number++) live(undisturbed, number)
  expect(memoryOf(store)).toEqual(memoryOf(undisturbed))
}

describe('an fsync that fails', () => {
  test('ends the daemon with StoreError, whichever it is, and a restart finds whole commits', (context) => {
    needsStrace(context)
    const steps = 5
    const { synced, status } = tell(freshDirectory(), steps)
    expect(status).toBe(0)
    expect(synced.length).toBeGreaterThan(20)
    for (const failing of synced.keys()) {
      const directory = freshDirectory()
      const told = tell(directory, steps, failing + 1)
      const name = synced[failing] ?? ''
      expect(told.synced[failing], `fsync ${failing + 1}`).toBe(name)
      if (!harmless.has(name) || told.status !== 0) {
        expect(told.status, `fsync ${failing + 1} of ${name}: ${told.output}`).toBe(70)
        expect(told.output).toMatch(/^MW_STORE /m)
        expect(told.output).not.toContain('MW_STORE_FULL')
      }
      expectWhole(directory, told, steps)
    }
  })

  test('ends the daemon also while the write-ahead log is folded into the database', (context) => {
    needsStrace(context)
    const steps = 150
    const { synced } = tell(freshDirectory(), steps)
    const firstCommit = synced.indexOf('/audit.key.new')
    const folding = [...synced.entries()].flatMap(([at, name]) =>
      at > firstCommit && name === '/modelward.db' ? [at] : [],
    )
    // One at least while it runs, and one at closing.
    expect(folding.length).toBeGreaterThan(1)
    for (const failing of folding) {
      const directory = freshDirectory()
      const told = tell(directory, steps, failing + 1)
      expect(told.synced[failing]).toBe('/modelward.db')
      expect(told.status, told.output).toBe(70)
      expect(told.output).toMatch(/^MW_STORE /m)
      expectWhole(directory, told, steps)
    }
  })
})
