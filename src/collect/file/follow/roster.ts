import { basename } from 'node:path'
import { headEnd } from '../content/fingerprint.ts'
import { compare, evidenceAt } from '../content/evidence.ts'
import type { Evidence } from '../content/evidence.ts'
import type { Found } from '../content/identity.ts'
import type { Complaints } from './complaints.ts'
import { parsePosition } from './position.ts'
import { Tail } from './tail.ts'
import type { TailOptions } from './tail.ts'

/** What a scan changed. */
export interface Update {
  readonly renamed: readonly Tail[]
  readonly begun: readonly Tail[]
  /** Generations that have ended in place and are gone on with nowhere. */
  readonly truncated: readonly Tail[]
}

/** A packed or copied form whose original is still read, or that cannot be told yet; looked at again when it changes. */
interface Form {
  readonly origin: Tail
  readonly version: string
}

type Verdict = 'own' | 'wait' | { readonly tail: Tail; readonly gzip: boolean }

/**
 * Which generation each file belongs to. A file is known by its inode and birth time, and by its content: the same
 * inode with other content is a new generation, another inode with the same content is the packed or copied form of a
 * generation, which is read on there once the original is gone, and never twice.
 */
export class Roster {
  readonly #options: TailOptions
  readonly #complaints: Complaints
  readonly #tails = new Map<string, Tail>()
  /** Packed and copied forms whose original is still read, by key, with the version that was compared. */
  readonly #forms = new Map<string, Form>()
  /** The latest generation of each inode, by key: a later one never takes its stream's name. */
  readonly #lives = new Map<string, number>()

  constructor(options: TailOptions, complaints: Complaints) {
    this.#options = options
    this.#complaints = complaints
  }

  /** Streams whose position is not understood are handed back: they cannot be gone on with. */
  restore(positions: ReadonlyMap<string, string>, now: number): readonly string[] {
    const strange: string[] = []
    for (const [stream, value] of positions) {
      const position = parsePosition(value)
      if (position) this.#restored(Tail.resume(stream, position, this.#options, now))
      else strange.push(stream)
    }
    return strange
  }

