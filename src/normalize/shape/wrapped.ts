import type { Fields } from '../../contract/event.ts'
import type { Refusal } from '../../contract/record.ts'
import type { Draft } from './format.ts'
import { isRecord } from './values.ts'

/** The events of a record that wraps several, in order. One element that is no object refuses them all: nothing is dropped unseen. */
export function everyRecord(
  elements: readonly unknown[],
  name: string,
  toDraft: (element: Fields) => Draft,
): readonly Draft[] | { readonly refused: Refusal } {
  const drafts: Draft[] = []
  for (const [index, element] of elements.entries()) {
    if (!isRecord(element))
      return { refused: { reason: 'not_an_object', detail: `${name}[${index}] is not a JSON object` } }
    drafts.push(toDraft(element))
  }
  return drafts
}
