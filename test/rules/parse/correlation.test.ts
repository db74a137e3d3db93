import { describe, expect, test } from 'vitest'
import { LONGEST_TIMESPAN_MS, MOST_RULES } from '../../../src/rules/parse/correlation.ts'
import { parseDocuments } from '../../../src/rules/parse/documents.ts'
import type { Correlation } from '../../../src/rules/parse/syntax.ts'

const HEAD = 'title: Many\nid: 0e95725d-7320-415d-80f7-004da920fc11\nlevel: high\ndescription: d\n'
const COUNT = { type: 'event_count', rules: ['a'], 'group-by': ['user'], timespan: '5m', condition: { gte: 10 } }

/** JSON is YAML. */
function read(correlation: Record<string, unknown>, head = HEAD): ReturnType<typeof parseDocuments> {
  return parseDocuments('c.yml', `${head}correlation: ${JSON.stringify(correlation)}\n`)
}

function good(correlation: Record<string, unknown>, head?: string): Correlation {
  const { correlations, problems } = read(correlation, head)
  expect(problems).toEqual([])
  const [found] = correlations
  if (!found) throw new Error('nothing was read')
  return found
}

function wrong(correlation: Record<string, unknown>, head?: string): string {
  const { correlations, problems } = read(correlation, head)
  expect(correlations).toEqual([])
  return problems.map(({ part, what, cure }) => `${part}: ${what}. ${cure}`).join('\n')
}

