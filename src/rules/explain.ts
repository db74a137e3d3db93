import type { Event } from '../contract/event.ts'
import { compileRule, type Part } from './compile/rule.ts'
import { isRouted } from './index/route.ts'
import type { Absence, FirstSeen, Rule } from './parse/syntax.ts'
import { compileTuples } from './remember/tuples.ts'

/** Why a rule holds for an event or does not: the same tree as the rule, every part with its answer. */
export interface ExplainNode {
  /** `logsource`, `and`, `1 of selection_*`, `selection`, `eventName|contains`. */
  readonly text: string
  readonly holds: boolean
  /** For a line that holds: the value that decided, and its name. For the log source always, and then the event's. */
  readonly shown?: { readonly name: string; readonly value: unknown }
  readonly parts: readonly ExplainNode[]
}

/**
 * Asks every part of a rule, also those that judging would not get to. Slow and thorough: for people, not for the event path.
 * What a rule remembers is not known here: `first_seen` holds where the event has the values that must be new, and `absence`
 * holds for no event, for it is the event's staying away that counts.
 */
export function explainRule(rule: Rule, event: Event): ExplainNode {
  const routed = isRouted(rule.facts.logsource, event.logsource)
  const condition = explainPart(compileRule(rule).root, event)
  const shown = { name: "the event's", value: event.logsource }
  const logsource: ExplainNode = { text: 'logsource', holds: routed, shown, parts: [] }
  const memory = rule.memory ? [explainMemory(rule.memory, event)] : []
  const holds = routed && condition.holds && memory.every((node) => node.holds)
  return { text: rule.facts.title, holds, parts: [logsource, condition, ...memory] }
}

function explainMemory(memory: FirstSeen | Absence, event: Event): ExplainNode {
  if (memory.kind === 'absence') {
    const each = memory.groupBy.length === 0 ? '' : ` for each ${memory.groupBy.join(', ')}`
    const text = `absence: such an event is the heartbeat; the rule holds when none came for ${words(memory.timespanMs)}${each}`
    return { text, holds: false, parts: [] }
  }
  const { fields, learningMs, rememberMs } = memory
  const [values] = compileTuples(fields)(event)
  const name = fields.join(', ')
  const text = `first_seen: ${name} not seen${fields.length > 1 ? ' together' : ''} for ${words(rememberMs)}, after ${words(learningMs)} of learning`
  return {
    text,
    holds: values !== undefined,
    ...(values === undefined ? {} : { shown: { name, value: fields.length > 1 ? values : values[0] } }),
    parts: [],
  }
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** A duration as rules write it: `1h30m`. */
function words(ms: number): string {
  let left = ms
  let text = ''
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length)
    if (count > 0) text += `${count}${unit}`
    left -= count * length
  }
  return text === '' ? '0s' : text
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
