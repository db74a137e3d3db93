import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/runtime/errors.ts'
import { applyFilters } from '../../../src/rules/exceptions/filters.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { parseDocuments } from '../../../src/rules/parse/documents.ts'
import { resolvePlaceholders } from '../../../src/rules/parse/placeholders.ts'
import type { Rule } from '../../../src/rules/parse/syntax.ts'
import { event } from '../../support/events.ts'
import { ruleText } from '../one-rule.ts'

const ID = '7d6ee1f6-5f28-4b4e-9f6c-3c8a5a3b3a10'
const RULE = ruleText(
  'selection: {a: 1}\ncondition: selection',
  'name: the_rule\nlogsource: {product: aws, service: cloudtrail}',
)
const NOT_US = filterText(ID, 'selection: {user: [root, deploy]}\ncondition: not selection')

function filterText(rules: string, body: string, logsource = '{product: aws}'): string {
  return `title: Not us\nlogsource: ${logsource}\nfilter:\n  rules: ${rules}\n${body.replaceAll(/^/gm, '  ')}\n`
}

interface Applied {
  readonly rules: readonly Rule[]
  readonly problems: readonly Problem[]
  readonly holds: (fields: Record<string, unknown>) => boolean
}

function apply(text: string, filters: string): Applied {
  const read = parseDocuments('rule.yml', text)
  const filter = parseDocuments('filter.yml', filters)
  const applied = applyFilters(read.rules, filter.filters)
  const judge = new RuleJudge(applied.rules, { routing: false })
  return {
    rules: applied.rules,
    problems: [...read.problems, ...filter.problems, ...applied.problems],
    holds: (fields) => judge.judge(event({ fields })).length > 0,
  }
}

describe('a filter is joined to its rules with and', () => {
  test.each([
    ['an id', ID],
    ['a name', 'the_rule'],
    ['a list of both', `[the_rule, ${ID}]`],
    ['any', 'any'],
    ['Any', 'Any'],
    ['an empty list', '[]'],
  ])('named by %s', (_name, rules) => {
    const { problems, holds } = apply(
      RULE,
      filterText(rules, 'selection: {user: [root, deploy]}\ncondition: not selection'),
    )
    expect(problems).toEqual([])
    expect(holds({ a: 1, user: 'eve' })).toBe(true)
    expect(holds({ a: 1, user: 'Root' })).toBe(false)
    expect(holds({ a: 2, user: 'eve' })).toBe(false)
    expect(holds({ a: 1 })).toBe(true)
  })

  test('without `not`, what it describes is what is left, as pySigma reads it', () => {
    const { holds } = apply(RULE, filterText(ID, 'selection: {user: root}\ncondition: selection'))
    expect(holds({ a: 1, user: 'root' })).toBe(true)
    expect(holds({ a: 1, user: 'eve' })).toBe(false)
  })

  test('the rule keeps its own parentheses', () => {
    const either = ruleText('one: {a: 1}\ntwo: {b: 1}\ncondition: one or two', 'logsource: {product: aws}')
    const { holds } = apply(either, NOT_US)
    expect(holds({ b: 1 })).toBe(true)
    expect(holds({ a: 1, user: 'root' })).toBe(false)
    expect(holds({ b: 1, user: 'root' })).toBe(false)
  })

  test('its selections never mix with those of the rule, nor with those of another filter', () => {
    const them = ruleText('selection: {a: 1}\nselection_2: {a: 2}\ncondition: 1 of them', 'logsource: {product: aws}')
    const first = filterText(ID, 'selection: {user: root}\nselection_x: {user: deploy}\ncondition: not 1 of selection*')
    const second = filterText(ID, 'selection: {host: h1}\nother: {host: h2}\ncondition: not 1 of them')
    const { problems, holds } = apply(them, `${first}---\n${second}---\n${second}`)
    expect(problems).toEqual([])
    expect(holds({ a: 2, user: 'eve', host: 'h3' })).toBe(true)
    expect(holds({ a: 3, user: 'eve', host: 'h3' })).toBe(false)
    expect(holds({ a: 1, user: 'deploy' })).toBe(false)
    expect(holds({ a: 1, host: 'h2' })).toBe(false)
  })

  test('keywords, modifiers and all of work as in a rule', () => {
    const filter = filterText(ID, 'words: [backup]\nby:\n  user|startswith: svc-\ncondition: not all of them')
    const { problems, holds } = apply(RULE, filter)
    expect(problems).toEqual([])
    expect(holds({ a: 1, user: 'svc-1', note: 'nightly backup' })).toBe(false)
    expect(holds({ a: 1, user: 'svc-1' })).toBe(true)
  })
})

