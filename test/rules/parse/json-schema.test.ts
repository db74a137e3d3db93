import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { loadRules } from '../../../src/rules/load.ts'
import { ruleSchema } from '../../../src/rules/parse/json-schema.ts'
import { runRuleTests } from '../../../src/rules/rule-tests.ts'

const checked = z.fromJSONSchema(ruleSchema())
const folder = join(import.meta.dirname, '../../../rules')
const isRule = (value: unknown): boolean => typeof value === 'object' && value !== null && 'detection' in value

test('every rule that comes with modelward fits it', () => {
  const files = globSync('**/*.yml', { cwd: folder })
  const rules = files.map((file) => [file, parse(readFileSync(join(folder, file), 'utf8')) as unknown] as const)
  const wrong = rules.filter(([, value]) => isRule(value) && !checked.safeParse(value).success)
  expect(rules.filter(([, value]) => isRule(value)).length).toBeGreaterThan(60)
  expect(wrong.map(([file]) => file)).toEqual([])
})

const RULE = { title: 'A', logsource: {}, detection: { s: { a: 1 }, condition: 's' } }
const fits = (parts: Record<string, unknown>): boolean => checked.safeParse({ ...RULE, ...parts }).success

test('a rule with what modelward adds fits it', () => {
  const first = { fields: ['principal'], learning: '14d', remember: '90d' }
  expect(fits({ modelward: { first_seen: first } })).toBe(true)
  expect(fits({ modelward: { absence: { timespan: '1h', 'group-by': ['endpoint'] } } })).toBe(true)
  expect(fits({ tests: [{ name: 't', fires: true, events: [{ at: '1m', event: {} }], until: '2h' }] })).toBe(true)
  expect(
    fits({ detection: { s: [{ 'a|contains': ['x', 1] }, { b: null }], words: ['x'], condition: ['s', 'words'] } }),
  ).toBe(true)
})

test.each([
  ['no detection', { detection: undefined }],
  ['no condition', { detection: { s: { a: 1 } } }],
  ['an empty selection', { detection: { s: {}, condition: 's' } }],
  ['a level that is none', { level: 'loud' }],
  ['an unknown key under modelward', { modelward: { first_see: {} } }],
  [
    'an unknown key of first_seen',
    { modelward: { first_seen: { fields: ['a'], learning: '1d', remember: '2d', x: 1 } } },
  ],
  ['a time that is none', { modelward: { absence: { timespan: 'soon' } } }],
  ['a test without a name', { tests: [{ fires: true, event: {} }] }],
])('%s does not fit it', (_, parts) => {
  expect(fits({})).toBe(true)
  expect(fits(parts)).toBe(false)
})

test('it says its dialect, and every key that modelward adds says what it means', () => {
  expect(ruleSchema()).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' })
  const text = JSON.stringify(ruleSchema())
  for (const words of ['the values of these fields were not seen together before', 'when no event of a group has come'])
    expect(text).toContain(words)
})

test('its examples are rules that load, fit it and pass their own tests: on scores, on what is new, on what stays away', () => {
  const examples = ruleSchema()['examples'] as readonly unknown[]
  expect(examples.map((example) => checked.safeParse(example).success)).toEqual([true, true, true])
  const text = examples.map((one) => stringify(one)).join('---\n')
  const { problems, ...loaded } = loadRules([], { files: [{ file: 'examples.yml', text }] })
  expect(problems).toEqual([])
  const results = runRuleTests(loaded)
  expect(results).toHaveLength(7)
  expect(results.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`)).toEqual([])
})
