import { isInside, parseAddress } from '../parse/network.ts'
import { opened, plainText } from '../parse/pattern.ts'
import { compileRegex } from '../parse/regex.ts'
import type { Comparison, Network, Pattern, Test } from '../parse/syntax.ts'
import { partOfDate } from './dates.ts'
import type { LeafTest } from './field.ts'
import { anyPatternTest, fold, patternTest, textOf, type TextTest } from './text.ts'

/** Tests that look at one value at a time; `exists`, `null` and `fieldref` look at whole fields instead. */
export type PlainTest = Exclude<Test, { kind: 'exists' | 'null' | 'field' }>

/** Whether a value passes any of the tests: folded texts together on one folding, the others one by one. */
export function compileLeaf(tests: readonly PlainTest[]): LeafTest {
  const patterns = tests.flatMap((test) => (test.kind === 'text' && !test.cased ? [test.pattern] : []))
  const others = tests.filter((test) => test.kind !== 'text' || test.cased).map(otherTest)
  return anyLeaf(patterns.length === 0 ? others : [foldedTest(patterns), ...others])
}

function anyLeaf(tests: readonly LeafTest[]): LeafTest {
  const [only] = tests
  if (tests.length === 1 && only) return only
  return (value) => {
    for (const test of tests) if (test(value)) return true
    return false
  }
}

function foldedTest(patterns: readonly Pattern[]): LeafTest {
  const exact = new Set(patterns.flatMap((pattern) => plainText(pattern) ?? []).map(fold))
  const [only] = exact
  const wild = anyPatternTest(patterns.filter((pattern) => plainText(pattern) === undefined))
  if (exact.size === 1 && wild === undefined && only !== undefined) return equalTest(only)
  return (value) => {
    const text = textOf(value)
    if (text === undefined) return false
    const folded = fold(text)
    // Looking for a text among none would still hash all of it.
    if (exact.size > 0 && exact.has(folded)) return true
    return wild?.(folded) ?? false
  }
}

function equalTest(wanted: string): LeafTest {
  // Only text of the same length can fold to ASCII text, so most values need no folding.
  const length = /^[\0-\x7f]*$/.test(wanted) ? wanted.length : -1
  return (value) => {
    const text = textOf(value)
    return text !== undefined && (length < 0 || text.length === length) && fold(text) === wanted
  }
}

function otherTest(test: PlainTest): LeafTest {
  switch (test.kind) {
    case 'text':
      return onText(patternTest(test.pattern, !test.cased), !test.cased)
    case 'number':
      return equalOrWritten(test.value)
    case 'boolean':
      return (value) =>
        value === test.value || (typeof value === 'string' && value.toLowerCase() === String(test.value))
    case 'regex':
      return regexTest(test.source, test.flags)
    case 'network':
      return networkTest(test.network)
    case 'time':
      return timeTest(test)
    default:
      return compareTest(test.operator, test.value)
  }
}

function onText(test: TextTest, folded: boolean): LeafTest {
  return (value) => {
    const text = textOf(value)
    return text !== undefined && test(folded ? fold(text) : text)
  }
}

/** 42 matches 42 and "42", as in every backend of pySigma, but not "042" or "42.0". */
function equalOrWritten(wanted: number): LeafTest {
  const written = String(wanted)
  return (value) => value === wanted || value === written
}

function regexTest(source: string, flags: string): LeafTest {
  const regex = compileRegex(source, flags)
  return onText((text) => regex.test(text), false)
}

function networkTest(network: Network): LeafTest {
  return (value) => {
    const address = typeof value === 'string' ? parseAddress(value) : undefined
    return address !== undefined && isInside(address, network)
  }
}

function timeTest({ part, operator, value: limit }: Extract<Test, { kind: 'time' }>): LeafTest {
  const holds = operator === 'eq' ? isEqual : COMPARISONS[operator]
  return (value) => {
    const number = partOfDate(value, part)
    return number !== undefined && holds(number, limit)
  }
}

function isEqual(value: number, limit: number): boolean {
  return value === limit
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** Numbers, and decimal numbers written as text; anything else is neither less nor greater. */
function compareTest(operator: Comparison, limit: number): LeafTest {
  const holds = COMPARISONS[operator]
  return (value) => {
    if (typeof value === 'number') return holds(value, limit)
    return typeof value === 'string' && DECIMAL.test(value.trim()) && holds(Number(value), limit)
  }
}

const COMPARISONS: Readonly<Record<Comparison, (value: number, limit: number) => boolean>> = {
  lt: (value, limit) => value < limit,
  lte: (value, limit) => value <= limit,
  gt: (value, limit) => value > limit,
  gte: (value, limit) => value >= limit,
}

/** A keyword is looked for inside every value, so its pattern is open at both ends; numbers count as written. */
export function asKeyword(test: PlainTest): PlainTest {
  if (test.kind === 'number' || test.kind === 'boolean')
    return { kind: 'text', pattern: opened([String(test.value)], true, true), cased: false }
  return test.kind === 'text' ? { ...test, pattern: opened(test.pattern, true, true) } : test
}
