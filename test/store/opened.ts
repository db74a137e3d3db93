import type { Folding } from '../../src/store/state-log.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Random } from '../../src/contract/plugin.ts'
import { openStore, type SqliteStore } from '../../src/store/store.ts'
import { given } from '../support/given.ts'

/** A directory path in which nothing is yet; removed after the test. */
export function freshDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 'modelward-store-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

interface StoreParts {
  readonly random?: Random
  readonly failpoint?: (name: string) => void
  readonly outboxMaxBytes?: number
  readonly foldStatesAfter?: Folding
}

/** A store that is closed after the test, if the test has not done so. */
export function opened(directory: string, parts: StoreParts = {}): SqliteStore {
  const { clock, random, log } = given()
  const store = openStore({ directory, clock, random, log, ...parts })
  onTestFinished(() => store[Symbol.dispose]())
  return store
}

export function inMemory(parts: StoreParts = {}): SqliteStore {
  const { clock, random, log } = given()
  const store = openStore({ memory: true, clock, random, log, ...parts })
  onTestFinished(() => store[Symbol.dispose]())
  return store
}
