import type { Event } from '../../contract/event.ts'
import { compileRule, type CompiledRule } from '../compile/rule.ts'
import type { Rule } from '../parse/syntax.ts'
import { Routes } from './route.ts'
import { RuleIndex } from './rule-index.ts'

const NONE: readonly CompiledRule[] = Object.freeze([])

export interface MatcherOptions {
  /** Whether a rule is asked only of events of its log source. */
  readonly routing: boolean
}

/** Which rules hold for an event. Indexes are built on the first event of a log source, closures when a rule first holds. */
export class Matcher {
  readonly #rules: readonly Rule[]
  readonly #compiled: (CompiledRule | undefined)[]
  readonly #indexFor: (event: Event) => RuleIndex

  constructor(rules: readonly Rule[], { routing }: MatcherOptions) {
    this.#rules = rules
    this.#compiled = rules.map(() => undefined)
    const placed = rules.map((rule, place) => ({ rule, place }))
    if (routing) {
      const routes = new Routes(placed)
      this.#indexFor = (event) => routes.to(event.logsource)
    } else {
      let all: RuleIndex | undefined
      this.#indexFor = () => (all ??= new RuleIndex(placed))
    }
  }

  /** The rules that hold, in the order in which they were given. */
  match(event: Event): readonly CompiledRule[] {
    const index = this.#indexFor(event)
    index.match(event)
    if (index.held === 0) return NONE
    index.sortPlaces()
    const held: CompiledRule[] = []
    for (let at = 0; at < index.held; at++) {
      const place = index.places[at] ?? 0
      const rule = this.#rules[place]
      if (rule) held.push((this.#compiled[place] ??= compileRule(rule)))
    }
    return held
  }
}