describe('what is read', () => {
  test('a whole correlation with its metadata', () => {
    const head = `${HEAD}name: many\ntags: [attack.t1110]\nfalsepositives: [Tests]\nauthor: A\nmodelward: {controls: [DP-2], runbook: Look.}\n`
    expect(good({ ...COUNT, aliases: { user: { a: 'user.name' } }, generate: true }, head)).toMatchObject({
      facts: {
        id: '0e95725d-7320-415d-80f7-004da920fc11',
        level: 'high',
        logsource: {},
        controls: ['DP-2'],
        attack: [{ id: 'T1110' }],
        groupBy: ['user'],
        file: 'c.yml',
      },
      name: 'many',
      type: 'event_count',
      rules: ['a'],
      groupBy: ['user'],
      timespanMs: 300_000,
      condition: { kind: 'number', written: 'gte 10', bounds: [{ operator: 'gte', value: 10 }] },
      aliases: { user: { a: 'user.name' } },
      generate: true,
      line: 1,
    })
  })

  test('one rule and one field may be text, as pySigma allows', () => {
    expect(good({ ...COUNT, rules: 'a', 'group-by': 'user' })).toMatchObject({ rules: ['a'], groupBy: ['user'] })
  })

  test('without group-by an alert is about a principal; modelward.group_by says otherwise', () => {
    expect(good({ ...COUNT, 'group-by': undefined }).facts.groupBy).toEqual(['principal'])
    expect(good(COUNT, `${HEAD}modelward: {group_by: [host]}\n`).facts.groupBy).toEqual(['host'])
  })

  test('correlations that differ in anything but words have different digests', () => {
    const digest = good(COUNT).facts.digest
    expect(good(COUNT, HEAD.replace('Many', 'More')).facts.digest).toBe(digest)
    expect(good({ ...COUNT, timespan: '6m' }).facts.digest).not.toBe(digest)
  })

  test.each([
    ['1s', 1_000],
    ['90m', 5_400_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
    ['1w', 604_800_000],
    ['1M', 2_629_746_000],
    ['1y', LONGEST_TIMESPAN_MS],
  ])('timespan %s', (timespan, ms) => {
    expect(good({ ...COUNT, timespan }).timespanMs).toBe(ms)
  })

  test('two bounds are a range', () => {
    expect(good({ ...COUNT, condition: { gt: 100, lte: 200 } }).condition).toMatchObject({
      written: 'gt 100 and lte 200',
      bounds: [
        { operator: 'gt', value: 100 },
        { operator: 'lte', value: 200 },
      ],
    })
  })

  test.each(['value_sum', 'value_avg', 'value_median', 'value_percentile'])('%s takes fractions', (type) => {
    expect(good({ ...COUNT, type, condition: { field: 'n', lt: -0.5 } }).condition).toMatchObject({
      fields: ['n'],
      percentile: 50,
    })
  })

  test('value_count takes several fields, and a percentile is a number of the condition', () => {
    const count = { ...COUNT, type: 'value_count', condition: { field: ['x', 'y'], gte: 3 } }
    expect(good(count).condition).toMatchObject({ fields: ['x', 'y'] })
    const percentile = { ...COUNT, type: 'value_percentile', condition: { field: 'x', gte: 3, percentile: 95 } }
    expect(good(percentile).condition).toMatchObject({ percentile: 95 })
  })

  test('temporal means all rules unless it says otherwise', () => {
    const temporal = { ...COUNT, type: 'temporal', rules: ['a', 'b'], condition: undefined }
    expect(good(temporal).condition).toMatchObject({ bounds: [{ operator: 'gte', value: 2 }] })
  })

  test('a condition in words, with its rules listed or not', () => {
    const condition = 'a and (b or not c)'
    const temporal = { ...COUNT, type: 'temporal', rules: ['a', 'b', 'c'], condition }
    expect(good(temporal).condition).toMatchObject({ kind: 'rules', written: condition, expression: { kind: 'and' } })
    expect(good({ ...temporal, rules: undefined }).rules).toEqual(['a', 'b', 'c'])
  })
})

const TEMPORAL = { ...COUNT, type: 'temporal', rules: ['a', 'b'], condition: undefined }
const VALUES = { ...COUNT, type: 'value_count', condition: { field: 'x', gte: 3 } }

test.each<[string, Record<string, unknown>, string]>([
  ['no type', { ...COUNT, type: undefined }, 'correlation.type: it is missing. Use event_count'],
  ['unknown type', { ...COUNT, type: 'events' }, 'correlation.type: "events" is no type of correlation'],
  ['unknown key', { ...COUNT, groupby: ['x'] }, 'correlation.groupby: unknown key'],
  ['no rules', { ...COUNT, rules: undefined }, 'correlation.rules: it is missing'],
  ['empty rules', { ...COUNT, rules: [] }, 'correlation.rules: it is no list of rules'],
  ['too many rules', { ...TEMPORAL, rules: [...Array(MOST_RULES + 1).keys()].map(String) }, 'List at most 32'],
  ['group-by a map', { ...COUNT, 'group-by': {} }, 'correlation.group-by: it is no list of fields'],
  ['no timespan', { ...COUNT, timespan: undefined }, 'correlation.timespan: it is missing'],
  ['a bare number', { ...COUNT, timespan: 30 }, 'correlation.timespan: 30 is no timespan. Write a number and one of'],
  ['two units', { ...COUNT, timespan: '1h30m' }, '"1h30m" is no timespan'],
  ['no time', { ...COUNT, timespan: '0s' }, 'correlation.timespan: it is no time at all'],
  ['too long', { ...COUNT, timespan: '2y' }, 'correlation.timespan: it is longer than a year. Use 1s to 1y'],
  ['no condition', { ...COUNT, condition: undefined }, 'correlation.condition: it is missing. Write {gte: 10}'],
  ['no operator', { ...COUNT, condition: {} }, 'correlation.condition: it compares with no number'],
  ['unknown operator', { ...COUNT, condition: { ge: 1 } }, 'correlation.condition.ge: unknown operator. Use gt, gte'],
  ['no number', { ...COUNT, condition: { gte: 'ten' } }, 'correlation.condition.gte: "ten" is no number'],
  ['half an event', { ...COUNT, condition: { gte: 1.5 } }, 'correlation.condition.gte: a count is a whole number'],
  ['two lower bounds', { ...COUNT, condition: { gt: 1, gte: 2 } }, 'these do not go together'],
  ['an empty range', { ...COUNT, condition: { gt: 4, lt: 5 } }, 'correlation.condition.gt: it can never hold'],
  ['fewer than one', { ...COUNT, condition: { lt: 1 } }, 'correlation.condition.lt: it can never hold'],
  ['more than all', { ...TEMPORAL, condition: { gte: 3 } }, 'it can never hold. There are 2 rules'],
  ['no field', { ...VALUES, condition: { gte: 3 } }, 'correlation.condition.field: it is missing. Name the field'],
  ['a useless field', { ...COUNT, condition: { gte: 3, field: 'x' } }, 'event_count looks at no field'],
  ['fields to sum', { ...VALUES, type: 'value_sum', condition: { field: ['x', 'y'], gte: 3 } }, 'several fields'],
  [
    'percentile 101',
    { ...VALUES, type: 'value_percentile', condition: { field: 'x', gte: 3, percentile: 101 } },
    'from 0 to 100',
  ],
  [
    'percentile of a count',
    { ...VALUES, condition: { field: 'x', gte: 3, percentile: 5 } },
    'value_count has no percentile',
  ],
  ['words for a count', { ...COUNT, condition: 'a and b' }, 'a condition in words is only for temporal types'],
  ['an unknown rule in words', { ...TEMPORAL, condition: 'a and b and x' }, 'no rule is called "x". There are: a, b'],
  ['a rule left out', { ...TEMPORAL, condition: 'a' }, 'it says nothing of b, which is in rules'],
  ['broken words', { ...TEMPORAL, condition: 'a and (b' }, 'correlation.condition: a parenthesis is not closed'],
  ['aliases a list', { ...COUNT, aliases: [] }, 'correlation.aliases: it is no map of aliases'],
  ['an alias without rules', { ...COUNT, aliases: { ip: 'x' } }, 'correlation.aliases.ip: it does not say the field'],
  [
    'an alias of a stranger',
    { ...COUNT, aliases: { ip: { b: 'x' } } },
    'correlation.aliases.ip.b: this rule is not in rules',
  ],
  ['generate', { ...COUNT, generate: 'yes' }, 'correlation.generate: it is not true or false'],
])('%s is refused with place and cure', (_, correlation, words) => {
  expect(wrong(correlation)).toContain(words)
})

test('the metadata of a correlation are checked as those of a rule', () => {
  expect(wrong(COUNT, HEAD.replace('high', 'severe'))).toContain('level: "severe" is not allowed')
  expect(wrong(COUNT, `${HEAD}modelward: {absence: {for: 1h}}\n`)).toContain('modelward.absence')
})

test('every fault is found at once, with its line', () => {
  const text = `${HEAD}correlation:\n  type: event_count\n  rules: a\n  timespan: soon\n  condition: {gte: x}\n`
  const { problems } = parseDocuments('c.yml', text)
  expect(problems.map(({ line, part }) => [line, part])).toEqual([
    [8, 'correlation.timespan'],
    [9, 'correlation.condition.gte'],
  ])
})
