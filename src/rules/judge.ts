import type { Event } from '../contract/event.ts'
import type { Score } from '../contract/detect.ts'
import type { Finding, Judge, RuleFacts } from '../contract/rules.ts'
import { compileRule, matchedBy, type CompiledRule } from './compile/rule.ts'
import { Routes } from './index/route.ts'
import type { Rule } from './parse/syntax.ts'

const NOTHING: readonly Finding[] = Object.freeze([])

interface Hit {
  readonly rule: CompiledRule
  readonly place: number
}

/**
 * Judges events by single-event rules. An event that no rule is about costs a few look-ups and allocates next to nothing;
 * what decided is gathered only for a rule that holds. Findings come in the order of the rules.
 */
export class RuleJudge implements Judge {
  readonly rules: readonly RuleFacts[]
  readonly #routes: Routes
  #hits: Hit[] = []

  constructor(rules: readonly Rule[]) {
    this.rules = rules.map((rule) => rule.facts)
    this.#routes = new Routes(rules.map(compileRule))
  }

  judge(event: Event, score?: Score): readonly Finding[] {
    this.#routes.to(event.logsource).each(event, this.#ask)
    if (this.#hits.length === 0) return NOTHING
    const hits = this.#hits.toSorted((a, b) => a.place - b.place)
    this.#hits = []
    return hits.map(({ rule }) => ({
      rule: rule.rule.facts,
      event: score?.event ?? event,
      ...(score === undefined ? {} : { score }),
      matched: matchedBy(rule.root, event),
    }))
  }

  readonly #ask = (rule: CompiledRule, place: number, event: Event): void => {
    if (rule.ask(event)) this.#hits.push({ rule, place })
  }
}
