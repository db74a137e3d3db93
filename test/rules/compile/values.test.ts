import { describe, expect, test } from 'vitest'
import { fires, holds } from '../one-rule.ts'

describe('numbers and text', () => {
  test.each([
    ['f: 42', 42, true],
    ['f: 42', '42', true],
    ["f: '42'", 42, true],
    ["f: '42'", '42', true],
    ['f: 42', '042', false],
    ['f: 42', '42.0', false],
    ['f: 42', ' 42', false],
    ['f: 42', 43, false],
    ["f: '4*'", 42, true],
    ['f: 1.5', '1.5', true],
    ['f: -3', -3, true],
    ['f: 0', -0, true],
    ['f: 0', '', false],
    ['f: 0', false, false],
    ['f: 0', null, false],
    ['f: true', true, true],
    ['f: true', 'True', true],
    ["f: 'true'", true, true],
    ['f: false', false, true],
    ['f: false', 0, false],
    ['f: false', undefined, false],
  ])('%s with %j: %s', (line, value, expected) => {
    expect(holds(line, { f: value })).toBe(expected)
  })
})

describe('null, missing, empty and exists are four things', () => {
  const seen: readonly (readonly [string, Record<string, unknown>])[] = [
    ['missing', {}],
    ['null', { f: null }],
    ['empty', { f: '' }],
    ['a value', { f: 'x' }],
    ['an empty list', { f: [] }],
  ]
  const table: Readonly<Record<string, readonly boolean[]>> = {
    'f: null': [true, true, false, false, true],
    "f: ''": [false, false, true, false, false],
    'f|exists: true': [false, true, true, true, true],
    'f|exists: false': [true, false, false, false, false],
    "f: '*'": [false, false, true, true, false],
    'f: [null, x]': [true, true, false, true, true],
  }
  for (const [line, expected] of Object.entries(table))
    test(line, () => {
      expect(seen.map(([, fields]) => holds(line, fields))).toEqual(expected)
    })

  test('a null among values counts, a null on the way is a missing field', () => {
    expect(holds('f: null', { f: ['x', null] })).toBe(true)
    expect(holds('a.b: null', { a: null })).toBe(true)
    expect(holds('a.b|exists: true', { a: null })).toBe(false)
    expect(holds('a.b|exists: true', { a: { b: null } })).toBe(true)
  })
})

describe('letters', () => {
  test.each([
    ['f: ÄÖÜ', 'äöü'],
    ['f: ΟΔΟΣ', 'οδος'],
    ['f|contains: ΣΑΣ', 'xσαςx'],
    ['f: МОСКВА', 'москва'],
    ['f: k', '\u212a'],
  ])('%s finds %s', (line, value) => {
    expect(holds(line, { f: value })).toBe(true)
  })

  test('cased text is not folded', () => {
    expect(holds('f|cased: ÄÖÜ', { f: 'äöü' })).toBe(false)
  })
})

describe('selections', () => {
  test('a map is and, a list of maps or, a list of values or', () => {
    const both = 'selection:\n  a: 1\n  b: [2, 3]\ncondition: selection'
    expect(fires(both, { a: 1, b: 3 })).toBe(true)
    expect(fires(both, { a: 1, b: 4 })).toBe(false)
    const either = 'selection:\n  - a: 1\n  - b: 2\n    c: 3\ncondition: selection'
    expect(fires(either, { a: 1 })).toBe(true)
    expect(fires(either, { b: 2 })).toBe(false)
    expect(fires(either, { b: 2, c: 3 })).toBe(true)
  })

  test('a list of conditions is or', () => {
    const list = 'a: {x: 1}\nb: {x: 2}\ncondition:\n  - a\n  - b'
    expect(fires(list, { x: 2 })).toBe(true)
    expect(fires(list, { x: 3 })).toBe(false)
  })

  test('keywords are looked for inside every value, in any case', () => {
    const words = 'words:\n  - mimikatz\n  - 4625\n  - a*z\ncondition: words'
    expect(fires(words, { x: { y: ['run MimiKatz now'] } })).toBe(true)
    expect(fires(words, { x: 4625 })).toBe(true)
    expect(fires(words, { x: 'event 4625 seen' })).toBe(true)
    expect(fires(words, { x: '-a to z-' })).toBe(true)
    expect(fires(words, { mimikatz: 'only a name' })).toBe(false)
  })

  test('keywords can all be wanted, each anywhere', () => {
    const words = "words:\n  '|all': [one, two]\ncondition: words"
    expect(fires(words, { a: 'ONE', b: { c: 'two' } })).toBe(true)
    expect(fires(words, { a: 'one' })).toBe(false)
    expect(fires("words:\n  '|re': 'o.e'\ncondition: words", { a: 'xoney' })).toBe(true)
    expect(fires("words:\n  '|cased': One\ncondition: words", { a: 'one' })).toBe(false)
  })

  test('keywords and maps may stand in one list', () => {
    const mixed = 'selection:\n  - secret\n  - a: 1\ncondition: selection'
    expect(fires(mixed, { b: 'a Secret' })).toBe(true)
    expect(fires(mixed, { a: 1 })).toBe(true)
    expect(fires(mixed, { a: 2 })).toBe(false)
  })
})
