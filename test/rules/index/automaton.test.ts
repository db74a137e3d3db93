import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold } from '../../../src/rules/compile/text.ts'
import { Automaton, type Literal } from '../../../src/rules/index/automaton.ts'

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
            expect(targetsIn(automaton, value)).toEqual(expected)
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
    expect(targetsIn(automaton, 'uSHErs')).toEqual([0, 1, 2, 3])
    expect(targetsIn(automaton, 'h')).toEqual([])
  })

  test('finds an empty text in an empty value only', () => {
    const automaton = new Automaton([{ text: '', start: true, end: true, target: 7 }])
    expect(targetsIn(automaton, '')).toEqual([7])
    expect(targetsIn(automaton, 'a')).toEqual([])
  })

  test('tells of every occurrence, and of nothing past the start where all are bound to it', () => {
    const found: number[] = []
    const hits = { hit: (target: number): void => void found.push(target) }
    new Automaton([part('ab', 1)]).scan('ababxab', hits)
    expect(found).toEqual([1, 1, 1])
    new Automaton([{ text: 'ab', start: true, end: false, target: 2 }]).scan('xab', hits)
    expect(found).toEqual([1, 1, 1])
  })
})

function part(one: string, target: number): Literal {
  return { text: one, start: false, end: false, target }
}

function isIn(value: string, { text: wanted, start, end }: Literal | Omit<Literal, 'target'>): boolean {
  if (start && end) return value === wanted
  if (start) return value.startsWith(wanted)
  return end ? value.endsWith(wanted) : value.includes(wanted)
}

function targetsIn(automaton: Automaton, value: string): number[] {
  const found = new Set<number>()
  automaton.scan(value, { hit: (target) => void found.add(target) })
  return [...found].toSorted((a, b) => a - b)
}
