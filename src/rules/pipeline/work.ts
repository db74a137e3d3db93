import type { RuleFacts } from '../../contract/rules.ts'
import type { Lists } from '../parse/pattern.ts'
import type { Condition, Correlation, Detection, Fault, Item, Rule, Selection } from '../parse/syntax.ts'

/** A selection on its way through pipelines: every item knows the steps that changed it. */
export type Draft = DraftItem | { readonly kind: 'all' | 'any'; readonly parts: readonly Draft[] }
export interface DraftItem {
  readonly kind: 'item'
  readonly item: Item
  /** Ids of the steps. */
  readonly applied: ReadonlySet<string>
  /** What is known of its placeholders while others are not. */
  readonly lists?: Lists
}

export type Scalar = string | number | boolean | null

/** A rule or a correlation on its way through the pipelines, and what the steps remember of it. */
export interface Work {
  readonly of: Rule | Correlation
  facts: RuleFacts
  /** A rule's; undefined of a correlation. */
  detection: DraftDetection | undefined
  /** Of a rule that remembers: its fields are renamed as those of its detection are. */
  memory: Rule['memory']
  /** A correlation's; undefined of a rule. */
  correlation: Correlation | undefined
  /** Log sources of the rules that feed a correlation. */
  readonly fedBy: readonly RuleFacts['logsource'][]
  /** Of all pipelines: name -> values for its placeholder. */
  readonly vars: Lists
  /** Ids of the steps that took the rule. */
  readonly applied: Set<string>
  readonly state: Map<string, Scalar>
  /** Set by `set_custom_attribute`. */
  readonly attributes: Map<string, unknown>
  /** Fields outside of selections -> ids of the steps that renamed them. */
  readonly renamed: Map<string, ReadonlySet<string>>
  /** Fields that a mapping knows, and those that it made of them. */
  readonly mapped: Set<string>
}

export interface DraftDetection {
  readonly selections: ReadonlyMap<string, Draft>
  readonly condition: Condition
}

/** Why a pipeline cannot take a rule. */
export class Refusal extends Error {
  readonly fault: Fault
  constructor(what: string, cure: string) {
    super(what)
    this.fault = { what, cure }
  }
}

/** The most tests that a rule may have after a step: lists of lists grow without end. */
export const MOST_TESTS = 100_000

const NOTHING: ReadonlySet<string> = new Set()

export function draftOf(selection: Selection): Draft {
  if (selection.kind === 'item') return { kind: 'item', item: selection.item, applied: NOTHING }
  return { kind: selection.kind, parts: selection.parts.map(draftOf) }
}

export function draftItem(item: Item, applied: ReadonlySet<string> = NOTHING): DraftItem {
  return { kind: 'item', item, applied }
}

/** The items of a draft, in order. */
export function* itemsOf(draft: Draft): IterableIterator<DraftItem> {
  if (draft.kind === 'item') yield draft
  else for (const part of draft.parts) yield* itemsOf(part)
}

/** Changes items; undefined leaves one as it is. What an item is replaced by is not looked at again. */
export function mapItems(draft: Draft, change: (item: DraftItem) => Draft | undefined): Draft {
  if (draft.kind === 'item') return change(draft) ?? draft
  const parts = draft.parts.map((part) => mapItems(part, change))
  return parts.every((part, at) => part === draft.parts[at]) ? draft : { kind: draft.kind, parts }
}

/** Every item of the draft, marked as changed by the step `id`. */
export function marked(draft: Draft, id: string): Draft {
  return mapItems(draft, (item) => ({ ...item, applied: new Set([...item.applied, id]) }))
}

/** The detection as rules have it. Selections that lost all of their items are gone from the condition too. */
export function finished({ selections, condition }: DraftDetection): Detection {
  const left = new Map<string, Selection>()
  for (const [name, draft] of selections) {
    const selection = finishedSelection(draft)
    if (selection) left.set(name, selection)
  }
  const pruned = prune(condition, left)
  if (!pruned)
    throw new Refusal('nothing is left of its detection', 'Drop fewer items, or leave the rule out by a condition')
  return { selections: left, condition: pruned }
}

function finishedSelection(draft: Draft): Selection | undefined {
  if (draft.kind === 'item') return { kind: 'item', item: draft.item }
  const parts = draft.parts.map(finishedSelection).filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : { kind: draft.kind, parts }
}

function prune(condition: Condition, left: ReadonlyMap<string, Selection>): Condition | undefined {
  if (condition.kind === 'selection') return left.has(condition.name) ? condition : undefined
  if (condition.kind === 'of') {
    const names = condition.names.filter((name) => left.has(name))
    return names.length === 0 ? undefined : { ...condition, names }
  }
  if (condition.kind === 'not') {
    const part = prune(condition.part, left)
    return part && { kind: 'not', part }
  }
  const parts = condition.parts.map((part) => prune(part, left)).filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : { kind: condition.kind, parts }
}
