import type { Logsource } from '../../src/contract/event.ts'
import { naiveRouted } from './naive-sigma-fields.ts'
import { question, type Placeholders, type Question } from './naive-sigma-values.ts'

/**
 * A second reading of Sigma 2.1, written from the specification and from pySigma, and sharing no code with the rules room:
 * slow and plain, so that the two can be held against each other. It judges rules that the room accepts, and does not say what is wrong in others.
 */
export interface NaiveRule {
  readonly logsource: Readonly<Record<string, unknown>>
  /** `ecs` is asked where the record has no such field of its own. */
  matches(fields: Readonly<Record<string, unknown>>, ecs?: Readonly<Record<string, unknown>>): boolean
  /** Whether events of this log source are the rule's business. */
  isAbout(logsource: Logsource): boolean
}

/** Reads a rule from the map that its YAML holds. */
export function naiveRuleOf(document: unknown, placeholders: Placeholders = new Map()): NaiveRule {
  const rule = mapOf(document)
  const logsource = mapOf(rule['logsource'])
  const { condition, timeframe: _, ...searches } = mapOf(rule['detection'])
  const questions = new Map(Object.entries(searches).map(([name, search]) => [name, searchOf(search, placeholders)]))
  const conditions = [condition].flat().map((text) => conditionOf(String(text), questions))
  return {
    logsource,
    matches: (fields, ecs = {}) => conditions.some((ask) => ask({ fields, ecs })),
    isAbout: (source) => naiveRouted(logsource, source),
  }
}

/** Specification, "Search-Identifier": a map joins by and, a list by or, a bare value is a keyword. */
function searchOf(search: unknown, placeholders: Placeholders): Question {
  if (Array.isArray(search)) {
    const asks = search.map((one) => searchOf(one, placeholders))
    return (event) => asks.some((ask) => ask(event))
  }
  if (typeof search !== 'object' || search === null) return question('', search, placeholders)
  const asks = Object.entries(search).map(([written, value]) => question(written, value, placeholders))
  return (event) => asks.every((ask) => ask(event))
}

/** Specification, "Condition": or, and, not, x of, parentheses, from loose to tight. */
function conditionOf(text: string, questions: ReadonlyMap<string, Question>): Question {
  const words = text.replaceAll(/[()]/g, ' $& ').trim().split(/\s+/)
  const next = (): string => words.shift() ?? ''
  const isNext = (word: string): boolean => words[0]?.toLowerCase() === word && !questions.has(words[0])

  function either(): Question {
    const left = both()
    if (!isNext('or')) return left
    next()
    const right = either()
    return (event) => left(event) || right(event)
  }

  function both(): Question {
    const left = one()
    if (!isNext('and')) return left
    next()
    const right = both()
    return (event) => left(event) && right(event)
  }

  function one(): Question {
    if (isNext('not')) {
      next()
      const inner = one()
      return (event) => !inner(event)
    }
    const word = next()
    if (word === '(') {
      const inner = either()
      if (next() !== ')') throw new Error(`a parenthesis is not closed in ${text}`)
      return inner
    }
    if (words[0]?.toLowerCase() === 'of') {
      next()
      return several(word.toLowerCase(), named(next()))
    }
    const ask = questions.get(word)
    if (!ask) throw new Error(`${word} is no search identifier in ${text}`)
    return ask
  }

  /** `them` leaves out what begins with an underscore, and so does a pattern that does not begin so itself. */
  function named(pattern: string): readonly Question[] {
    const wanted = pattern.toLowerCase() === 'them' ? '*' : pattern
    const source = wanted.split('*').map((part) => part.replaceAll(/[^\w]/g, '\\$&'))
    const regex = new RegExp(`^${source.join('.*')}$`)
    return [...questions]
      .filter(([name]) => regex.test(name) && (!name.startsWith('_') || wanted.startsWith('_')))
      .map(([, ask]) => ask)
  }

  function several(quantifier: string, asks: readonly Question[]): Question {
    if (quantifier === 'all') return (event) => asks.every((ask) => ask(event))
    return (event) => asks.some((ask) => ask(event))
  }

  const whole = either()
  if (words.length > 0) throw new Error(`${words.join(' ')} is left over in ${text}`)
  return whole
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('this is no map')
  return value as Readonly<Record<string, unknown>>
}
