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

/** Up to so many places are put in order one by one, which is quicker than a view to sort. */
const FEW = 16

/** Which rules hold for an event. Indexes are built by `warm` or when first needed, closures when a rule first holds. */
export class Matcher {
  readonly #rules: readonly Rule[]
  readonly #compiled: (CompiledRule | undefined)[]
  readonly #indexesFor: (event: Event) => readonly RuleIndex[]
  readonly #warm: () => Iterable<void>
  readonly #places: Int32Array

  constructor(rules: readonly Rule[], { routing }: MatcherOptions) {
    this.#rules = rules
    this.#compiled = rules.map(() => undefined)
    this.#places = new Int32Array(rules.length)
    const placed = rules.map((rule, place) => ({ rule, place }))
    if (routing) {
      const routes = new Routes(placed)
      this.#indexesFor = (event) => routes.to(event.logsource)
      this.#warm = () => routes.warm()
    } else {
      let all: readonly RuleIndex[] | undefined
      const indexes = (): readonly RuleIndex[] => (all ??= [new RuleIndex(placed)])
      this.#indexesFor = indexes
      this.#warm = () => indexes().map(() => undefined)
    }
  }

  /** Builds the large indexes before the first event needs them: one at each step, so that others may run in between. */
  warm(): Iterable<void> {
    return this.#warm()
  }

  /** The rules that hold, in the order in which they were given. */
  match(event: Event): readonly CompiledRule[] {
    const places = this.#places
    let count = 0
    for (const index of this.#indexesFor(event)) {
      index.match(event)
      for (let at = 0; at < index.held; at++) places[count++] = index.places[at] ?? 0
    }
    if (count === 0) return NONE
    sort(places, count)
    const held: CompiledRule[] = []
    for (let at = 0; at < count; at++) {
      const place = places[at] ?? 0
      const rule = this.#rules[place]
      if (rule) held.push((this.#compiled[place] ??= compileRule(rule)))
    }
    return held
  }
}

/** Puts the first `count` places in order. */
function sort(places: Int32Array, count: number): void {
  if (count > FEW) {
    places.subarray(0, count).sort()
    return
  }
  for (let at = 1; at < count; at++) {
    const place = places[at] ?? 0
    let to = at
    for (; to > 0 && (places[to - 1] ?? 0) > place; to--) places[to] = places[to - 1] ?? 0
    places[to] = place
  }
}
