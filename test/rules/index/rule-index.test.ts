import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EcsFields } from '../../../src/contract/event.ts'
import { compileRule } from '../../../src/rules/compile/rule.ts'
import { MOST_REMEMBERED, RuleIndex } from '../../../src/rules/index/rule-index.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { explainRule } from '../../../src/rules/explain.ts'
import type { Rule } from '../../../src/rules/parse/syntax.ts'
import { event } from '../../support/events.ts'
import { ruleWith } from '../one-rule.ts'

const FIELDS = ['a', 'b', 'c.d', 'user.name']
const VALUES = ['x', 'Y', 'xy', 'yxxy', 1, '1', true, null, 'ς', 'Σ', 'xΣy', '\u212A', '😀x', '{"d":"x"}', '']
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
  '|endswith',
  '|endswith',
  '|re',
  '|gt',
]
const PATTERNS = ['x*', '*y', 'x?y', '*x*y*', 'σ', '*Σ*', 'k', 'y?x*', '?', '*', '😀?', 'x*x', '\\*']
const EXPRESSIONS = ['xy', '^x', 'yx+y', '(?i)XY', 'x|1', 'Σ', 'y.?xy']

/** A line of a selection, as JSON, which is YAML. */
const line = fc
  .tuple(
    fc.constantFrom(...FIELDS),
    fc.constantFrom(...MODIFIERS),
    fc.array(fc.oneof(value, fc.constantFrom(...PATTERNS)), { minLength: 2, maxLength: 3 }),
    fc.boolean(),
    fc.array(fc.constantFrom(...EXPRESSIONS), { minLength: 1, maxLength: 2 }),
  )
  .map(([field, modifier, values, isList, expressions]): [string, unknown] => {
    const texts = values.filter((one) => typeof one === 'string' && !one.startsWith('{'))
    if (modifier === '|re') return [field + modifier, expressions]
    if (modifier === '|gt') return [field + modifier, 0]
    if (modifier === '|exists') return [field + modifier, isList]
    if (modifier === '|fieldref') return [field + modifier, 'b']
    if (modifier === '' || modifier === '|neq') return [field + modifier, isList ? values : values[0]]
    return texts.length < 2
      ? [field, values]
      : [field + modifier, modifier.endsWith('all') || isList ? texts : texts[0]]
  })
const map = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => Object.fromEntries(lines))
const keywords = fc.array(fc.constantFrom('x', 'xy', 1, 'x*y', 'Σ', 'y?x'), { minLength: 1, maxLength: 2 })
const allKeywords = fc
  .array(fc.constantFrom('x', 'xy', 'yx', 'Σ', 'y?x'), { minLength: 2, maxLength: 3 })
  .map((words) => ({ '|all': words }))
