import { expect, test } from 'vitest'
import { RuleJudge } from '../../src/rules/judge.ts'
import { loadRules } from '../../src/rules/load.ts'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import type { Correlation } from '../../src/rules/parse/syntax.ts'
import {
  runRuleTests,
  TEST_BEGIN,
  type RuleTestResult,
  type TestedRules,
  type ToEvents,
} from '../../src/rules/rule-tests.ts'
import type { Memory } from '../../src/rules/state/stateful.ts'
import { event } from '../support/events.ts'
import { ruleText } from './one-rule.ts'

const FIRES = '  - {name: fires, fires: true, event: {a: 1}}\n'
const QUIET = '  - {name: quiet, fires: false, event: {a: 2}}\n'

function loaded(text: string): TestedRules {
  const { problems, ...read } = loadRules([], { files: [{ file: 'rule.yml', text }] })
  expect(problems).toEqual([])
  return read
}

function run(tests: string, toEvents?: ToEvents, condition = 's'): readonly RuleTestResult[] {
  return runRuleTests(loaded(`${ruleText(`s: {a: 1}\ncondition: ${condition}`)}${tests}`), toEvents)
}

test('a rule that fires and stays quiet as it says passes', () => {
  expect(run(`tests:\n${FIRES}${QUIET}`).map(({ name, passed, detail }) => [name, passed, detail])).toEqual([
    ['fires', true, 'it fired'],
    ['quiet', true, 'it stayed quiet'],
  ])
})

test('a wrong answer is told in words', () => {
  const results = run(`tests:\n${FIRES}${QUIET}`, undefined, 'not s')
  expect(results.map(({ passed, detail }) => [passed, detail])).toEqual([
    [false, 'it stayed quiet'],
    [false, 'it fired'],
  ])
})

test('a rule without both kinds of test fails', () => {
  const failing = (tests: string): string[] =>
    run(tests)
      .filter(({ passed }) => !passed)
      .map(({ detail }) => detail)
  expect(failing(`tests:\n${FIRES}`)).toEqual(['no test shows it staying quiet'])
  expect(failing(`tests:\n${QUIET}`)).toEqual(['no test shows it firing'])
  expect(failing('')).toEqual(['no test shows it firing', 'no test shows it staying quiet'])
})

test('a record with a format goes through its normaliser, and is routed by the log source it gets', () => {
  const tests = 'tests:\n  - {name: raw, fires: true, format: litellm, event: {raw: 1}}\n'
  const named =
    (category: string): ToEvents =>
    (given) => {
      expect(given).toMatchObject({ format: 'litellm', event: { raw: 1 } })
      return [event({ fields: {} }), event({ fields: { a: 1 }, logsource: { category } })]
    }
  const raw = (toEvents?: ToEvents): unknown => run(tests, toEvents).find(({ name }) => name === 'raw')
  expect(raw(named('inference'))).toMatchObject({ passed: true })
  expect(raw(named('audit'))).toMatchObject({ passed: false, detail: 'it stayed quiet' })
  expect(raw()).toMatchObject({ passed: false, detail: 'no normaliser was given for format litellm' })
  expect(raw(() => [])).toMatchObject({ passed: false, detail: 'format litellm made no event of the record' })
  const throwing: ToEvents = () => {
    throw new Error('not readable')
  }
  expect(raw(throwing)).toMatchObject({ passed: false, detail: 'not readable' })
})

test('a test may give ECS fields and a principal', () => {
  const read = loaded(
    `${ruleText('s: {user.name: eve}\ncondition: s')}tests:
  - {name: fires, fires: true, event: {}, ecs: {user.name: eve}, principal: 'user:1'}
  - {name: quiet, fires: false, event: {}, ecs: {user.name: bob}}
`,
  )
  expect(runRuleTests(read).every(({ passed }) => passed)).toBe(true)
})

/** The answers of a rule with `a: 1` that remembers, to these tests. */
function remembering(extension: string, tests: string, toEvents?: ToEvents): readonly (readonly [string, string])[] {
  const rest = `logsource: {category: inference}\nmodelward:\n  ${extension}`
  const text = `${ruleText('s: {a: 1}\ncondition: s', rest)}tests:\n${tests}`
  const results = runRuleTests(loaded(text), toEvents).filter(({ name }) => !name.startsWith('has both'))
  return results.map(({ name, detail }) => [name, detail] as const)
}

test('a test of several events gives each its time, and the rule alone remembers from one to the next', () => {
  const results = remembering(
    'first_seen: {fields: [model], learning: 1d, remember: 7d}',
    `  - name: new
    fires: true
    events: [{at: 0s, event: {a: 1, model: x}}, {at: 1d, event: {a: 1, model: x}}, {at: 1d, event: {a: 1, model: y}}]
  - name: learning
    fires: false
    events: [{at: 0s, event: {a: 1, model: x}}, {at: 23h, event: {a: 1, model: y}}]
  - {name: a test begins with nothing remembered, fires: false, events: [{at: 2d, event: {a: 1, model: z}}]}
`,
  )
  expect(results.map(([, detail]) => detail)).toEqual(['it fired', 'it stayed quiet', 'it stayed quiet'])
})

