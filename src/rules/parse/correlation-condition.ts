import type { CorrelationCondition, CorrelationType, Report } from './syntax.ts'

export type Numbers = Extract<CorrelationCondition, { kind: 'number' }>
type Bound = Numbers['bounds'][number]

const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const
/** Where a percentile is not given: the median. */
const MEDIAN = 50

/** `{field: name, gt: 100, lte: 200}`: one bound, or one from below and one from above. */
export function parseNumbers(
  condition: Readonly<Record<string, unknown>>,
  type: CorrelationType,
  rules: number,
  report: Report,
): Numbers | undefined {
  const path = ['correlation', 'condition']
  let isGood = true
  const refuse = (key: string | undefined, what: string, cure: string): void => {
    isGood = false
    report(key === undefined ? path : [...path, key], what, cure)
  }
  for (const key of Object.keys(condition))
    if (![...OPERATORS, 'field', 'percentile'].includes(key))
      refuse(key, 'unknown operator', `Use ${OPERATORS.join(', ')}, and field for value types`)
  const bounds = OPERATORS.filter((operator) => operator in condition).flatMap((operator): Bound[] => {
    const value = condition[operator]
    if (typeof value === 'number' && Number.isFinite(value)) return [{ operator, value }]
    refuse(operator, `${JSON.stringify(value)} is no number`, 'Write a number')
    return []
  })
  const { field, percentile = MEDIAN } = condition
  const fields = fieldsOf(field)
  if (!fields) refuse('field', 'it is no name of a field', 'Write the name of a field, or a list of names')
  else if (type.startsWith('value') && fields.length === 0)
    refuse('field', 'it is missing', `Name the field whose values ${type} looks at`)
  else if (type !== 'value_count' && fields.length > 1) refuse('field', 'several fields', `${type} looks at one field`)
  else if (!type.startsWith('value') && fields.length > 0)
    refuse('field', `${type} looks at no field`, 'Remove it, or use value_count')
  if (typeof percentile !== 'number' || !(percentile >= 0 && percentile <= 100))
    refuse('percentile', `${JSON.stringify(percentile)} is no percentile`, 'Write a number from 0 to 100')
  else if (condition['percentile'] !== undefined && type !== 'value_percentile')
    refuse('percentile', `${type} has no percentile`, 'Remove it, or use value_percentile')
  if (isGood) checkBounds(bounds, type, rules, refuse)
  if (!isGood || !fields || typeof percentile !== 'number') return undefined
  const written = bounds.map(({ operator, value }) => `${operator} ${value}`).join(' and ')
  return { kind: 'number', written, bounds, fields, percentile }
}

function fieldsOf(field: unknown): readonly string[] | undefined {
  if (field === undefined) return []
  const list = Array.isArray(field) ? field : [field]
  return list.length > 0 && list.every((one) => typeof one === 'string' && one.trim() !== '') ? list : undefined
}

function checkBounds(
  bounds: readonly Bound[],
  type: CorrelationType,
  rules: number,
  refuse: (key: string | undefined, what: string, cure: string) => void,
): void {
  const lower = bounds.filter(({ operator }) => operator === 'gt' || operator === 'gte')
  const upper = bounds.filter(({ operator }) => operator === 'lt' || operator === 'lte')
  if (bounds.length === 0) return refuse(undefined, 'it compares with no number', 'Write one, as in {gte: 10}')
  if (bounds.length > 1 && (bounds.length > 2 || lower.length !== 1 || upper.length !== 1))
    return refuse(undefined, 'these do not go together', 'Write one, or a range of gt or gte and lt or lte')
  const isCount = type === 'event_count' || type === 'value_count' || type.startsWith('temporal')
  const most = type.startsWith('temporal') ? rules : Number.POSITIVE_INFINITY
  const [first] = bounds
  if (isCount && !bounds.every(({ value }) => Number.isSafeInteger(value) && value >= 0))
    return refuse(first?.operator, 'a count is a whole number', 'Write a whole number')
  const [least, greatest] = rangeOf(bounds, isCount)
  const isEmpty =
    bounds.some(({ operator }) => operator === 'gt' || operator === 'lt') && least === greatest && !isCount
  if (least > greatest || isEmpty || (isCount && (greatest < 1 || least > most)))
    refuse(first?.operator, 'it can never hold', most < least ? `There are ${most} rules` : 'Correct the numbers')
}

/** The least and the greatest number that can pass. */
function rangeOf(bounds: readonly Bound[], areWhole: boolean): readonly [number, number] {
  const step = areWhole ? 1 : 0
  let least = Number.NEGATIVE_INFINITY
  let greatest = Number.POSITIVE_INFINITY
  for (const { operator, value } of bounds) {
    if (operator === 'gt') least = value + step
    if (operator === 'gte' || operator === 'eq') least = value
    if (operator === 'lt') greatest = value - step
    if (operator === 'lte' || operator === 'eq') greatest = value
  }
  return [least, greatest]
}
