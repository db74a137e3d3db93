import { describe, expect, test } from 'vitest'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { parseDetection } from '../../../src/rules/parse/detection.ts'
import { MOST_VALUES } from '../../../src/rules/parse/pattern.ts'
import { resolvePlaceholders } from '../../../src/rules/parse/placeholders.ts'
import type { Rule } from '../../../src/rules/parse/syntax.ts'
import { event } from '../../support/events.ts'
import { ruleWith } from '../one-rule.ts'

const LISTS = new Map([
  ['admins', ['alice', 'bob*', 'd?ve']],
  ['domains', ['example.org', 'example.com']],
  ['nets', ['10.0.0.0/8', '2001:db8::/32']],
  ['fields', ['owner']],
  ['words', ['a+', 'b|c']],
  ['nobody', []],
  ['backslashes', [String.raw`C:\Tools\run.exe`]],
])

/** A rule with one line, as it is read by who can resolve placeholders later. */
function pending(field: string, values: unknown): Rule {
  const lineOf = (): number => 7
  const report = (path: readonly (string | number)[], what: string): never => {
    throw new Error(`${path.join('.')}: ${what}`)
  }
  const detection = parseDetection(
    { selection: { [field]: values }, condition: 'selection' },
    Object.assign(report, { file: 'rule.yml', line: 1, lineOf }),
  )
  if (!detection) throw new Error('no detection')
  return { ...ruleWith('selection: {a: 1}\ncondition: selection'), detection }
}

function holds(field: string, values: unknown, value: unknown, more: Record<string, unknown> = {}): boolean {
  const { rules, problems } = resolvePlaceholders([pending(field, values)], LISTS)
  expect(problems).toEqual([])
  return new RuleJudge(rules).judge(event({ fields: { f: value, ...more } })).length > 0
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('placeholders become the values of their lists', () => {
  test.each([
    ['f|expand', '%admins%', ['ALICE', 'bobby', 'dave'], ['xalice']],
    ['f|expand', 'x-%admins%@%domains%', ['x-alice@example.com'], ['x-alice@example.net']],
    ['f|expand', ['%admins%', 'carol'], ['carol', 'alice'], ['dan']],
    ['f|expand', 'a*%domains%', ['abc.example.org'], ['example.org']],
    ['f|expand', '%backslashes%', [String.raw`c:\tools\run.exe`], ['c:toolsrun.exe']],
    ['f|contains|expand', '%domains%', ['at example.com.'], ['at example.net.']],
    ['f|expand|contains', '%domains%', ['at example.com.'], ['at example.net.']],
    ['f|expand|startswith', '%domains%', ['example.com is it'], ['at example.com']],
    ['f|contains|all|expand', ['%admins%', '%domains%'], ['alice of example.org'], ['alice of nowhere']],
    ['f|expand|cased', '%admins%', ['alice'], ['ALICE']],
    ['f|neq|expand', '%admins%', ['mallory'], ['alice']],
    ['f|expand|base64', '%domains%', [base64('example.org')], ['example.org']],
    ['f|expand|base64offset|contains', '%domains%', [base64('x example.com!')], [base64('x example.net!')]],
    ['f|expand|windash|contains', '-u %domains%', ['run /u example.org', 'run -u example.org'], ['run u example.org']],
    ['f|expand|cidr', '%nets%', ['10.1.2.3', '2001:db8::1'], ['11.1.2.3']],
    ['f|re|expand', '^x(%words%)$', ['xaa', 'xc'], ['xd', 'XC']],
    ['f|re|expand|i', '^x(%words%)$', ['XC'], ['XD']],
    ['f|expand', '%nobody%', [], ['', 'x']],
    ['f|neq|expand', '%nobody%', ['x'], []],
  ])('%s: %j holds for %j and not for %j', (field, values, those, others) => {
    expect(those.filter((value) => !holds(field, values, value))).toEqual([])
    expect(others.filter((value) => holds(field, values, value))).toEqual([])
  })

  test('percent signs are plain where they are escaped, are alone or have no `expand`', () => {
    expect(holds('f|expand', String.raw`100\%`, '100%')).toBe(true)
    expect(holds('f|expand', String.raw`\%admins\%`, '%admins%')).toBe(true)
    expect(holds('f|expand', '100% of it', '100% of it')).toBe(true)
    expect(holds('f', '%admins%', '%admins%')).toBe(true)
    expect(holds('f', '%admins%', 'alice')).toBe(false)
  })

  test('also in the name of another field, and in keywords', () => {
    expect(holds('f|expand|fieldref', '%fields%', 'x', { owner: 'X' })).toBe(true)
    expect(holds('|expand', '%domains%', 'x', { any: { where: 'an example.org host' } })).toBe(true)
  })
})

describe('what cannot be resolved', () => {
  const many = Array.from({ length: 101 }, (_, at) => `v${at}`)
  test.each([
    ['f|expand', '%guests%', LISTS, '`expand`: the placeholder %guests% has no list', 'Give a list called guests'],
    ['f|expand', 'a %x% b', new Map(), 'the placeholder %x% has no list', 'there are none yet'],
    ['f|re|expand', 'a%x%', new Map(), 'the placeholder %x% has no list', String.raw`write \% for a percent sign`],
    ['f|expand|base64', '%admins%', LISTS, '`base64`: text with wildcards cannot be encoded', 'Escape'],
    ['f|expand|cidr', '%admins%', LISTS, '`cidr`: "alice" is not an IP network', '10.0.0.0/8'],
    ['f|expand', '%v%-%v%', new Map([['v', many]]), `more than ${MOST_VALUES} values`, 'shorten a list'],
    ['f|re|expand', '%v%', new Map([['v', ['a(']]]), 'the expression is not valid', 'RE2'],
  ])('%s: %s refuses the rule with file, line, part and cure', (field, values, lists, what, cure) => {
    const { rules, problems } = resolvePlaceholders([pending(field, values)], lists)
    expect(rules).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: 'rule.yml', line: 7, part: `detection.selection.${field}` })
    expect(problems[0]?.what).toContain(what)
    expect(problems[0]?.cure).toContain(cure)
  })

  test('costs only the rule that needs it', () => {
    const plain = ruleWith('selection: {a: 1}\ncondition: selection')
    expect(resolvePlaceholders([pending('f|expand', '%x%'), plain], LISTS).rules).toEqual([plain])
  })

  test('a value may have as many values as the limit', () => {
    const lists = new Map([['v', Array.from({ length: 100 }, (_, at) => `v${at}`)]])
    expect(resolvePlaceholders([pending('f|expand', '%v%-%v%')], lists).problems).toEqual([])
  })
})

test('a list is part of the meaning of its rule', () => {
  const digest = (values: readonly string[]): string | undefined =>
    resolvePlaceholders([pending('f|expand', '%v%')], new Map([['v', values]])).rules[0]?.facts.digest
  expect(digest(['a'])).toBe(digest(['a']))
  expect(digest(['a*'])).not.toBe(digest(['a']))
  expect(digest(['a'])).not.toBe(pending('f|expand', '%v%').facts.digest)
})
