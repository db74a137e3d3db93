import { parseCondition } from './condition.ts'
import { parseDocument } from './document.ts'
import { parseNumbers, type Numbers } from './correlation-condition.ts'
import { dropUndefined, factsOf } from './rule.ts'
import type { Correlation, CorrelationCondition, CorrelationType, Report } from './syntax.ts'
import { testsOf } from './test-document.ts'

const CORRELATION_TYPES: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
]
/** Rules that may feed one correlation. */
export const MOST_RULES = 32
/** A correlation looks back this far at most: one year, as Sigma's `1y` is long. */
export const LONGEST_TIMESPAN_MS = 31_556_952_000

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_629_746_000,
  y: LONGEST_TIMESPAN_MS,
}
const KEYS = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate']
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

type Written = Readonly<Record<string, unknown>>

/** Reads a correlation document (Sigma correlation rules 2.1). Undefined when something in it was reported. */
export function parseCorrelation(document: Written, report: Report): Correlation | undefined {
  const { file, line } = report
  const facts = parseDocument({ ...document, logsource: {} }, report)
  for (const key of ['first_seen', 'absence'] as const)
    if (facts?.modelward?.[key] !== undefined)
      report(['modelward', key], 'a correlation cannot have it', 'Give it to a rule that feeds the correlation')
  const written = document['correlation']
  if (!isMap(written)) {
    report(['correlation'], 'it is no map of keys and values', `Write ${KEYS.slice(0, 5).join(', ')} under it`)
    return undefined
  }
  for (const key of Object.keys(written).filter((name) => !KEYS.includes(name)))
    report(['correlation', key], 'unknown key', `Correlations have ${KEYS.join(', ')}`)
  const type = typeOf(written, report)
  const rules = rulesOf(written, type, report)
  const timespanMs = timespanOf(written, report)
  const aliases = aliasesOf(written, rules ?? [], report)
  const condition = type && rules && conditionOf(written, type, rules, report)
  const groupBy = groupByOf(written, report)
  const generate = (document['generate'] ?? written['generate'] ?? false) as unknown
  if (typeof generate !== 'boolean')
    report(['correlation', 'generate'], 'it is not true or false', 'Write true or false')
  if (!facts || !type || !rules || !condition || !groupBy || !aliases || timespanMs === undefined) return undefined
  const group_by = facts.modelward?.group_by ?? (groupBy.length > 0 ? [...groupBy] : ['principal'])
  return {
    facts: factsOf({ ...facts, modelward: { ...facts.modelward, group_by } }, written, file),
    ...dropUndefined({ name: facts.name, status: facts.status }),
    type,
    rules,
    listedAt: placesOf(rules, written),
    groupBy,
    timespanMs,
    condition,
    aliases,
    generate: generate === true,
    tests: testsOf(facts.tests),
    line,
    // Rules that only the condition names stand on its line.
    lineOf: (path) => report.lineOf(path[1] === 'rules' && !('rules' in written) ? ['correlation', 'condition'] : path),
    assumed: (['id', 'level', 'description'] as const).filter((key) => facts[key] === undefined),
  }
}

function typeOf({ type }: Written, report: Report): CorrelationType | undefined {
  const found = CORRELATION_TYPES.find((one) => one === type)
  if (found) return found
  const what = type === undefined ? 'it is missing' : `${JSON.stringify(type)} is no type of correlation`
  report(['correlation', 'type'], what, `Use ${CORRELATION_TYPES.join(', ')}`)
  return undefined
}

function isTemporal(type: CorrelationType | undefined): boolean {
  return type === 'temporal' || type === 'temporal_ordered'
}

/** As written, or where a temporal correlation has only a condition in words, those that it names. */
function rulesOf(
  { rules, condition }: Written,
  type: CorrelationType | undefined,
  report: Report,
): readonly string[] | undefined {
  const path = ['correlation', 'rules']
  if (rules === undefined && isTemporal(type) && typeof condition === 'string') return namesIn(condition)
  const list = typeof rules === 'string' ? [rules] : rules
  if (!isTexts(list) || list.length === 0) {
    report(path, rules === undefined ? 'it is missing' : 'it is no list of rules', 'List ids or names of rules')
    return undefined
  }
  if (list.length > MOST_RULES) {
    report(path, `it lists ${list.length} rules`, `List at most ${MOST_RULES}`)
    return undefined
  }
  return type === 'temporal_ordered' ? list : [...new Set(list)]
}

