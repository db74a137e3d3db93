import { MANY, ONE, type Pattern, type PatternPart } from '../parse/syntax.ts'

/**
 * Case folding for comparison: lower case, and the two Greek small sigmas as one, because lower case depends on the place of
 * a sigma in its word. What is equal folded is equal to Sigma.
 */
export function fold(text: string): string {
  if (text.length < LONG) return foldSigma(text.toLowerCase())
  if (text !== lastText) [lastText, lastFolded] = [text, foldSigma(text.toLowerCase())]
  return lastFolded
}

/** Of a long text the folding is kept until the next: a message is asked several questions in a row. */
const LONG = 64
let lastText = ''
let lastFolded = ''

function foldSigma(lower: string): string {
  return lower.includes('ς') ? lower.replaceAll('ς', 'σ') : lower
}

/** A value as text, as a rule sees it: objects as JSON without spaces. Undefined for null and what is missing. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object' || value === null) return undefined
  return JSON.stringify(value)
}

/** Whether a text matches. Folded texts against folded patterns, or both as they are. */
export type TextTest = (text: string) => boolean

/** The quickest test for a pattern; `folded` when the texts come folded. */
export function patternTest(pattern: Pattern, folded: boolean): TextTest {
  const parts = pattern.map((part) => partOf(part, folded))
  if (parts.includes(ONE)) {
    const steps = parts.flatMap((part): (string | symbol)[] => (typeof part === 'string' ? part.split('') : [part]))
    return (text) => matchesGlob(text, steps)
  }
  const texts = parts.filter((part) => typeof part === 'string')
  const isOpenBefore = parts[0] === MANY
  const isOpenAfter = parts.at(-1) === MANY
  const [first = ''] = texts
  if (texts.length === 0) return isOpenBefore ? () => true : (text) => text === ''
  if (texts.length > 1) return (text) => matchesPieces(text, texts, isOpenBefore, isOpenAfter)
  if (isOpenBefore && isOpenAfter) return (text) => text.includes(first)
  if (isOpenBefore) return (text) => text.endsWith(first)
  if (isOpenAfter) return (text) => text.startsWith(first)
  return (text) => text === first
}

/** So many texts are looked for at once; of more, each for itself. */
const MOST_AT_ONCE = 64

/** The quickest test for any of several patterns against folded texts; undefined for none. */
export function anyPatternTest(patterns: readonly Pattern[]): TextTest | undefined {
  const contained = patterns.map(containedOf)
  const texts = contained.filter((text) => text !== undefined)
  const isAtOnce = texts.length > 1 && texts.length <= MOST_AT_ONCE
  const others = patterns.filter((_, at) => !isAtOnce || contained[at] === undefined)
  const tests = others.map((pattern) => patternTest(pattern, true))
  if (isAtOnce) tests.unshift(containsAny(texts))
  const [only] = tests
  if (tests.length < 2) return only
  return (text) => tests.some((test) => test(text))
}

/** Of texts alone, so the expression tries nothing twice. */
function containsAny(texts: readonly string[]): TextTest {
  const any = new RegExp(texts.map((text) => RegExp.escape(fold(text))).join('|'))
  return (text) => any.test(text)
}

/** The text that a value must hold anywhere, where the pattern says no more. */
function containedOf([before, text, after, ...more]: Pattern): string | undefined {
  return before === MANY && typeof text === 'string' && after === MANY && more.length === 0 ? text : undefined
}

function partOf(part: PatternPart, folded: boolean): string | symbol {
  if (typeof part === 'object') throw new Error(`the placeholder ${part.placeholder} was not resolved`)
  return folded && typeof part === 'string' ? fold(part) : part
}

/** `a*b*c`: the pieces in order, the ends fixed unless open. Greedy from the left is enough when only `*` stands between. */
function matchesPieces(text: string, pieces: readonly string[], isOpenBefore: boolean, isOpenAfter: boolean): boolean {
  let from = 0
  let to = text.length
  let left = 0
  let right = pieces.length
  const [first = ''] = pieces
  const last = pieces.at(-1) ?? ''
  if (!isOpenBefore) {
    if (!text.startsWith(first)) return false
    from = first.length
    left = 1
  }
  if (!isOpenAfter) {
    to -= last.length
    right--
    if (!text.endsWith(last)) return false
  }
  for (; left < right; left++) {
    const piece = pieces[left] ?? ''
    const found = text.indexOf(piece, from)
    if (found < 0) return false
    from = found + piece.length
  }
  return from <= to
}

/** Wildcards of both kinds, by the classic two pointers with one step back to the last `*`. `?` is one character, not half of one. */
function matchesGlob(text: string, steps: readonly (string | symbol)[]): boolean {
  let at = 0
  let step = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const wanted = steps[step]
    if (wanted === MANY) {
      star = step++
      resume = at
    } else if (wanted === ONE || wanted === text[at]) {
      at += wanted === ONE ? widthAt(text, at) : 1
      step++
    } else if (star >= 0) {
      step = star + 1
      at = resume += widthAt(text, resume)
    } else return false
  }
  while (steps[step] === MANY) step++
  return step === steps.length
}

function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}
