import { expect, test } from 'vitest'
import { WrittenMatcher, isSelective, labelOf, matchesAll } from '../../src/alert/matcher.ts'

const alert = {
  rule: { id: 'r1', controls: ['DP-2', 'AZ-4'] },
  level: 'high',
  principal: 'key:a',
  labels: { 'source.ip': '10.0.0.1', rule: 'not this' },
} as const

test.each([
  ['rule = r1', true],
  ['rule != r1', false],
  ['level="high"', true],
  ['principal=key:a', true],
  ['control = AZ-4', true],
  ['control != AZ-4', false],
  ['control = DP-1', false],
  ['control != ""', true],
  ['source.ip = 10.0.0.1', true],
  ['nowhere = ""', true],
  ['nowhere != x', true],
  ['constructor = ""', true],
])('%s is %s', (text, holds) => {
  expect(matchesAll(alert, [WrittenMatcher.parse(text)])).toBe(holds)
})

test.each([
  ['principal = key:a', false],
  ['principal = key:b', false],
  ['principal = key:c', false],
  ['principal != key:b', false],
  ['principal != key:c', true],
  ['principal = ""', false],
  ['principal != ""', true],
])('of several principals %s is %s', (text, holds) => {
  const { principal: _, ...rest } = alert
  const shared = { ...rest, principals: ['key:a', 'key:b'] }
  expect(matchesAll(shared, [WrittenMatcher.parse(text)])).toBe(holds)
  expect(labelOf(shared, 'principal')).toBe('key:a,key:b')
})

test('all matchers must hold', () => {
  const matchers = ['rule = r1', 'level = low'].map((text) => WrittenMatcher.parse(text))
  expect(matchesAll(alert, matchers)).toBe(false)
})

test.each(['rule', '= x', 'rule =~ x', 'rule !~ x', 'rule == x', 'ru le = x'])('"%s" is no matcher', (text) => {
  expect(WrittenMatcher.safeParse(text).success).toBe(false)
})

test('controls are one label, an unknown label is empty', () => {
  expect(labelOf(alert, 'control')).toBe('DP-2,AZ-4')
  expect(labelOf(alert, 'toString')).toBe('')
})

test('what asks only for absence does not select', () => {
  expect(isSelective([{ name: 'a', value: 'x', equal: false }])).toBe(false)
  expect(isSelective([{ name: 'a', value: '', equal: true }])).toBe(false)
  expect(isSelective([{ name: 'a', value: '', equal: false }])).toBe(true)
})
