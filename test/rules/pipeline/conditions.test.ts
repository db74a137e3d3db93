import { expect, test } from 'vitest'
import { resolvePlaceholders } from '../../../src/rules/parse/placeholders.ts'
import type { Pipeline } from '../../../src/rules/pipeline/step.ts'
import { appliedTo, piped, pipelineOf, ruleOf, stepOf, stepsOf } from './piped.ts'

const SOURCE =
  'logsource: {category: process_creation, product: windows}\nstatus: test\ntags: [attack.t1059, attack.execution]'

function marksRule(...conditions: object[]): boolean {
  return marksRuleBy({ rule_conditions: conditions })
}

function marksRuleBy(rest: object, before: readonly object[] = []): boolean {
  const pipeline = stepsOf([...before, { type: 'field_name_prefix', prefix: 'hit.', ...rest }])
  const { rules, problems } = appliedTo(ruleOf('a: value\nb: 5\nc: true', SOURCE), pipeline)
  expect(problems).toEqual([])
  return JSON.stringify([...(rules[0]?.detection.selections ?? [])]).includes('hit.')
}

test.each([
  [{ type: 'logsource', product: 'windows' }, true],
  [{ type: 'logsource', product: 'windows', category: 'process_creation' }, true],
  [{ type: 'logsource', product: 'linux' }, false],
  [{ type: 'logsource', service: 'sysmon' }, false],
  [{ type: 'contains_field', field: 'a' }, true],
  [{ type: 'contains_field', field: 'z' }, false],
  [{ type: 'contains_detection_item', field: 'a', value: 'value' }, true],
  [{ type: 'contains_detection_item', field: 'a', value: 'val' }, false],
  [{ type: 'contains_detection_item', field: 'b', value: 5 }, true],
  [{ type: 'contains_detection_item', field: 'b', value: '5' }, false],
  [{ type: 'contains_detection_item', field: 'c', value: true }, true],
  [{ type: 'is_sigma_rule' }, true],
  [{ type: 'is_sigma_correlation_rule' }, false],
  [{ type: 'tag', tag: 'attack.t1059' }, true],
  [{ type: 'tag', tag: 'attack.t1060' }, false],
  [{ type: 'rule_attribute', attribute: 'title', value: 'A rule' }, true],
  [{ type: 'rule_attribute', attribute: 'title', value: 'A rule', op: 'ne' }, false],
  [{ type: 'rule_attribute', attribute: 'level', value: 'low', op: 'gte' }, true],
  [{ type: 'rule_attribute', attribute: 'level', value: 'medium', op: 'gte' }, false],
  [{ type: 'rule_attribute', attribute: 'status', value: 'experimental', op: 'gt' }, true],
  [{ type: 'rule_attribute', attribute: 'status', value: 'stable', op: 'lt' }, true],
  [{ type: 'rule_attribute', attribute: 'tags', value: 'attack.execution', op: 'in' }, true],
  [{ type: 'rule_attribute', attribute: 'tags', value: 'attack.execution', op: 'not_in' }, false],
  [{ type: 'rule_attribute', attribute: 'tags', value: 'attack.execution' }, false],
  [{ type: 'rule_attribute', attribute: 'nothing', value: 'x', op: 'ne' }, false],
])('The rule condition %j holds: %s', (condition, holds) => {
  expect(marksRule(condition)).toBe(holds)
})

const YES = { type: 'contains_field', field: 'a' }
const NO = { type: 'contains_field', field: 'z' }

test.each([
  [{ rule_conditions: [YES, NO] }, false],
  [{ rule_conditions: [YES, NO], rule_cond_op: 'or' }, true],
  [{ rule_conditions: [YES], rule_cond_not: true }, false],
  [{ rule_conditions: { yes: YES, no: NO } }, false],
  [{ rule_conditions: { yes: YES, no: NO }, rule_cond_expr: 'yes and not no' }, true],
  [{ rule_conditions: { yes: YES, no: NO }, rule_cond_expr: 'no or (yes and no)' }, false],
  [{ rule_conditions: { yes: YES, no: NO }, rule_cond_expr: 'yes or no', rule_cond_not: true }, false],
  [{ rule_cond_not: true }, true],
])('Conditions joined as %j hold: %s', (rest, holds) => {
  expect(marksRuleBy(rest)).toBe(holds)
})