describe('only where its log source fits', () => {
  test.each([
    ['{product: aws}', true],
    ['{product: AWS, service: CloudTrail}', true],
    ['{service: cloudtrail}', true],
    ['{product: aws, category: iam}', false],
    ['{product: azure}', false],
    ['{product: aws, service: s3}', false],
  ])('%s: %s', (logsource, fits) => {
    const { problems, holds } = apply(
      RULE,
      filterText('any', 'selection: {user: root}\ncondition: not selection', logsource),
    )
    expect(holds({ a: 1, user: 'root' })).toBe(!fits)
    expect(problems.map(({ part }) => part)).toEqual(fits ? [] : ['logsource'])
  })
})

describe('the digest', () => {
  const digest = (filters: string): string | undefined => apply(RULE, filters).rules[0]?.facts.digest
  const other = filterText(ID, 'selection: {user: nobody}\ncondition: not selection')

  test('changes with a filter and with what it takes away, so that what was remembered begins anew', () => {
    const bare = parseDocuments('rule.yml', RULE).rules[0]?.facts.digest
    expect(digest(NOT_US)).toMatch(/^[0-9a-f]{64}$/)
    expect(digest(NOT_US)).not.toBe(bare)
    expect(digest(other)).not.toBe(digest(NOT_US))
  })

  test('does not hang on the order of filters, nor on how the rules are named', () => {
    expect(digest(`${other}---\n${NOT_US}`)).toBe(digest(`${NOT_US}---\n${other}`))
    expect(digest(NOT_US.replace(ID, 'the_rule'))).toBe(digest(NOT_US))
  })

  test('of a rule that no filter is about is the same', () => {
    const { rules } = parseDocuments('rule.yml', RULE)
    expect(applyFilters(rules, []).rules[0]).toBe(rules[0])
  })
})

describe('a wrong filter is a problem with file, line, part and cure', () => {
  const body = 'selection: {user: root}\ncondition: not selection'
  test.each([
    [
      'a rule that is not there',
      filterText('[the_rule, no_such]', body),
      4,
      'filter.rules[1]',
      'no rule is called "no_such"',
      'id or name',
    ],
    [
      'a rule of another log source',
      filterText('the_rule', body, '{product: gcp}'),
      4,
      'filter.rules[0]',
      'log source is aws, cloudtrail',
      "rule's log source",
    ],
    ['no rules', filterText('any', body).replace('  rules: any\n', ''), 3, 'filter.rules', 'it is missing', 'or any'],
    ['rules of a wrong type', filterText('[1]', body), 4, 'filter.rules[0]', 'not the id or name', 'or any'],
    [
      'no condition',
      filterText('any', 'selection: {user: root}'),
      3,
      'filter.condition',
      'there is no condition',
      'condition: selection',
    ],
    [
      'several conditions',
      filterText('any', 'selection: {user: root}\ncondition: [selection, not selection]'),
      6,
      'filter.condition',
      'one condition',
      'Join',
    ],
    [
      'a selection that is not there',
      filterText('any', `selection: {user: root}\ncondition: not filter`),
      6,
      'filter.condition',
      'no selection is called "filter"',
      'There are: selection',
    ],
    ['no selection', filterText('any', 'condition: not x'), 3, 'filter', 'no selection', 'at least one'],
    [
      'an unknown modifier',
      filterText('any', 'selection: {user|is: root}\ncondition: not selection'),
      5,
      'filter.selection.user|is',
      '`is` is not a modifier',
      'Use one of',
    ],
    ['no log source', NOT_US.replace('logsource: {product: aws}\n', ''), 1, 'logsource', 'missing', 'map'],
    ['an empty log source', filterText('any', body, '{}'), 2, 'logsource', 'names no log source', 'product'],
    ['no map', 'title: T\nlogsource: {product: aws}\nfilter: x\n', 3, 'filter', 'not a map', 'condition'],
  ])('%s', (_name, text, line, part, what, cure) => {
    const { problems } = apply(RULE, text)
    const problem = problems.find((one) => one.part === part)
    expect(problem).toMatchObject({ file: 'filter.yml', line, part })
    expect(problem?.what).toContain(what)
    expect(problem?.cure).toContain(cure)
  })

  test('a placeholder of it that has no list refuses the rule, and names the place in the filter', () => {
    const { rules } = apply(RULE, filterText('any', "selection: {'user|expand': '%us%'}\ncondition: not selection"))
    expect(resolvePlaceholders(rules, new Map([['us', ['root']]])).problems).toEqual([])
    const { problems } = resolvePlaceholders(rules, new Map())
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: 'filter.yml', line: 5, part: 'filter.selection.user|expand' })
    expect(problems[0]?.what).toMatch(/%us% has no list, which is added to rule\.yml$/)
  })

  test('and what it rightly names is filtered all the same', () => {
    expect(apply(RULE, filterText('[the_rule, no_such]', body)).holds({ a: 1, user: 'root' })).toBe(false)
  })
})
