import { readFileSync } from 'node:fs'
import type { Judge } from '../contract/rules.ts'
import { reasonOf, type Problem } from '../runtime/errors.ts'
import { KeyedHash } from '../runtime/keyed-hash.ts'
import { linkCorrelations } from './correlate/link.ts'
import { applyFilters } from './exceptions/filters.ts'
import { RuleJudge, type JudgeParts } from './judge.ts'
import type { TrustedKey } from './pack/trust.ts'
import { parseDocuments } from './parse/documents.ts'
import type { Lists } from './parse/pattern.ts'
import { resolvePlaceholders } from './parse/placeholders.ts'
import type { Correlation, Documents, Filter, Rule } from './parse/syntax.ts'
import { readYaml } from './parse/yaml.ts'
import { applyPipelines } from './pipeline/apply.ts'
import { readPipeline } from './pipeline/read.ts'
import type { Pipeline } from './pipeline/step.ts'
import { memoriesOf } from './remember/memories.ts'
import { readRuleFiles, type RuleFile } from './rule-files.ts'
import { Room } from './state/groups.ts'

/** What became of rule folders. Whether to go on when there are problems is the caller's to decide. */
export interface LoadedRules {
  /** Judges by every rule that could be loaded. */
  readonly judge: Judge
  /**
   * Builds the judge's large indexes, one at each step, up to half a second all together with thousands of rules. Left out,
   * the first event of a log source waits for its index.
   */
  readonly warm: () => Iterable<void>
  readonly rules: readonly Rule[]
  readonly correlations: readonly Correlation[]
  readonly filters: readonly Filter[]
  /** A fresh judge of one rule or correlation and of all that feeds it: for its tests. */
  readonly judgeFor: (id: string) => Judge
  /** One for everything that is wrong; a rule with a problem is in none of the others. */
  readonly problems: readonly Problem[]
  /** What pipelines hold that means nothing here: nothing to mend. */
  readonly remarks: readonly Problem[]
}

export interface LoadOptions {
  /** Rules held in memory, beside those of the folders. */
  readonly files?: readonly RuleFile[]
  /** With keys, only packs that one of them signed are used. */
  readonly trust?: readonly TrustedKey[]
  /** Paths of pipeline files, pySigma-compatible. */
  readonly pipelines?: readonly string[]
  /** Values for `%name%`. */
  readonly placeholders?: Lists
  /** Groups that all rules over several events remember together. Default 200,000. */
  readonly groups?: number
  /** How much later than the latest an event may come and still count in the windows of correlations, ms. Default 5 min. */
  readonly latenessMs?: number
  /** At least 8 bytes; what is remembered of values is hashed with it. Default: a public one. */
  readonly hashKey?: Uint8Array
  /** Whether a rule is asked only of events of its log source. Default true. */
  readonly routing?: boolean
}

const GROUPS = 200_000
/** Groups that the judge of one rule may remember, for its tests. */
const TEST_GROUPS = 10_000
const LATENESS_MS = 300_000
const PUBLIC_KEY = Buffer.from('modelward')

/** Loads the rules of folders, packs and single files. It opens nothing but those. */
export function loadRules(folders: readonly string[], options: LoadOptions = {}): LoadedRules {
  const read = readRuleFiles(folders, options.trust === undefined ? {} : { trust: options.trust })
  const problems: Problem[] = [...read.problems]
  const written = parseAll([...read.files, ...(options.files ?? [])], problems)
  const remarks: Problem[] = []
  const { rules, correlations } = workedOut(written, options, { problems, remarks })
  const made = judgeOf(rules, correlations, options, options.groups ?? GROUPS)
  problems.push(...made.problems)
  const linked = new Set(made.judge.rules.map(({ id }) => id))
  return {
    judge: made.judge,
    warm: () => made.judge.warm(),
    rules,
    correlations: correlations.filter(({ facts }) => linked.has(facts.id)),
    filters: written.filters,
    judgeFor: (id) => {
      const wanted = feeding(id, rules, correlations)
      return judgeOf([...wanted.rules], [...wanted.correlations], options, TEST_GROUPS).judge
    },
    problems,
    remarks,
  }
}

/** What loading finds to say. */
interface Said {
  readonly problems: Problem[]
  readonly remarks: Problem[]
}

