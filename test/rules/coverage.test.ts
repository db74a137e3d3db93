import { expect, test } from 'vitest'
import { coverage, navigatorLayer } from '../../src/rules/coverage.ts'
import { ruleWith } from './one-rule.ts'

const rule = (rest: string): ReturnType<typeof ruleWith>['facts'] =>
  ruleWith('s: {a: 1}\ncondition: s', `logsource: {}\n${rest}`).facts
const rules = [
  rule('tags: [attack.t1552, attack.t1552, atlas.aml.t0055]\nmodelward: {controls: [IA-5, DP-5]}'),
  rule('tags: [attack.t1552, attack.t1078, attack.impact]\nmodelward: {controls: [IA-5]}'),
]
const id = rules[0]?.id ?? ''

test('rules are counted by control and by technique', () => {
  const covered = coverage(rules)
  expect([...covered.controls]).toEqual([
    ['DP-5', [id]],
    ['IA-5', [id, id]],
  ])
  expect([...covered.attack].map(([technique, by]) => [technique, by.length])).toEqual([
    ['T1078', 1],
    ['T1552', 2],
  ])
  expect([...covered.atlas.keys()]).toEqual(['AML.T0055'])
  expect(['T1552', 'AML.T0055', 'ML05:2023', 'DP-5'].map((name) => covered.names.get(name))).toEqual([
    'Unsecured Credentials',
    'Unsecured Credentials',
    'Model Theft',
    undefined,
  ])
})

test('a layer for the Navigator scores a technique by its rules', () => {
  const layer = navigatorLayer(rules, 'attack')
  expect(layer).toMatchObject({ domain: 'enterprise-attack', versions: { layer: '4.5' }, gradient: { maxValue: 2 } })
  expect(layer.techniques).toEqual([
    { techniqueID: 'T1078', score: 1, comment: 'A rule' },
    { techniqueID: 'T1552', score: 2, comment: 'A rule; A rule' },
  ])
  expect(navigatorLayer(rules, 'atlas').domain).toBe('atlas-atlas')
})

test("OWASP's lists are counted by tag, those without a rule too, and another edition stands for itself", () => {
  const { owasp } = coverage([
    rule('tags: [owasp.llm01, owasp.llm01.2025, owasp.ml05]'),
    rule('tags: [owasp.llm01-2025, owasp.llm10.2023, owasp.llm11, owasp.ml00]'),
  ])
  expect([...owasp].filter(([, by]) => by.length > 0)).toEqual([
    ['LLM01:2025', [id, id]],
    ['LLM10:2023', [id]],
    ['ML05:2023', [id]],
  ])
  expect([...owasp.keys()].filter((key) => /:(2025|2023)$/.test(key))).toHaveLength(21)
  expect(owasp.get('LLM07:2025')).toEqual([])
})