test('the clock goes on to until, and a heartbeat that stays away fires there', () => {
  const beat = 'events: [{at: 0s, event: {a: 1}}, {at: 30m, event: {a: 1}}]'
  const results = remembering(
    'absence: {timespan: 1h}',
    `  - {name: too early, fires: false, ${beat}, until: 89m}
  - {name: at last, fires: true, ${beat}, until: 90m}
  - {name: a gap between events, fires: true, events: [{at: 0s, event: {a: 1}}, {at: 2h, event: {a: 1}}]}
  - {name: one event and until, fires: true, event: {a: 1}, until: 1h}
  - {name: no until, fires: false, event: {a: 1}}
`,
  )
  expect(results).toEqual([
    ['too early', 'it stayed quiet'],
    ['at last', 'it fired'],
    ['a gap between events', 'it fired'],
    ['one event and until', 'it fired'],
    ['no until', 'it stayed quiet'],
  ])
})

test('a record with a time of its own keeps it, and the test begins by it; one without happens at its step', () => {
  const own = Date.UTC(2020, 0, 1)
  const toEvents: ToEvents = ({ event: { time, ...fields } }) => {
    const at = typeof time === 'string' ? Date.parse(time) : own
    return [{ ...event({ at, fields }), receivedAt: own }]
  }
  const results = remembering(
    'absence: {timespan: 1h}',
    `  - name: own times
    fires: true
    events: [{at: 0s, format: x, event: {a: 1, time: '2019-01-01T00:00:00Z'}}, {at: 0s, format: x, event: {a: 1, time: '2019-01-01T02:00:00Z'}}]
  - {name: own time and until, fires: false, events: [{at: 1h, format: x, event: {a: 1, time: '2019-01-01T01:00:00Z'}}], until: 1h59m}
  - {name: until comes, fires: true, events: [{at: 1h, format: x, event: {a: 1, time: '2019-01-01T01:00:00Z'}}], until: 2h}
  - {name: none, fires: true, events: [{at: 0s, format: x, event: {a: 1}}, {at: 2h, format: x, event: {a: 1}}]}
`,
    toEvents,
  )
  expect(results.map(([, detail]) => detail)).toEqual(['it fired', 'it stayed quiet', 'it fired', 'it fired'])
})

const FED = `title: One
id: 11111111-1111-4111-8111-111111111111
logsource: {category: inference}
detection: {s: {a: 1}, condition: s}
---
title: Both
id: 22222222-2222-4222-8222-222222222222
correlation: {type: event_count, rules: [11111111-1111-4111-8111-111111111111], group-by: [who], timespan: 1h, condition: {gte: 2}}
tests:
  - {name: two, fires: true, events: [{at: 0s, event: {a: 1, who: x}}, {at: 1m, event: {a: 1, who: x}}]}
  - {name: another source, fires: false, events: [{at: 0s, event: {a: 1, who: x}}, {at: 1m, event: {a: 1, who: x}, logsource: {category: audit}}]}
  - {name: only the rule that feeds it, fires: true, event: {a: 1, who: x}}
`

test('a correlation is tested with the rules that feed it, and only its own findings count', () => {
  const { rules, correlations } = parseDocuments('both.yml', FED)
  expect(correlations).toHaveLength(1)
  const times: number[] = []
  const judgeFor = (id: string): RuleJudge => {
    const facts = correlations.find((one) => one.facts.id === id)?.facts
    return new RuleJudge(rules, {
      remembering: facts
        ? [{ facts, feeds: rules.map((rule) => rule.facts.id), memory: everySecond(facts, times) }]
        : [],
    })
  }
  const results = runRuleTests({ rules, correlations, judgeFor }).filter(({ rule }) => rule.title === 'Both')
  expect(results.map(({ name, detail }) => [name, detail])).toEqual([
    ['two', 'it fired'],
    ['another source', 'it stayed quiet'],
    ['only the rule that feeds it', 'it stayed quiet'],
  ])
  expect(times.map((at) => at - TEST_BEGIN)).toEqual([0, 60_000, 0, 0])
})

test('where the rules that feed a correlation differ in log source, its tests must say theirs', () => {
  const other = FED.slice(0, FED.indexOf('---')).replaceAll('1', '3').replace('inference', 'audit')
  const both = FED.replace('rules: [', 'rules: [33333333-3333-4333-8333-333333333333, ')
  const { rules, correlations } = parseDocuments('both.yml', `${other}---\n${both}`)
  const results = runRuleTests({ rules, correlations, judgeFor: () => new RuleJudge(rules) })
  expect(results.find(({ name }) => name === 'two')).toMatchObject({
    passed: false,
    detail: 'the rules that feed it have different log sources: give each event of the test its logsource',
  })
})

/** Holds for every second sign. */
function everySecond(rule: Correlation['facts'], times: number[]): Memory {
  let heard = 0
  return {
    take: (sign) => {
      times.push(sign.event.at)
      return ++heard % 2 === 0 ? { ...sign, rule } : undefined
    },
    changes: () => [],
    restore: () => {},
    state: () => [],
  }
}

test('a rule without tests may be passed over, and still says what log source a correlation is about', () => {
  const untested = FED.slice(0, FED.indexOf('  - {name: only'))
  const results = runRuleTests(loaded(untested), undefined, { onlyTested: true })
  expect(results.map(({ name, passed }) => [name, passed])).toEqual([
    ['two', true],
    ['another source', true],
  ])
})
