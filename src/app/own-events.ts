import { hash } from 'node:crypto'
import type { EcsFields, Event, Fields, Logsource } from '../contract/event.ts'
import type { Observation } from '../contract/inspect.ts'
import type { StoreNotice } from '../contract/store.ts'
import { base32 } from '../runtime/base32.ts'

const SELF: Logsource = Object.freeze({ product: 'modelward', category: 'self' })
const POSTURE: Logsource = Object.freeze({ product: 'modelward', category: 'posture' })

/** What the daemon saw of itself: log source `product: modelward, category: self`. */
function ownEvent(action: string, at: number, fields: Fields): Event {
  return plainEvent(SELF, 'self', `${action}\n${at}`, at, { action, ...fields }, { 'event.action': action })
}

/** What had to be mended when the store was opened, as events that rules can match. */
export function storeEvents(notices: readonly StoreNotice[], at: number): readonly Event[] {
  return notices
    .filter(({ kind }) => kind === 'set-aside')
    .map(({ kind, detail }) => ownEvent(`store.${kind}`, at, { detail }))
}

/** What a scheduled check saw: log source `product: modelward, category: posture`, with `check` and `subject`. */
export function observedEvent(check: string, observation: Observation): Event {
  const { subject, at, fields } = observation
  return plainEvent(
    POSTURE,
    check,
    `${check}\n${subject}\n${at}`,
    at,
    { check, subject, ...fields },
    { 'event.action': check },
  )
}

function plainEvent(
  logsource: Logsource,
  source: string,
  identity: string,
  at: number,
  fields: Fields,
  ecs: EcsFields,
): Event {
  return {
    id: base32(hash('sha256', `${source}\n${identity}`, 'buffer'), 26),
    at,
    receivedAt: at,
    source,
    format: typeof logsource.category === 'string' ? logsource.category : 'self',
    logsource,
    fields,
    sealed: { identity: [], text: [] },
    ecs,
  }
}
