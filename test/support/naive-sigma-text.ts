/** A Sigma string, character by character: a character of its own, or a wildcard. */
export type Pattern = readonly Mark[]
export type Mark = { readonly char: string } | 'many' | 'one'

/** Specification, "Escape Character". */
export function readPattern(text: string): Pattern {
  const marks: Mark[] = []
  const rest = Array.from(text)
  while (rest.length > 0) {
    const char = rest.shift() ?? ''
    const next = rest[0] ?? ''
    if (char === '\\' && ['*', '?', '\\'].includes(next)) marks.push({ char: rest.shift() ?? '' })
    else if (char === '*') marks.push('many')
    else if (char === '?') marks.push('one')
    else marks.push({ char })
  }
  return marks
}

export function literal(text: string): Pattern {
  return Array.from(text, (char) => ({ char }))
}

/** The text of a pattern that has no wildcard. */
export function plain(pattern: Pattern): string {
  return pattern
    .map((mark) => {
      if (typeof mark === 'string') throw new Error('text with wildcards is no plain text')
      return mark.char
    })
    .join('')
}

/** Small letters one by one, so that no letter's neighbours count; the two small sigmas are one. */
export function small(text: string): string {
  const known = smalls.get(text)
  if (known !== undefined) return known
  if (smalls.size > 20_000) smalls.clear()
  const made = Array.from(text, (char) => (char === 'ς' ? 'σ' : char.toLowerCase())).join('')
  smalls.set(text, made)
  return made
}
const smalls = new Map<string, string>()

/** The pattern as an anchored expression in which a wildcard also stands for line ends. */
export function patternTest(pattern: Pattern, cased: boolean): (text: string) => boolean {
  const source = pattern.map((mark) => {
    if (mark === 'many') return '.*?'
    if (mark === 'one') return '.'
    return (cased ? mark.char : small(mark.char)).replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  })
  const regex = new RegExp(`^${source.join('').replaceAll(/(?:\.\*\?)+/g, '.*?')}$`, 'su')
  return (text) => regex.test(cased ? text : small(text))
}

/**
 * Sigma's regular expressions are searched for, in their case. Plain RegExp differs from RE2 and PCRE in what `.` leaves out,
 * in `\s`, in flags that stand in front and in a few escapes, which are translated. `startswith` and `endswith`
 * hold it to an end.
 */
export function regexTest(written: string, flags: string, place = 'contains'): (text: string) => boolean {
  const inFront = /^\(\?([ims]+)\)/.exec(written)
  const all = new Set(Array.from(`${flags}${inFront?.[1] ?? ''}`))
  const bare = written.slice(inFront?.[0].length ?? 0)
  const source = { startswith: `\\A(?:${bare})`, endswith: `(?:${bare})\\z` }[place] ?? bare
  const made = source.replaceAll(/\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\w+:\]|[^\]\\])*\]|\(\?P<|\./g, (part) => {
    if (part === '.') return all.has('s') ? '[^]' : '[^\\n]'
    if (part === '(?P<') return '(?<'
    if (part.startsWith('[')) return part.replaceAll(/\\s/g, '\\t\\n\\f\\r ')
    return ESCAPES.get(part) ?? part
  })
  const own = [...all].filter((flag) => flag !== 's').join('')
  let regex: RegExp
  try {
    regex = new RegExp(made, `${own}u`)
  } catch {
    regex = new RegExp(made, own)
  }
  return (text) => regex.test(text)
}
const ESCAPES = new Map([
  ['\\s', '[\\t\\n\\f\\r ]'],
  ['\\S', '[^\\t\\n\\f\\r ]'],
  ['\\A', '(?<![^])'],
  ['\\z', '(?![^])'],
])

/** pySigma: a `-` or `/` with no word before it and a word after it may be any of the five. */
export function everyDash(pattern: Pattern): readonly Pattern[] {
  let made: readonly Pattern[] = [[]]
  for (const [at, mark] of pattern.entries()) {
    const isOption = isChar(mark, /[-/]/) && !isChar(pattern[at - 1], WORD) && isChar(pattern[at + 1], WORD)
    const marks: readonly Mark[] = isOption ? literal('-/–—―') : [mark]
    made = made.flatMap((before) => marks.map((one) => [...before, one]))
  }
  return made
}
const WORD = /[\p{L}\p{N}_]/u

function isChar(mark: Mark | undefined, kind: RegExp): boolean {
  return mark !== undefined && typeof mark !== 'string' && kind.test(mark.char)
}

/** UTF-16 of the characters, each byte a character; wildcards stay. */
export function wide(pattern: Pattern, isBigEndian: boolean): Pattern {
  return pattern.flatMap((mark): Pattern => {
    if (typeof mark === 'string') return [mark]
    return [...Array(mark.char.length).keys()].flatMap((at) => {
      const unit = mark.char.charCodeAt(at)
      const bytes = [String.fromCharCode(unit & 0xff), String.fromCharCode(unit >> 8)]
      return (isBigEndian ? bytes.toReversed() : bytes).map((char) => ({ char }))
    })
  })
}

export function base64(bytes: Buffer): string {
  return bytes.toString('base64')
}

/**
 * The specification's own words: what is the same wherever the bytes stand in a longer text. Between bytes without any bit
 * and bytes with every bit, a digit that depends on a neighbour differs.
 */
export function base64Anywhere(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const among = (neighbour: number): string =>
      Buffer.concat([Buffer.alloc(shift, neighbour), bytes, Buffer.alloc(2, neighbour)]).toString('base64')
    const [low, high] = [among(0x00), among(0xff)]
    const bits = (shift + bytes.length) * 8
    return Array.from(low)
      .filter((digit, at) => digit === high[at] && at * 6 + 6 <= bits)
      .join('')
  })
}