/** Where the document lists each of the rules that were read: one that it lists twice is one rule. */
function placesOf(rules: readonly string[], { type, rules: written }: Written): readonly number[] {
  const isAsWritten = type === 'temporal_ordered' || !Array.isArray(written)
  return rules.map((rule, place) => (isAsWritten ? place : written.indexOf(rule)))
}

function namesIn(condition: string): readonly string[] {
  const words = condition.match(/[^\s()]+/g) ?? []
  return [...new Set(words.filter((word) => !/^(and|or|not)$/i.test(word)))]
}

function groupByOf(written: Written, report: Report): readonly string[] | undefined {
  const value = written['group-by'] ?? []
  const list = typeof value === 'string' ? [value] : value
  if (isTexts(list)) return [...new Set(list)]
  report(['correlation', 'group-by'], 'it is no list of fields', 'List the fields whose values must agree')
  return undefined
}

function timespanOf({ timespan }: Written, report: Report): number | undefined {
  const path = ['correlation', 'timespan']
  const parts = typeof timespan === 'string' ? /^(\d+)([smhdwMy])$/.exec(timespan) : null
  if (!parts) {
    const what = timespan === undefined ? 'it is missing' : `${JSON.stringify(timespan)} is no timespan`
    report(path, what, 'Write a number and one of s m h d w M y: 90m')
    return undefined
  }
  const ms = Number(parts[1]) * (UNITS[parts[2] ?? ''] ?? 0)
  if (ms > 0 && ms <= LONGEST_TIMESPAN_MS) return ms
  report(path, ms > 0 ? 'it is longer than a year' : 'it is no time at all', 'Use 1s to 1y')
  return undefined
}

function aliasesOf(
  { aliases = {} }: Written,
  rules: readonly string[],
  report: Report,
): Correlation['aliases'] | undefined {
  const path = ['correlation', 'aliases']
  if (!isMap(aliases)) {
    report(path, 'it is no map of aliases', 'Write alias: {rule: field}')
    return undefined
  }
  const areNames = rules.every((rule) => !UUID.test(rule))
  let isGood = true
  for (const [alias, fields] of Object.entries(aliases)) {
    if (!isMap(fields) || !isTexts(Object.values(fields))) {
      report([...path, alias], 'it does not say the field for each rule', 'Write alias: {rule: field}')
      isGood = false
      continue
    }
    const stranger = Object.keys(fields).find((rule) => areNames && !UUID.test(rule) && !rules.includes(rule))
    if (stranger === undefined) continue
    report([...path, alias, stranger], 'this rule is not in rules', `There are: ${rules.join(', ')}`)
    isGood = false
  }
  return isGood ? (aliases as Correlation['aliases']) : undefined
}

function conditionOf(
  { condition }: Written,
  type: CorrelationType,
  rules: readonly string[],
  report: Report,
): CorrelationCondition | undefined {
  const path = ['correlation', 'condition']
  if (typeof condition === 'string') return rulesCondition(condition, type, rules, report)
  if (condition === undefined && isTemporal(type)) return allOf(rules)
  if (isMap(condition)) return parseNumbers(condition, type, rules.length, report)
  const what = condition === undefined ? 'it is missing' : 'it is no map of operators and numbers'
  report(path, what, `Write ${type.startsWith('value') ? '{field: name, gte: 10}' : '{gte: 10}'}`)
  return undefined
}

/** Of all of them, in any order or in this: what a temporal correlation without a condition means. */
function allOf(rules: readonly string[]): Numbers {
  const bounds = [{ operator: 'gte', value: rules.length }] as const
  return { kind: 'number', written: 'all rules', bounds, fields: [], percentile: 50 }
}

/** The draft of Sigma 2.2: `rule_a and (rule_b or not rule_c)`. */
function rulesCondition(
  text: string,
  type: CorrelationType,
  rules: readonly string[],
  report: Report,
): CorrelationCondition | undefined {
  const path = ['correlation', 'condition']
  const refuse = (what: string, cure: string): undefined => {
    report(path, what, cure)
    return undefined
  }
  if (!isTemporal(type))
    return refuse(`a condition in words is only for temporal types, and this is ${type}`, 'Write {gte: 10}')
  const named = namesIn(text)
  const unnamed = rules.find((rule) => !named.includes(rule))
  if (unnamed !== undefined && !/\bof\b/i.test(text))
    return refuse(`it says nothing of ${unnamed}, which is in rules`, 'Name every rule in it')
  const expression = parseCondition(text, rules)
  if ('kind' in expression) return { kind: 'rules', written: text, expression }
  return refuse(expression.what.replaceAll('selection', 'rule'), expression.cure.replaceAll('selection', 'rule'))
}

function isMap(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one.trim() !== '')
}
