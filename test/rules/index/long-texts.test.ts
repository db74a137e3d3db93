import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold } from '../../../src/rules/compile/text.ts'
import type { Literal } from '../../../src/rules/index/literal.ts'
import { LongTexts, strideOf } from '../../../src/rules/index/long-texts.ts'
import { foundBy, isIn } from './finding.ts'

const unit = fc.constantFrom('a', 'a', 'b', 'B', 'σ', 'ς', 'é', '\u212A', 'k', '\ud83d')
const wanted = fc.record({
  text: fc.string({ unit, minLength: 5, maxLength: 14 }).map(fold),
  start: fc.boolean(),
  end: fc.boolean(),
})

describe('long texts', () => {
  test('are found wherever looking for each alone finds them, letter case aside', () => {
    let found = 0
    fc.assert(
      fc.property(
        fc.array(wanted, { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.string({ unit, maxLength: 12 }), fc.nat(), fc.string({ unit, maxLength: 12 })), {
          minLength: 2,
          maxLength: 6,
        }),
        (parts, around) => {
          const literals = parts.map((part, target) => ({ ...part, target }))
          const finder = new LongTexts(literals, strideOf(literals))
          for (const [before, which, after] of around) {
            const value = `${before}${literals[which % literals.length]?.text.toUpperCase()}${after}`
            const expected = literals.filter((one) => isIn(fold(value), one)).map(({ target }) => target)
            expect(foundBy(finder, value)).toEqual(expected)
            found += expected.length
          }
        },
      ),
      { numRuns: 500 },
    )
    expect(found).toBeGreaterThan(500)
  })

  test('are found at every place, at both ends, and not where only a part is there', () => {
    const finder = new LongTexts([literal('sekurlsa::', 0), literal('kiwi legit printer', 1)], 8)
    for (let before = 0; before < 20; before++) {
      expect(foundBy(finder, `${'.'.repeat(before)}SEKURLSA::`)).toEqual([0])
      expect(foundBy(finder, `${'.'.repeat(before)}sekurlsa::Kiwi Legit Printer.`)).toEqual([0, 1])
      expect(foundBy(finder, `${'.'.repeat(before)}sekurlsa:`)).toEqual([])
    }
    expect(foundBy(finder, '')).toEqual([])
    expect(foundBy(finder, 'se')).toEqual([])
  })

  test.each([
    ['as far as the shortest allows', [literal('sekurls', 0), literal('a longer one', 1)], 5],
    ['not further than eight', [literal('sekurlsa::logonpasswords', 0)], 8],
    ['no step where one is short', [literal('dir', 0), literal('sekurlsa::logonpasswords', 1)], 1],
    ['less far where there are many', Array.from({ length: 120 }, (_, at) => literal(`sekurlsa::${at}`, at)), 4],
    ['no step where there are too many', Array.from({ length: 300 }, (_, at) => literal(`sekurlsa::${at}`, at)), 1],
  ])('are looked for in steps: %s', (_name, literals, stride) => {
    expect(strideOf(literals)).toBe(stride)
  })

  test("count the value's start and end where they are bound to them", () => {
    expect(strideOf([{ ...literal('abc', 0), start: true, end: true }])).toBe(3)
  })
})

function literal(text: string, target: number): Literal {
  return { text, start: false, end: false, target }
}
