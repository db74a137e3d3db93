import { MANY, ONE, type Pattern, type PatternPart } from './syntax.ts'

/**
 * Sigma's escaping (specification 2.1, "Escaping"): `*` and `?` are wildcards, `\*` and `\?` are the characters, `\\` is
 * one backslash (so `\\*` is a backslash and a wildcard). A backslash before anything else is a plain backslash.
 */
export function parsePattern(text: string): Pattern {
  const parts: PatternPart[] = []
  let literal = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    const next = text[at + 1]
    if (char === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += next
      at++
    } else if (char === '*' || char === '?') {
      if (literal !== '') parts.push(literal)
      literal = ''
      const wildcard = char === '*' ? MANY : ONE
      if (wildcard === ONE || parts.at(-1) !== MANY) parts.push(wildcard)
    } else literal += char
  }
  if (literal !== '') parts.push(literal)
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
