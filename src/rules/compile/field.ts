import type { Event, Fields } from '../../contract/event.ts'

/** What is asked of one value of a field. */
export type LeafTest = (value: unknown) => boolean

/** A field of an event, found again and again without parsing its name. */
export interface Field {
  readonly name: string
  /** True when reading it may have to build the event's ECS view. */
  readonly isEcs: boolean
  /** Whether any value of the field passes. A missing field has none; an array on the way or at the end has many. */
  some(event: Event, test: LeafTest): boolean
  /** Whether the field is there, whatever its value. */
  exists(event: Event): boolean
  /** The field as the event has it; only for names of one part. */
  readonly plain?: (event: Event) => unknown
}

/** First names of ECS fields that a rule may use for any source. Others are always the record's own. */
const ECS_ROOTS = new Set(
  'agent client cloud container data_stream destination device dns error event file gen_ai host http log modelward network observer orchestrator organization process related rule server service source threat tls trace url user user_agent'.split(
    ' ',
  ),
)

/**
 * Looks in the event's own fields: first for the whole name as one key, then along the dots, at every object for the rest of
 * the name as one key too. Only where the event has no such field of its own, and the name is one of ECS, in `event.ecs`.
 */
export function compileField(name: string): Field {
  const keys = name.split('.')
  const rests = keys.map((_, at) => keys.slice(at).join('.'))
  const isEcs = keys.length > 1 && ECS_ROOTS.has(keys[0] ?? '')
  const path = { keys, rests }
  if (isEcs)
    return {
      name,
      isEcs,
      some: (event, test) =>
        isThere(event.fields, path, 0) ? someLeaf(event.fields, path, 0, test) : someValue(event.ecs[name], test),
      exists: (event) => isThere(event.fields, path, 0) || event.ecs[name] !== undefined,
    }
  if (keys.length === 1)
    return {
      name,
      isEcs,
      some: (event, test) => someValue(own(event.fields, name), test),
      exists: (event) => own(event.fields, name) !== undefined,
      plain: (event) => own(event.fields, name),
    }
  return {
    name,
    isEcs,
    some: (event, test) => someLeaf(event.fields, path, 0, test),
    exists: (event) => isThere(event.fields, path, 0),
  }
}

interface FieldPath {
  readonly keys: readonly string[]
  /** For each key the name from there on, dots included. */
  readonly rests: readonly string[]
}

function someValue(value: unknown, test: LeafTest): boolean {
  if (value === undefined) return false
  if (!Array.isArray(value)) return test(value)
  for (const one of value) if (someValue(one, test)) return true
  return false
}

function someLeaf(value: unknown, path: FieldPath, at: number, test: LeafTest): boolean {
  if (at === path.keys.length) return someValue(value, test)
  if (Array.isArray(value)) {
    for (const one of value) if (someLeaf(one, path, at, test)) return true
    return false
  }
  if (!isObject(value)) return false
  const whole = own(value, path.rests[at] ?? '')
  if (whole !== undefined) return someValue(whole, test)
  return at < path.keys.length - 1 && someLeaf(own(value, path.keys[at] ?? ''), path, at + 1, test)
}

function isThere(value: unknown, path: FieldPath, at: number): boolean {
  if (at === path.keys.length) return value !== undefined
  if (Array.isArray(value)) {
    for (const one of value) if (isThere(one, path, at)) return true
    return false
  }
  if (!isObject(value)) return false
  if (own(value, path.rests[at] ?? '') !== undefined) return true
  return at < path.keys.length - 1 && isThere(own(value, path.keys[at] ?? ''), path, at + 1)
}

/** A record's own member only: one may be called as Object's own members are called. */
function own(value: Fields, key: string): unknown {
  const found = value[key]
  return (typeof found === 'function' || key === '__proto__') && !Object.hasOwn(value, key) ? undefined : found
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

/** How deep keywords look into a record; JSON nested deeper is no telemetry. */
const DEEPEST = 32

/** Whether any value anywhere in the record passes. `found` is told its dotted path, without array places, and the value. */
export function someValueAnywhere(
  value: unknown,
  test: LeafTest,
  path = '',
  found?: (path: string, value: unknown) => void,
  depth = 0,
): boolean {
  if (!isObject(value)) {
    if (!test(value)) return false
    found?.(path, value)
    return true
  }
  if (depth > DEEPEST) return false
  if (Array.isArray(value)) {
    for (const one of value) if (someValueAnywhere(one, test, path, found, depth + 1)) return true
    return false
  }
  for (const key in value) {
    const inner = found === undefined ? '' : path === '' ? key : `${path}.${key}`
    if (someValueAnywhere(value[key], test, inner, found, depth + 1)) return true
  }
  return false
}
