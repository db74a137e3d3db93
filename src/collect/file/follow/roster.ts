import type { Found } from '../content/identity.ts'
import type { Complaints } from './complaints.ts'
import { Forms } from './forms.ts'
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

/**
 * Which generation each file belongs to. A file is known by its inode and birth time, and by its content: the same
 * inode with other content is a new generation, another inode with the same content is the packed or copied form of a
 * generation, which is read on there once the original is gone, and never twice.
 */
export class Roster {
  readonly #options: TailOptions
  readonly #complaints: Complaints
  readonly #tails = new Map<string, Tail>()
  readonly #forms: Forms
  /** The latest generation of each inode, by key: a later one never takes its stream's name. */
  readonly #lives = new Map<string, number>()

  constructor(options: TailOptions, complaints: Complaints) {
    this.#options = options
    this.#complaints = complaints
    this.#forms = new Forms(complaints)
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
    const newcomers = this.#newcomers(files, ended)
    this.#forms.begin(newcomers, this.#tails.values(), ended)
    for (const file of newcomers) {
      const verdict = await this.#forms.judge(file)
      if (verdict === 'wait') continue
      if (verdict === 'own') begun.push(this.#begin(file, now))
      else {
        ended.delete(verdict.origin)
        renamed.push(await this.#move(verdict.origin, file, verdict.gzip))
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
    return this.#forms.hasFormOf(tail)
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
    this.#forms.moved(file, tail)
    this.#tails.set(tail.stream, tail)
    return tail
  }
}
