import { describe, expect, test } from 'vitest'
import { anyPatternTest } from '../../../src/rules/compile/text.ts'
import { MANY, ONE, type Pattern } from '../../../src/rules/parse/syntax.ts'

const inside = (text: string): Pattern => [MANY, text, MANY]

describe('any of several patterns', () => {
  test.each([2, 64, 65, 1_000])('is what each of %s says, whatever stands in them', (count) => {
    const marks = ['a.b', '(c', 'd|e', '\\w', '[f', '^', '$', '\n', 'σ', '\ud83d', '*', '-']
    const texts = Array.from({ length: count }, (_, at) => `${marks[at % marks.length]}${at}`)
    const any = anyPatternTest(texts.map(inside))
    for (const text of texts) {
      expect(any?.(`x${text.toLowerCase()}x`)).toBe(true)
      expect(any?.(text.slice(0, -1))).toBe(texts.some((one) => text.slice(0, -1).includes(one)))
    }
    expect(any?.('axb0')).toBe(false)
  })

  test('takes patterns of all kinds', () => {
    const any = anyPatternTest([inside('ab'), inside('cd'), ['e', MANY], [MANY, 'f', ONE, 'g'], ['h']])
    for (const text of ['xabx', 'xcdx', 'exx', 'xfyg', 'h']) expect(any?.(text)).toBe(true)
    for (const text of ['', 'xe', 'fg', 'hh', 'acbd']) expect(any?.(text)).toBe(false)
  })

  test('there is none of no patterns', () => {
    expect(anyPatternTest([])).toBeUndefined()
  })
})
