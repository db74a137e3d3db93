import { createHash } from 'node:crypto'
import type { RuleFacts } from '../../contract/rules.ts'
import type { Problem } from '../../runtime/errors.ts'
import type { Lists } from '../parse/pattern.ts'
import type { Correlation, Rule } from '../parse/syntax.ts'
import type { Pipeline, Step } from './step.ts'
import { draftOf, finished, Refusal, type Work } from './work.ts'

/** Rules as pipelines left them. One that a pipeline could not take is in neither list, and has a problem. */
export interface Applied {
  readonly rules: readonly Rule[]
  readonly correlations: readonly Correlation[]
  readonly problems: readonly Problem[]
}

/**
 * Sends every rule and correlation through the pipelines, the lowest priority first, as through one: variables, state and
 * what steps remember go on from one to the next. A rule that nothing changed is the very same object.
 */
export function applyPipelines(
  pipelines: readonly Pipeline[],
  { rules, correlations }: { readonly rules: readonly Rule[]; readonly correlations: readonly Correlation[] },
): Applied {
  const sorted = pipelines.toSorted((a, b) => a.priority - b.priority)
  const vars: Lists = new Map(sorted.flatMap((pipeline) => [...pipeline.vars]))
  const problems: Problem[] = []
  const taken = rules.flatMap((rule) => taking(rule, sorted, workOn(rule, vars), problems))
  const sources = new Map<string, readonly RuleFacts['logsource'][]>()
  for (const { facts, name } of [...rules, ...taken])
    for (const called of [facts.id, name]) if (called !== undefined) sources.set(called, [facts.logsource])
  const counted = correlations.flatMap((correlation) => {
    const fedBy = sourcesOf(correlation, correlations, sources, new Set())
    return taking(correlation, sorted, workOn(correlation, vars, fedBy), problems)
  })
  return {
    rules: taken.filter(isRule),
    correlations: counted.filter((one): one is Correlation => !isRule(one)),
    problems,
  }
}

function isRule(one: Rule | Correlation): one is Rule {
  return 'detection' in one
}

function workOn(of: Rule | Correlation, vars: Lists, fedBy: Work['fedBy'] = []): Work {
  return {
    of,
    facts: of.facts,
    detection: isRule(of)
      ? {
          selections: new Map([...of.detection.selections].map(([name, selection]) => [name, draftOf(selection)])),
          condition: of.detection.condition,
        }
      : undefined,
    memory: isRule(of) ? of.memory : undefined,
    correlation: isRule(of) ? undefined : of,
    fedBy,
    vars,
    applied: new Set(),
    state: new Map(),
    attributes: new Map(),
    renamed: new Map(),
    mapped: new Set(),
  }
}

/** The rule after all pipelines, or nothing and a problem. */
function taking(
  of: Rule | Correlation,
  pipelines: readonly Pipeline[],
  work: Work,
  problems: Problem[],
): readonly (Rule | Correlation)[] {
  let now = of
  for (const pipeline of pipelines) {
    let at: Step | undefined
    try {
      let isTaken = false
      for (at of pipeline.steps) {
        if (!at.wants(work)) continue
        isTaken = true
        at.apply(work)
      }
      at = undefined
      if (isTaken) now = digested(now, { ...now, ...made(work) }, pipeline)
      work.facts = now.facts
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      problems.push(problemOf(of, pipeline, at, error))
      return []
    }
  }
  return [now]
}

function made({ facts, detection, memory, correlation }: Work): Partial<Rule> | Partial<Correlation> {
  if (correlation) return { ...correlation, facts }
  return { facts, ...(detection ? { detection: finished(detection) } : {}), ...(memory ? { memory } : {}) }
}

/** The rule as it was, if the pipeline left its meaning; else with a digest of its own. */
function digested(before: Rule | Correlation, after: Rule | Correlation, { name }: Pipeline): Rule | Correlation {
  const meaning = meaningOf(after)
  if (meaning === meaningOf(before)) return before
  const digest = createHash('sha256').update([before.facts.digest, name, meaning].join('\n')).digest('hex')
  return { ...after, facts: { ...after.facts, digest } }
}

function meaningOf(one: Rule | Correlation): string {
  const { logsource, groupBy } = one.facts
  const own = isRule(one)
    ? { condition: one.detection.condition, selections: [...one.detection.selections], memory: one.memory }
    : { groupBy: one.groupBy, aliases: one.aliases, condition: one.condition }
  // Wildcards are symbols, and networks bytes: JSON would leave out the first and write the second at length.
  return JSON.stringify({ logsource, groupBy, own }, (_, part: unknown) =>
    typeof part === 'symbol' ? String(part) : part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part,
  )
}

function sourcesOf(
  correlation: Correlation,
  all: readonly Correlation[],
  sources: ReadonlyMap<string, readonly RuleFacts['logsource'][]>,
  seen: Set<Correlation>,
): readonly RuleFacts['logsource'][] {
  if (seen.has(correlation)) return []
  seen.add(correlation)
  return correlation.rules.flatMap((called) => {
    const found = sources.get(called)
    if (found) return found
    const other = all.find(({ facts, name }) => facts.id === called || name === called)
    return other ? sourcesOf(other, all, sources, seen) : []
  })
}

function problemOf(of: Rule | Correlation, pipeline: Pipeline, step: Step | undefined, { fault }: Refusal): Problem {
  const place = step === undefined ? '' : ` at ${step.type} in line ${step.line}`
  const part = isRule(of) ? 'detection' : 'correlation'
  const what = `the pipeline ${pipeline.name} (${pipeline.file}) refuses the rule${place}: ${fault.what}`
  return { file: of.facts.file, line: of.line, part, what, cure: fault.cure }
}
