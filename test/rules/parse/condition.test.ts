import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEEPEST, parseCondition } from '../../../src/rules/parse/condition.ts'
import type { Condition } from '../../../src/rules/parse/syntax.ts'

const NAMES = ['a', 'b', 'c', 'filter_one', 'filter_two', '_hidden', 'sel-dash']

/** With full parentheses, so that the binding can be seen. */
function shown(condition: Condition): string {
  if (condition.kind === 'selection') return condition.name
  if (condition.kind === 'not') return `!${shown(condition.part)}`
  if (condition.kind === 'of') return `${condition.quantifier}[${condition.names.join(',')}]`
  return `(${condition.parts.map(shown).join(condition.kind === 'and' ? '&' : '|')})`
}

function read(text: string): string {
  const condition = parseCondition(text, NAMES)
  return 'what' in condition ? `${condition.what}. ${condition.cure}` : shown(condition)
}

describe('grammar', () => {
  test.each([
    ['a', 'a'],
    ['a and b', '(a&b)'],
    ['a or b and c', '(a|(b&c))'],
    ['a and b or c', '((a&b)|c)'],
    ['not a and b', '(!a&b)'],
    ['not (a and b)', '!(a&b)'],
    ['not not a', '!!a'],
    ['a and not b or not c', '((a&!b)|!c)'],
    ['(a or b) and c', '((a|b)&c)'],
    ['((a))', 'a'],
    ['not 1 of filter_*', '!any[filter_one,filter_two]'],
    ['a and not 1 of filter_*', '(a&!any[filter_one,filter_two])'],
    ['any of filter_*', 'any[filter_one,filter_two]'],
    ['all of filter*', 'all[filter_one,filter_two]'],
    ['1 of *_two', 'any[filter_two]'],
    ['1 of f*_*e', 'any[filter_one]'],
    ['1 of a', 'any[a]'],
    ['1 of them', 'any[a,b,c,filter_one,filter_two,sel-dash]'],
    ['all of *', 'all[a,b,c,filter_one,filter_two,sel-dash]'],
    ['1 of _*', 'any[_hidden]'],
    ['_hidden', '_hidden'],
    ['sel-dash', 'sel-dash'],
    ['A_upper AND b', 'no selection is called "A_upper"'],
    ['a AND NOT b', '(a&!b)'],
    ['1 OF Them', 'any[a,b,c,filter_one,filter_two,sel-dash]'],
    ['a  and\n(b\tor c)', '(a&(b|c))'],
    ['all of filter_* and (a or not b)', '(all[filter_one,filter_two]&(a|!b))'],
  ])('%s', (text, expected) => {
    expect(read(text)).toContain(expected)
  })

  test.each([
    ['a and', 'ends where a selection is expected'],
    ['and a', '"and" stands where a selection is expected'],
    ['a b', '"b" follows without and or or'],
    ['(a or b', 'a parenthesis is not closed'],
    ['a)', 'closes a parenthesis that was not opened'],
    ['()', '")" stands where'],
    ['nothing', 'no selection is called "nothing"'],
    ['1 of nothing_*', 'no selection is called "nothing_*"'],
    ['2 of them', 'is not a quantifier'],
    ['1 of', 'names nothing'],
    ['a | count() > 5', 'aggregation'],
    ['', 'ends where'],
  ])('%j is refused with words', (text, words) => {
    expect(read(text)).toContain(words)
  })

  test('a selection called like an operator is a selection', () => {
    expect(parseCondition('not and them', ['not', 'them'])).toEqual({
      kind: 'and',
      parts: [
        { kind: 'selection', name: 'not' },
        { kind: 'selection', name: 'them' },
      ],
    })
  })

  test('nesting has a limit, and reaching it is no stack overflow', () => {
    expect(read(`${'('.repeat(DEEPEST)}a${')'.repeat(DEEPEST)}`)).toBe('a')
    expect(read(`${'('.repeat(10_000)}a`)).toContain(`deeper than ${DEEPEST}`)
    expect(read(`${'not '.repeat(10_000)}a`)).toContain(`deeper than ${DEEPEST}`)
  })

  test('any expression that is written out is read back with the same meaning', () => {
    const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('a', 'b', 'c').map((name): Condition => ({ kind: 'selection', name })),
        tie('tree').map((part): Condition => ({ kind: 'not', part })),
        fc
          .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
          .map(([kind, parts]): Condition => ({ kind, parts })),
      ),
    }))
    fc.assert(
      fc.property(tree, (condition) => {
        const again = parseCondition(written(condition), NAMES)
        if ('what' in again) throw new Error(again.what)
        for (let bits = 0; bits < 8; bits++) expect(value(again, bits)).toBe(value(condition, bits))
      }),
    )
  })
})

/** Writes parentheses only where Sigma's binding needs them. */
function written(condition: Condition): string {
  if (condition.kind === 'selection') return condition.name
  if (condition.kind === 'of') return condition.written
  if (condition.kind === 'not')
    return `not ${condition.part.kind === 'and' || condition.part.kind === 'or' ? `(${written(condition.part)})` : written(condition.part)}`
  const parts = condition.parts.map((part) =>
    condition.kind === 'and' && part.kind === 'or' ? `(${written(part)})` : written(part),
  )
  return parts.join(` ${condition.kind} `)
}

function value(condition: Condition, bits: number): boolean {
  if (condition.kind === 'selection') return (bits & (1 << NAMES.indexOf(condition.name))) !== 0
  if (condition.kind === 'not') return !value(condition.part, bits)
  if (condition.kind === 'of') throw new Error('not made by this test')
  return condition.kind === 'and'
    ? condition.parts.every((part) => value(part, bits))
    : condition.parts.some((part) => value(part, bits))
}
