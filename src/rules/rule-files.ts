import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '../runtime/errors.ts'

/** A rule file's text and the path by which people know it. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

/**
 * Every `.yml` and `.yaml` file under the folders (or the files themselves), sorted by path. Hidden names and folders called
 * `playbooks` are left out; links are followed, each folder once. What cannot be read is a problem.
 */
export function readRuleFiles(folders: readonly string[]): {
  files: readonly RuleFile[]
  problems: readonly Problem[]
} {
  const walk: Walk = { paths: [], seen: new Set(), problems: [] }
  for (const folder of folders) visit(folder, walk, true)
  const files: RuleFile[] = []
  for (const path of [...new Set(walk.paths)].toSorted())
    attempt(path, walk, () => {
      files.push({ file: path, text: readFileSync(path, 'utf8') })
    })
  return { files, problems: walk.problems }
}

interface Walk {
  readonly paths: string[]
  readonly seen: Set<string>
  readonly problems: Problem[]
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
    const what = `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
    walk.problems.push({ file: path, part: 'file', what, cure: 'Check the path and its permissions' })
  }
}
