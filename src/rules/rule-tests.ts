import type { Event } from '../contract/event.ts'
import type { RuleFacts } from '../contract/rules.ts'
import { reasonOf } from '../runtime/errors.ts'
import { RuleJudge } from './judge.ts'
import type { Rule, RuleTest, TestStep } from './parse/syntax.ts'

export type { TestStep } from './parse/syntax.ts'

/** How one test of one rule went. */
export interface RuleTestResult {
  readonly rule: RuleFacts
  readonly file: string
  /** The test's name. */
  readonly name: string
  readonly passed: boolean
  /** What was seen, in words. */
  readonly detail: string
}

/** Turns a test's record with a format into events, as the daemon would: through its normaliser. May throw. */
export type ToEvents = (step: TestStep) => readonly Event[]

/**
 * Runs the tests that live in the rules, each rule alone, log source routing included. A rule needs a test that fires and one
 * that stays quiet; without them it fails. A test with a format needs `toEvents`.
 */
export function runRuleTests(rules: readonly Rule[], toEvents?: ToEvents): readonly RuleTestResult[] {
  return rules.flatMap((rule) => {
    const judge = new RuleJudge([rule])
    return [...missingTests(rule), ...rule.tests.map((test) => runTest(rule, test, judge, toEvents))]
  })
}

function missingTests(rule: Rule): readonly RuleTestResult[] {
  return [true, false]
    .filter((fires) => !rule.tests.some((test) => test.fires === fires))
    .map((fires) =>
      resultOf(rule, 'has both kinds of test', false, `no test shows it ${fires ? 'firing' : 'staying quiet'}`),
    )
}

function runTest(rule: Rule, test: RuleTest, judge: RuleJudge, toEvents: ToEvents | undefined): RuleTestResult {
  try {
    const events = test.steps.flatMap((step) => eventsOf(rule, step, toEvents))
    const fired = events.some((event) => judge.judge(event).length > 0)
    return resultOf(rule, test.name, fired === test.fires, fired ? 'it fired' : 'it stayed quiet')
  } catch (error) {
    return resultOf(rule, test.name, false, reasonOf(error))
  }
}

function resultOf(rule: Rule, name: string, passed: boolean, detail: string): RuleTestResult {
  return { rule: rule.facts, file: rule.facts.file, name, passed, detail }
}

function eventsOf(rule: Rule, test: TestStep, toEvents: ToEvents | undefined): readonly Event[] {
  if (test.format === undefined) return [plainEvent(rule, test)]
  if (!toEvents) throw new Error(`no normaliser was given for format ${test.format}`)
  const events = toEvents(test)
  if (events.length === 0) throw new Error(`format ${test.format} made no event of the record`)
  return events
}

function plainEvent(rule: Rule, test: TestStep): Event {
  return {
    id: 'test',
    at: 0,
    receivedAt: 0,
    source: 'test',
    format: 'test',
    logsource: rule.facts.logsource,
    fields: test.event,
    sealed: { identity: [], text: [] },
    ecs: test.ecs ?? {},
    ...(test.principal === undefined ? {} : { principal: test.principal }),
  }
}
