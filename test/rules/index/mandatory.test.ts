import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold } from '../../../src/rules/compile/text.ts'
import { mandatoryText } from '../../../src/rules/index/mandatory.ts'
import { compileRegex, regexFault } from '../../../src/rules/parse/regex.ts'

const PIECES = [
  'abc',
  'Abk',
  's',
  'a',
  '\\\\',
  '\\.',
  '.',
  '.*',
  '[a-c]',
  '[Kk]',
  '[sS]',
  '[^]s]',
  '(abc)',
  '(?:a|b)',
  '(?i)',
  '+',
  '*',
  '?',
  '{2}',
  '{0,1}',
  '|',
  '^',
  '$',
  '\\s',
  '\\w+',
]
const LETTERS = ['a', 'b', 'c', 'k', 'abc', 'Abk', 'S', '\u017f', '\u212A', '.', '\\', ' ']

describe('the text that an expression needs', () => {
  test('is in whatever the expression is found in', () => {
    let held = 0
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('', 'i'),
        fc.array(fc.array(fc.constantFrom(...LETTERS), { maxLength: 6 }), { minLength: 10, maxLength: 20 }),
        (pieces, flags, values) => {
          const source = pieces.join('')
          const needed = mandatoryText(source, flags)
          if (needed === undefined || regexFault(source, flags)) return
          const regex = compileRegex(source, flags)
          for (const value of values.map((letters) => letters.join('')))
            if (regex.test(value)) {
              held++
              expect(fold(value)).toContain(needed)
            }
        },
      ),
      { numRuns: 3000 },
    )
    expect(held).toBeGreaterThan(200)
  })

  test.each([
    ['Invok(e|ing)-(Web|Rest)Request', '', 'request'],
    ['\\\\Temp\\\\[0-9a-f]{8}\\.exe', '', '\\temp\\'],
    ['abcd?', '', 'abc'],
    ['abc+def', '', 'abc'],
    ['abc*defg', '', 'defg'],
    ['wosbc', 'i', 'wo'],
    ['abc|def', '', undefined],
    ['\\x41bcd', '', undefined],
    ['(abcd)', '', undefined],
    ['ab', '', 'ab'],
    ['a', '', undefined],
    ['\\^.*\\^', '', '^'],
    ['[Rr][Uu]n[0-9]', '', 'run'],
    ['[ab]cd[xY]', '', 'cd'],
    ['\\Qab|c\\E', '', undefined],
  ])('%s, flags "%s": %s', (source, flags, expected) => {
    expect(mandatoryText(source, flags)).toBe(expected)
  })
})
