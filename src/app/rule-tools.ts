import { existsSync, readFileSync } from 'node:fs'
import type { Event } from '../contract/event.ts'
import { coverage, navigatorLayer, type Coverage, type NavigatorLayer } from '../rules/coverage.ts'
import { explainRule, type ExplainNode } from '../rules/explain.ts'
import { lintRules } from '../rules/lint.ts'
import type { LoadedRules } from '../rules/load.ts'
import { ruleSchema } from '../rules/parse/json-schema.ts'
import { runRuleTests, type RuleTestResult } from '../rules/rule-tests.ts'
import { RefusedError, UsageError, describeProblem, type Problem } from '../runtime/errors.ts'
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

/**
 * Why a rule does or does not match one event (a file with one JSON record). `wanted`: a rule's id, the end of its file's
 * name, or a file of its own, whose rules are then meant whatever folders are chosen.
 */
export function explain(
  choice: RuleChoice,
  wanted: string,
  eventFile: string,
  format: string | undefined,
): readonly ExplainNode[] {
  const isFile = choice.folders.length === 0 && existsSync(wanted)
  const loaded = load(isFile ? { ...choice, folders: [wanted] } : choice)
  const isMeant = ({ facts }: LoadedRules['rules'][number] | LoadedRules['correlations'][number]): boolean =>
    isFile || facts.id === wanted || facts.file.endsWith(wanted)
  const rules = loaded.rules.filter(isMeant)
  if (rules.length === 0 && loaded.correlations.some(isMeant))
    throw new RefusedError(`${wanted} is a correlation: explain one of the rules that feed it, or test it with events`)
  const [problem] = loaded.problems
  if (rules.length === 0 && isFile && problem) throw new RefusedError(describeProblem(problem))
  if (rules.length === 0)
    throw new RefusedError(`there is no rule ${wanted}; give its id, the end of its file name, or a file of its own`)
  return eventsOf(eventFile, format).flatMap((event) => rules.map((rule) => explainRule(rule, event)))
}

function eventsOf(file: string, format: string | undefined): readonly Event[] {
  const event = recordOf(file)
  try {
    return normaliseTest()({ atMs: 0, event, ...(format === undefined ? {} : { format }) })
  } catch (cause) {
    throw new UsageError(`${file} (--format ${format ?? 'not given'})`, { cause })
  }
}

function recordOf(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw new UsageError(`${file}: one JSON record is expected`, { cause })
  }
}
