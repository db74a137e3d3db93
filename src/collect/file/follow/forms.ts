import { basename } from 'node:path'
import { compare, evidenceAt } from '../content/evidence.ts'
import type { Evidence } from '../content/evidence.ts'
import { headEnd } from '../content/fingerprint.ts'
import type { Found } from '../content/identity.ts'
import type { Complaints } from './complaints.ts'
import type { Tail } from './tail.ts'

/** A new file is a generation of its `own`, cannot be told yet or is not to be read (`wait`), or goes on with an origin. */
export type Verdict = 'own' | 'wait' | { readonly origin: Tail; readonly gzip: boolean }

/** A packed or copied form whose original is still read, or that cannot be told yet; looked at again when it changes. */
interface Form {
  readonly origin: Tail
  readonly version: string
}

interface Match {
  readonly origin: Tail
  readonly gzip: boolean
  /** It is still being written, and too short to tell. */
  readonly isUndecided: boolean
}

/** Recognises new files that are the packed or copied form of a generation, by name and content. */
export class Forms {
  readonly #complaints: Complaints
  readonly #known = new Map<string, Form>()
  /** Generations whose content has been read in part, and may be found again in another file. */
  #origins: Tail[] = []
  /** Those of them that have ended in place. */
  #ended: ReadonlySet<Tail> = new Set()
  /** Files from which nothing has been read yet: their paths, and those that are open but have no path any more. */
  #unread: ReadonlySet<string> = new Set()
  #unreadOpen: Tail[] = []

  constructor(complaints: Complaints) {
    this.#complaints = complaints
  }

  /** Before the new files of a scan are judged. */
  begin(newcomers: readonly Found[], tails: Iterable<Tail>, ended: ReadonlySet<Tail>): void {
    const keys = new Set(newcomers.map((file) => file.key))
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key)
    const all = [...ended, ...tails]
    this.#ended = ended
    this.#origins = all.filter((tail) => tail.content > 0 && !tail.gzip)
    const unread = all.filter((tail) => tail.content === 0 && tail.size > 0)
    const unreadFiles = [...unread.filter(isPresent), ...newcomers.filter((file) => file.size > 0)]
    this.#unread = new Set(unreadFiles.map((file) => file.path))
    this.#unreadOpen = unread.filter((tail) => !isPresent(tail) && tail.isOpen)
  }

  /** An origin goes on in this file. */
  moved(file: Found, origin: Tail): void {
    this.#known.delete(file.key)
    if (origin.gzip) this.#origins = this.#origins.filter((tail) => tail !== origin)
  }

  hasFormOf(tail: Tail): boolean {
    return [...this.#known.values()].some((form) => form.origin === tail)
  }

  async judge(file: Found): Promise<Verdict> {
    if (file.size === 0) return 'own'
    if (this.#mustWait(file.path)) return 'wait'
    const origins = this.#origins.filter((tail) => isNamedLike(file.path, tail))
    if (origins.length === 0) return 'own'
    const version = `${file.size} ${file.modified}`
    const form = this.#known.get(file.key)
    if (form?.version === version && origins.includes(form.origin) && !this.#isFree(form.origin)) return 'wait'
    this.#known.delete(file.key)
    try {
      const likeness = await this.#compare(file, origins)
      if (!likeness) return 'own'
      if (!likeness.isUndecided && this.#isFree(likeness.origin)) return likeness
      this.#known.set(file.key, { origin: likeness.origin, version })
    } catch (error) {
      this.#complaints.about(file.path, error)
    }
    return 'wait'
  }

  /** Nothing can be said of a form before its original has been read: gzip writes `app.log.1.gz` beside `app.log.1`, and removes that. */
  #mustWait(path: string): boolean {
    if (path.endsWith('.gz') && this.#unread.has(path.slice(0, -3))) return true
    return this.#unreadOpen.some((tail) => isNamedLike(path, tail))
  }

  /** The first origin whose content it holds, or may turn out to hold. */
  async #compare(file: Found, origins: readonly Tail[]): Promise<Match | undefined> {
    const offsets = origins.flatMap((tail) => tail.marks().map((mark) => mark.offset))
    const evidence = await evidenceAt(file.path, offsets)
    for (const origin of origins) {
      const likeness = compare(origin.marks(), evidence)
      const isUndecided = likeness === 'undecided'
      if (isUndecided || (likeness === 'same' && this.#isForm(file, origin, evidence)))
        return { origin, gzip: evidence.gzip, isUndecided }
    }
    return undefined
  }

  /** The original is gone and closed: its form may take its place. */
  #isFree(tail: Tail): boolean {
    return this.#ended.has(tail) || (!isPresent(tail) && !tail.isOpen)
  }

  /**
   * Two young files may merely begin alike, and skipping the second's beginning would lose it. So a copy must have a
   * whole KiB in common, unless its original has just been truncated, and must not be longer than an original that is
   * still there; a packed file is trusted sooner, for its original gone, or named as gzip names it.
   */
  #isForm(file: Found, tail: Tail, evidence: Evidence): boolean {
    const isLong = tail.marks()[0]?.offset === headEnd(Infinity)
    if (this.#ended.has(tail)) return true
    if (!isPresent(tail)) return isLong || evidence.gzip
    const isNamedSo = evidence.gzip && file.path.startsWith(`${tail.path}.`)
    return evidence.length <= tail.size && (isLong || isNamedSo)
  }
}

function isPresent(tail: Tail): boolean {
  return tail.missingSince === undefined
}

/** A longer name that begins alike, as `app.log.1.gz` and `app-20260105.log` do for `app.log`. */
function isNamedLike(path: string, tail: Tail): boolean {
  const own = basename(path)
  return [tail.path, tail.formerPath].some((name) => {
    const other = basename(name)
    return own.length > other.length && own.startsWith(other.split('.', 1)[0] ?? other)
  })
}
