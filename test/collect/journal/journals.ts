import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type Disk, localDisk } from '../../../src/collect/journal/disk.ts'
import { Journal, type JournalOptions } from '../../../src/collect/journal/journal.ts'

/** The folder of the journal of the test that runs: a new one for each. */
export let directory: string
const open: Journal[] = []

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'journal-')), 'journal')
})
afterEach(async () => {
  for (const journal of open.splice(0)) await journal[Symbol.asyncDispose]()
  await rm(join(directory, '..'), { recursive: true })
})

/** A journal in it that is closed after the test. */
export async function opened(options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await Journal.open({ directory, committed: 0, now: 1, ...options })
  open.push(journal)
  return journal
}

/** Closes the journal: as far as the files go, the same as a process that was killed. */
export async function reopened(journal: Journal, options: Partial<JournalOptions> = {}): Promise<Journal> {
  await journal[Symbol.asyncDispose]()
  return opened(options)
}

export function entry(
  text: string,
  meta: Record<string, unknown> = {},
): { meta: Record<string, unknown>; body: Buffer } {
  return { meta, body: Buffer.from(text) }
}

/** What the journal gives from `from` on: bodies, and damage as `corrupt` or `gap`. */
export async function texts(journal: Journal, from = 0): Promise<string[]> {
  const reader = journal.reader(from)
  const found: string[] = []
  for (let next = await reader.next(); next; next = await reader.next())
    found.push(next.kind === 'entry' ? Buffer.from(next.body).toString() : next.kind)
  await reader.close()
  return found
}

/** The names of its files, sorted. */
export async function files(): Promise<string[]> {
  return (await readdir(directory)).toSorted()
}

/** A disk that fails on demand. */
export function disk(parts: Partial<Disk>): Disk {
  return { ...localDisk, ...parts }
}

export function refusal(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}
