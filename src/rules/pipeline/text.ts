import type { RE2JS } from 're2js'
import { parsePattern } from '../parse/pattern.ts'
import { compileRegex, regexFault } from '../parse/regex.ts'
import { MANY, type Fault, type Pattern, type PatternPart } from '../parse/syntax.ts'

/** An expression of a pipeline file: RE2, with named groups as Python writes them. */
export function readRegex(source: string): RE2JS | Fault {
  const fault = regexFault(source, '')
  return fault ? { what: `in "${source}" ${fault.what}`, cure: fault.cure } : compileRegex(source, '')
}

/** Whether the text begins with a match, as Python's `re.match` asks. */
export function beginsWith(regex: RE2JS, text: string): boolean {
  return regex.matcher(text).lookingAt()
}

/** A pattern as pySigma's expressions see it: wildcards as `*` and `?`, the characters as `\*` and `\?`, a backslash as itself. */
export function plainOf(pattern: Pattern): string {
  return pattern.map(plainPart).join('')
}

function plainPart(part: PatternPart): string {
  if (typeof part === 'string') return part.replaceAll(/[*?]/g, '\\$&')
  if (typeof part === 'object') return `%${part.placeholder}%`
  return part === MANY ? '*' : '?'
}

/** The parts in one pattern: literals that meet are one, and so are runs of `*`. */
function joinedPattern(parts: Iterable<PatternPart>): Pattern {
  const joined: PatternPart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part === '' || (part === MANY && last === MANY)) continue
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part
    else joined.push(part)
  }
  return joined
}

/** What stands for a match: text, and groups of the expression by number. */
export type Replacement = readonly (string | number)[]

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', t: '\t', r: '\r' }

/** Reads a replacement as Python writes it: `\1`, `\g<1>` and `\g<name>` are groups, `\\` is a backslash. */
export function readReplacement(text: string, regex: RE2JS): Replacement | Fault {
  const parts: (string | number)[] = []
  for (const [whole, braced, digits, escaped] of text.matchAll(
    /\\g<([^>]*)>|\\([0-9]{1,2})|\\([A-Za-z\\])|[^\\]+|\\/g,
  )) {
    const group = braced ?? digits
    if (group !== undefined) {
      const at = /^\d+$/.test(group) ? Number(group) : regex.namedGroups()[group]
      if (at === undefined || at > regex.groupCount())
        return {
          what: `the replacement names the group ${group}, which the expression lacks`,
          cure: 'Name a group that it has',
        }
      parts.push(at)
    } else if (escaped === undefined) parts.push(whole)
    else {
      const plain = ESCAPES[escaped]
      if (plain === undefined)
        return { what: `the replacement has "\\${escaped}", which means nothing`, cure: 'Write a backslash as \\\\' }
      parts.push(plain)
    }
  }
  return merged(parts)
}

/** Texts that meet as one: what they mean is read from them together. */
function merged(parts: Replacement): Replacement {
  const made: (string | number)[] = []
  for (const part of parts) {
    const last = made.at(-1)
    if (typeof part === 'string' && typeof last === 'string') made[made.length - 1] = last + part
    else made.push(part)
  }
  return made
}

/** Replaces every match in plain text; undefined when there is none. */
export function replaceText(text: string, regex: RE2JS, replacement: Replacement): string | undefined {
  const pieces: string[] = []
  const found = replaceMatches(
    text,
    regex,
    replacement,
    (from, to) => pieces.push(text.slice(from, to)),
    (written) => pieces.push(written),
  )
  return found ? pieces.join('') : undefined
}

/**
 * Replaces every match in a pattern's plain writing. What is outside of matches, and what groups carry over, stays what it
 * was: a wildcard or a character. In the replacement's own text `*` and `?` are wildcards and a backslash is itself but before
 * those. Undefined when there is no match.
 */
export function replacePattern(pattern: Pattern, regex: RE2JS, replacement: Replacement): Pattern | undefined {
  const tokens = tokensOf(pattern)
  const text = tokens.map((token) => token.text).join('')
  const parts: PatternPart[] = []
  const keep = (from: number, to: number): void => {
    for (const { at, text: written, part } of tokens) {
      const start = Math.max(from, at)
      const end = Math.min(to, at + written.length)
      if (start < end) parts.push(end - start === written.length ? part : written.slice(start - at, end - at))
    }
  }
  const write = (written: string): void => {
    parts.push(...parsePattern(written.replaceAll(/\\(?![*?])/g, '\\\\')))
  }
  return replaceMatches(text, regex, replacement, keep, write) ? joinedPattern(parts) : undefined
}

function replaceMatches(
  text: string,
  regex: RE2JS,
  replacement: Replacement,
  keep: (from: number, to: number) => void,
  write: (text: string) => void,
): boolean {
  const matcher = regex.matcher(text)
  let done = 0
  let found = false
  while (matcher.find()) {
    found = true
    keep(done, matcher.start())
    for (const part of replacement)
      if (typeof part === 'string') write(part)
      else if (matcher.group(part) !== null) keep(matcher.start(part), matcher.end(part))
    done = matcher.end()
  }
  keep(done, text.length)
  return found
}

interface Token {
  readonly at: number
  /** As the expression sees it. */
  readonly text: string
  readonly part: PatternPart
}

/** Text without stars may be cut anywhere; a star or a question mark in it is one token. */
function tokensOf(pattern: Pattern): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const push = (part: PatternPart): void => {
    const text = plainPart(part)
    tokens.push({ at, text, part })
    at += text.length
  }
  for (const part of pattern)
    if (typeof part === 'string') for (const piece of part.match(/[^*?]+|[*?]/g) ?? []) push(piece)
    else push(part)
  return tokens
}
