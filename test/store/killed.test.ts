import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SqliteStore } from '../../src/store/store.ts'
import { freshDirectory, inMemory, opened } from './opened.ts'
import { live, lived, memoryOf } from './story.ts'

const steps = 8

function undisturbed(count: number): SqliteStore {
  const store = inMemory()
  store.outbox.register(['chat', 'siem'])
  for (let number = 0; number < count; number++) live(store, number)
  return store
}

describe('killed with -9 in the middle, a store remembers whole commits only, and goes on as if nothing had been', () => {
  const cases = [
    { failpoint: 'store.before-commit', at: 0 },
    { failpoint: 'store.in-commit', at: 0 },
    { failpoint: 'store.after-commit', at: 0 },
    { failpoint: 'store.before-commit', at: 5 },
    { failpoint: 'store.in-commit', at: 5 },
    { failpoint: 'store.after-commit', at: 5 },
  ]
  test.for(cases)('$failpoint of commit $at', ({ failpoint, at }) => {
    const directory = freshDirectory()
    const story = join(import.meta.dirname, 'story.ts')
    const child = spawnSync(process.execPath, [story, directory, String(steps), failpoint, String(at)], {
      encoding: 'utf8',
    })
    expect(child.signal, child.stdout + child.stderr).toBe('SIGKILL')
    const store = opened(directory)
    expect(store.openedWith).toEqual([])
    expect(lived(store)).toBe(failpoint === 'store.after-commit' ? at + 1 : at)
    for (let number = lived(store); number < steps; number++) live(store, number)
    expect(memoryOf(store)).toEqual(memoryOf(undisturbed(steps)))
  })
})
