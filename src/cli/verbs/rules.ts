import { commandWorld } from '../../app/command-world.ts'
import { loadConfig } from '../../app/config/load.ts'
import { replay } from '../../app/replay.ts'
import { explain, lint, ruleCoverage, ruleLayer, ruleSchema, testRules, type RuleChoice } from '../../app/rule-tools.ts'
import { UsageError, describeProblem } from '../../runtime/errors.ts'
import { paint, printable, table } from '../call/io.ts'
import { recordsRead } from '../call/records.ts'
import { textFlag, textFlags, type Call, type Io, type Verb } from '../call/verb.ts'

/** `rules test`: the tests that live in the rules. */
export const rulesTest: Verb = {
  name: 'rules test',
  summary: 'the tests that live in the rules',
  usage: '[DIR]…',
  examples: ['modelward rules test', 'modelward rules test ./my-rules --json'],
  options: {},
  async run(call) {
    const { io } = call
    const { results, problems, rules } = testRules(choiceOf(call))
    const failed = results.filter(({ passed }) => !passed)
    if (io.asJson) {
      for (const problem of problems) io.json({ kind: 'problem', ...problem })
      for (const { rule, file, name, passed, detail } of results)
        io.json({ kind: 'test', rule: rule.id, title: rule.title, file, name, passed, detail })
      io.json({
        kind: 'summary',
        rules,
        passed: results.length - failed.length,
        failed: failed.length,
        problems: problems.length,
      })
    } else {
      for (const problem of problems) io.line(describeProblem(problem))
      for (const { file, name, detail } of failed)
        io.line(`${paint(io, 'red', 'FAIL')} ${file}: ${printable(name)}: ${printable(detail)}`)
      io.line(
        `${rules} rules, ${results.length - failed.length} tests passed, ${failed.length} failed, ${problems.length} problems.`,
      )
    }
    return failed.length + problems.length === 0 ? 0 : 1
  },
}

/** `rules lint`: what is doubtful about rules that load. */
export const rulesLint: Verb = {
  name: 'rules lint',
  summary: 'what is wrong or doubtful in rules, with file, line and cure',
  usage: '[DIR]… [--schema]',
  examples: ['modelward rules lint ./my-rules', 'modelward rules lint --schema > rule.schema.json'],
  options: { schema: { type: 'boolean' } },
  async run(call) {
    const { io } = call
    if (call.flags['schema'] === true) {
      io.line(JSON.stringify(ruleSchema(), undefined, 2))
      return 0
    }
    const problems = lint(choiceOf(call))
    for (const problem of problems)
      if (io.asJson) io.json({ kind: 'problem', ...problem })
      else io.line(describeProblem(problem))
    if (!io.asJson) io.line(problems.length === 0 ? 'Nothing to say.' : `${problems.length} remarks.`)
    return problems.length === 0 ? 0 : 1
  },
}

/** `rules explain RULE EVENT`: the rule's tree with the answer of every part. */
export const rulesExplain: Verb = {
  name: 'rules explain',
  summary: 'why a rule matches an event or does not',
  usage: 'RULE EVENT.json [--rules DIR]… [--format NAME]',
  examples: ['modelward rules explain storage-https-only-off.yml event.json --format azure-activity'],
  options: { rules: { type: 'string', multiple: true }, format: { type: 'string' } },
  async run(call) {
    const { io, words } = call
    const [rule, event] = words
    if (rule === undefined || event === undefined) throw new UsageError('modelward rules explain RULE EVENT.json')
    const trees = explain(
      { ...choiceOf(call), folders: textFlags(call, 'rules') },
      rule,
      event,
      textFlag(call, 'format'),
    )
    for (const tree of trees)
      if (io.asJson) io.json({ kind: 'explanation', ...tree })
      else printTree(io, tree, 0)
    return trees.some(({ holds }) => holds) ? 0 : 1
  },
}

function choiceOf(call: Call): RuleChoice {
  return { folders: call.words, config: textFlag(call, 'config') }
}

type Tree = ReturnType<typeof explain>[number]

function printTree(io: Io, node: Tree, depth: number): void {
  const mark = node.holds ? paint(io, 'green', 'yes') : paint(io, 'grey', 'no ')
  const shown = node.shown ? `  (${node.shown.name} = ${JSON.stringify(node.shown.value)})` : ''
  io.line(`${'  '.repeat(depth)}${mark} ${printable(node.text + shown)}`)
  for (const part of node.parts) printTree(io, part, depth + 1)
}

