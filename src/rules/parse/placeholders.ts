import { createHash } from 'node:crypto'
import type { Problem } from '../../runtime/errors.ts'
import { makeItem } from './detection.ts'
import type { Lists } from './pattern.ts'
import { partOf } from './part.ts'
import type { Detection, Fault, Item, Pending, Rule, Selection } from './syntax.ts'

/**
 * Puts the values of lists in place of `%name%`: each value with placeholders becomes one value a combination, any of which
 * is enough. A rule that uses a placeholder without a list is refused. The values are part of a rule's meaning, and so of its
 * digest.
 */
export function resolvePlaceholders(
  rules: readonly Rule[],
  lists: Lists,
): { readonly rules: readonly Rule[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const resolved = rules.flatMap((rule) => {
    const made = resolve(rule.detection, lists)
    problems.push(...made.faults.map((fault) => problemOf(fault, rule.facts.file)))
    if (made.faults.length > 0) return []
    if (made.detection === rule.detection) return [rule]
    const facts = { ...rule.facts, digest: digestOf(rule.facts.digest, made.detection) }
    return [{ ...rule, facts, detection: made.detection }]
  })
  return { rules: resolved, problems }
}

interface PlacedFault extends Fault {
  readonly pending: Pending
}

/** The detection itself where it has no placeholders. */
function resolve(detection: Detection, lists: Lists): { detection: Detection; faults: readonly PlacedFault[] } {
  const faults: PlacedFault[] = []
  let hasPending = false

  function ofSelection(selection: Selection): Selection {
    if (selection.kind === 'item') return { kind: 'item', item: ofItem(selection.item) }
    return { kind: selection.kind, parts: selection.parts.map(ofSelection) }
  }

  function ofItem(item: Item): Item {
    if (item.pending === undefined) return item
    hasPending = true
    const made = makeItem(item, item.pending, lists)
    if (!('what' in made)) return made
    faults.push({ pending: item.pending, ...made })
    return item
  }

  const selections = new Map([...detection.selections].map(([name, selection]) => [name, ofSelection(selection)]))
  return { detection: hasPending ? { ...detection, selections } : detection, faults }
}

/** A line that a filter or a pipeline added to the rule stands in their file. */
function problemOf({ pending, what, cure }: PlacedFault, file: string): Problem {
  const added = pending.file === file ? '' : `, which is added to ${file}`
  return { file: pending.file, line: pending.line, part: partOf(pending.path), what: what + added, cure }
}

/** The wildcards of a pattern are symbols, which JSON leaves out. */
function digestOf(before: string, { selections }: Detection): string {
  const meaning = JSON.stringify([...selections], (_key, part: unknown) =>
    typeof part === 'symbol' ? String(part) : part,
  )
  return createHash('sha256').update(before).update(meaning).digest('hex')
}
