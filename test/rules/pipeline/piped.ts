import { parseRule } from '../../../src/rules/parse/rule.ts'
import { readYaml } from '../../../src/rules/parse/yaml.ts'
import type { Correlation, Path, Report, Rule, Selection, Test } from '../../../src/rules/parse/syntax.ts'
import { parseCorrelation } from '../../../src/rules/parse/correlation.ts'
import { writePattern } from '../../../src/rules/parse/pattern.ts'
import { applyPipelines, type Applied } from '../../../src/rules/pipeline/apply.ts'
import { readPipeline } from '../../../src/rules/pipeline/read.ts'
import type { Pipeline } from '../../../src/rules/pipeline/step.ts'
import { ruleText } from '../one-rule.ts'

/** Reads a pipeline that has no problem. Throws what is wrong with it. */
export function pipelineOf(text: string): Pipeline {
  const { pipeline, problems } = readPipeline('pipeline.yml', text)
  if (!pipeline) throw new Error(problems.map(({ part, what }) => `${part}: ${what}`).join('\n'))
  return pipeline
}

/** One step, as a pipeline of its own. `rest` goes to the top of the file. */
export function stepOf(
  step: Readonly<Record<string, unknown>>,
  rest: Readonly<Record<string, unknown>> = {},
): Pipeline {
  return stepsOf([step], rest)
}

export function stepsOf(steps: readonly object[], rest: Readonly<Record<string, unknown>> = {}): Pipeline {
  return pipelineOf(JSON.stringify({ name: 'test', ...rest, transformations: steps }))
}

/** What pipelines make of the rules and correlations of a text. */
export function appliedTo(text: string, ...pipelines: readonly Pipeline[]): Applied {
  const rules: Rule[] = []
  const correlations: Correlation[] = []
  for (const document of readYaml('rule.yml', text).documents) {
    const report: Report = Object.assign(
      (path: Path, what: string) => {
        throw new Error(`${path.join('.')}: ${what}`)
      },
      { file: 'rule.yml', line: document.line, lineOf: document.lineOf },
    )
    const map = document.value as Record<string, unknown>
    const rule = 'correlation' in map ? undefined : parseRule(map, report)
    const correlation = rule ? undefined : parseCorrelation(map, report)
    if (rule) rules.push(rule)
    if (correlation) correlations.push(correlation)
  }
  return applyPipelines(pipelines, { rules, correlations })
}

/** The selection `s` of a rule with these lines, after the pipelines, in words; or why the rule was refused. */
export function piped(lines: string, ...pipelines: readonly Pipeline[]): string {
  const { rules, problems } = appliedTo(ruleOf(lines), ...pipelines)
  const selection = rules[0]?.detection.selections.get('s')
  return selection ? shown(selection) : `refused: ${problems.map(({ what }) => what).join('; ')}`
}

/** A rule whose selection `s` has these lines. */
export function ruleOf(lines: string, rest?: string): string {
  return ruleText(`s:\n  ${lines.replaceAll('\n', '\n  ')}\ncondition: s`, rest)
}

/** `(a=1 and b=[x, y])`; of one part without parentheses. */
function shown(selection: Selection): string {
  if (selection.kind === 'item') {
    const { field = 'keywords', negated, linking, groups } = selection.item
    const values = groups.map((group) => group.map(shownTest).join('|'))
    const [only] = values
    const list = values.length === 1 && only !== undefined ? only : `[${values.join(linking === 'all' ? ' & ' : ', ')}]`
    return `${field}${negated ? '!' : ''}=${list}`
  }
  const parts = selection.parts.map(shown)
  return parts.length === 1 ? parts.join('') : `(${parts.join(selection.kind === 'all' ? ' and ' : ' or ')})`
}

function shownTest(test: Test): string {
  if (test.kind === 'text') return `"${writePattern(test.pattern)}"`
  if (test.kind === 'number' || test.kind === 'boolean') return String(test.value)
  if (test.kind === 'regex') return `/${test.source}/${test.flags}`
  if (test.kind === 'field') return `@${test.field}`
  return test.kind
}
