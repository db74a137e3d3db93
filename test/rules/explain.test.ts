import { expect, test } from 'vitest'
import { explainRule, type ExplainNode } from '../../src/rules/explain.ts'
import { event } from '../support/events.ts'
import { ruleWith } from './one-rule.ts'

function lines(node: ExplainNode, depth = 0): string[] {
  const shown = node.shown ? ` (${node.shown.name} = ${JSON.stringify(node.shown.value)})` : ''
  return [
    `${' '.repeat(depth)}${node.holds ? '+' : '-'} ${node.text}${shown}`,
    ...node.parts.flatMap((part) => lines(part, depth + 1)),
  ]
}

const rule = ruleWith(
  [
    'call: {eventName: [A, B], count|gte: 3}',
    'filter_a: {agent: ci}',
    'filter_b: {x: null}',
    'condition: call and not 1 of filter_*',
  ].join('\n'),
)

test('every part has its answer, also parts that judging would not ask', () => {
  const node = explainRule(rule, event({ fields: { eventName: 'B', count: 2, x: 1 } }))
  expect(lines(node)).toEqual([
    '- A rule',
    ' + logsource',
    ' - and',
    '  - call',
    '   - and',
    '    + eventName (eventName = "B")',
    '    - count|gte',
    '  + not',
    '   - 1 of filter_*',
    '    - filter_a',
    '     - and',
    '      - agent',
    '    - filter_b',
    '     - and',
    '      - x',
  ])
})

test('a rule that holds but for its log source says so', () => {
  const node = explainRule(rule, event({ fields: { eventName: 'A', count: 9, x: 1 }, logsource: { product: 'aws' } }))
  expect(node.holds).toBe(false)
  expect(node.parts.map(({ text, holds }) => [text, holds])).toEqual([
    ['logsource', false],
    ['and', true],
  ])
})
