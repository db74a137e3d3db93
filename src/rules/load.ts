import type { Judge } from '../contract/rules.ts'
import type { Problem } from '../runtime/errors.ts'
import { RuleJudge } from './judge.ts'
import { parseDocuments } from './parse/documents.ts'
import type { Rule } from './parse/syntax.ts'
import { readRuleFiles, type RuleFile } from './rule-files.ts'

/** What became of rule folders. Whether to go on when there are problems is the caller's to decide. */
export interface LoadedRules {
  /** Judges by every rule that could be loaded. */
  readonly judge: Judge
  readonly rules: readonly Rule[]
  /** One for everything that is wrong; a rule with a problem is in none of the others. */
  readonly problems: readonly Problem[]
}

export interface LoadOptions {
  /** Rules held in memory, beside those of the folders. */
  readonly files?: readonly RuleFile[]
  /** At least 8 bytes; what is remembered of values is hashed with it. Default: a public one. */
  readonly hashKey?: Uint8Array
}

/** Loads the rules of folders, and of single files. It opens nothing but those. */
export function loadRules(folders: readonly string[], options: LoadOptions = {}): LoadedRules {
  const read = readRuleFiles(folders)
  const problems: Problem[] = [...read.problems]
  const rules = new Map<string, Rule>()
  for (const { file, text } of [...read.files, ...(options.files ?? [])]) {
    const parsed = parseDocuments(file, text)
    problems.push(...parsed.problems)
    for (const rule of parsed.rules) {
      const first = rules.get(rule.facts.id)
      if (first) problems.push(sameId(rule, first))
      else rules.set(rule.facts.id, rule)
    }
  }
  const loaded = [...rules.values()]
  return { judge: new RuleJudge(loaded), rules: loaded, problems }
}

function sameId(rule: Rule, first: Rule): Problem {
  const what = `${rule.facts.id} is already the id of a rule in ${first.facts.file}`
  return {
    file: rule.facts.file,
    line: rule.line,
    part: 'id',
    what,
    cure: 'Give it a new UUID, or remove one of the two',
  }
}
