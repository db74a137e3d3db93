import type { Logsource } from '../../src/contract/event.ts'

/** An event as the naive evaluator sees it. */
export interface NaiveEvent {
  readonly fields: Readonly<Record<string, unknown>>
  readonly ecs: Readonly<Record<string, unknown>>
}

/** Every value of a field: of an array each, of a missing field none. */
export function valuesOf({ fields, ecs }: NaiveEvent, name: string): readonly unknown[] {
  return isThere(fields, name) ? reach(fields, name) : flatten(member(ecs, name))
}

export function hasField({ fields, ecs }: NaiveEvent, name: string): boolean {
  return isThere(fields, name) || member(ecs, name) !== undefined
}

/** The whole name as a key; else its first word as a key and the rest within that; through arrays, each entry so. */
function reach(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => reach(one, name))
  const whole = member(value, name)
  if (whole !== undefined) return flatten(whole)
  const dot = name.indexOf('.')
  return dot < 0 ? [] : reach(member(value, name.slice(0, dot)), name.slice(dot + 1))
}

function isThere(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.some((one) => isThere(one, name))
  if (member(value, name) !== undefined) return true
  const dot = name.indexOf('.')
  return dot >= 0 && isThere(member(value, name.slice(0, dot)), name.slice(dot + 1))
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

function flatten(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value.flatMap(flatten) : [value]
}

/** Every value of the whole record, however deep; the names of fields are none. */
export function everyValue(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [value]
  return Object.values(value).flatMap(everyValue)
}

/** A value as Sigma compares it: as text. An object is its JSON; null is no text. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value === null ? undefined : JSON.stringify(value)
}

/** Each part of a log source that the rule names must be among the event's, in any case. */
export function naiveRouted(rule: Readonly<Record<string, unknown>>, event: Logsource): boolean {
  return (['category', 'product', 'service'] as const).every((part) => {
    const wanted = rule[part]
    if (typeof wanted !== 'string') return true
    return [event[part] ?? []].flat().some((is) => is.toLowerCase() === wanted.toLowerCase())
  })
}
