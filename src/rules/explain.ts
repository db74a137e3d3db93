import type { Event } from '../contract/event.ts'
import { compileRule, type Part } from './compile/rule.ts'
import { isRouted } from './index/route.ts'
import type { Rule } from './parse/syntax.ts'

/** Why a rule holds for an event or does not: the same tree as the rule, every part with its answer. */
export interface ExplainNode {
  /** `logsource`, `and`, `1 of selection_*`, `selection`, `eventName|contains`. */
  readonly text: string
  readonly holds: boolean
  /** For a line that holds: the value that decided, and its name. */
  readonly shown?: { readonly name: string; readonly value: unknown }
  readonly parts: readonly ExplainNode[]
}

/** Asks every part of a rule, also those that judging would not get to. Slow and thorough: for people, not for the event path. */
export function explainRule(rule: Rule, event: Event): ExplainNode {
  const routed = isRouted(rule.facts.logsource, event.logsource)
  const condition = explainPart(compileRule(rule).root, event)
  const logsource: ExplainNode = { text: 'logsource', holds: routed, parts: [] }
  return { text: rule.facts.title, holds: routed && condition.holds, parts: [logsource, condition] }
}

function explainPart(part: Part, event: Event): ExplainNode {
  const holds = part.ask(event)
  const shown = holds ? part.show?.(event) : undefined
  return {
    text: part.text,
    holds,
    ...(shown === undefined ? {} : { shown }),
    parts: part.parts.map((inner) => explainPart(inner, event)),
  }
}
