import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAnyYaml, readYaml } from '../../../src/rules/parse/yaml.ts'
import { readPlainYaml } from '../../../src/rules/parse/yaml-plain.ts'
import { haveSharedData } from '../../support/shared-data.ts'
import { readSigmaHq } from '../../support/sigmahq.ts'

const RULE = readFileSync(
  join(import.meta.dirname, '../../../rules/identity/kubernetes-cluster-admin-bound.yml'),
  'utf8',
)

/** What YAML reads in a way of its own. */
const PIECES = `' " : # - | > [ { } \\ * & ! % @ 1 0 . ~ null ? |- --- é << , = a`
  .split(' ')
  .flatMap((piece) => [piece, ` ${piece} `, `${piece} `])
  .concat(': ', '\n', '  ', ' ', '\t', '\r', '`', "a: 'b'", '\n  - ', '\n\n')

/** What the whole reader makes of a text. */
function whole(text: string): { readonly values: readonly unknown[]; readonly line: number | undefined } {
  const { documents, problems } = readAnyYaml('rule.yml', text)
  return problems.length > 0
    ? { values: problems, line: undefined }
    : { values: documents.map(({ value }) => value), line: documents[0]?.line }
}

/** Says nothing, or says what the whole reader says. */
function expectSame(text: string): void {
  const plain = readPlainYaml(text)
  if (plain) expect({ values: [plain.value], line: plain.line }, text).toEqual(whole(text))
}

describe('the reader of plain YAML', () => {
  test.each([
    ['a: b', { a: 'b' }],
    ['# c\n\na:   b c # d', { a: 'b c' }],
    ["a|re: 'it''s: # \"x\"' # c", { 'a|re': 'it\'s: # "x"' }],
    ['a: "b # c"', { a: 'b # c' }],
    ['a: 7\nb: 0\nc: 2024/01/05\nd: 2024-01-05', { a: 7, b: 0, c: '2024/01/05', d: '2024-01-05' }],
    ['a: 1 of sel_* and not x # c', { a: '1 of sel_* and not x' }],
    ['a: true\nb: null\nc:\nd: FALSE', { a: true, b: null, c: null, d: false }],
    ['a:\n- b\n-   c', { a: ['b', 'c'] }],
    ['a:\n    - b: 1\n      c: 2\n    - d', { a: [{ b: 1, c: 2 }, 'd'] }],
    ['a:\n  -\n    b: 1\nc: 2', { a: [{ b: 1 }], c: 2 }],
    ['a: |\n  b\n   c\n\n  # d\n\ne: f', { a: 'b\n c\n\n# d\n', e: 'f' }],
    ['a:\n  - b: |-\n      c\n    d: e\n', { a: [{ b: 'c', d: 'e' }] }],
  ])('reads %j', (text, value) => {
    expect(readPlainYaml(text)?.value).toEqual(value)
    expectSame(text)
  })

  test.each([
    'a: [b]',
    'a: {b: c}',
    'a: &x b',
    'a: *x',
    'a: !!str b',
    'a: >\n  b',
    'a: |2\n  b',
    'a: b\n  c',
    "a: 'b\n  c'",
    'a: "\\n"',
    'a: b: c',
    'a: 1.5',
    'a: 0x1f',
    'a: 007',
    'a: -1',
    'a: 1\na: 2',
    '__proto__: 1',
    'true: 1',
    'a:\tb',
    'a: b\r\n',
    '---\na: b',
    'a: b\n---\nc: d',
    '- a',
    'a',
    '',
    ' a: b\nc: d',
    'a:\n  b: 1\n c: 2',
    'a:\n  - - b',
    'a: |\n  b',
    `a: '\uD800'`,
    Array.from({ length: 40 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
  ])('leaves %j to the whole reader', (text) => {
    expect(readPlainYaml(text)).toBeUndefined()
  })

  test('never says anything else than the whole reader, however a rule is damaged', () => {
    const lines = RULE.split('\n')
    const piece = fc.constantFrom(...PIECES)
    const damage = fc.record({ at: fc.nat(RULE.length), cut: fc.nat(4), piece })
    const whereTo = fc.record({ line: fc.nat(lines.length - 1), count: fc.integer({ min: 3, max: 14 }) })
    fc.assert(
      fc.property(whereTo, fc.array(damage, { maxLength: 3 }), ({ line, count }, damages) => {
        let text = lines.slice(line, line + count).join('\n')
        const indent = /^ */.exec(text)?.[0] ?? ''
        text = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
        for (const { at, cut, piece: put } of damages) {
          const place = at % (text.length + 1)
          text = text.slice(0, place) + put + text.slice(place + cut)
        }
        expectSame(text)
      }),
      { numRuns: 3_000 },
    )
  })

  test.skipIf(!haveSharedData())('reads nearly every rule of SigmaHQ’s, each as the whole reader does', () => {
    const { rules } = readSigmaHq()
    // Every seventh: the whole reader is slow.
    for (const { text } of rules.filter((_, at) => at % 7 === 0)) expectSame(text)
    const read = rules.filter(({ text }) => readPlainYaml(text) !== undefined)
    expect(read.length / rules.length).toBeGreaterThan(0.98)
  })
})

test('a line is found where the plain reader read the rule', () => {
  const { documents } = readYaml('rule.yml', '# c\ntitle: x\ndetection:\n  a:\n    - b: 1\n      c: 2\n')
  expect(documents[0]?.line).toBe(2)
  expect(documents[0]?.lineOf(['detection', 'a', 0, 'c'])).toBe(6)
})
