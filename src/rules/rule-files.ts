import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '../runtime/errors.ts'
import { MANIFEST, packProblems, unsigned, type Pack } from './pack/manifest.ts'
import { openArchive, openFolder } from './pack/open.ts'
import { isArchiveName } from './pack/paths.ts'
import { TarError } from './pack/tar.ts'
import type { TrustedKey } from './pack/trust.ts'

/** A rule file's text and the path by which people know it; in an archive, `pack.tar/inference/rule.yml`. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

export interface ReadOptions {
  /** Given: every folder and archive must be a pack that one of these keys signed, see docs/packs.md. */
  readonly trust?: readonly TrustedKey[]
}

/**
 * Every `.yml` and `.yaml` file under the folders and in the archives (`.tar`, `.tar.gz`, `.tgz`), or the files themselves,
 * sorted by path. Hidden names and folders called `playbooks` are left out; links in folders are followed, each folder once.
 * What cannot be read is a problem. A pack that its manifest does not fit, or that nobody trusted has signed where `trust`
 * asks for it, is a problem for each fault, and nothing of it is read.
 */
export function readRuleFiles(
  folders: readonly string[],
  options: ReadOptions = {},
): {
  files: readonly RuleFile[]
  problems: readonly Problem[]
} {
  const walk: Walk = { paths: [], seen: new Set(), problems: [] }
  const texts = new Map<string, string>()
  for (const folder of folders)
    attempt(folder, walk, () => {
      const pack = packAt(folder, options.trust, walk.problems)
      if (pack === 'none') visit(folder, walk, true)
      else if (pack !== 'refused')
        for (const [path, bytes] of pack.rules) texts.set(join(pack.place, path), bytes.toString('utf8'))
    })
  for (const path of walk.paths)
    if (!texts.has(path)) attempt(path, walk, () => texts.set(path, readFileSync(path, 'utf8')))
  const files = [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([file, text]) => ({ file, text }))
  return { files, problems: walk.problems }
}

/** The rule files of one folder by their path in it, for a manifest. Throws where one cannot be read. */
export function readFolder(folder: string): ReadonlyMap<string, Buffer> {
  const { paths, problems } = pathsBelow(folder)
  const [first] = problems
  if (first) throw new Error(`${first.file}: ${first.what}`)
  return openFolder(folder, paths).rules
}

/** The pack that stands at a path, if it can be used; `none` where it is a plain folder or file and need be no pack. */
function packAt(path: string, trust: ReadOptions['trust'], problems: Problem[]): Pack | 'none' | 'refused' {
  const at = statSync(path)
  if (!at.isDirectory() && !isArchiveName(path)) {
    if (trust === undefined) return 'none'
    problems.push(unsigned(path))
    return 'refused'
  }
  if (at.isDirectory() && trust === undefined && !existsSync(join(path, MANIFEST))) return 'none'
  const below = at.isDirectory() ? pathsBelow(path) : undefined
  const pack = below ? openFolder(path, below.paths) : openArchive(path)
  const found = [...(below?.problems ?? []), ...packProblems(pack, trust)]
  problems.push(...found)
  return found.length === 0 ? pack : 'refused'
}

interface Walk {
  readonly paths: string[]
  readonly seen: Set<string>
  readonly problems: Problem[]
}

function pathsBelow(folder: string): Walk {
  const walk: Walk = { paths: [], seen: new Set(), problems: [] }
  visit(folder, walk, false)
  return walk
}

function visit(path: string, walk: Walk, isNamed: boolean): void {
  attempt(path, walk, () => {
    if (!statSync(path).isDirectory()) {
      if (isNamed || /\.ya?ml$/.test(path)) walk.paths.push(path)
      return
    }
    const real = realpathSync(path)
    if (walk.seen.has(real)) return
    walk.seen.add(real)
    for (const name of readdirSync(path).toSorted())
      if (!name.startsWith('.') && name !== 'playbooks') visit(join(path, name), walk, false)
  })
}

function attempt(path: string, walk: Walk, act: () => void): void {
  try {
    act()
  } catch (error) {
    walk.problems.push(unreadable(path, error))
  }
}

function unreadable(file: string, error: unknown): Problem {
  if (error instanceof TarError) return { file, part: error.part, what: error.message, cure: error.cure }
  const what = `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
  return { file, part: 'file', what, cure: 'Check the path and its permissions' }
}
