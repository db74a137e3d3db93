import { createHash } from 'node:crypto'
import type { Problem } from '../../runtime/errors.ts'
import { isSafePath } from './paths.ts'
import { signerOf, type TrustedKey } from './trust.ts'

export const MANIFEST = 'pack.json'
export const SIGNATURE = 'pack.sig'

/** What `pack.json` says: SHA-256 (hex) of every rule file by its path in the pack, and of other files if it likes. */
export interface Manifest {
  readonly name: string
  readonly version: string
  /** ISO 8601, when it was signed. */
  readonly created: string
  readonly files: Readonly<Record<string, string>>
}

/** A pack as it was found, before anything of it is believed. */
export interface Pack {
  /** The path by which people know it. */
  readonly place: string
  /** The rule files by their path in the pack. */
  readonly rules: ReadonlyMap<string, Buffer>
  /** Any file of the pack by its path; undefined where there is none. */
  readonly read: (path: string) => Buffer | undefined
}

const SIGN = 'Sign the pack (`modelward rules sign`), or take it from somebody whose key is trusted'
const AGAIN = 'Take the pack from its publisher again, or sign it again if the change is yours'

/** The bytes of a manifest over these rule files. Throws an Error for a path that no pack may hold. */
export function manifestOf(
  facts: Omit<Manifest, 'files'>,
  rules: ReadonlyMap<string, Buffer>,
): { readonly manifest: Manifest; readonly bytes: Buffer } {
  const odd = [...rules.keys()].find((path) => !isSafePath(path))
  if (odd !== undefined) throw new Error(`${JSON.stringify(odd)} is no plain path; rename it`)
  const sorted = [...rules].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const files = Object.fromEntries(sorted.map(([path, bytes]) => [path, digestOf(bytes)]))
  const manifest = { name: facts.name, version: facts.version, created: facts.created, files }
  return { manifest, bytes: Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`) }
}

/**
 * Everything that speaks against a pack. A manifest that is there must fit its files always; with `trust` there must be one,
 * and one of the keys must have signed it.
 */
export function packProblems(pack: Pack, trust: readonly TrustedKey[] | undefined): readonly Problem[] {
  const bytes = pack.read(MANIFEST)
  if (bytes === undefined) return trust === undefined ? [] : [unsigned(pack.place)]
  const problems = trust === undefined ? [] : signatureProblems(pack, bytes, trust)
  if (problems.length > 0) return problems
  const manifest = parseManifest(bytes)
  if ('fault' in manifest)
    return [{ file: inPack(pack, MANIFEST), part: manifest.part, what: manifest.fault, cure: AGAIN }]
  return fileProblems(pack, manifest)
}

/** What is said of rules that nobody signed, where signed ones are asked for. */
export function unsigned(place: string): Problem {
  return { file: place, part: MANIFEST, what: 'it is not signed, and only signed packs are trusted', cure: SIGN }
}

function signatureProblems(pack: Pack, manifest: Buffer, trust: readonly TrustedKey[]): readonly Problem[] {
  const signature = pack.read(SIGNATURE)
  const file = inPack(pack, SIGNATURE)
  if (signature === undefined) return [{ file, part: 'signature', what: `${MANIFEST} has no signature`, cure: SIGN }]
  if (signerOf(manifest, signature.toString('latin1'), trust)) return []
  const keys = trust.length === 0 ? 'there is no trusted key' : `trusted keys: ${trust.map(({ id }) => id).join(', ')}`
  const what = `no trusted key signed this ${MANIFEST} (${keys})`
  return [{ file, part: 'signature', what, cure: 'Take the pack from its publisher again, or trust its key' }]
}

function fileProblems(pack: Pack, { files }: Manifest): readonly Problem[] {
  const listed = new Map(Object.entries(files))
  const problems: Problem[] = []
  for (const [path, digest] of listed) {
    const bytes = pack.rules.get(path) ?? pack.read(path)
    const what = bytes === undefined ? 'it is missing' : 'it is not what was signed'
    if (bytes === undefined || digestOf(bytes) !== digest) problems.push(fileProblem(pack, path, what))
  }
  for (const path of pack.rules.keys())
    if (!listed.has(path)) problems.push(fileProblem(pack, path, `${MANIFEST} does not list it`))
  return problems
}

function fileProblem(pack: Pack, path: string, what: string): Problem {
  return { file: inPack(pack, path), part: `files.${path}`, what, cure: AGAIN }
}

function inPack(pack: Pack, path: string): string {
  return `${pack.place}/${path}`
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Fault {
  readonly part: string
  readonly fault: string
}

function parseManifest(bytes: Buffer): Manifest | Fault {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    return { part: 'JSON', fault: error instanceof Error ? error.message : String(error) }
  }
  if (!isRecord(value)) return { part: 'manifest', fault: 'it is no object' }
  const { name, version, created, files } = value
  if (!isWord(name)) return { part: 'name', fault: 'a name is missing' }
  if (!isWord(version)) return { part: 'version', fault: 'a version is missing' }
  if (typeof created !== 'string' || Number.isNaN(Date.parse(created)))
    return { part: 'created', fault: 'a time in ISO 8601 is missing' }
  if (!isRecord(files)) return { part: 'files', fault: 'a map of path to SHA-256 is missing' }
  for (const [path, digest] of Object.entries(files))
    if (!isSafePath(path) || typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
      return { part: `files.${path}`, fault: 'it is no plain path with a SHA-256 in hex' }
  return { name, version, created, files: files as Readonly<Record<string, string>> }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
