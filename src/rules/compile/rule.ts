import type { Event } from '../../contract/event.ts'
import type { Condition, Item, Rule, Selection } from '../parse/syntax.ts'
import { allOf, anyOf, compileItem, type Ask, type Shown } from './item.ts'

/** A part of a rule: a question with its words and its own parts. */
export interface Part {
  readonly kind: 'and' | 'or' | 'not' | 'selection' | 'item'
  /** As a person would write it. */
  readonly text: string
  readonly ask: Ask
  readonly parts: readonly Part[]
  readonly show?: (event: Event) => Shown | undefined
  readonly cost: number
}

export interface CompiledRule {
  readonly rule: Rule
  /** The whole condition; log source routing is not part of it. */
  readonly root: Part
  readonly ask: Ask
}

/** Compiles a rule once to closures; judging it later reads no rule text. */
export function compileRule(rule: Rule): CompiledRule {
  const selections = new Map<string, Part>()
  for (const [name, selection] of rule.detection.selections)
    selections.set(name, named(name, compileSelection(selection)))
  const root = compileCondition(rule.detection.condition, selections)
  return { rule, root, ask: root.ask }
}

/** What decided, for a rule that holds: names and values of every line that holds and is not under a `not`. */
export function matchedBy(root: Part, event: Event): Readonly<Record<string, unknown>> {
  const matched: Record<string, unknown> = {}
  collect(root, event, matched, true)
  return matched
}

/** `isKnown`: the part holds, and need not be asked again; of an `and` that holds, all parts do. */
function collect(part: Part, event: Event, into: Record<string, unknown>, isKnown: boolean): void {
  if (part.kind === 'not' || (!isKnown && !part.ask(event))) return
  const shown = part.show?.(event)
  if (shown) into[shown.name] = shown.value
  for (const inner of part.parts) collect(inner, event, into, part.kind !== 'or')
}

function compileCondition(condition: Condition, selections: ReadonlyMap<string, Part>): Part {
  if (condition.kind === 'selection') return selectionOf(condition.name, selections)
  if (condition.kind === 'not') return negated(compileCondition(condition.part, selections))
  if (condition.kind === 'of') {
    const parts = condition.names.map((name) => selectionOf(name, selections))
    return joined(condition.quantifier === 'all' ? 'and' : 'or', condition.written, parts)
  }
  const parts = condition.parts.map((part) => compileCondition(part, selections))
  return joined(condition.kind, condition.kind, parts)
}

function compileSelection(selection: Selection): Part {
  if (selection.kind === 'item') return itemPart(selection.item)
  const kind = selection.kind === 'all' ? 'and' : 'or'
  return joined(kind, kind, selection.parts.map(compileSelection))
}

function itemPart(item: Item): Part {
  const { ask, show, cost } = compileItem(item)
  return { kind: 'item', text: item.written, ask, show, cost, parts: [] }
}

function joined(kind: 'and' | 'or', text: string, parts: readonly Part[]): Part {
  // Asking the cheap first changes no answer.
  const asks = parts.toSorted((a, b) => a.cost - b.cost).map((part) => part.ask)
  const cost = parts.reduce((sum, part) => sum + part.cost, 0)
  return { kind, text, ask: kind === 'and' ? allOf(asks) : anyOf(asks), cost, parts }
}

function negated(part: Part): Part {
  return { kind: 'not', text: 'not', ask: (event) => !part.ask(event), cost: part.cost, parts: [part] }
}

function named(name: string, part: Part): Part {
  return { kind: 'selection', text: name, ask: part.ask, cost: part.cost, parts: [part] }
}

function selectionOf(name: string, selections: ReadonlyMap<string, Part>): Part {
  const part = selections.get(name)
  if (!part) throw new Error(`the condition was read without its selection ${name}`)
  return part
}
