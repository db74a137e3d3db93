import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRule } from '../../../src/rules/compile/rule.ts'
import { Candidates } from '../../../src/rules/index/candidates.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { explainRule } from '../../../src/rules/explain.ts'
import type { Rule } from '../../../src/rules/parse/syntax.ts'
import { event } from '../../support/events.ts'
import { ruleWith } from '../one-rule.ts'

const FIELDS = ['a', 'b', 'c.d', 'user.name']
const VALUES = ['x', 'Y', 'xy', 1, '1', true, null, 'ς', 'Σ', '{"d":"x"}', '']
const value = fc.constantFrom(...VALUES)
const MODIFIERS = [
  '',
  '',
  '',
  '|contains',
  '|neq',
  '|cased',
  '|startswith',
  '|all',
  '|contains|all',
  '|exists',
  '|fieldref',
]

/** A line of a selection, as JSON, which is YAML. */
const line = fc
  .tuple(
    fc.constantFrom(...FIELDS),
    fc.constantFrom(...MODIFIERS),
    fc.array(value, { minLength: 2, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([field, modifier, values, isList]): [string, unknown] => {
    const texts = values.filter((one) => typeof one === 'string' && !one.startsWith('{'))
    if (modifier === '|exists') return [field + modifier, isList]
    if (modifier === '|fieldref') return [field + modifier, 'b']
    if (modifier === '' || modifier === '|neq') return [field + modifier, isList ? values : values[0]]
    return texts.length < 2
      ? [field, values]
      : [field + modifier, modifier.endsWith('all') || isList ? texts : texts[0]]
  })
const map = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => Object.fromEntries(lines))
const keywords = fc.array(fc.constantFrom('x', 'xy', 1), { minLength: 1, maxLength: 2 })
const selection = fc.oneof(
  { weight: 4, arbitrary: map },
  { weight: 2, arbitrary: fc.array(map, { minLength: 1, maxLength: 3 }) },
  keywords,
)
const CONDITIONS = [
  'p',
  'p or q',
  'p and q',
  'p and not q',
  'not p',
  '1 of them',
  'all of them',
  'p and (q or r)',
  'p or q and not r',
  'not (p or q)',
]
const rule = fc
  .tuple(selection, selection, selection, fc.constantFrom(...CONDITIONS))
  .map(([p, q, r, condition]) => ruleWith(JSON.stringify({ p, q, r, condition })))

const leaf = fc.oneof(value, fc.array(value, { maxLength: 3 }))
const inner = fc.oneof(
  leaf,
  fc.record({ d: leaf }, { requiredKeys: [] }),
  fc.array(fc.record({ d: leaf }), { maxLength: 2 }),
)
const fields = fc.record(
  { a: leaf, b: leaf, c: inner, 'c.d': leaf, user: fc.record({ name: leaf }, { requiredKeys: [] }) },
  { requiredKeys: [] },
)
const ecs = fc.record({ 'user.name': fc.constantFrom('x', 'Y') }, { requiredKeys: [] })

describe('the index', () => {
  test('changes no answer: random rules on random events are judged as each rule alone would', () => {
    let fired = 0
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 6 }),
        fc.array(fc.tuple(fields, ecs), { minLength: 1, maxLength: 8 }),
        (rules, seen) => {
          const judge = new RuleJudge(rules)
          for (const [own, view] of seen) {
            const one = event({ fields: own, ecs: view })
            const found = judge.judge(one).map((finding) => finding.rule)
            const naive = rules.filter((each) => compileRule(each).ask(one)).map((each) => each.facts)
            expect(found).toEqual(naive)
            expect(naive).toEqual(rules.filter((each) => explainRule(each, one).holds).map((each) => each.facts))
            fired += found.length
          }
        },
      ),
      { numRuns: 400 },
    )
    // The test would mean nothing if hardly anything fired.
    expect(fired).toBeGreaterThan(500)
  })

  const asked = (rules: readonly Rule[], own: Record<string, unknown>): number[] => {
    const places: number[] = []
    new Candidates(rules.map(compileRule)).each(event({ fields: own }), (_rule, place) => places.push(place))
    return places.toSorted((a, b) => a - b)
  }

  test('asks only rules that look for a value of the event', () => {
    const rules = ['A', 'B', 'C'].map((name) => ruleWith(`s: {eventName: ${name}, x|contains: y}\ncondition: s`))
    expect(asked(rules, { eventName: 'b' })).toEqual([1])
    expect(asked(rules, { eventName: 'none' })).toEqual([])
    expect(asked(rules, {})).toEqual([])
    expect(asked(rules, { eventName: ['a', 'c'] })).toEqual([0, 2])
  })

  test('asks a rule once that several values lead to', () => {
    const either = ruleWith('s: {a: 1}\nt: {b: 2}\ncondition: s or t')
    expect(asked([either], { a: 1, b: 2 })).toEqual([0])
    expect(asked([ruleWith('s: {a: [1, 2]}\ncondition: s')], { a: [1, 2, 1] })).toEqual([0])
  })

  test.each([
    ['a negation alone', 's: {a: 1}\ncondition: not s'],
    ['part of a word', 's: {a|contains: x}\ncondition: s'],
    ['a field of ECS, which is dear to read', 's: {user.name: x}\ncondition: s'],
    ['one side of or', 's: {a: 1}\nt: {b|gt: 2}\ncondition: s or t'],
    ['null among values', 's: {a: [null, x]}\ncondition: s'],
    ['the JSON of an object', `s: {a: '{"b":1}'}\ncondition: s`],
    ['what is not to be', 's: {a|neq: x}\ncondition: s'],
  ])('always asks a rule that hangs on %s', (_name, detection) => {
    expect(new Candidates([compileRule(ruleWith(detection))]).unindexed).toBe(1)
  })

  test('goes by the field that most rules share', () => {
    const rules = [1, 2, 3, 4].map((serial) => ruleWith(`s: {eventName: E, only${serial}: x}\ncondition: s`))
    expect(asked(rules, { only1: 'x' })).toEqual([])
    expect(asked(rules, { eventName: 'E' })).toEqual([0, 1, 2, 3])
  })

  test('remembers only so many spellings, and still finds the next', () => {
    const candidates = new Candidates([compileRule(ruleWith('s: {a: Needle}\ncondition: s'))])
    let found = 0
    for (let serial = 0; serial < 3000; serial++)
      candidates.each(event({ fields: { a: `hay${serial}` } }), () => found++)
    expect(found).toBe(0)
    for (const a of ['needle', 'NEEDLE', 'nEEdle', 'needle']) candidates.each(event({ fields: { a } }), () => found++)
    expect(found).toBe(4)
  })
})
