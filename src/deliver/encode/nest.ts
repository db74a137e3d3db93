import { isIP } from 'node:net'
import type { EcsFields, EcsValue } from '../../contract/event.ts'

/** A nested JSON document under construction. */
export type Document = Record<string, unknown>

/**
 * Flat ECS names (`source.ip`) to nested JSON. A name that would have to be both a value and an object keeps what came
 * first, and a name that could reach a prototype is left out.
 */
export function nest(fields: Iterable<readonly [string, unknown]>): Document {
  const document: Document = {}
  for (const [name, value] of fields) if (value !== undefined) put(document, name.split('.'), value)
  return document
}

function put(document: Document, path: readonly string[], value: unknown): void {
  if (path.includes('__proto__')) return
  let at = document
  for (const part of path.slice(0, -1)) {
    const next = (at[part] ??= {})
    if (typeof next !== 'object' || Array.isArray(next)) return
    at = next as Document
  }
  const last = path.at(-1) ?? ''
  if (!Object.hasOwn(at, last)) at[last] = value
}

/** Everything that is not an IP address taken out of a value that must hold only those; undefined when nothing is left. */
export function addressesOf(value: EcsValue | undefined): readonly string[] {
  return listOf(value).filter((item): item is string => typeof item === 'string' && isIP(item) !== 0)
}

/** One value or many, as many. */
function listOf(value: EcsValue | undefined): readonly (string | number | boolean)[] {
  if (value === undefined) return []
  return typeof value === 'object' ? value : [value]
}

/** Distinct text values of these fields over all of the documents, in order of appearance. */
export function distinct(documents: readonly EcsFields[], names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  for (const document of documents)
    for (const name of names) for (const item of listOf(document[name])) if (item !== '') seen.add(String(item))
  return [...seen]
}
