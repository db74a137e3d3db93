import { expect, test } from 'vitest'
import { appliedTo, piped, ruleOf, stepOf, stepsOf } from './piped.ts'
import { MOST_TARGETS } from '../../../src/rules/pipeline/fields.ts'
import { readPipeline } from '../../../src/rules/pipeline/read.ts'
import { MOST_TESTS } from '../../../src/rules/pipeline/work.ts'

const COUNTED = `
title: Many values
name: counted
id: 5a1f0c8e-52f5-4c3e-9e5a-2b1d8b1f0c11
level: high
correlation:
  type: value_count
  rules: [base]
  group-by: [user, other]
  timespan: 5m
  aliases: {user: {base: User}}
  condition: {field: Image, gte: 3}
`
const BOTH = `${ruleOf('User: x', 'name: base\nlogsource: {product: windows}')}---${COUNTED}`

test('A mapping reaches group-by, aliases and the field of a correlation, but not the names of aliases', () => {
  const step = stepOf({
    type: 'field_name_mapping',
    mapping: { User: 'user.name', Image: 'process', other: ['o1', 'o2'], user: 'no' },
  })
  const { correlations, problems } = appliedTo(BOTH, step)
  expect(problems).toEqual([])
  expect(correlations).toMatchObject([
    { groupBy: ['user', 'o1', 'o2'], aliases: { user: { base: 'user.name' } }, condition: { fields: ['process'] } },
  ])
})

test.each(['User', 'Image'])('Where a correlation needs one field, %s cannot become two', (field) => {
  const { rules, correlations, problems } = appliedTo(
    BOTH,
    stepOf({ type: 'field_name_mapping', mapping: { [field]: ['a', 'b'] } }),
  )
  expect(rules).toHaveLength(1)
  expect(correlations).toEqual([])
  expect(problems).toMatchObject([
    { part: 'correlation', what: expect.stringContaining(`${field} becomes several fields`) },
  ])
})

test('A correlation is of the log sources of what feeds it', () => {
  const taken = (product: string): readonly string[] => {
    const conditions = [{ type: 'logsource', product }, { type: 'is_sigma_correlation_rule' }]
    const step = stepOf({ type: 'rule_failure', message: 'taken', rule_conditions: conditions })
    return appliedTo(BOTH, step).problems.map(({ what }) => what)
  }
  expect(taken('windows')).toEqual([expect.stringContaining('taken')])
  expect(taken('linux')).toEqual([])
})

test('What an alert of a rule is about is mapped, but the word principal is not', () => {
  const rest = 'modelward: {group_by: [principal, User]}\nlogsource: {category: x}'
  const { rules } = appliedTo(ruleOf('a: 1', rest), stepOf({ type: 'field_name_prefix', prefix: 'w.' }))
  expect(rules[0]?.facts.groupBy).toEqual(['principal', 'w.User'])
})

test.each([
  ['first_seen: {fields: [User, principal], learning: 1d, remember: 30d}', { fields: ['w.User', 'principal'] }],
  ['absence: {group-by: [User], timespan: 1h}', { groupBy: ['w.User'] }],
])('So are the fields of what a rule remembers: %s', (memory, mapped) => {
  const text = ruleOf('a: 1', `modelward: {${memory}}\nlogsource: {category: x}`)
  const { rules } = appliedTo(text, stepOf({ type: 'field_name_prefix', prefix: 'w.' }))
  expect(rules[0]?.memory).toMatchObject(mapped)
})

test('The lowest priority goes first, of equal ones the first given', () => {
  const suffix = (text: string, priority: number): ReturnType<typeof stepOf> =>
    stepOf({ type: 'field_name_suffix', suffix: text }, { priority })
  expect(piped('a: 1', suffix('3', 20), suffix('1', 10), suffix('2', 10))).toBe('a123=1')
})

test('A rule that nothing changed is the very same', () => {
  const text = ruleOf('a: 1')
  const untouched = stepsOf([
    { type: 'field_name_mapping', mapping: { z: 'y' } },
    { type: 'set_state', key: 'k', val: 1 },
    { type: 'change_logsource', category: 'inference' },
  ])
  expect(appliedTo(text, untouched).rules[0]?.facts.digest).toBe(appliedTo(text).rules[0]?.facts.digest)
})

test('A changed rule has another digest for another change and another pipeline', () => {
  const digest = (step: object, name = 'test'): string => {
    const { rules, correlations } = appliedTo(BOTH, stepOf({ ...step }, { name }))
    return [...rules, ...correlations].map(({ facts }) => facts.digest).join(' ')
  }
  const map = (to: string): object => ({ type: 'field_name_mapping', mapping: { User: to } })
  const steps = [
    { type: 'set_field', fields: [] },
    map('a'),
    map('b'),
    { type: 'map_string', mapping: { x: '*' } },
    { type: 'map_string', mapping: { x: '?' } },
    { type: 'change_logsource', category: 'other' },
    { type: 'add_condition', conditions: { a: 1 } },
  ]
  const digests = [...steps.map((step) => digest(step)), digest(map('a'), 'another')]
  expect(new Set(digests).size).toBe(digests.length)
  expect(digest(map('a'))).toBe(digest(map('a')))
})

test('A field may become so many, and a rule may have so many values, and no more', () => {
  const names = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `f${at}`)
  const mapping = (count: number): Readonly<Record<string, unknown>> => ({
    type: 'field_name_mapping',
    mapping: { a: names(count) },
  })
  expect(appliedTo(ruleOf('a: 1'), stepOf(mapping(MOST_TARGETS))).problems).toEqual([])
  const text = JSON.stringify({ transformations: [mapping(MOST_TARGETS + 1)] })
  expect(readPipeline('p.yml', text).problems).toHaveLength(1)
  const values = MOST_TESTS / MOST_TARGETS
  const lines = (count: number): string => `a: [${names(count).join(', ')}]`
  expect(piped(lines(values), stepOf(mapping(MOST_TARGETS)))).toMatch(/^\(f0=/)
  expect(piped(lines(values + 1), stepOf(mapping(MOST_TARGETS)))).toMatch(/more than 100000 values/)
})
