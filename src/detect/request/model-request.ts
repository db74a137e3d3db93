import type { Event, Inference } from '../../contract/event.ts'

/** An event that is one request to a model by a known caller, at a believable time. */
export type ModelRequest = Event & { readonly principal: string; readonly inference: Inference }

const DAY_MS = 86_400_000
/** Times that a Date can hold, with room for a bucket's edges. */
const FURTHEST_MS = 8e15

/** False for everything a detector of callers has to pass over, among it events dated more than a day after their receipt. */
export function isModelRequest(event: Event): event is ModelRequest {
  return (
    event.inference !== undefined &&
    event.principal !== undefined &&
    Math.abs(event.at) <= FURTHEST_MS &&
    !(event.at > event.receivedAt + DAY_MS)
  )
}
