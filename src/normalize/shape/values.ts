import type { Fields } from '../../contract/event.ts'

/** Reading what a stranger wrote: each answers undefined for anything of another kind, and never throws. */

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function recordOf(value: unknown): Fields | undefined {
  return isRecord(value) ? value : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A string that says something: neither empty nor the `-` that access logs write for nothing. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value !== '-' ? value : undefined
}

/** The first of them that says something. */
export function firstText(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const text = textOf(value)
    if (text !== undefined) return text
  }
  return undefined
}

/** A string, or a number or boolean written as one: codes come as either. */
export function wordOf(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : textOf(value)
}

/** A finite number, also when it is written as a string. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value === '' || value.length > 40) return undefined
  const number = Number(value)
  return Number.isFinite(number) && value.trim() !== '' ? number : undefined
}

/** A whole number from 0 on. */
export function countOf(value: unknown): number | undefined {
  const number = numberOf(value)
  return number !== undefined && number >= 0 && Number.isSafeInteger(number) ? number : undefined
}

export function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

/** The value at a dotted path; a field whose own name has the dots in it comes first. Own properties only. */
export function valueAt(fields: Fields, path: string): unknown {
  if (Object.hasOwn(fields, path)) return fields[path]
  let from = 0
  let at: unknown = fields
  for (;;) {
    if (!isRecord(at)) return undefined
    const dot = path.indexOf('.', from)
    const name = dot < 0 ? path.slice(from) : path.slice(from, dot)
    if (!Object.hasOwn(at, name)) return undefined
    at = at[name]
    if (dot < 0) return at
    from = dot + 1
  }
}

/** Numbers that a vector may have; the largest embeddings have a quarter of it, and images of 28 by 28 a twentieth. */
const LONGEST_VECTOR = 16_384

/** Numbers only: one that is none, or too many of them, spoils the vector. */
export function vectorOf(value: unknown): Float32Array | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > LONGEST_VECTOR) return undefined
  return value.every((item) => typeof item === 'number') ? Float32Array.from(value) : undefined
}