test.each([
  ['eq', 5, true],
  ['ne', 5, false],
  ['gte', 5, true],
  ['gt', 5, false],
  ['lt', 6, true],
  ['lte', 4, false],
  ['eq', '5', false],
  ['gt', '4', false],
])('State 5 %s %j: %s', (op, val, holds) => {
  const condition = { type: 'processing_state', key: 'k', val, op }
  const before = [{ type: 'set_state', key: 'k', val: 5 }]
  expect(marksRuleBy({ rule_conditions: [condition] }, before)).toBe(holds)
  expect(marksRuleBy({ detection_item_conditions: [condition] }, before)).toBe(holds)
  expect(marksRuleBy({ field_name_conditions: [condition] }, before)).toBe(holds)
  expect(marksRuleBy({ rule_conditions: [condition] })).toBe(false)
})

test('A rule knows the steps that took it, and attributes that were set', () => {
  const applied = { rule_conditions: [{ type: 'processing_item_applied', processing_item_id: 'first' }] }
  const nothing = { id: 'first', type: 'set_field', fields: [] }
  expect(marksRuleBy(applied, [nothing])).toBe(true)
  expect(marksRuleBy(applied, [{ ...nothing, rule_conditions: [NO] }])).toBe(false)
  const attribute = { rule_conditions: [{ type: 'rule_attribute', attribute: 'index', value: 3, op: 'gte' }] }
  expect(marksRuleBy(attribute, [{ type: 'set_custom_attribute', attribute: 'index', value: 3 }])).toBe(true)
})

test.each([
  [{ type: 'match_string', cond: 'any', pattern: 'val' }, 'a: [value, other]', true],
  [{ type: 'match_string', cond: 'all', pattern: 'val' }, 'a: [value, other]', false],
  [{ type: 'match_string', cond: 'any', pattern: 'alue' }, 'a: value', false],
  [{ type: 'match_string', cond: 'any', pattern: '.*' }, 'a: 5', false],
  [{ type: 'match_string', cond: 'any', pattern: 'val', negate: true }, 'a: value', false],
  [{ type: 'match_value', cond: 'any', value: 5 }, 'a: [4, 5]', true],
  [{ type: 'match_value', cond: 'all', value: 5 }, 'a: [4, 5]', false],
  [{ type: 'match_value', cond: 'any', value: '5' }, 'a: 5', false],
  [{ type: 'contains_wildcard', cond: 'any' }, 'a: [x, "y*"]', true],
  [{ type: 'contains_wildcard', cond: 'all' }, 'a: [x, "y*"]', false],
  [{ type: 'contains_wildcard', cond: 'any' }, "a: 'x\\\\*'", true],
  [{ type: 'contains_wildcard', cond: 'any' }, "a: 'x\\*'", false],
  [{ type: 'is_null', cond: 'any' }, 'a: null', true],
  [{ type: 'is_null', cond: 'any' }, 'a: ""', false],
])('The item condition %j on %s holds: %s', (condition, lines, holds) => {
  const step = stepOf({ type: 'field_name_prefix', prefix: 'hit.', detection_item_conditions: [condition] })
  expect(piped(lines, step).startsWith('hit.')).toBe(holds)
})

test('An item knows the steps that changed it', () => {
  const steps = stepsOf([
    { id: 'first', type: 'map_string', mapping: { one: 'two' } },
    {
      type: 'field_name_suffix',
      suffix: '_mapped',
      detection_item_conditions: [{ type: 'processing_item_applied', processing_item_id: 'first' }],
    },
  ])
  expect(piped('a: one\nb: other', steps)).toBe('(a_mapped="two" and b="other")')
})

test('drop_detection_item takes items away; a rule of which nothing is left is refused', () => {
  const condition = { type: 'include_fields', fields: ['a'] }
  const step = stepOf({ type: 'drop_detection_item', field_name_conditions: [condition] })
  expect(piped('a: 1\nb: 2', step)).toBe('b=2')
  expect(piped('a: 1', step)).toMatch(/nothing is left of its detection/)
})

