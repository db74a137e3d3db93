import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BudgetStatus } from '../contract/desk.ts'
import type { DocumentChange, Store } from '../contract/store.ts'
import { ConfigError, StoreError } from '../runtime/errors.ts'
import type { DataDirectory } from './data-directory.ts'

/** What is known of a frozen reference beside its bytes. */
export interface ReferenceFacts {
  readonly detector: string
  readonly sha256: string
  /** Epoch ms. */
  readonly madeAt: number
  readonly notes: readonly string[]
}

const KIND = 'reference'
const MEASURED = { kind: 'baseline', key: 'measured' }
const FOLDER = 'references'

/** References as they were frozen, by the name of their detector. Unchecked: only the store knows their hashes. */
export function readReferences(directory: DataDirectory, names: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const name of names) {
    const file = fileOf(directory, name)
    if (existsSync(file)) found.set(name, readFileSync(file))
  }
  return found
}

/** The same, each held against the hash that was audited when it was made. Throws ConfigError for one that was changed. */
export function checkedReferences(
  directory: DataDirectory,
  store: Pick<Store, 'document'>,
  names: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const found = readReferences(directory, names)
  for (const [name, bytes] of found) {
    const facts = store.document<ReferenceFacts>(KIND, name)
    if (facts?.sha256 === sha256(bytes)) continue
    throw new ConfigError([
      {
        file: fileOf(directory, name),
        part: `the reference of ${name}`,
        what: facts ? 'it is not the one that was frozen' : 'nobody froze it with modelward baseline',
        cure: 'Make it again with modelward baseline FILES…, or remove the file to run without it',
      },
    ])
  }
  return found
}

/** Writes the files, then gives what the store must remember of them in the same breath. */
export function freezeReferences(
  directory: DataDirectory,
  references: readonly { readonly facts: Omit<ReferenceFacts, 'sha256'>; readonly bytes: Uint8Array }[],
): { readonly facts: readonly ReferenceFacts[]; readonly documents: readonly DocumentChange[] } {
  directory.folder(FOLDER)
  const facts = references.map(({ facts: known, bytes }): ReferenceFacts => {
    writeWhole(fileOf(directory, known.detector), bytes)
    return { ...known, sha256: sha256(bytes) }
  })
  return { facts, documents: facts.map((each) => ({ kind: KIND, key: each.detector, value: each })) }
}

type Measured = NonNullable<BudgetStatus['measured']>

/** What is remembered of the false alarms that a baseline measured. */
export function measuredDocument(measured: Measured): DocumentChange {
  return { ...MEASURED, value: measured }
}

export function lastMeasured(store: Pick<Store, 'document'>): Measured | undefined {
  return store.document<Measured>(MEASURED.kind, MEASURED.key)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function fileOf(directory: DataDirectory, name: string): string {
  return join(directory.path, FOLDER, `${name}.reference`)
}

function writeWhole(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(`${file}.new`, bytes, { mode: 0o600, flush: true })
    renameSync(`${file}.new`, file)
  } catch (cause) {
    rmSync(`${file}.new`, { force: true })
    throw new StoreError(`writing ${file}`, { cause })
  }
}