/** `rules coverage`: which controls and techniques have rules. */
export const rulesCoverage: Verb = {
  name: 'rules coverage',
  summary: 'rules by control, ATLAS and ATT&CK technique and OWASP list; `--layer` writes a Navigator layer',
  usage: '[DIR]… [--layer atlas|attack]',
  examples: ['modelward rules coverage', 'modelward rules coverage --layer atlas > layer.json'],
  options: { layer: { type: 'string' } },
  async run(call) {
    const { io } = call
    const layer = textFlag(call, 'layer')
    if (layer === 'atlas' || layer === 'attack') {
      io.line(JSON.stringify(ruleLayer(choiceOf(call), layer), undefined, 2))
      return 0
    }
    if (layer !== undefined) throw new UsageError(`--layer ${layer}: use atlas or attack`)
    const found = ruleCoverage(choiceOf(call))
    const rows = (['controls', 'atlas', 'attack', 'owasp'] as const).flatMap((by) =>
      [...found[by]].map(([id, rules]) => ({ by, id, name: found.names.get(id) ?? '', rules })),
    )
    if (io.asJson) for (const row of rows) io.json({ kind: 'coverage', ...row })
    else {
      const cells = rows.map(({ by, id, name, rules }) => [by, printable(id), String(rules.length), name])
      io.line(table([['BY', 'ID', 'RULES', 'NAME'], ...cells]))
    }
    return 0
  },
}

/** `rules match DIR FILE…`: would this have fired? No detectors, no alerts, no store. */
export const rulesMatch: Verb = {
  name: 'rules match',
  summary: 'which rules match which records: no detectors, no alerts, no store',
  usage: 'DIR FILE… [--format NAME] [--skip-invalid] [--all-logsources]',
  examples: ['modelward rules match ./my-rules audit.json.gz --json'],
  options: { format: { type: 'string' }, 'skip-invalid': { type: 'boolean' }, 'all-logsources': { type: 'boolean' } },
  async run(call) {
    const { io, words, signal } = call
    const [folder, ...paths] = words
    if (folder === undefined || paths.length === 0) throw new UsageError('modelward rules match DIR FILE…')
    const format = textFlag(call, 'format')
    const config = loadConfig(textFlag(call, 'config'), { ruleFolders: [folder] })
    const { balance, unlooked } = await replay(
      {
        config,
        world: commandWorld(),
        paths,
        emit: new Set(['finding']),
        reveal: false,
        rulesOnly: true,
        skipInvalidRules: call.flags['skip-invalid'] === true,
        allLogsources: call.flags['all-logsources'] === true,
        ...(format === undefined ? {} : { format }),
        line: (value) =>
          io.asJson
            ? io.json(value)
            : io.line(printable(`${String(value['@timestamp'])}  ${String(value['rule'])}  ${String(value['title'])}`)),
      },
      signal,
    )
    if (!io.asJson) io.line(`${recordsRead(balance)}.`)
    for (const note of silenceOf(balance.quarantined, unlooked)) io.message(printable(note))
    return 0
  },
}

/** Log sources that are named; of more, how many there are. */
const MOST_NAMED = 3

/** Where no match says nothing: records that were not read, and those of a log source that no rule looks at. */
function silenceOf(quarantined: Readonly<Record<string, number>>, unlooked: ReadonlyMap<string, number>): string[] {
  const notes: string[] = []
  const unread = Object.values(quarantined).reduce((sum, count) => sum + count, 0)
  if (unread > 0)
    notes.push(
      `modelward: ${unread} records were not read. ${quarantined['unknown_format'] === undefined ? '`modelward replay` tells more' : 'Name their format by --format'}`,
    )
  const sources = [...unlooked].toSorted(([, a], [, b]) => b - a)
  if (sources.length > 0) {
    const named = sources.slice(0, MOST_NAMED).map(([source, count]) => `${count} with ${source}`)
    const more = sources.length > MOST_NAMED ? `, and ${sources.length - MOST_NAMED} other log sources` : ''
    notes.push(
      `modelward: records that no rule here looks at: ${named.join('; ')}${more}. --all-logsources asks every rule of them too`,
    )
  }
  return notes
}