test('A selection that lost all of its items is gone from the condition', () => {
  const condition = { type: 'include_fields', fields: ['a'] }
  const step = stepOf({ type: 'drop_detection_item', field_name_conditions: [condition] })
  const text = ruleOf('b: 2').replace('condition: s', 't: {a: 1}\n  condition: s and not t')
  const [rule] = appliedTo(text, step).rules
  expect(rule?.detection.condition).toEqual({ kind: 'and', parts: [{ kind: 'selection', name: 's' }] })
  expect([...(rule?.detection.selections.keys() ?? [])]).toEqual(['s'])
})

test('add_condition puts its selection before the condition, with the parts of the log source', () => {
  const step = stepOf({
    type: 'add_condition',
    name: 'added',
    template: true,
    conditions: { source: ['$product-${category}', '$service'] },
  })
  const [rule] = appliedTo(ruleOf('a: 1', SOURCE), step).rules
  expect(rule?.detection.condition).toEqual({
    kind: 'and',
    parts: [
      { kind: 'selection', name: 'added' },
      { kind: 'selection', name: 's' },
    ],
  })
  expect(JSON.stringify(rule?.detection.selections.get('added'))).toContain('windows-process_creation')
  expect(JSON.stringify(rule?.detection.selections.get('added'))).toContain('$service')
})

test('add_condition takes the names that are free, and may be negated', () => {
  const step = { type: 'add_condition', name: 's', negated: true, conditions: { 'x|contains': 1 } }
  const [rule] = appliedTo(ruleOf('a: 1', SOURCE), stepOf(step)).rules
  expect(rule?.detection.condition).toEqual({
    kind: 'and',
    parts: [
      { kind: 'not', part: { kind: 'selection', name: 's_2' } },
      { kind: 'selection', name: 's' },
    ],
  })
})

test('Placeholders of add_condition are filled like those of a rule; those that stay open name their place', () => {
  const pipeline = (...more: string[]): Pipeline =>
    pipelineOf(
      ['vars: {us: root}', 'transformations:', '- type: add_condition', '  conditions:', "    user|expand: '%us%'"]
        .concat(more)
        .join('\n'),
    )
  const added = (one: Pipeline): string =>
    JSON.stringify(appliedTo(ruleOf('a: 1'), one).rules[0]?.detection.selections.get('_cond'))
  expect(added(pipeline('- type: value_placeholders'))).toContain('"pattern":["root"]')
  const { rules } = appliedTo(ruleOf('a: 1'), pipeline())
  const { problems } = resolvePlaceholders(rules, new Map())
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ line: 5, part: 'transformations[0].conditions.user|expand' })
  expect(problems[0]?.what).toMatch(/%us% has no list, which is added to rule\.yml$/)
})

test('Failures refuse the rules that they mean, with their message, the pipeline and its line', () => {
  const { rules, problems } = appliedTo(
    ruleOf('a: 1'),
    pipelineOf('name: strict\ntransformations:\n  - type: rule_failure\n    message: not for us\n'),
  )
  expect(rules).toEqual([])
  expect(problems).toEqual([
    {
      file: 'rule.yml',
      line: 1,
      part: 'detection',
      what: 'the pipeline strict (pipeline.yml) refuses the rule at rule_failure in line 3: not for us',
      cure: 'Leave the rule out, or change the pipeline',
    },
  ])
  const items = {
    type: 'detection_item_failure',
    message: 'no a',
    field_name_conditions: [{ type: 'include_fields', fields: ['a'] }],
  }
  expect(piped('a: 1', stepOf(items))).toMatch(/a: no a/)
  expect(piped('b: 1', stepOf(items))).toBe('b=1')
})

test('A nest is taken where its conditions hold, and what its steps remember goes on', () => {
  const items = [
    { id: 'inner', type: 'field_name_mapping', mapping: { a: 'x' } },
    { type: 'set_state', key: 'k', val: 'v' },
  ]
  const after = {
    type: 'field_name_suffix',
    suffix: '_',
    rule_conditions: [{ type: 'processing_state', key: 'k', val: 'v' }],
  }
  expect(piped('a: 1', stepsOf([{ type: 'nest', items }, after]))).toBe('x_=1')
  expect(piped('a: 1', stepsOf([{ type: 'nest', items, rule_conditions: [NO] }, after]))).toBe('a=1')
})
