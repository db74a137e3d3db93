import type { Correlation } from '../../../src/rules/parse/syntax.ts'

/** An event as the naive evaluator knows it: which rules held, and its one value. */
export interface Taken {
  readonly id: string
  readonly at: number
  readonly group: string
  readonly rules: readonly string[]
  readonly value: string | number
}

/** Whether a correlation holds at an event, by looking at everything that ever happened. Slow and plain on purpose. */
export class NaiveCorrelation {
  readonly #correlation: Correlation
  readonly #latenessMs: number
  readonly #history: Taken[] = []

  constructor(correlation: Correlation, latenessMs: number) {
    this.#correlation = correlation
    this.#latenessMs = latenessMs
  }

  /** The ids of the newest window that the event is in and in which the condition holds. */
  take(taken: Taken): readonly string[] | undefined {
    const others = this.#history.filter(({ group }) => group === taken.group)
    const newest = Math.max(...others.map(({ at }) => at), Number.NEGATIVE_INFINITY)
    if (taken.at < newest - this.#latenessMs) return undefined
    this.#history.push(taken)
    const all = [...others, taken].toSorted((a, b) => a.at - b.at)
    const { timespanMs } = this.#correlation
    const ends = [...new Set(all.map(({ at }) => at))].filter((end) => end >= taken.at && end < taken.at + timespanMs)
    for (const end of ends.toReversed()) {
      const window = all.filter(({ at }) => at <= end && at > end - timespanMs)
      if (this.#holds(window)) return window.map(({ id }) => id)
    }
    return undefined
  }

  #holds(window: readonly Taken[]): boolean {
    const { condition } = this.#correlation
    if (condition.kind === 'rules') throw new Error('not made by this test')
    const number = this.#number(window)
    return condition.bounds.every(({ operator, value }) => {
      if (operator === 'gt') return number > value
      if (operator === 'gte') return number >= value
      if (operator === 'lt') return number < value
      if (operator === 'lte') return number <= value
      return operator === 'eq' ? number === value : number !== value
    })
  }

  #number(window: readonly Taken[]): number {
    const { type, rules, condition } = this.#correlation
    const numbers = window.map(({ value }) => Number(value))
    const sum = numbers.reduce((total, value) => total + value, 0)
    const percentile = condition.kind === 'number' ? condition.percentile : 50
    switch (type) {
      case 'event_count':
        return window.length
      case 'value_count':
        return new Set(window.map(({ value }) => String(value))).size
      case 'value_sum':
        return sum
      case 'value_avg':
        return sum / window.length
      case 'value_median':
        return interpolated(numbers, 50)
      case 'value_percentile':
        return interpolated(numbers, percentile)
      case 'temporal':
        return new Set(window.flatMap((taken) => taken.rules)).size
      case 'temporal_ordered':
        break
    }
    return longest(window, rules)
  }
}

function interpolated(numbers: readonly number[], percentile: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const rank = (percentile / 100) * (sorted.length - 1)
  const low = sorted[Math.floor(rank)] ?? Number.NaN
  const high = sorted[Math.ceil(rank)] ?? Number.NaN
  return low + (high - low) * (rank - Math.floor(rank))
}

/** The most places of `rules` that can be filled in order by events in order, each event filling one place at most. */
function longest(window: readonly Taken[], rules: readonly string[]): number {
  const [first, ...rest] = window
  if (!first || rules.length === 0) return 0
  const used = rules.flatMap((rule, place) => (first.rules.includes(rule) ? [place] : []))
  return Math.max(longest(rest, rules), ...used.map((place) => 1 + longest(rest, rules.slice(place + 1))))
}
