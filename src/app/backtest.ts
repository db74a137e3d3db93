import type { RuleFacts } from '../contract/rules.ts'
import { ConfigError, type Problem } from '../runtime/errors.ts'
import { NO_EXPECTATIONS, readExpectations, type Expectations } from './backtest-expectations.ts'
import type { Config } from './config/load.ts'
import { replay } from './replay.ts'
import { readRules, type World } from './wiring.ts'

export interface BacktestOptions {
  /** Its rule folders are the rules that are tried. */
  readonly config: Config
  readonly world: World
  /** Files, folders (all log files below), `.gz`, or `-` for standard input. */
  readonly paths: readonly string[]
  readonly format?: string
  /** A file of expectations, see `readExpectations`. */
  readonly expect?: string
  readonly skipInvalidRules?: boolean
  readonly progress?: (text: string) => void
}

/** What became of one rule. */
export interface BacktestRow {
  readonly rule: RuleFacts
  readonly findings: number
  /** Event time of the earliest and the latest finding, ISO 8601. */
  readonly first?: string
  readonly last?: string
  /** What was expected, in words: `at least 1`. */
  readonly expected?: string
  /** `warning`: findings that nobody expected, where these only warn. */
  readonly outcome: 'ok' | 'warning' | 'broken'
  /** Why it is not ok. */
  readonly reason?: string
}

export interface Backtest {
  /** One a rule: those with most findings first, then by file. */
  readonly rows: readonly BacktestRow[]
  /** Of rules that were left out as invalid. */
  readonly problems: readonly Problem[]
  readonly records: number
  /** Records that could not be read, by reason. */
  readonly quarantined: Readonly<Record<string, number>>
  readonly seconds: number
}

/**
 * Rules over past logs, in event time: how often each fires, and whether that is what was expected. Throws a ConfigError for
 * rules that do not load, unless they are to be skipped, and for expectations that cannot be read or name no rule.
 */
export async function backtest(options: BacktestOptions, signal: AbortSignal): Promise<Backtest> {
  const { judge, problems } = readRules(options.config)
  if (problems.length > 0 && options.skipInvalidRules !== true) throw new ConfigError(problems)
  const expectations = options.expect === undefined ? NO_EXPECTATIONS : readExpectations(options.expect, judge.rules)
  const found = new Map<string, Tally>()
  const { balance, seconds } = await replay(
    {
      config: options.config,
      world: options.world,
      paths: options.paths,
      emit: new Set(['finding']),
      reveal: false,
      rulesOnly: true,
      skipInvalidRules: options.skipInvalidRules === true,
      line: (value) => count(found, String(value['rule']), String(value['@timestamp'])),
      ...(options.format === undefined ? {} : { format: options.format }),
      ...(options.progress === undefined ? {} : { progress: options.progress }),
    },
    signal,
  )
  const rows = judge.rules.map((rule) => rowOf(rule, found.get(rule.id), expectations)).toSorted(byFindings)
  return { rows, problems, records: balance.received, quarantined: balance.quarantined, seconds }
}

interface Tally {
  findings: number
  first: string
  last: string
}

function count(found: Map<string, Tally>, rule: string, at: string): void {
  const tally = found.get(rule)
  if (!tally) {
    found.set(rule, { findings: 1, first: at, last: at })
    return
  }
  tally.findings++
  if (at < tally.first) tally.first = at
  if (at > tally.last) tally.last = at
}

function rowOf(rule: RuleFacts, tally: Tally | undefined, expectations: Expectations): BacktestRow {
  const findings = tally?.findings ?? 0
  const expected = expectations.byRule.get(rule.id)
  const times = tally ? { first: tally.first, last: tally.last } : {}
  const row = { rule, findings, ...times, ...(expected ? { expected: expected.text } : {}) }
  if (expected) {
    if (findings >= expected.least && findings <= expected.most) return { ...row, outcome: 'ok' }
    return { ...row, outcome: 'broken', reason: `${numbered(findings)}, expected ${expected.text}` }
  }
  if (findings === 0 || expectations.unexpected === 'ignore') return { ...row, outcome: 'ok' }
  const outcome = expectations.unexpected === 'fail' ? 'broken' : 'warning'
  return { ...row, outcome, reason: `${numbered(findings)}, and none expected` }
}

function numbered(findings: number): string {
  return findings === 1 ? '1 finding' : `${findings} findings`
}

function byFindings(a: BacktestRow, b: BacktestRow): number {
  return b.findings - a.findings || (a.rule.file < b.rule.file ? -1 : a.rule.file > b.rule.file ? 1 : 0)
}
