import { MANY, ONE, type Fault, type Pattern, type PatternPart } from './syntax.ts'

/** A wildcard, or a backslash and what it escapes. */
const SPECIAL = /\\[*?\\]|[*?]/g

/**
 * Sigma's escaping (specification 2.1, "Escaping"): `*` and `?` are wildcards, `\*` and `\?` are the characters, `\\` is
 * one backslash (so `\\*` is a backslash and a wildcard). A backslash before anything else is a plain backslash.
 */
export function parsePattern(text: string): Pattern {
  const parts: PatternPart[] = []
  // Pieces of the text itself, not one grown by characters: tens of thousands of these are held.
  let pieces: string[] = []
  let from = 0
  const literalTo = (end: number): void => {
    if (end > from) pieces.push(text.slice(from, end))
    const [only = ''] = pieces
    if (pieces.length > 0) parts.push(pieces.length === 1 ? only : pieces.join(''))
    pieces = []
  }
  for (const { 0: found, index } of text.matchAll(SPECIAL)) {
    if (found.length === 2) {
      if (index > from) pieces.push(text.slice(from, index))
      from = index + 1 // what is escaped begins the next piece
      continue
    }
    literalTo(index)
    from = index + 1
    const wildcard = found === '*' ? MANY : ONE
    if (wildcard === ONE || parts.at(-1) !== MANY) parts.push(wildcard)
  }
  literalTo(text.length)
  return parts
}

/** The text of a pattern without wildcards, or undefined when it has one. */
export function plainText(pattern: Pattern): string | undefined {
  if (pattern.length === 0) return ''
  const [only] = pattern
  return pattern.length === 1 && typeof only === 'string' ? only : undefined
}

/** The pattern with `*` put before it, after it or both, where it has none there yet. */
export function opened(pattern: Pattern, start: boolean, end: boolean): Pattern {
  const before: Pattern = start && pattern[0] !== MANY ? [MANY] : []
  const after: Pattern = end && pattern.at(-1) !== MANY ? [MANY] : []
  return pattern.length === 0 && (start || end) ? [MANY] : [...before, ...pattern, ...after]
}

/** The pattern in Sigma's own writing. */
export function writePattern(pattern: Pattern): string {
  return pattern.map(writePart).join('')
}

function writePart(part: PatternPart): string {
  if (typeof part === 'object') return `%${part.placeholder}%`
  if (typeof part === 'symbol') return part === MANY ? '*' : '?'
  return part.replaceAll(/[*?]|\\(?=[*?\\]|$)/g, '\\$&')
}

/** Placeholder name -> its values, in Sigma's writing: `*` and `?` are wildcards. */
export type Lists = ReadonlyMap<string, readonly string[]>

/** One written value becomes at most this many by its placeholders. */
export const MOST_VALUES = 10_000

/** `%name%` in the literal parts becomes a placeholder; `\\%` is a percent sign, as is one without its partner. */
export function placeholdersIn(pattern: Pattern): Pattern {
  return joined(pattern.flatMap((part) => (typeof part === 'string' ? split(part) : [part])))
}

function split(text: string): PatternPart[] {
  const parts: PatternPart[] = []
  let from = 0
  for (const { 0: whole, 1: name = '', index } of text.matchAll(/(?<!\\)%([^%]+)%/g)) {
    parts.push(unescaped(text.slice(from, index)), { placeholder: name })
    from = index + whole.length
  }
  return [...parts, unescaped(text.slice(from))]
}

function unescaped(text: string): string {
  return text.replaceAll('\\%', '%')
}

export function hasPlaceholder(pattern: Pattern): boolean {
  return pattern.some((part) => typeof part === 'object')
}

/** The pattern with every combination of its placeholders' values; `read` makes a pattern of a value. */
export function fillPattern(
  pattern: Pattern,
  lists: Lists,
  read: (value: string) => Pattern,
): readonly Pattern[] | Fault {
  let filled: readonly Pattern[] = [[]]
  for (const part of pattern) {
    const values: readonly Pattern[] | undefined =
      typeof part === 'object' ? lists.get(part.placeholder)?.map(read) : [[part]]
    if (values === undefined) return unresolved(part, lists)
    if (filled.length * values.length > MOST_VALUES)
      return {
        what: `its placeholders make more than ${MOST_VALUES} values`,
        cure: 'Split the value, or shorten a list',
      }
    filled = filled.flatMap((before) => values.map((value) => [...before, ...value]))
  }
  return filled.map(joined)
}

function unresolved(part: PatternPart, lists: Lists): Fault {
  const name = typeof part === 'object' ? part.placeholder : ''
  const there = lists.size === 0 ? 'there are none yet' : `there are: ${[...lists.keys()].join(', ')}`
  return {
    what: `the placeholder %${name}% has no list`,
    cure: `Give a list called ${name} (${there}), or write \\% for a percent sign`,
  }
}

/** Neighbouring texts as one, empty ones and doubled `*` left out. */
function joined(parts: Pattern): Pattern {
  const made: PatternPart[] = []
  for (const part of parts) {
    const last = made.at(-1)
    if (typeof part === 'string' && typeof last === 'string') made[made.length - 1] = last + part
    else if (part !== '' && !(part === MANY && last === MANY)) made.push(part)
  }
  return made
}
