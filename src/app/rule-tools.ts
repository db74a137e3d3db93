import { readFileSync } from 'node:fs'
import type { Event } from '../contract/event.ts'
import { coverage, navigatorLayer, type Coverage, type NavigatorLayer } from '../rules/coverage.ts'
import { explainRule, type ExplainNode } from '../rules/explain.ts'
import { lintRules } from '../rules/lint.ts'
import type { LoadedRules } from '../rules/load.ts'
import { ruleSchema } from '../rules/parse/json-schema.ts'
import { runRuleTests, type RuleTestResult } from '../rules/rule-tests.ts'
import { RefusedError, UsageError, reasonOf, type Problem } from '../runtime/errors.ts'
import { loadConfig } from './config/load.ts'
import { normaliseTest } from './rule-pack.ts'
import { readRules } from './wiring.ts'

export { ruleSchema }

/** Which rules a tool looks at: these folders, or else those of the config; read as the config says. */
export interface RuleChoice {
  readonly folders: readonly string[]
  readonly config: string | undefined
}

function load({ folders, config }: RuleChoice): LoadedRules {
  return readRules(loadConfig(config, { ruleFolders: folders }))
}

/** The tests that live in the rules; rules that do not load are problems of their own. */
export function testRules(choice: RuleChoice): {
  readonly results: readonly RuleTestResult[]
  readonly problems: readonly Problem[]
  readonly rules: number
} {
  const loaded = load(choice)
  return { results: runRuleTests(loaded, normaliseTest()), problems: loaded.problems, rules: loaded.judge.rules.length }
}

export function lint(choice: RuleChoice): readonly Problem[] {
  const loaded = load(choice)
  return [...loaded.problems, ...loaded.remarks, ...lintRules(loaded)]
}

export function ruleCoverage(choice: RuleChoice): Coverage {
  return coverage(load(choice).judge.rules)
}

export function ruleLayer(choice: RuleChoice, matrix: 'atlas' | 'attack'): NavigatorLayer {
  return navigatorLayer(load(choice).judge.rules, matrix)
}

/** Why a rule does or does not match one event (a file with one JSON record). */
export function explain(
  choice: RuleChoice,
  ruleId: string,
  eventFile: string,
  format: string | undefined,
): readonly ExplainNode[] {
  const loaded = load(choice)
  const isMeant = ({ facts }: LoadedRules['rules'][number] | LoadedRules['correlations'][number]): boolean =>
    facts.id === ruleId || facts.file.endsWith(ruleId)
  const rule = loaded.rules.find(isMeant)
  if (!rule && loaded.correlations.some(isMeant))
    throw new RefusedError(`${ruleId} is a correlation: explain one of the rules that feed it, or test it with events`)
  if (!rule) throw new RefusedError(`there is no rule ${ruleId}; give its id or the end of its file name`)
  return eventsOf(eventFile, format).map((event) => explainRule(rule, event))
}

function eventsOf(file: string, format: string | undefined): readonly Event[] {
  try {
    const event = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    return normaliseTest()({ atMs: 0, event, ...(format === undefined ? {} : { format }) })
  } catch (cause) {
    throw new UsageError(`${file}: one JSON record is expected (${reasonOf(cause)})`, { cause })
  }
}
