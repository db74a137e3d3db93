import { expect, test } from 'vitest'
import { parseDocuments } from '../../src/rules/parse/documents.ts'
import { runRuleTests, type RuleTestResult, type ToEvents } from '../../src/rules/rule-tests.ts'
import { event } from '../support/events.ts'
import { ruleText } from './one-rule.ts'

const FIRES = '  - {name: fires, fires: true, event: {a: 1}}\n'
const QUIET = '  - {name: quiet, fires: false, event: {a: 2}}\n'

function run(tests: string, toEvents?: ToEvents, condition = 's'): readonly RuleTestResult[] {
  const { rules } = parseDocuments('rule.yml', `${ruleText(`s: {a: 1}\ncondition: ${condition}`)}${tests}`)
  expect(rules).toHaveLength(1)
  return runRuleTests(rules, toEvents)
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
  const { rules } = parseDocuments(
    'rule.yml',
    `${ruleText('s: {user.name: eve}\ncondition: s')}tests:
  - {name: fires, fires: true, event: {}, ecs: {user.name: eve}, principal: 'user:1'}
  - {name: quiet, fires: false, event: {}, ecs: {user.name: bob}}
`,
  )
  expect(runRuleTests(rules).every(({ passed }) => passed)).toBe(true)
})
