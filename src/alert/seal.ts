import type { Event, Fields, SealedPaths } from '../contract/event.ts'

/** What stands where something clear may not. */
export const SEALED = '***'

/** What kind of secret lies at, under or over a dotted path, if any. Array positions do not count: `a.0.b` is `a.b`. */
export function sealOf(path: string, sealed: SealedPaths): 'identity' | 'text' | undefined {
  if (sealed.text.length === 0 && sealed.identity.length === 0) return undefined
  const plain = withoutPositions(path)
  if (sealed.text.some((other) => touches(plain, withoutPositions(other)))) return 'text'
  if (sealed.identity.some((other) => touches(plain, withoutPositions(other)))) return 'identity'
  return undefined
}

/** What kind of secret lies at or under a path, if any: a parent of one is not itself secret. */
function sealAt(path: string, sealed: SealedPaths): 'identity' | 'text' | undefined {
  if (sealed.text.length === 0 && sealed.identity.length === 0) return undefined
  const plain = withoutPositions(path)
  if (sealed.text.some((other) => holds(withoutPositions(other), plain))) return 'text'
  if (sealed.identity.some((other) => holds(withoutPositions(other), plain))) return 'identity'
  return undefined
}

function touches(path: string, sealed: string): boolean {
  return holds(sealed, path) || holds(path, sealed)
}

function holds(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`)
}

function withoutPositions(path: string): string {
  return /[\d[]/.test(path) ? path.replaceAll(/\[\d*\]/g, '').replaceAll(/\.\d+(?=\.|$)/g, '') : path
}

/** The value at a dotted path: a key of that very name first, then step by step; a list gives its elements' values. */
export function valueAt(fields: Fields, path: string): unknown {
  if (Object.hasOwn(fields, path)) return fields[path]
  return walk(fields, path.split('.'), 0)
}

function walk(value: unknown, steps: readonly string[], at: number): unknown {
  const step = steps[at]
  if (step === undefined) return value
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value) && !/^\d+$/.test(step))
    return value.map((element) => walk(element, steps, at)).filter((found) => found !== undefined)
  return Object.hasOwn(value, step) ? walk((value as Fields)[step], steps, at + 1) : undefined
}

const LEAST_IDENTITY = 3
const LEAST_TEXT = 8
const LEAST_QUOTE = 16
const MOST_SECRETS = 100

/** Takes the sealed values of one event out of anything that is to be stored, wherever they turn up again. */
export class Scrubber {
  readonly #sealed: SealedPaths
  readonly #pseudonym: string
  readonly #identities: readonly string[]
  readonly #texts: readonly string[]

  constructor(event: Event) {
    this.#sealed = event.sealed
    this.#pseudonym = event.principal ?? SEALED
    this.#identities = secrets(event, event.sealed.identity, LEAST_IDENTITY)
    const { prompt = '', output = '' } = event.inference ?? {}
    const texts = [prompt, output].filter((text) => text.length >= LEAST_TEXT)
    this.#texts = [...texts, ...secrets(event, event.sealed.text, LEAST_TEXT)]
  }

  /** What stands at a sealed path: the pseudonym of an identity, nothing for text. Undefined where nothing is sealed. */
  at(path: string): { readonly value: string | undefined } | undefined {
    const seal = sealAt(path, this.#sealed)
    if (seal === undefined) return undefined
    return { value: seal === 'identity' ? this.#pseudonym : undefined }
  }

  /** A string without clear identities; `***` where it repeats sealed text or quotes a piece of it. */
  string(value: string): string {
    for (const text of this.#texts)
      if (value.includes(text) || (value.length >= LEAST_QUOTE && text.includes(value))) return SEALED
    let clean = value
    for (const identity of this.#identities)
      if (clean.includes(identity)) clean = replaceWords(clean, identity, this.#pseudonym)
    return clean
  }
}

/** Where it stands as a word of its own: the user `eve` is in `user/eve` and not in `eventName`. */
function replaceWords(text: string, word: string, by: string): string {
  let clean = ''
  let from = 0
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    if (isWordCharacter(text[at - 1]) || isWordCharacter(text[at + word.length])) continue
    clean += text.slice(from, at) + by
    from = at + word.length
  }
  return clean + text.slice(from)
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character)
}

/** Longest first, so that a name inside a longer one does not leave the rest behind. */
function secrets(event: Event, paths: readonly string[], least: number): readonly string[] {
  const found = new Set<string>()
  for (const path of paths) collect(valueAt(event.fields, path), least, found, 0)
  found.delete(event.principal ?? '')
  return [...found].toSorted((a, b) => b.length - a.length)
}

function collect(value: unknown, least: number, found: Set<string>, depth: number): void {
  if (found.size >= MOST_SECRETS || depth > 6 || value === null || value === undefined) return
  if (typeof value === 'object') for (const inner of Object.values(value)) collect(inner, least, found, depth + 1)
  else if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    if (text.length >= least) found.add(text)
  }
}
