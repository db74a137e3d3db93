import type { Event } from '../../contract/event.ts'
import { compileRule, type CompiledRule } from '../compile/rule.ts'
import type { Rule } from '../parse/syntax.ts'
import { Candidates } from './candidates.ts'
import { Routes } from './route.ts'

const NONE: readonly CompiledRule[] = Object.freeze([])

export interface MatcherOptions {
  /** Whether a rule is asked only of events of its log source. */
  readonly routing: boolean
}

/** Which rules hold for an event. */
export class Matcher {
  readonly #candidatesFor: (event: Event) => Candidates
  #hits: { readonly rule: CompiledRule; readonly place: number }[] = []

  constructor(rules: readonly Rule[], { routing }: MatcherOptions) {
    const compiled = rules.map(compileRule)
    if (routing) {
      const routes = new Routes(compiled)
      this.#candidatesFor = (event) => routes.to(event.logsource)
    } else {
      const all = new Candidates(compiled)
      this.#candidatesFor = () => all
    }
  }

  /** The rules that hold, in the order in which they were given. */
  match(event: Event): readonly CompiledRule[] {
    this.#candidatesFor(event).each(event, this.#ask)
    if (this.#hits.length === 0) return NONE
    const hits = this.#hits.toSorted((a, b) => a.place - b.place)
    this.#hits = []
    return hits.map(({ rule }) => rule)
  }

  readonly #ask = (rule: CompiledRule, place: number, event: Event): void => {
    if (rule.ask(event)) this.#hits.push({ rule, place })
  }
}
