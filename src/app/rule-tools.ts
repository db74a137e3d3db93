import { readFileSync } from 'node:fs'
import type { Event } from '../contract/event.ts'
import { coverage, navigatorLayer, type Coverage, type NavigatorLayer } from '../rules/coverage.ts'
import { explainRule, type ExplainNode } from '../rules/explain.ts'
import { lintRules } from '../rules/lint.ts'
import { loadRules, type LoadedRules } from '../rules/load.ts'
import { runRuleTests, type RuleTestResult } from '../rules/rule-tests.ts'
import { RefusedError, UsageError, reasonOf, type Problem } from '../runtime/errors.ts'
import { embeddedRules } from './config/load.ts'
import { normaliseTest } from './rule-pack.ts'

function load(folders: readonly string[]): LoadedRules {
  return loadRules(folders.length > 0 ? folders : [embeddedRules])
}

/** The tests that live in the rules; rules that do not load are problems of their own. */
export function testRules(folders: readonly string[]): {
  readonly results: readonly RuleTestResult[]
  readonly problems: readonly Problem[]
  readonly rules: number
} {
  const loaded = load(folders)
  return { results: runRuleTests(loaded, normaliseTest()), problems: loaded.problems, rules: loaded.judge.rules.length }
}

export function lint(folders: readonly string[]): readonly Problem[] {
  const loaded = load(folders)
  return [...loaded.problems, ...lintRules(loaded.rules)]
}

export function ruleCoverage(folders: readonly string[]): Coverage {
  return coverage(load(folders).judge.rules)
}

export function ruleLayer(folders: readonly string[], matrix: 'atlas' | 'attack'): NavigatorLayer {
  return navigatorLayer(load(folders).judge.rules, matrix)
}

/** Why a rule does or does not match one event (a file with one JSON record). */
export function explain(
  folders: readonly string[],
  ruleId: string,
  eventFile: string,
  format: string | undefined,
): readonly ExplainNode[] {
  const rule = load(folders).rules.find(({ facts }) => facts.id === ruleId || facts.file.endsWith(ruleId))
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
