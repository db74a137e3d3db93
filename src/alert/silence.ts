import { hash } from 'node:crypto'
import type { Matcher, Silence } from '../contract/alert.ts'
import type { DocumentChange } from '../contract/store.ts'
import { base32 } from '../runtime/base32.ts'
import { RefusedError } from '../runtime/errors.ts'
import { isSelective, matchesAll } from './matcher.ts'
import type { Labelled } from './matcher.ts'

/** What a person asks for; times in epoch ms. */
export interface SilenceRequest {
  readonly author: string
  readonly comment: string
  readonly endsAt: number
  readonly matchers: readonly Matcher[]
}

const DAY_MS = 86_400_000
const LONGEST_DAYS = 90
const KEPT_DAYS = 5
const MOST_ACTIVE = 1_000
const MOST_MATCHERS = 20
const MOST_CHARACTERS = 1_000

/** The silences in force, and for five days those that ended. Always oldest first, so that the same one is named each time. */
export class Silences {
  #all: Silence[] = []
  /** Whose end has been seen to. Not stored: seeing to it twice changes nothing. */
  #ended = new Set<string>()
  readonly #changed = new Set<string>()

  add(request: SilenceRequest, now: number): Silence {
    refuse(problemOf(request, now))
    if (this.#all.filter((silence) => isActive(silence, now)).length >= MOST_ACTIVE)
      refuse(`${MOST_ACTIVE} silences are in force; end some first`)
    const author = request.author.trim()
    const comment = request.comment.trim()
    const matchers = request.matchers.map(({ name, value, equal }) => ({ name, value, equal }))
    const meaning = JSON.stringify([author, comment, now, request.endsAt, matchers])
    const id = base32(hash('sha256', meaning, 'buffer'), 26)
    const silence: Silence = { id, author, comment, startsAt: now, endsAt: request.endsAt, matchers }
    this.#put(silence)
    return silence
  }

  /** Ends it now. */
  expire(id: string, now: number): Silence {
    const silence = this.get(id)
    if (!silence) throw new RefusedError(`there is no silence ${id}`)
    if (!isActive(silence, now)) throw new RefusedError(`the silence ${id} has already ended`)
    const ended = { ...silence, endsAt: now }
    this.#put(ended)
    return ended
  }

  get(id: string): Silence | undefined {
    return this.#all.find((silence) => silence.id === id)
  }

  all(): readonly Silence[] {
    return this.#all
  }

  /** The oldest silence in force that matches. */
  silencing(alert: Labelled, now: number): string | undefined {
    for (const silence of this.#all)
      if (isActive(silence, now) && matchesAll(alert, silence.matchers)) return silence.id
    return undefined
  }

  /** When something is to be done about a silence: at its end, and when it has been kept long enough. */
  dueAt(id: string): number | undefined {
    const silence = this.get(id)
    if (!silence) return undefined
    return this.#ended.has(id) ? silence.endsAt + KEPT_DAYS * DAY_MS : silence.endsAt
  }

  /** At its due time. True when the silence has ended just now, false when it was forgotten. */
  due(id: string): boolean {
    if (!this.#ended.has(id)) {
      this.#ended.add(id)
      return true
    }
    this.#ended.delete(id)
    this.#all = this.#all.filter((silence) => silence.id !== id)
    this.#changed.add(id)
    return false
  }

  /** The clock went back: a silence that had ended may be in force again. */
  rewind(now: number): void {
    for (const silence of this.#all) if (silence.endsAt > now) this.#ended.delete(silence.id)
  }

  restore(documents: Iterable<{ readonly value: Silence }>): void {
    for (const { value } of documents) this.#all.push(value)
    this.#sort()
  }

  changes(): DocumentChange[] {
    const changes = [...this.#changed].map((key) => ({ kind: 'silence', key, value: this.get(key) ?? null }))
    this.#changed.clear()
    return changes
  }

  get isChanged(): boolean {
    return this.#changed.size > 0
  }

  #put(silence: Silence): void {
    this.#all = [...this.#all.filter((other) => other.id !== silence.id), silence]
    this.#sort()
    this.#changed.add(silence.id)
  }

  #sort(): void {
    this.#all.sort((a, b) => a.startsAt - b.startsAt || (a.id < b.id ? -1 : 1))
  }
}

/** It starts when it is made; should the clock go back before that, it is in force all the same. */
function isActive(silence: Silence, now: number): boolean {
  return now < silence.endsAt
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new RefusedError(problem)
}

function problemOf({ author, comment, endsAt, matchers }: SilenceRequest, now: number): string | undefined {
  if (author.trim() === '') return 'a silence needs an author'
  if (comment.trim() === '') return 'a silence needs a comment: why is this muted?'
  if (author.length > MOST_CHARACTERS || comment.length > MOST_CHARACTERS)
    return `author and comment may have ${MOST_CHARACTERS} characters`
  if (!Number.isFinite(endsAt) || endsAt <= now) return 'a silence needs an end that lies ahead'
  if (endsAt > now + LONGEST_DAYS * DAY_MS) return `a silence may last ${LONGEST_DAYS} days`
  if (matchers.length === 0) return 'a silence needs at least one matcher'
  if (matchers.length > MOST_MATCHERS) return `a silence may have ${MOST_MATCHERS} matchers`
  if (matchers.some(({ name, value }) => name === '' || name.length + value.length > MOST_CHARACTERS))
    return `a matcher needs a name, and name and value may have ${MOST_CHARACTERS} characters`
  if (!isSelective(matchers)) return 'these matchers would mute nearly everything; name one value that must be there'
  return undefined
}
