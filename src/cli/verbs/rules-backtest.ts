import { recordsRead } from '../call/records.ts'
import { writeFileSync } from 'node:fs'
import { backtest, type Backtest, type BacktestRow } from '../../app/backtest.ts'
import { junitOf } from '../../app/backtest-junit.ts'
import { commandWorld } from '../../app/command-world.ts'
import { loadConfig } from '../../app/config/load.ts'
import { RefusedError, UsageError, describeProblem } from '../../runtime/errors.ts'
import { paint, printable, table } from '../call/io.ts'
import { textOptions, textsGiven, type Io, type Verb } from '../call/verb.ts'

/** `rules backtest DIR PATH…`: how often rules fire on past logs, and whether that is what was expected. */
export const rulesBacktest: Verb = {
  name: 'rules backtest',
  summary: 'findings of each rule over past logs, held against what is expected',
  usage: 'DIR PATH… [--expect FILE.yml] [--junit FILE.xml] [--format NAME] [--skip-invalid]',
  examples: [
    'modelward rules backtest ./my-rules /var/log/cloudtrail',
    'modelward rules backtest ./my-rules ./logs --expect expected.yml --junit backtest.xml',
  ],
  options: { ...textOptions('expect', 'junit', 'format'), 'skip-invalid': { type: 'boolean' } },
  async run(call) {
    const { io, words, signal } = call
    const [folder, ...paths] = words
    if (folder === undefined || paths.length === 0) throw new UsageError('modelward rules backtest DIR PATH…')
    const { config, junit, ...others } = textsGiven(call, 'config', 'junit', 'format', 'expect')
    const result = await backtest(
      {
        config: loadConfig(config, { ruleFolders: [folder] }),
        world: commandWorld(),
        paths,
        skipInvalidRules: call.flags['skip-invalid'] === true,
        progress: (text) => io.progress(text),
        ...others,
      },
      signal,
    )
    for (const problem of result.problems) io.message(describeProblem(problem))
    if (junit !== undefined) writeReport(junit, junitOf(result))
    return (io.asJson ? printLines : printTable)(io, result)
  },
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new RefusedError(`${file} cannot be written; check the folder and its permissions`, { cause })
  }
}

function broken({ rows }: Backtest): readonly BacktestRow[] {
  return rows.filter(({ outcome }) => outcome === 'broken')
}

function printLines(io: Io, result: Backtest): number {
  for (const { rule, findings, first, last, expected, outcome, reason } of result.rows)
    io.json({
      kind: 'backtest',
      rule: rule.id,
      title: rule.title,
      level: rule.level,
      file: rule.file,
      findings,
      first: first ?? null,
      last: last ?? null,
      expected: expected ?? null,
      ok: outcome !== 'broken',
      outcome,
      ...(reason === undefined ? {} : { reason }),
    })
  const failed = broken(result).length
  io.json({
    kind: 'summary',
    records: result.records,
    quarantined: result.quarantined,
    rules: result.rows.length,
    fired: result.rows.filter(({ findings }) => findings > 0).length,
    findings: findingsOf(result),
    broken: failed,
    warnings: result.rows.filter(({ outcome }) => outcome === 'warning').length,
    skipped: result.problems.length,
    seconds: Math.round(result.seconds * 1000) / 1000,
  })
  return failed === 0 ? 0 : 1
}

/** Rules that neither fired nor were expected to are only counted. */
function printTable(io: Io, result: Backtest): number {
  const shown = result.rows.filter(({ findings, expected }) => findings > 0 || expected !== undefined)
  if (shown.length > 0)
    io.line(table([['RULE', 'TITLE', 'LEVEL', 'FINDINGS', 'FIRST', 'LAST', 'EXPECTED', 'OK'], ...shown.map(cells)]))
  for (const { rule, outcome, reason = '' } of shown)
    if (outcome !== 'ok')
      io.line(
        `${paint(io, outcome === 'broken' ? 'red' : 'yellow', outcome === 'broken' ? 'FAIL' : 'WARN')} ${printable(`${rule.file}: ${rule.title}: ${reason}`)}`,
      )
  const failed = broken(result).length
  const silent = result.rows.length - result.rows.filter(({ findings }) => findings > 0).length
  const read = recordsRead({ received: result.records, quarantined: result.quarantined })
  io.line(
    `${read}, ${result.rows.length} rules, ${silent} without a finding, ${findingsOf(result)} findings; ${failed} not as expected.`,
  )
  return failed === 0 ? 0 : 1
}

function cells({ rule, findings, first, last, expected, outcome }: BacktestRow): readonly string[] {
  const answer = { ok: 'yes', warning: 'warn', broken: 'NO' }[outcome]
  const times = [first, last].map((at) => (at === undefined ? '-' : at.slice(0, 19)))
  return [rule.id, printable(rule.title), rule.level, String(findings), ...times, expected ?? '-', answer]
}

function findingsOf({ rows }: Backtest): number {
  return rows.reduce((sum, { findings }) => sum + findings, 0)
}
