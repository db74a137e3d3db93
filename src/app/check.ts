import { loadPlaybooks } from '../respond/playbooks.ts'
import type { LoadedRules } from '../rules/load.ts'
import { ConfigError, type Problem } from '../runtime/errors.ts'
import { loadConfig, playbookFolders, type Config } from './config/load.ts'
import { normaliseTest, packProblems } from './rule-pack.ts'
import { readRules } from './wiring.ts'

export interface CheckResult {
  readonly problems: readonly Problem[]
  readonly sources: number
  readonly rules: number
  readonly playbooks: number
  readonly sinks: number
}

/** Config, rules with their own tests, and playbooks. Opens no socket. */
export function checkAll(file: string | undefined): CheckResult {
  let config: Config
  let rules: LoadedRules
  try {
    config = loadConfig(file)
    rules = readRules(config)
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, sources: 0, rules: 0, playbooks: 0, sinks: 0 }
    throw error
  }
  const playbooks = loadPlaybooks(playbookFolders(config))
  return {
    problems: [...packProblems(rules, normaliseTest()), ...playbooks.problems],
    sources: config.sources.length,
    rules: rules.judge.rules.length,
    playbooks: playbooks.playbooks.length,
    sinks: config.sinks.length,
  }
}
