/** Escapes of one character class or place, which hold no text. */
const CLASSES = new Set('dDwWsSbBAz')
/** Escapes of characters that are not worth looking for. */
const CONTROLS = new Set('nrtfv')
/** What is in too many values to be worth looking for: nothing, and single characters but for the rarer signs. */
const COMMON = /^[^!#$%&'+;<=>?@^`{|}~]?$/

/**
 * The longest text, in small letters, that is in every value in which an RE2 expression finds something; undefined where that
 * is not plain to see. Looks at what stands outside groups only, and only at ASCII.
 */
export function mandatoryText(source: string, flags: string): string | undefined {
  // Ignoring case, RE2 takes U+017F for an s, which folding does not.
  const isSplit = flags.includes('i') || source.includes('(?') ? (char: string) => /s/i.test(char) : () => false
  const runs: string[] = []
  let run = ''
  const cut = (): void => {
    runs.push(run)
    run = ''
  }
  for (let at = 0; at < source.length;) {
    const step = stepOf(source, at)
    if (!step) return undefined
    const { text, next } = step
    at = next
    const after = source[next] ?? ''
    if (text === '' || '?*{'.includes(after || ' ') || isSplit(text)) cut()
    else {
      run += text
      if (after === '+') cut()
    }
  }
  cut()
  const longest = runs.reduce((best, one) => (one.length > best.length ? one : best), '')
  return COMMON.test(longest) ? undefined : longest.toLowerCase()
}

/** What stands at a place: one character of text or none, and where it goes on. Undefined for what is not understood. */
function stepOf(source: string, at: number): { readonly text: string; readonly next: number } | undefined {
  const char = source[at] ?? ''
  if (char === '|' || char > '~' || char < ' ') return undefined
  if (char === '\\') {
    const escaped = source[at + 1] ?? ''
    if (CLASSES.has(escaped) || CONTROLS.has(escaped)) return { text: '', next: at + 2 }
    return /^[!-~]$/.test(escaped) && !/[a-z0-9]/i.test(escaped) ? { text: escaped, next: at + 2 } : undefined
  }
  if (char === '(') {
    // A group of flags alone is no step: what repeats after it repeats what stands before it.
    const isFlags = at > 0 && /^\(\?[a-zA-Z-]+\)/.test(source.slice(at, at + 12))
    return isFlags ? undefined : skip(groupEnd(source, at))
  }
  // A set of one letter in both cases, as expressions are often written, is that letter.
  const [, first = '', second] = char === '[' ? (/^\[([a-z])([a-z])\]/i.exec(source.slice(at, at + 4)) ?? []) : []
  if (second !== undefined && first.toLowerCase() === second.toLowerCase()) return { text: first, next: at + 4 }
  if (char === '[') return skip(classEnd(source, at))
  if (char === '{') return skip(source.indexOf('}', at) + 1)
  return { text: '.^$?*+)'.includes(char) ? '' : char, next: at + 1 }
}

function skip(next: number): { readonly text: ''; readonly next: number } | undefined {
  return next > 0 ? { text: '', next } : undefined
}

/** After the group's closing bracket; 0 where it is not plain to see. */
function groupEnd(source: string, from: number): number {
  let depth = 0
  for (let at = from; at < source.length; at++) {
    const char = source[at]
    if (char === '\\') {
      if (source[at + 1] === 'Q') return 0
      at++
    } else if (char === '[') {
      const end = classEnd(source, at)
      if (end === 0) return 0
      at = end - 1
    } else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at + 1
  }
  return 0
}

/** After the bracket that closes a set of characters; 0 where it is not plain to see. */
function classEnd(source: string, from: number): number {
  let at = from + (source[from + 1] === '^' ? 2 : 1)
  if (source[at] === ']') at++
  for (; at < source.length; at++) {
    if (source[at] === '[') return 0
    if (source[at] === '\\') at++
    else if (source[at] === ']') return at + 1
  }
  return 0
}
