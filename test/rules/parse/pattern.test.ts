import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { patternTest } from '../../../src/rules/compile/text.ts'
import { parsePattern, writePattern } from '../../../src/rules/parse/pattern.ts'
import { MANY, ONE } from '../../../src/rules/parse/syntax.ts'

describe('escaping, as in the specification', () => {
  test.each([
    ['plain', ['plain']],
    ['', []],
    ['*', [MANY]],
    ['a?c', ['a', ONE, 'c']],
    [String.raw`\*`, ['*']],
    [String.raw`\?`, ['?']],
    [String.raw`\\*`, ['\\', MANY]],
    [String.raw`\\\*`, [String.raw`\*`]],
    [String.raw`C:\Windows\*`, ['C:\\Windows*']],
    [String.raw`C:\Windows\\*`, ['C:\\Windows\\', MANY]],
    [String.raw`\\server\share`, [String.raw`\server\share`]],
    [String.raw`\\\\server`, [String.raw`\\server`]],
    ['ends with \\', ['ends with \\']],
    ['a**b', ['a', MANY, 'b']],
    ['*?*', [MANY, ONE, MANY]],
  ])('%s', (written, parts) => {
    expect(parsePattern(written)).toEqual(parts)
  })

  test('a pattern written out and read again is the same pattern', () => {
    const piece = fc.constantFrom('a', '\\', '*', '?', 'é', '%')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const pattern = parsePattern(pieces.join(''))
        expect(parsePattern(writePattern(pattern))).toEqual(pattern)
      }),
    )
  })
})

describe('matching', () => {
  const matches = (pattern: string, text: string): boolean => patternTest(parsePattern(pattern), false)(text)

  test.each([
    ['abc', 'abc', true],
    ['abc', 'xabc', false],
    ['abc*', 'abcdef', true],
    ['*abc', 'xyzabc', true],
    ['*abc', 'abcx', false],
    ['*b*', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'abcb', false],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'a-c-b-c', true],
    ['*a*b', 'b-a-b', true],
    ['*', '', true],
    ['', '', true],
    ['', 'x', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['?', '', false],
    ['*?', 'a', true],
    ['a?*c', 'abxxc', true],
    ['line*end', 'line\nand\nend', true],
    ['a?b', 'a\nb', true],
    ['a.c', 'abc', false],
    ['a?b', 'a\u{1f600}b', true],
  ])('%s against %j is %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  test('agrees with an anchored regular expression that spans lines', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 8 })
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', '\n'), { maxLength: 7 })
    fc.assert(
      fc.property(pattern, letters, (parts, text) => {
        const source = parts.join('').replaceAll(/[*?]/g, (wildcard) => (wildcard === '*' ? '.*' : '.'))
        const regex = new RegExp(`^${source}$`, 's')
        expect(matches(parts.join(''), text)).toBe(regex.test(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('many stars cost no exponential time', () => {
    const startedAt = performance.now()
    expect(matches(`${'*a?'.repeat(20)}*b`, 'a'.repeat(2000))).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})
