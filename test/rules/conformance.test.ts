import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MODIFIERS } from '../../src/rules/parse/modifiers.ts'

interface Row {
  readonly section: string
  readonly sigma: string
  readonly file: string
  readonly name: string
}

/** The rows of every table of docs/sigma.md; the heads of the tables are none. */
function rowsOf(text: string): readonly Row[] {
  let section = ''
  return text.split('\n').flatMap((line): Row[] => {
    if (line.startsWith('## ')) section = line.slice(3)
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    if (!line.startsWith('| ') || cells[1] === 'Sigma') return []
    const proof = /^`([^`]+)`: (.+)$/.exec(cells[3] ?? '')
    return [{ section, sigma: cells[1] ?? '', file: proof?.[1] ?? '', name: proof?.[2] ?? '' }]
  })
}

/** Whether a test, a group of tests or a case of a table is called so: its name stands in quotes. */
function isNamedIn(file: string, name: string): boolean {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return [`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted))
}

const ROWS = rowsOf(readFileSync('docs/sigma.md', 'utf8'))

describe('docs/sigma.md', () => {
  test.each(ROWS)('$section: $sigma is proven by a test that there is', ({ file, name }) => {
    expect(file).toMatch(/^test\/rules\/.+\.test\.ts$/)
    expect(isNamedIn(file, name), `${file}: ${name}`).toBe(true)
  })

  test('has every modifier, and none that there is not', () => {
    const rows = ROWS.filter(({ section }) => section === 'Modifiers')
    const named = rows.flatMap(({ sigma }) => [...sigma.matchAll(/`([a-z0-9]+)`/g)].map((match) => match[1] ?? ''))
    expect(new Set(named)).toEqual(new Set(MODIFIERS))
  })

  test('a test that is not there would be told', () => {
    expect(isNamedIn('test/rules/conformance.test.ts', ['no', 'such', 'test'].join(' '))).toBe(false)
    expect(isNamedIn('test/rules/no-such.test.ts', 'docs/sigma.md')).toBe(false)
    expect(isNamedIn('test/rules/conformance.test.ts', 'docs/sigma.md')).toBe(true)
  })
})
