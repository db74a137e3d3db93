import type { Condition, Item, Rule, Selection, Test } from '../parse/syntax.ts'
import { plainText } from '../parse/pattern.ts'
import { fold } from '../compile/text.ts'

/** A field and the folded values one of which an event must have. */
export interface Witness {
  readonly field: string
  readonly values: readonly string[]
}

/**
 * What an event must show at least for a rule to hold: one of these. A rule without witnesses must always be asked. After
 * the idea of rsigma's candidate index: a necessary condition, never a sufficient one.
 */
export type Witnesses = readonly Witness[]

/** The cheapest witnesses of a rule, where it has any. `isFit` says which fields can be indexed, `cost` what a witness costs. */
export function witnessesOf(
  rule: Rule,
  isFit: (field: string) => boolean,
  cost: (witness: Witness) => number,
): Witnesses | undefined {
  const { condition, selections } = rule.detection
  const weigh = (witnesses: Witnesses): number => witnesses.reduce((sum, witness) => sum + cost(witness), 0)

  function ofCondition(part: Condition): Witnesses | undefined {
    if (part.kind === 'not') return undefined
    if (part.kind === 'selection') return ofNamed(part.name)
    const parts = part.kind === 'of' ? part.names.map(ofNamed) : part.parts.map(ofCondition)
    return part.kind === 'and' || (part.kind === 'of' && part.quantifier === 'all') ? best(parts) : union(parts)
  }

  function ofNamed(name: string): Witnesses | undefined {
    const selection = selections.get(name)
    return selection && ofSelection(selection)
  }

  function ofSelection(selection: Selection): Witnesses | undefined {
    if (selection.kind === 'item') return ofItem(selection.item, isFit)
    const parts = selection.parts.map(ofSelection)
    return selection.kind === 'all' ? best(parts) : union(parts)
  }

  function best(parts: readonly (Witnesses | undefined)[]): Witnesses | undefined {
    const [first, ...rest] = parts.filter((part) => part !== undefined)
    return first && rest.reduce((least, part) => (weigh(part) < weigh(least) ? part : least), first)
  }

  return ofCondition(condition)
}

/** Every witness that a rule's lines offer, wherever they stand: for counting how common values are. */
export function offeredBy(rule: Rule, isFit: (field: string) => boolean): Witnesses {
  const lines = (selection: Selection): readonly Item[] =>
    selection.kind === 'item' ? [selection.item] : selection.parts.flatMap(lines)
  return [...rule.detection.selections.values()].flatMap(lines).flatMap((item) => ofItem(item, isFit) ?? [])
}

function union(parts: readonly (Witnesses | undefined)[]): Witnesses | undefined {
  const known = parts.filter((part) => part !== undefined)
  return known.length === parts.length ? known.flat() : undefined
}

function ofItem(item: Item, isFit: (field: string) => boolean): Witnesses | undefined {
  if (item.field === undefined || item.negated || !isFit(item.field)) return undefined
  // With `all`, any one group is a necessary condition; the smallest says most.
  const groups = item.linking === 'all' ? [item.groups.toSorted((a, b) => a.length - b.length)[0] ?? []] : item.groups
  const values = groups.flat().map(valueOf)
  const known = values.filter((value) => value !== undefined)
  return known.length === values.length ? [{ field: item.field, values: [...new Set(known)] }] : undefined
}

/** The folded text that a value must have to pass the test, if there is exactly one. Objects are never indexed, nor their JSON. */
function valueOf(test: Test): string | undefined {
  if (test.kind === 'number' || test.kind === 'boolean') return String(test.value)
  const text = test.kind === 'text' ? plainText(test.pattern) : undefined
  return text === undefined || text.startsWith('{') ? undefined : fold(text)
}
