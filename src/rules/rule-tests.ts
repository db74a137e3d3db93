import type { Event } from '../contract/event.ts'
import type { Judge, RuleFacts } from '../contract/rules.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Correlation, Rule, RuleTest, TestStep } from './parse/syntax.ts'

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

/** What is tested. */
export interface TestedRules {
  readonly rules: readonly Rule[]
  readonly correlations: readonly Correlation[]
  /** A fresh judge of the rule or correlation with this id and of all that feeds it, and of nothing else. */
  readonly judgeFor: (id: string) => Judge
}

export interface TestOptions {
  /** Rules without any test are passed over. Default: they fail. */
  readonly onlyTested?: boolean
}

/** When a test begins, epoch ms: 1 January 2026. Where its first record has a time of its own, it begins by that. */
export const TEST_BEGIN = Date.UTC(2026, 0, 1)

/**
 * Runs the tests that live in rules and correlations, each rule by itself with what feeds it and with its memory, log source
 * routing included. A rule needs a test that fires and one that stays quiet; without them it fails. A test with a format
 * needs `toEvents`. The clock is moved to every event's time before the event is judged, and at the end to `until`; a test
 * fires when the rule itself made a finding at any of these moments. A record of a format keeps its own time; one that has
 * none, and is thus given the time of its reception, happens at its step's `at`.
 */
export function runRuleTests(
  pack: TestedRules,
  toEvents?: ToEvents,
  { onlyTested = false }: TestOptions = {},
): readonly RuleTestResult[] {
  return [...pack.rules, ...pack.correlations]
    .filter(({ tests }) => !onlyTested || tests.length > 0)
    .flatMap((rule) => [...missingTests(rule), ...rule.tests.map((test) => runTest(rule, test, pack, toEvents))])
}

type Tested = Rule | Correlation
type Logsource = RuleFacts['logsource']

function missingTests(rule: Tested): readonly RuleTestResult[] {
  return [true, false]
    .filter((fires) => !rule.tests.some((test) => test.fires === fires))
    .map((fires) =>
      resultOf(rule, 'has both kinds of test', false, `no test shows it ${fires ? 'firing' : 'staying quiet'}`),
    )
}

function runTest(rule: Tested, test: RuleTest, pack: TestedRules, toEvents: ToEvents | undefined): RuleTestResult {
  try {
    const read = (step: TestStep, place: number): readonly Event[] => eventsOf(rule, step, place, pack, toEvents)
    const fired = fires(rule.facts.id, test, pack.judgeFor(rule.facts.id), read)
    return resultOf(rule, test.name, fired === test.fires, fired ? 'it fired' : 'it stayed quiet')
  } catch (error) {
    return resultOf(rule, test.name, false, reasonOf(error))
  }
}

type ReadStep = (step: TestStep, place: number) => readonly Event[]

function fires(id: string, test: RuleTest, judge: Judge, read: ReadStep): boolean {
  let begin: number | undefined
  let clock = Number.NEGATIVE_INFINITY
  let fired = false
  const moveTo = (time: number): void => {
    clock = Math.max(clock, time)
    if (judge.tick(clock).some(({ rule }) => rule.id === id)) fired = true
  }
  for (const [place, step] of test.steps.entries())
    for (const given of read(step, place)) {
      begin ??= hasOwnTime(given) ? given.at - step.atMs : TEST_BEGIN
      if (clock < begin) moveTo(begin)
      const event = hasOwnTime(given) ? given : movedTo(given, begin + step.atMs)
      moveTo(event.at)
      if (judge.judge(event).some(({ rule }) => rule.id === id)) fired = true
    }
  if (test.untilMs !== undefined) moveTo((begin ?? TEST_BEGIN) + test.untilMs)
  return fired
}

function resultOf({ facts }: Tested, name: string, passed: boolean, detail: string): RuleTestResult {
  return { rule: facts, file: facts.file, name, passed, detail }
}

function eventsOf(
  rule: Tested,
  step: TestStep,
  place: number,
  pack: TestedRules,
  toEvents: ToEvents | undefined,
): readonly Event[] {
  if (step.format === undefined) return [plainEvent(step, place, step.logsource ?? logsourceOf(rule, pack))]
  if (!toEvents) throw new Error(`no normaliser was given for format ${step.format}`)
  const events = toEvents(step)
  if (events.length === 0) throw new Error(`format ${step.format} made no event of the record`)
  return events
}

function plainEvent(step: TestStep, place: number, logsource: Logsource): Event {
  return {
    id: `test-${place + 1}`,
    at: 0,
    receivedAt: 0,
    source: 'test',
    format: 'test',
    logsource,
    fields: step.event,
    sealed: { identity: [], text: [] },
    ecs: step.ecs ?? {},
    ...(step.principal === undefined ? {} : { principal: step.principal }),
  }
}

/** That of the rule, or the one that all rules that feed a correlation have. */
function logsourceOf(tested: Tested, pack: TestedRules): Logsource {
  const sources = new Map(
    feedersOf(tested, pack).map(({ facts }) => [JSON.stringify(facts.logsource), facts.logsource]),
  )
  const [source = {}] = sources.values()
  if (sources.size > 1)
    throw new Error('the rules that feed it have different log sources: give each event of the test its logsource')
  return source
}

function feedersOf(tested: Tested, pack: TestedRules, above: readonly Tested[] = []): readonly Rule[] {
  if ('detection' in tested) return [tested]
  const isMeant = ({ facts, name }: Tested): boolean =>
    tested.rules.includes(facts.id) || (name !== undefined && tested.rules.includes(name))
  return [...pack.rules, ...pack.correlations]
    .filter((one) => isMeant(one) && !above.includes(one))
    .flatMap((one) => feedersOf(one, pack, [...above, tested]))
}

/** Whether the record said when it happened: events of others are given the time of their reception. */
function hasOwnTime({ at, receivedAt }: Event): boolean {
  return at !== receivedAt
}

/** The event as if it had happened, and had been received, at `at`. */
function movedTo(event: Event, at: number): Event {
  const { id, source, format, logsource, fields, sealed, file, index, principal, inference } = event
  return {
    id,
    at,
    receivedAt: at,
    source,
    format,
    logsource,
    fields,
    sealed,
    ...(file === undefined ? {} : { file }),
    ...(index === undefined ? {} : { index }),
    ...(principal === undefined ? {} : { principal }),
    ...(inference === undefined ? {} : { inference }),
    get ecs() {
      return event.ecs
    },
  }
}
