import type { Log } from '../../../contract/plugin.ts'
import { reasonOf } from '../../../runtime/errors.ts'

const CURES: Readonly<Record<string, string>> = {
  EACCES: 'let the user that modelward runs as read it, for example through a group',
  EPERM: 'let the user that modelward runs as read it, for example through a group',
  EISDIR: 'it is a folder: name the files in it, for example with /*',
  EINVAL: 'only regular files can be followed',
  ELOOP: 'the symbolic links lead in a circle',
  EMFILE: 'raise the limit of open files (LimitNOFILE)',
  ENFILE: 'raise the limit of open files (fs.file-max)',
}

/** Says once of each path what is wrong with it and what cures it, and once when it is well again. */
export class Complaints {
  readonly #log: Log
  readonly #known = new Map<string, string>()

  constructor(log: Log) {
    this.#log = log
  }

  about(path: string, error: unknown): void {
    const code = codeOf(error)
    // Gone or exchanged between two looks: the next scan tells.
    if (code === 'ENOENT' || code === 'ESTALE' || this.#known.get(path) === code) return
    this.#known.set(path, code)
    const cure = CURES[code] ?? 'it is tried again at every look'
    this.#log.warn('file cannot be read', { path, reason: reasonOf(error), code, cure })
  }

  cleared(path: string): void {
    if (this.#known.delete(path)) this.#log.info('file can be read again', { path })
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
