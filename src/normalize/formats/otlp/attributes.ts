import { countOf, flagOf, isRecord, listOf, recordOf, textOf } from '../../shape/values.ts'

/** Attributes by their full name, values as plain JSON. */
export type Attributes = ReadonlyMap<string, unknown>

export function attributesOf(list: unknown): Attributes {
  const attributes = new Map<string, unknown>()
  for (const item of listOf(list)) {
    if (!isRecord(item)) continue
    const key = textOf(item['key'])
    if (key !== undefined) attributes.set(key, plainValue(item['value']))
  }
  return attributes
}

/** OTLP's AnyValue as plain JSON. Integers come as strings; one that JavaScript would round stays a string. */
export function plainValue(value: unknown): unknown {
  if (!isRecord(value)) return undefined
  if ('stringValue' in value) return value['stringValue']
  if ('intValue' in value) return countOf(value['intValue']) ?? smallNegative(value['intValue'])
  if ('boolValue' in value) return flagOf(value['boolValue'])
  if ('doubleValue' in value) return value['doubleValue']
  if ('arrayValue' in value) return listOf(recordOf(value['arrayValue'])?.['values']).map(plainValue)
  if ('kvlistValue' in value) return nested(attributesOf(recordOf(value['kvlistValue'])?.['values']))
  return value['bytesValue']
}

function smallNegative(value: unknown): unknown {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** More parts than this stay one name. */
const MOST_PARTS = 16

/**
 * `gen_ai.request.model` as nested objects, the way rules name fields. Where one attribute's name begins another's
 * (`gen_ai.prompt` and `gen_ai.prompt.0.role`), the longer keeps its full name at the top.
 */
export function nested(attributes: Attributes): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const [name, value] of attributes) {
    const parts = name.split('.', MOST_PARTS + 1)
    if (parts.length > MOST_PARTS || !place(root, parts, value)) root[safe(name)] = value
  }
  return root
}

function place(root: Record<string, unknown>, parts: readonly string[], value: unknown): boolean {
  let at = root
  for (const part of parts.slice(0, -1)) {
    const name = safe(part)
    if (!Object.hasOwn(at, name)) at[name] = {}
    const next = at[name]
    if (!isRecord(next)) return false
    at = next
  }
  const last = safe(parts.at(-1) ?? '')
  if (Object.hasOwn(at, last)) return false
  at[last] = value
  return true
}

/** Attribute names are values in JSON: here they become names, and must not reach a prototype. */
function safe(name: string): string {
  return name === '__proto__' ? '(__proto__)' : name
}
