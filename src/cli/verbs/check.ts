import { configJsonSchema } from '../../app/config/json-schema.ts'
import { checkAll } from '../../app/check.ts'
import { describeProblem } from '../../runtime/errors.ts'
import { textFlag, type Verb } from '../call/verb.ts'

/** `check`: everything a person wrote, without touching the world. */
export const check: Verb = {
  name: 'check',
  summary: 'config, rules and their tests, playbooks: opens no socket',
  usage: '[-c FILE] [--schema]',
  examples: [
    'modelward check -c /etc/modelward/modelward.yaml',
    'modelward check -c modelward.yaml --json',
    'modelward check --schema > modelward.schema.json',
  ],
  options: { schema: { type: 'boolean' } },
  async run(call) {
    const { io } = call
    if (call.flags['schema']) {
      io.line(JSON.stringify(configJsonSchema(), undefined, 2))
      return 0
    }
    const result = checkAll(textFlag(call, 'config'))
    if (io.asJson) {
      for (const problem of result.problems) io.json({ kind: 'problem', ...problem })
      const { problems, ...counts } = result
      io.json({ kind: 'summary', valid: problems.length === 0, problems: problems.length, ...counts })
    } else {
      for (const problem of result.problems) io.line(describeProblem(problem))
      if (result.problems.length === 0)
        io.line(
          `Good: ${result.sources} sources, ${result.rules} rules, ${result.playbooks} playbooks, ${result.sinks} sinks.`,
        )
      else io.line(`${result.problems.length} problems.`)
    }
    return result.problems.length === 0 ? 0 : 1
  },
}
