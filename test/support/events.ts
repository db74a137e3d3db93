import type { EcsFields, Event, Inference } from '../../src/contract/event.ts'

export interface EventParts {
  readonly id?: string
  readonly at?: number
  readonly fields?: Record<string, unknown>
  readonly principal?: string
  readonly inference?: Partial<Inference>
  readonly logsource?: Event['logsource']
  readonly ecs?: EcsFields
  readonly sealed?: Event['sealed']
}

let serial = 0

/** An event with sensible parts for whatever a test does not care about. */
export function event(parts: EventParts = {}): Event {
  const at = parts.at ?? Date.UTC(2026, 0, 5, 12)
  return {
    id: parts.id ?? `event${String(++serial).padStart(21, '0')}`,
    at,
    receivedAt: at,
    source: 'test',
    format: 'json',
    logsource: parts.logsource ?? { category: 'inference' },
    fields: parts.fields ?? {},
    sealed: parts.sealed ?? { identity: [], text: [] },
    ecs: parts.ecs ?? {},
    ...(parts.principal === undefined ? {} : { principal: parts.principal }),
    ...(parts.inference === undefined
      ? {}
      : { inference: { operation: 'chat', ok: true, parameters: {}, ...parts.inference } }),
  }
}
