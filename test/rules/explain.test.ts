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
    ` + logsource (the event's = {"category":"inference"})`,
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

const remembering = (extension: string) =>
  ruleWith('s: {a: 1}\ncondition: s', `logsource: {category: inference}\nmodelward: {${extension}}`)
const selected = event({ principal: 'key:1', fields: { a: 1, model: 'small' } })

test('first_seen is told in words, with the values that must be new, or that one is not there', () => {
  const rule = remembering('first_seen: {fields: [principal, model], learning: 36h, remember: 90d}')
  const words = 'first_seen: principal, model not seen together for 90d, after 1d12h of learning'
  expect(lines(explainRule(rule, selected)).at(-1)).toBe(` + ${words} (principal, model = ["key:1","small"])`)
  expect(explainRule(rule, selected).holds).toBe(true)
  const without = explainRule(rule, event({ principal: 'key:1', fields: { a: 1 } }))
  expect(lines(without).at(-1)).toBe(` - ${words}`)
  expect(without.holds).toBe(false)
  const one = remembering('first_seen: {fields: [model], learning: 0s, remember: 1m}')
  expect(lines(explainRule(one, selected)).at(-1)).toBe(
    ' + first_seen: model not seen for 1m, after 0s of learning (model = "small")',
  )
})

test('absence is told in words and holds for no event', () => {
  const rule = remembering('absence: {timespan: 90m, group-by: [model]}')
  const node = explainRule(rule, selected)
  const words = 'such an event is the heartbeat; the rule holds when none came for 1h30m for each model'
  expect(lines(node).at(-1)).toBe(` - absence: ${words}`)
  expect(node.holds).toBe(false)
})
