import { createHash } from 'node:crypto'
import type { Problem } from '../../runtime/errors.ts'
import { partOf } from '../parse/part.ts'
import type { Condition, Detection, Filter, Path, Rule, Selection } from '../parse/syntax.ts'

/**
 * Adds filters to the rules that they name and whose log source they fit: such a rule holds where its own condition and the
 * filter's hold both (pySigma's reading: what takes events away is written `condition: not selection`). What a rule means
 * changes with it, and so does its digest. A rule that no filter is about stays the same object.
 */
export function applyFilters(
  rules: readonly Rule[],
  filters: readonly Filter[],
): { readonly rules: readonly Rule[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const filtersOf = new Map<Rule, Filter[]>()
  for (const filter of filters) {
    const fitting = rules.filter((rule) => isFitting(filter, rule))
    const chosen = filter.rules === 'any' ? fitting : fitting.filter((rule) => isNamed(filter.rules, rule))
    problems.push(...problemsOf(filter, rules, fitting))
    for (const rule of chosen) filtersOf.set(rule, [...(filtersOf.get(rule) ?? []), filter])
  }
  return { rules: rules.map((rule) => filtered(rule, filtersOf.get(rule) ?? [])), problems }
}

/** As in pySigma: each part that the filter's log source names must be the rule's, what it leaves out may be anything. */
function isFitting({ logsource }: Filter, { facts }: Rule): boolean {
  return (['category', 'product', 'service'] as const).every(
    (part) => logsource[part] === undefined || logsource[part].toLowerCase() === facts.logsource[part]?.toLowerCase(),
  )
}

function isNamed(names: readonly string[] | 'any', { facts, name }: Rule): boolean {
  return names.includes(facts.id) || (name !== undefined && names.includes(name))
}

/** What a filter names and does not reach: it takes nothing away where its writer thinks it does. */
function problemsOf(filter: Filter, rules: readonly Rule[], fitting: readonly Rule[]): readonly Problem[] {
  const problemAt = (path: Path, what: string, cure: string): Problem => {
    return { file: filter.file, line: filter.lineOf(path), part: partOf(path), what, cure }
  }
  if (filter.rules === 'any') {
    const cure = 'Correct the log source, or remove the filter'
    const what = 'the filter applies to no rule: none has its log source'
    return fitting.length > 0 ? [] : [problemAt(['logsource'], what, cure)]
  }
  return filter.rules.flatMap((name, at) => {
    if (fitting.some((rule) => isNamed([name], rule))) return []
    const path = ['filter', 'rules', at]
    const other = rules.find((rule) => isNamed([name], rule))
    if (!other) {
      const cure = 'Write the id or name of a rule on single events; of a correlation, name the rules that feed it'
      return [problemAt(path, `no rule is called "${name}"`, cure)]
    }
    const { category, product, service } = other.facts.logsource
    const is = [category, product, service].filter((word) => word !== undefined).join(', ') || 'nothing'
    const what = `the filter does not apply to "${name}", whose log source is ${is}`
    return [problemAt(path, what, "Give the filter the rule's log source, or a part of it")]
  })
}

function filtered(rule: Rule, filters: readonly Filter[]): Rule {
  if (filters.length === 0) return rule
  const digests = filters.map((filter) => filter.digest).toSorted()
  const digest = createHash('sha256')
    .update([rule.facts.digest, ...digests].join(' '))
    .digest('hex')
  const detection = filters.reduce(joined, rule.detection)
  return { ...rule, detection, facts: { ...rule.facts, digest } }
}

/** The filter's selections go under names of their own, so that the rule's `them` and patterns do not mean them. */
function joined(detection: Detection, filter: Filter): Detection {
  const prefix = freePrefix(filter.title, detection.selections)
  const selections = new Map<string, Selection>(detection.selections)
  for (const [name, selection] of filter.detection.selections) selections.set(prefix + name, selection)
  const condition = renamed(filter.detection.condition, prefix)
  return { selections, condition: { kind: 'and', parts: [detection.condition, condition] } }
}

function freePrefix(title: string, selections: ReadonlyMap<string, unknown>): string {
  const names = [...selections.keys()]
  for (let serial = 1; ; serial++) {
    const prefix = `filter "${title}"${serial === 1 ? '' : ` ${serial}`}: `
    if (!names.some((name) => name.startsWith(prefix))) return prefix
  }
}

/** Names in a condition that was read are whole names: patterns were resolved within the filter. */
function renamed(condition: Condition, prefix: string): Condition {
  switch (condition.kind) {
    case 'selection':
      return { ...condition, name: prefix + condition.name }
    case 'of':
      return { ...condition, names: condition.names.map((name) => prefix + name) }
    case 'not':
      return { ...condition, part: renamed(condition.part, prefix) }
    default:
      return { ...condition, parts: condition.parts.map((part) => renamed(part, prefix)) }
  }
}
