import type { Condition, Correlation, CorrelationCondition } from '../parse/syntax.ts'
import { Count, Distinct, Ordered, Percentile, Seen, Sum, type Measure } from './measures.ts'
import type { Shape } from './window.ts'

/** How the correlations of one type remember and decide. */
export interface Kind {
  readonly shape: Shape
  /** What is kept of an event beside its time: the hash of a field, a number, its rule's place or its rules' places as bits. */
  readonly takes: 'nothing' | 'hash' | 'number' | 'place' | 'places'
  /** What people call the number that is compared. */
  readonly word: string
  readonly isTemporal: boolean
  /** An event is one event, however many of the rules it feeds by. */
  readonly isOneValueEach: boolean
  /** Another rule of the same event is added to the event. */
  readonly isAmended: boolean
}

export function kindOf(correlation: Correlation, latenessMs: number): Kind {
  const { type, condition, timespanMs, rules } = correlation
  const percentile = condition.kind === 'number' ? condition.percentile : 50
  const of = (
    takes: Kind['takes'],
    word: string,
    make: () => Measure,
    { values = 'any', isTemporal = false }: { values?: Shape['values']; isTemporal?: boolean } = {},
  ): Kind => ({
    shape: {
      timespanMs,
      latenessMs,
      values,
      least: takes === 'number' ? 1 : leastOf(condition),
      places: isTemporal ? rules.length : 0,
      make,
      holds: holdsOf(condition, correlation),
    },
    takes,
    word,
    isTemporal,
    isOneValueEach: !isTemporal,
    isAmended: takes === 'places',
  })
  switch (type) {
    case 'event_count': {
      const count = new Count()
      return of('nothing', 'count', () => count, { values: 'none' })
    }
    case 'value_count':
      return of('hash', 'values', () => new Distinct())
    case 'value_sum':
      return of('number', 'sum', () => new Sum(false))
    case 'value_avg':
      return of('number', 'average', () => new Sum(true))
    case 'value_percentile':
      return of('number', 'percentile', () => new Percentile(percentile))
    case 'value_median':
      return of('number', 'median', () => new Percentile(50))
    case 'temporal':
      return of('place', 'seen', () => new Seen(rules.length), { values: 'small', isTemporal: true })
    case 'temporal_ordered':
      break
  }
  return of('places', 'seen', () => new Ordered(rules.length), { values: 'small', isTemporal: true })
}

/** Whether an event counts only where its field is a number. */
export function takesNumbers({ type }: Correlation): boolean {
  return /^value_(?!count)/.test(type)
}

/** How many events there are at least where what is compared is never more than the number of events. */
function leastOf(condition: CorrelationCondition): number {
  const bounds = condition.kind === 'rules' ? [] : condition.bounds
  return Math.max(1, ...bounds.map(({ operator, value }) => (/^(gte?|eq)$/.test(operator) ? value : 1)))
}

function holdsOf(condition: CorrelationCondition, { type, rules }: Correlation): Shape['holds'] {
  if (condition.kind === 'rules') {
    const holds = expressionOf(condition.expression, rules)
    if (type === 'temporal') return (measure, _count, since) => holds(measure, since)
    return (measure, count, since) => {
      if (!holds(measure, since)) return false
      let seen = 0
      for (let place = 0; place < rules.length; place++) if (measure.saw(place, since)) seen++
      return measure.number(count, since) === seen
    }
  }
  const passes = condition.bounds.map(({ operator, value }) => boundOf(operator, value))
  const [first = () => true, second] = passes
  if (!second) return (measure, count, since) => first(measure.number(count, since))
  return (measure, count, since) => {
    const number = measure.number(count, since)
    return first(number) && second(number)
  }
}

type Bound = Extract<CorrelationCondition, { kind: 'number' }>['bounds'][number]

function boundOf(operator: Bound['operator'], value: number): (number: number) => boolean {
  const tests = {
    gt: (number: number) => number > value,
    gte: (number: number) => number >= value,
    lt: (number: number) => number < value,
    lte: (number: number) => number <= value,
    eq: (number: number) => number === value,
    neq: (number: number) => number !== value,
  }
  return tests[operator]
}

/** Whether the rules that were seen in the window are as the expression wants them. */
function expressionOf(expression: Condition, rules: readonly string[]): (measure: Measure, since: number) => boolean {
  if (expression.kind === 'selection') {
    const place = rules.indexOf(expression.name)
    return (measure, since) => measure.saw(place, since)
  }
  if (expression.kind === 'not') {
    const part = expressionOf(expression.part, rules)
    return (measure, since) => !part(measure, since)
  }
  const isOf = expression.kind === 'of'
  const parts = isOf
    ? expression.names.map((name) => expressionOf({ kind: 'selection', name }, rules))
    : expression.parts.map((part) => expressionOf(part, rules))
  const areAll = isOf ? expression.quantifier === 'all' : expression.kind === 'and'
  return areAll
    ? (measure, since) => parts.every((part) => part(measure, since))
    : (measure, since) => parts.some((part) => part(measure, since))
}
