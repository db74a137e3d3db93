import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold } from '../../../src/rules/compile/text.ts'
import { Automaton } from '../../../src/rules/index/automaton.ts'
import type { Literal } from '../../../src/rules/index/literal.ts'
import { foundBy, isIn } from './finding.ts'

const unit = fc.constantFrom('a', 'b', 'B', 'σ', 'ς', 'Σ', '\u212A', 'k', 'é', '😀', '\ud83d')
const text = fc.string({ unit, maxLength: 12 })
const shortText = fc.string({ unit, minLength: 1, maxLength: 3 })
const literal = fc.record({ text: shortText.map(fold), start: fc.boolean(), end: fc.boolean() })

describe('the automaton', () => {
  test('finds what looking for each text alone finds, letter case aside', () => {
    let found = 0
    fc.assert(
      fc.property(
        fc.array(literal, { minLength: 1, maxLength: 12 }),
        fc.array(text, { minLength: 2, maxLength: 6 }),
        (parts, values) => {
          const literals = parts.map((part, target) => ({ ...part, target }))
          const automaton = new Automaton(literals)
          for (const value of values) {
            const expected = literals.filter((one) => isIn(fold(value), one)).map(({ target }) => target)
            expect(foundBy(automaton, value)).toEqual(expected)
            found += expected.length
          }
        },
      ),
      { numRuns: 500 },
    )
    expect(found).toBeGreaterThan(500)
  })

  test('finds texts within texts, and those that overlap', () => {
    const automaton = new Automaton(['she', 'he', 'hers', 's'].map((one, target) => part(one, target)))
    expect(foundBy(automaton, 'uSHErs')).toEqual([0, 1, 2, 3])
    expect(foundBy(automaton, 'h')).toEqual([])
  })

  test('finds an empty text in an empty value only', () => {
    const automaton = new Automaton([{ text: '', start: true, end: true, target: 7 }])
    expect(foundBy(automaton, '')).toEqual([7])
    expect(foundBy(automaton, 'a')).toEqual([])
  })

  test('tells once of what a value holds often, and of each value anew', () => {
    const found: number[] = []
    const hits = { hit: (target: number): void => void found.push(target) }
    const automaton = new Automaton([part('ab', 1), part('b', 2)])
    automaton.scan('ababxab', hits)
    automaton.scan('b', hits)
    automaton.scan('ab', hits)
    expect(found).toEqual([1, 2, 2, 1, 2])
  })

  test('finds nothing past the start where all are bound to it', () => {
    expect(foundBy(new Automaton([{ text: 'ab', start: true, end: false, target: 2 }]), 'xab')).toEqual([])
  })

  test('finds what stands at the end of a text longer than any before', () => {
    const automaton = new Automaton([part('needle', 0), part('σε', 1)])
    for (const length of [10, 5_000, 300_000, 5_000_000, 30]) {
      expect(foundBy(automaton, `${'.'.repeat(length)}Needle`)).toEqual([0])
      expect(foundBy(automaton, `${'é'.repeat(length)}needleΣε`)).toEqual([0, 1])
    }
  })
})

function part(one: string, target: number): Literal {
  return { text: one, start: false, end: false, target }
}
