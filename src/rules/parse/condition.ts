import type { Condition, Fault } from './syntax.ts'

/** Parentheses and `not`s may be nested this deep. */
export const DEEPEST = 50

/**
 * Sigma's condition grammar. Binding, from loose to tight: or, and, not, `1 of`/`any of`/`all of`, parentheses.
 *
 *     or   := and ("or" and)*          and := not ("and" not)*          not := "not" not | term
 *     term := "(" or ")" | quantifier "of" pattern | selection          quantifier := "1" | "any" | "all"
 *
 * `pattern` is `them` (every selection) or a name with `*`; a name beginning with `_` is meant only by a pattern that begins
 * so too.
 */
export function parseCondition(text: string, selections: readonly string[]): Condition | Fault {
  if (text.includes('|')) return { what: 'it pipes into an aggregation, which Sigma 2 has given up', cure: CORRELATE }
  const reader = new Reader(text.match(/[()]|[^\s()]+/g) ?? [], selections)
  try {
    return reader.whole()
  } catch (error) {
    if (error instanceof GrammarError) return error.fault
    throw error
  }
}

const CORRELATE = 'Write a correlation rule for counting; a condition only joins selections'
const JOIN = 'Join selections with and, or, not and parentheses'

class GrammarError extends Error {
  readonly fault: Fault
  constructor(what: string, cure: string) {
    super(what)
    this.fault = { what, cure }
  }
}

class Reader {
  readonly #tokens: readonly string[]
  readonly #selections: readonly string[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly string[], selections: readonly string[]) {
    this.#tokens = tokens
    this.#selections = selections
  }

  whole(): Condition {
    const condition = this.#joined('or')
    const left = this.#tokens[this.#at]
    if (left === ')') throw new GrammarError('it closes a parenthesis that was not opened', 'Remove it, or open one')
    if (left !== undefined) throw new GrammarError(`"${left}" follows without and or or`, JOIN)
    return condition
  }

  #joined(kind: 'and' | 'or'): Condition {
    const parts = [this.#operand(kind)]
    while (this.#word() === kind) {
      this.#at++
      parts.push(this.#operand(kind))
    }
    const [only] = parts
    return parts.length === 1 && only ? only : { kind, parts }
  }

  #operand(kind: 'and' | 'or'): Condition {
    return kind === 'or' ? this.#joined('and') : this.#negation()
  }

  #negation(): Condition {
    if (this.#word() !== 'not') return this.#term()
    return this.#nested(() => ({ kind: 'not', part: this.#negation() }))
  }

  #term(): Condition {
    const token = this.#tokens[this.#at]
    if (token === '(') return this.#nested(() => this.#parenthesis())
    if (token === undefined) throw new GrammarError('it ends where a selection is expected', JOIN)
    const word = token.toLowerCase()
    if (token === ')' || word === 'and' || word === 'or')
      throw new GrammarError(`"${token}" stands where a selection is expected`, JOIN)
    const next = this.#tokens[this.#at + 1]?.toLowerCase()
    return next === 'of' ? this.#quantified(word) : this.#selection(token)
  }

  #parenthesis(): Condition {
    const inside = this.#joined('or')
    if (this.#tokens[this.#at] !== ')') throw new GrammarError('a parenthesis is not closed', 'Close it')
    this.#at++
    return inside
  }

  #quantified(quantifier: string): Condition {
    if (!['1', 'any', 'all'].includes(quantifier))
      throw new GrammarError(`"${quantifier} of" is not a quantifier of Sigma`, 'Use 1 of, any of or all of')
    const pattern = this.#tokens[this.#at + 2]
    if (pattern === undefined || pattern === '(' || pattern === ')')
      throw new GrammarError(`"${quantifier} of" names nothing`, 'Name them, or selections as in selection_*')
    const names = this.#named(pattern)
    if (names.length === 0)
      throw new GrammarError(`no selection is called "${pattern}"`, `There are: ${this.#selections.join(', ')}`)
    this.#at += 3
    const written = `${quantifier} of ${pattern}`
    return { kind: 'of', quantifier: quantifier === 'all' ? 'all' : 'any', written, names }
  }

  #named(pattern: string): readonly string[] {
    const glob = pattern.toLowerCase() === 'them' && !this.#selections.includes(pattern) ? '*' : pattern
    const source = glob.split('*').map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const regex = new RegExp(`^${source.join('.*')}$`)
    return this.#selections.filter((name) => (!name.startsWith('_') || glob.startsWith('_')) && regex.test(name))
  }

  #selection(name: string): Condition {
    if (!this.#selections.includes(name))
      throw new GrammarError(`no selection is called "${name}"`, `There are: ${this.#selections.join(', ')}`)
    this.#at++
    return { kind: 'selection', name }
  }

  /** The operator at this place, unless a selection is called so. */
  #word(): string | undefined {
    const token = this.#tokens[this.#at]
    return token === undefined || this.#selections.includes(token) ? undefined : token.toLowerCase()
  }

  #nested(read: () => Condition): Condition {
    if (++this.#depth > DEEPEST)
      throw new GrammarError(`it is nested deeper than ${DEEPEST}`, 'Split it into selections')
    this.#at++
    const condition = read()
    this.#depth--
    return condition
  }
}
