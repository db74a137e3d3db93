import { readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { type Pack } from './manifest.ts'
import { isRulePath } from './paths.ts'
import { readTar, TAR_LIMITS, tooLarge } from './tar.ts'

/** An archive as a pack. Throws a TarError where it is none or over its limits, and what the file system throws. */
export function openArchive(path: string): Pack {
  if (statSync(path).size > TAR_LIMITS.bytes) throw tooLarge()
  const files = readTar(readFileSync(path))
  const rules = new Map([...files].filter(([name]) => isRulePath(name)))
  return { place: path, rules, read: (name) => files.get(name) }
}

/** A folder with the rule files that were found in it, as a pack. Throws what the file system throws. */
export function openFolder(folder: string, paths: readonly string[]): Pack {
  const rules = new Map(paths.map((path) => [relative(folder, path).split(sep).join('/'), readFileSync(path)]))
  return { place: folder, rules, read: (name) => readPlain(join(folder, name)) }
}

/** A plain file within the limits of an archive; undefined where there is none. */
function readPlain(path: string): Buffer | undefined {
  const at = statSync(path, { throwIfNoEntry: false })
  return at?.isFile() && at.size <= TAR_LIMITS.bytes ? readFileSync(path) : undefined
}
