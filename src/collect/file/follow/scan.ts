import { glob, stat } from 'node:fs/promises'
import { matchesGlob, resolve } from 'node:path'
import { foundAt } from '../content/identity.ts'
import type { Found } from '../content/identity.ts'
import type { Complaints } from './complaints.ts'

export interface ScanConfig {
  readonly paths: readonly string[]
  readonly exclude: readonly string[]
}

/** The regular files that match now, each once, by name. What cannot be looked at is complained about and left out. */
export async function scan(config: ScanConfig, complaints: Complaints): Promise<readonly Found[]> {
  const names = new Set<string>()
  for (const pattern of config.paths) for (const name of await matches(pattern)) names.add(name)
  const exclude = config.exclude.map((pattern) => (pattern.startsWith('**') ? pattern : resolve(pattern)))
  const kept = [...names].filter((name) => !exclude.some((pattern) => matchesGlob(name, pattern)))
  const found = new Map<string, Found>()
  // A code unit order that does not depend on the machine's language.
  for (const name of kept.toSorted((a, b) => (a < b ? -1 : 1))) {
    const file = await look(name, complaints)
    if (file && !found.has(file.key)) found.set(file.key, file)
  }
  return [...found.values()]
}

async function matches(pattern: string): Promise<readonly string[]> {
  const absolute = resolve(pattern)
  if (!/[*?[\]{}!()]/.test(pattern)) return [absolute]
  const names: string[] = []
  for await (const name of glob(absolute)) names.push(name)
  return names
}

async function look(path: string, complaints: Complaints): Promise<Found | undefined> {
  try {
    const facts = await stat(path, { bigint: true })
    if (facts.isFile()) return foundAt(path, facts)
    const code = facts.isDirectory() ? 'EISDIR' : 'EINVAL'
    complaints.about(path, Object.assign(new Error('it is not a regular file'), { code }))
  } catch (error) {
    complaints.about(path, error)
  }
  return undefined
}