function parseAll(files: readonly RuleFile[], problems: Problem[]): Omit<Documents, 'problems'> {
  const rules: Rule[] = []
  const correlations: Correlation[] = []
  const filters: Filter[] = []
  const ids = new Map<string, Rule | Correlation>()
  const isNew = (one: Rule | Correlation, text: string): boolean => {
    const first = ids.get(one.facts.id)
    if (first) problems.push(sameId(one, first, text))
    else ids.set(one.facts.id, one)
    return first === undefined
  }
  for (const { file, text } of files) {
    const parsed = parseDocuments(file, text)
    problems.push(...parsed.problems)
    rules.push(...parsed.rules.filter((rule) => isNew(rule, text)))
    correlations.push(...parsed.correlations.filter((correlation) => isNew(correlation, text)))
    filters.push(...parsed.filters)
  }
  return { rules, correlations, filters }
}

/** Rules as they are asked: filters put in, then everything mapped by the pipelines, then placeholders filled, as pySigma does. */
function workedOut(
  written: Omit<Documents, 'problems'>,
  options: LoadOptions,
  said: Said,
): Pick<Documents, 'rules' | 'correlations'> {
  const filtered = applyFilters(written.rules, written.filters)
  const pipelines = readPipelines(options.pipelines ?? [], said)
  const mapped =
    pipelines.length === 0
      ? { rules: filtered.rules, correlations: written.correlations, problems: [] }
      : applyPipelines(pipelines, { rules: filtered.rules, correlations: written.correlations })
  const filled = resolvePlaceholders(mapped.rules, options.placeholders ?? new Map())
  said.problems.push(...filtered.problems, ...mapped.problems, ...filled.problems)
  return { rules: filled.rules, correlations: mapped.correlations }
}

function readPipelines(paths: readonly string[], { problems, remarks }: Said): readonly Pipeline[] {
  return paths.flatMap((file) => {
    try {
      const read = readPipeline(file, readFileSync(file, 'utf8'))
      problems.push(...read.problems)
      remarks.push(...read.remarks)
      return read.pipeline ? [read.pipeline] : []
    } catch (error) {
      const what = `it cannot be read: ${reasonOf(error)}`
      problems.push({ file, part: 'pipeline', what, cure: 'Check the path and its permissions' })
      return []
    }
  })
}

function judgeOf(
  rules: readonly Rule[],
  correlations: readonly Correlation[],
  { hashKey = PUBLIC_KEY, latenessMs = LATENESS_MS, routing = true }: LoadOptions,
  groups: number,
): { readonly judge: RuleJudge; readonly problems: readonly Problem[] } {
  const room = new Room(groups)
  const hash = new KeyedHash(hashKey)
  const linked = linkCorrelations(correlations, rules, { room, hash, latenessMs })
  const { remembering, silent, problems } = linked
  const memories = memoriesOf(rules, { room, hash })
  const parts: JudgeParts = {
    remembering,
    silent,
    memories,
    room,
    routing,
    passedOver: () => ({ ...linked.counters() }),
  }
  return { judge: new RuleJudge(rules, parts), problems }
}

/** A rule or correlation, and all that it is fed by, near and far. */
function feeding(
  id: string,
  rules: readonly Rule[],
  correlations: readonly Correlation[],
): { readonly rules: ReadonlySet<Rule>; readonly correlations: ReadonlySet<Correlation> } {
  const wanted = { rules: new Set<Rule>(), correlations: new Set<Correlation>() }
  const visit = (called: string): void => {
    const isCalled = ({ facts, name }: Rule | Correlation): boolean => facts.id === called || name === called
    for (const rule of rules.filter(isCalled)) wanted.rules.add(rule)
    for (const correlation of correlations.filter((one) => isCalled(one) && !wanted.correlations.has(one))) {
      wanted.correlations.add(correlation)
      for (const next of correlation.rules) visit(next)
    }
  }
  visit(id)
  return wanted
}

/** `text`: the file's, read again for the line on which the id stands. */
function sameId({ facts, line }: Rule | Correlation, first: Rule | Correlation, text: string): Problem {
  const document = readYaml(facts.file, text).documents.find((one) => one.line === line)
  const what = `${facts.id} is already the id of a rule in ${first.facts.file}`
  return {
    file: facts.file,
    line: document?.lineOf(['id']) ?? line,
    part: 'id',
    what,
    cure: 'Give it a new UUID, or remove one of the two',
  }
}