  #restored(tail: Tail): void {
    const { base, generation } = tail.name
    this.#tails.set(tail.stream, tail)
    this.#lives.set(base, Math.max(generation, this.#lives.get(base) ?? 0))
  }

  /** Those that no scan finds any more first, then as they were found. */
  get tails(): readonly Tail[] {
    const all = [...this.#tails.values()]
    return [
      ...all.filter((tail) => tail.missingSince !== undefined),
      ...all.filter((tail) => tail.missingSince === undefined),
    ]
  }

  /** Takes in what a scan found. After a truncation `scanAgain` is asked once: a copy may have come in between. */
  async update(found: readonly Found[], scanAgain: () => Promise<readonly Found[]>, now: number): Promise<Update> {
    const byKey = new Map(found.map((file) => [file.key, file]))
    const renamed = [...this.#tails.values()].filter((tail) => this.#find(tail, byKey.get(tail.key), now))
    const ended = new Set(await this.#truncated(now))
    const files = ended.size > 0 ? await scanAgain() : found
    const begun: Tail[] = []
    for (const file of this.#newcomers(files, ended)) {
      const verdict = await this.#originOf(file, ended)
      if (verdict === 'wait') continue
      this.#forms.delete(file.key)
      if (verdict === 'own') begun.push(this.#begin(file, now))
      else {
        ended.delete(verdict.tail)
        renamed.push(await this.#move(verdict.tail, file, verdict.gzip))
      }
    }
    return { renamed, begun, truncated: [...ended] }
  }

  /** Lets a generation go. */
  async forget(tail: Tail): Promise<void> {
    this.#tails.delete(tail.stream)
    await tail.close()
  }

  /** Whether a packed or copied form of it has been found, to go on with once it is closed. */
  hasForm(tail: Tail): boolean {
    return [...this.#forms.values()].some((form) => form.origin === tail)
  }

  async close(): Promise<void> {
    for (const tail of this.#tails.values()) await tail.close()
  }

  #find(tail: Tail, file: Found | undefined, now: number): boolean {
    if (file) return tail.seen(file, now)
    tail.missingSince ??= now
    return false
  }

  /** Takes out the generations whose file no longer holds what was read. */
  async #truncated(now: number): Promise<readonly Tail[]> {
    const ended: Tail[] = []
    for (const tail of this.#tails.values()) {
      if (await this.#isSame(tail, now)) continue
      await tail.close()
      this.#tails.delete(tail.stream)
      ended.push(tail)
    }
    return ended
  }

  async #isSame(tail: Tail, now: number): Promise<boolean> {
    if (tail.missingSince !== undefined && !tail.isOpen) return true
    try {
      if (tail.missingSince !== undefined) await tail.look(now)
      return await tail.isSame()
    } catch (error) {
      this.#complaints.about(tail.path, error)
      return true
    }
  }

  /** An empty file may become anything, so it is left alone until it holds something. */
  #newcomers(files: readonly Found[], ended: ReadonlySet<Tail>): readonly Found[] {
    const known = new Set(Array.from(this.#tails.values(), (tail) => tail.key))
    const emptied = new Set(Array.from(ended, (tail) => tail.key))
    const keys = new Set(files.map((file) => file.key))
    for (const key of this.#forms.keys()) if (!keys.has(key)) this.#forms.delete(key)
    const bases = new Set(Array.from(this.#tails.values(), (tail) => tail.name.base))
    for (const key of this.#lives.keys()) if (!keys.has(key) && !bases.has(key)) this.#lives.delete(key)
    return files.filter(({ key, size }) => !known.has(key) && (size > 0 || emptied.has(key)))
  }

  #begin(file: Found, now: number): Tail {
    const generation = (this.#lives.get(file.key) ?? -1) + 1
    this.#lives.set(file.key, generation)
    const tail = new Tail(file, { base: file.key, generation }, this.#options, now)
    tail.seen(file, now)
    this.#tails.set(tail.stream, tail)
    return tail
  }

  async #move(tail: Tail, file: Found, gzip: boolean): Promise<Tail> {
    await tail.moveTo(file, gzip)
    this.#tails.set(tail.stream, tail)
    return tail
  }

  /** Which generation's content a new file holds. */
  async #originOf(file: Found, ended: ReadonlySet<Tail>): Promise<Verdict> {
    const origins = [...ended, ...this.#tails.values()].filter((tail) => mayBeFormOf(file.path, tail))
    if (file.size === 0) return 'own'
    if ([...this.#tails.values()].some((tail) => mustBeReadBefore(file.path, tail))) return 'wait'
    if (origins.length === 0) return 'own'
    const version = `${file.size} ${file.modified}`
    const form = this.#forms.get(file.key)
    if (form?.version === version && origins.includes(form.origin) && !isFree(form.origin, ended)) return 'wait'
    try {
      const evidence = await evidenceAt(
        file.path,
        origins.flatMap((tail) => tail.marks().map((mark) => mark.offset)),
      )
      for (const tail of origins) {
        const likeness = compare(tail.marks(), evidence)
        if (likeness === 'other' || (likeness === 'same' && !isForm(file, tail, evidence, ended))) continue
        if (likeness === 'same' && isFree(tail, ended)) return { tail, gzip: evidence.gzip }
        this.#forms.set(file.key, { origin: tail, version })
        return 'wait'
      }
      return 'own'
    } catch (error) {
      this.#complaints.about(file.path, error)
      return 'wait'
    }
  }
}

function mayBeFormOf(path: string, tail: Tail): boolean {
  return tail.content > 0 && !tail.gzip && isNamedLike(path, tail)
}

/** By its name: a longer one that begins alike, as `app.log.1.gz` and `app-20260105.log` do for `app.log`. */
function isNamedLike(path: string, tail: Tail): boolean {
  const own = basename(path)
  return [tail.path, tail.formerPath].some((name) => {
    const other = basename(name)
    return own.length > other.length && own.startsWith(other.split('.', 1)[0] ?? other)
  })
}

/** Nothing can be said of a form before its original has been read: gzip writes `app.log.1.gz` beside `app.log.1`, and removes that. */
function mustBeReadBefore(path: string, tail: Tail): boolean {
  if (tail.content > 0 || tail.size === 0) return false
  return tail.missingSince === undefined ? path === `${tail.path}.gz` : tail.isOpen && isNamedLike(path, tail)
}

/** The original is gone and closed: its form may take its place. */
function isFree(tail: Tail, ended: ReadonlySet<Tail>): boolean {
  return ended.has(tail) || (tail.missingSince !== undefined && !tail.isOpen)
}

/**
 * Equal content is enough while the original is gone. While it is there, two young files may merely begin alike: then
 * the form must not be longer, and have a whole KiB in common or be named as gzip names it.
 */
function isForm(file: Found, tail: Tail, evidence: Evidence, ended: ReadonlySet<Tail>): boolean {
  if (ended.has(tail) || tail.missingSince !== undefined) return true
  const isNamedSo = evidence.gzip && file.path.startsWith(`${tail.path}.`)
  return evidence.length <= tail.size && (isNamedSo || tail.marks()[0]?.offset === headEnd(Infinity))
}