const selection = fc.oneof(
  { weight: 4, arbitrary: map },
  { weight: 2, arbitrary: fc.array(map, { minLength: 1, maxLength: 3 }) },
  keywords,
  allKeywords,
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
          // Twice, because what a value led to is remembered.
          for (const [own, view] of [...seen, ...seen]) {
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

  const held = (rules: readonly Rule[], own: Record<string, unknown>): number[] => {
    const index = indexOf(rules)
    index.match(event({ fields: own }))
    return [...index.places.subarray(0, index.held)].toSorted((a, b) => a - b)
  }

  test('finds the rules that a value leads to', () => {
    const rules = ['A', 'B', 'C'].map((name) => ruleWith(`s: {eventName: ${name}, x|contains: y}\ncondition: s`))
    expect(held(rules, { eventName: 'b', x: 'xyz' })).toEqual([1])
    expect(held(rules, { eventName: 'none', x: 'y' })).toEqual([])
    expect(held(rules, {})).toEqual([])
    expect(held(rules, { eventName: ['a', 'c'], x: 'Y' })).toEqual([0, 2])
  })

  test('names a rule once that several values lead to', () => {
    const either = ruleWith('s: {a: 1}\nt: {b: 2}\ncondition: s or t')
    expect(held([either], { a: 1, b: 2 })).toEqual([0])
    expect(held([ruleWith('s: {a: [1, 2]}\ncondition: s')], { a: [1, 2, 1] })).toEqual([0])
  })

  test.each([3, 40])('findings come in the order of %s rules, whichever value leads to them', (count) => {
    const rules = Array.from({ length: count }, (_, n) => ruleWith(`s: {f${count - n}: x}\ncondition: s`))
    const fields = Object.fromEntries(rules.map((_, n) => [`f${((n * 7) % count) + 1}`, 'x']))
    const found = new RuleJudge(rules).judge(event({ fields }))
    expect(found.map((finding) => finding.rule)).toEqual(rules.map((each) => each.facts))
    expect(found[0]?.matched).toEqual({ [`f${count}`]: 'x' })
  })

  test('answers for each event anew', () => {
    const index = indexOf([ruleWith('s: {a: 1}\nt: {b|re: x.z}\ncondition: s and not t')])
    const answers = [{ a: 1 }, {}, { a: 1, b: 'xyz' }, { a: 1, b: 'no' }].map((fields) => {
      index.match(event({ fields }))
      return index.held
    })
    expect(answers).toEqual([1, 0, 0, 1])
  })

  test('remembers what a value led to, and no more values than stated', () => {
    const index = indexOf([ruleWith('s: {a|contains: x}\nt: {b: y}\nu: {a|re: "^.x$"}\ncondition: s and t and not u')])
    const judged = (own: Record<string, unknown>): number => {
      index.match(event({ fields: own }))
      return index.held
    }
    for (let n = 0; n < MOST_REMEMBERED * 2; n++) {
      expect(judged({ a: `${n >> 1}x`, b: n % 3 === 0 ? 'Y' : 'z' })).toBe(n % 3 === 0 && n >= 20 ? 1 : 0)
      expect(index.remembered).toBeLessThan(MOST_REMEMBERED)
    }
    expect(index.remembered).toBeGreaterThan(2)
  })

  test('finds fields of ECS in the record, along their dots or not, and in the ECS view', () => {
    const index = indexOf([ruleWith('s: {user.name: x}\ncondition: s'), ruleWith('s: {a: 1}\ncondition: s')])
    const places = (own: Record<string, unknown>, ecs: EcsFields = {}): number[] => {
      index.match(event({ fields: own, ecs }))
      return [...index.places.subarray(0, index.held)]
    }
    expect(places({}, { 'user.name': 'x' })).toEqual([0])
    expect(places({ user: { name: 'x' } })).toEqual([0])
    expect(places({ 'user.name': 'x' })).toEqual([0])
    expect(places({ user: { name: 'y' } }, { 'user.name': 'x' })).toEqual([])
    expect(places({ a: 1 }, { 'user.id': 'x' })).toEqual([1])
  })

  test('asks for keywords that lead to no rule where one leads to it', () => {
    const index = indexOf([ruleWith("s: {'|all': [a longer word, x, yz]}\ncondition: s")])
    const isHeld = (own: Record<string, unknown>): boolean => {
      index.match(event({ fields: own }))
      return index.held === 1
    }
    expect(isHeld({ a: 'A LONGER WORD', b: { c: ['x'] }, d: 'wyzw' })).toBe(true)
    expect(isHeld({ a: 'a longer word', b: 'x' })).toBe(false)
    expect(isHeld({ a: 'a word', b: 'xyz' })).toBe(false)
  })

  test('finds keywords under keys that no rule names, however many there are, again and again', () => {
    const index = indexOf([ruleWith('s: [x]\ncondition: s')])
    for (let n = 0; n < 6_000; n++) {
      index.match(event({ fields: { [`k${n % 3_000}`]: n % 2 === 0 ? 'yxy' : 'z', same: 'z' } }))
      expect(index.held).toBe(n % 2 === 0 ? 1 : 0)
    }
  })

  test.each([
    ['a negation alone', 's: {a: 1}\ncondition: not s'],
    ['null among values', 's: {a: [null, x]}\ncondition: s'],
    ['what is not to be', 's: {a|neq: x}\ncondition: s'],
    ['what is not to be there', 's: {a|exists: false}\ncondition: s'],
    ['an expression among keywords', `s: {'|re': 'ab|cd'}\ncondition: s`],
  ])('always asks a rule that hangs on %s', (_name, detection) => {
    expect(indexOf([ruleWith(detection)]).unindexed).toBe(1)
  })

  test.each([
    ['part of a word', 's: {a|contains: x}\ncondition: s'],
    ['one side of or, the other a comparison', 's: {a: 1}\nt: {b|gt: 2}\ncondition: s or t'],
    ['an expression', 's: {a|re: fo+bar}\ncondition: s'],
    ['a network', 's: {a|cidr: 10.0.0.0/8}\ncondition: s'],
    ['a wildcard', `s: {a: 'x*y?z'}\ncondition: s`],
    ['a word anywhere', 's: [x]\ncondition: s'],
    ['a negation beside a word', 's: {a: 1}\nt: {b: 2}\ncondition: s and not t'],
    ['a field of ECS', 's: {user.name: x}\ncondition: s'],
    ['what is not null', 's: {a: null}\nt: {a: x}\ncondition: not t and not s'],
  ])('asks a rule that hangs on %s only where a value leads to it', (_name, detection) => {
    expect(indexOf([ruleWith(detection)]).unindexed).toBe(0)
  })
})

function indexOf(rules: readonly Rule[]): RuleIndex {
  return new RuleIndex(rules.map((rule, place) => ({ rule, place })))
}
