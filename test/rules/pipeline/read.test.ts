import { expect, test } from 'vitest'
import { readPipeline, STEP_LIMITS } from '../../../src/rules/pipeline/read.ts'

function problemsOf(text: string): readonly string[] {
  const { pipeline, problems } = readPipeline('p.yml', text)
  expect(pipeline === undefined).toBe(problems.length > 0)
  return problems.map(({ file, line, part, what }) => `${file}:${line} ${part}: ${what}`)
}

const steps = (...lines: readonly string[]): string =>
  `transformations:\n${lines.map((line) => `  ${line}\n`).join('')}`

test.each([
  [
    'an unknown transformation',
    steps('- type: fly'),
    ['p.yml:2 transformations[0].type: there is no transformation fly'],
  ],
  ['no type', steps('- id: x'), ['p.yml:2 transformations[0]: the step has no type']],
  [
    'a missing parameter',
    steps('- type: set_state', '  key: k'),
    ['p.yml:2 transformations[0].val: it is missing, or of the wrong kind'],
  ],
  [
    'an unknown parameter',
    steps('- type: field_name_prefix', '  prefix: p', '  suffix: s'),
    ['p.yml:4 transformations[0].suffix: there is no such parameter'],
  ],
  [
    'a bad regular expression',
    steps('- type: replace_string', "  regex: '('", '  replacement: x'),
    [expect.stringMatching(/^p.yml:2 transformations\[0\]: in "\(" the expression is not valid/)],
  ],
  [
    'look-around, which takes no linear time',
    steps('- type: replace_string', "  regex: 'a(?=b)'", '  replacement: x'),
    [expect.stringMatching(/cannot be matched in linear time/)],
  ],
  [
    'a group that the expression lacks',
    steps('- type: replace_string', '  regex: a', "  replacement: '\\1'"),
    ['p.yml:2 transformations[0]: the replacement names the group 1, which the expression lacks'],
  ],
  [
    'an unknown condition',
    steps('- type: field_name_prefix', '  prefix: p', '  rule_conditions:', '    - type: mood'),
    ['p.yml:5 transformations[0].rule_conditions[0].type: there is no condition "mood" here'],
  ],
  [
    'a condition on items where rules are asked',
    steps('- type: field_name_prefix', '  prefix: p', '  rule_conditions:', '    - {type: is_null, cond: any}'),
    ['p.yml:5 transformations[0].rule_conditions[0].type: there is no condition "is_null" here'],
  ],
  [
    'a log source without parts',
    steps('- type: change_logsource'),
    ['p.yml:2 transformations[0]: it names no category, product or service'],
  ],
  [
    'an attribute that is not kept',
    steps(
      '- type: rule_failure',
      '  message: m',
      '  rule_conditions:',
      '    - {type: rule_attribute, attribute: date, value: 2024-01-01}',
    ),
    ['p.yml:5 transformations[0].rule_conditions[0]: the attribute date of a rule is not kept'],
  ],
  [
    'an expression beside an operator',
    steps(
      '- type: set_field',
      '  fields: []',
      '  rule_conditions: {a: {type: is_sigma_rule}}',
      '  rule_cond_op: or',
      '  rule_cond_expr: a',
    ),
    ['p.yml:6 transformations[0].rule_cond_expr: an expression needs a map of conditions, and no operator beside it'],
  ],
  [
    'a condition that the expression leaves out',
    steps(
      '- type: set_field',
      '  fields: []',
      '  rule_conditions: {a: {type: is_sigma_rule}, b: {type: is_sigma_rule}}',
      '  rule_cond_expr: a',
    ),
    ['p.yml:5 transformations[0].rule_cond_expr: it does not name b'],
  ],
  [
    'include and exclude together',
    steps('- type: value_placeholders', '  include: [a]', '  exclude: [b]'),
    ['p.yml:2 transformations[0]: include and exclude exclude each other'],
  ],
  [
    'a condition to add that is none',
    steps('- type: add_condition', '  conditions: {a|fly: 1}'),
    [expect.stringMatching(/^p.yml:2 transformations\[0\]: a\|fly: `fly` is not a modifier/)],
  ],
  [
    'a fault within a nest',
    steps('- type: nest', '  items:', '    - type: fly'),
    ['p.yml:4 transformations[0].items[0].type: there is no transformation fly'],
  ],
  ['another kind of file', 'fieldmappings: {a: b}', ['p.yml:1 fieldmappings: there is no such parameter']],
  ['two pipelines', 'name: a\n---\nname: b', ['p.yml:3 pipeline: a file holds one pipeline']],
])('A pipeline with %s is refused with its place', (_, text, problems) => {
  expect(problemsOf(text)).toEqual(problems)
})

test.each(['command_placeholders', 'http_placeholders', 'file_placeholders'])('%s is refused by name', (type) => {
  expect(problemsOf(steps(`- type: ${type}`))).toEqual([
    expect.stringContaining(`p.yml:2 transformations[0].type: ${type} is refused: it `),
  ])
})

test('What only matters for queries is left out with a remark', () => {
  const text = `${steps('- type: query_expression_placeholders', '  expression: "{field} lookup {id}"')}postprocessing: [{type: embed}]\nfinalizers: [{type: concat}]\nallowed_backends: [x]`
  const { pipeline, problems, remarks } = readPipeline('p.yml', text)
  expect(problems).toEqual([])
  expect(pipeline?.steps).toHaveLength(1)
  expect(remarks.map(({ line, part }) => `${line} ${part}`)).toEqual([
    '4 postprocessing',
    '5 finalizers',
    '2 transformations[0]',
  ])
})

test('Name, priority and variables are read; without a name the file is it', () => {
  const { pipeline } = readPipeline('p.yml', 'name: mine\npriority: 30\nvars: {a: 1, b: [x, true]}')
  expect(pipeline).toMatchObject({ name: 'mine', priority: 30, steps: [] })
  expect(pipeline?.vars).toEqual(
    new Map([
      ['a', ['1']],
      ['b', ['x', 'true']],
    ]),
  )
  expect(readPipeline('p.yml', 'priority: 1').pipeline?.name).toBe('p.yml')
})

test('There may be so many steps, nested so deep, and no more', () => {
  const list = (count: number): string =>
    JSON.stringify({ transformations: Array.from({ length: count }, () => ({ type: 'set_field', fields: [] })) })
  expect(problemsOf(list(STEP_LIMITS.steps))).toEqual([])
  expect(problemsOf(list(STEP_LIMITS.steps + 1))).toEqual([expect.stringContaining('there are more than 1000 steps')])
  let step: object = { type: 'set_field', fields: [] }
  for (let at = 0; at < STEP_LIMITS.depth; at++) step = { type: 'nest', items: [step] }
  expect(problemsOf(JSON.stringify({ transformations: [step] }))).toEqual([])
  const deeper = { transformations: [{ type: 'nest', items: [step] }] }
  expect(problemsOf(JSON.stringify(deeper))).toEqual([expect.stringContaining('nested deeper than 5')])
})
