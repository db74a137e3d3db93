import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

export type Json = Readonly<Record<string, unknown>>

/** What a cluster is told before the first alert, by name. */
export interface ElasticTemplates {
  readonly pipelines: ReadonlyMap<string, Json>
  readonly components: ReadonlyMap<string, Json>
  readonly indexes: ReadonlyMap<string, Json>
}

/** Field types of the templates that a cluster does not know, each with one that it does: `{ wildcard: 'keyword' }`. */
export type Substitutes = Readonly<Record<string, string>>

/** Reads `dashboards/templates`: `component-<name>.json`, `index-<name>.json`, `pipeline-<name>.json`; role files are for people. */
export async function readTemplates(directory: string): Promise<ElasticTemplates> {
  const found = {
    pipeline: new Map<string, Json>(),
    component: new Map<string, Json>(),
    index: new Map<string, Json>(),
  }
  for (const file of (await readdir(directory)).toSorted()) {
    const [, kind, name] = /^(pipeline|component|index)-(.+)\.json$/.exec(file) ?? []
    if (kind === undefined || name === undefined) continue
    const content = JSON.parse(await readFile(join(directory, file), 'utf8')) as Json
    found[kind as keyof typeof found].set(name, content)
  }
  return { pipelines: found.pipeline, components: found.component, indexes: found.index }
}

/** The same template with every `type` of a field that is in `substitutes` replaced. */
export function withSubstitutes(template: Json, substitutes: Substitutes): Json {
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, substituted(key, value, substitutes)]))
}

function substituted(key: string, value: unknown, substitutes: Substitutes): unknown {
  if (key === 'properties' && isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, substitutedField(field, substitutes)]),
    )
  return isObject(value) ? withSubstitutes(value, substitutes) : value
}

function substitutedField(field: unknown, substitutes: Substitutes): unknown {
  if (!isObject(field)) return field
  const type = field['type']
  const instead = typeof type === 'string' ? substitutes[type] : undefined
  if (instead !== undefined) return { type: instead }
  return withSubstitutes(field, substitutes)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The template with a digest of itself in `_meta`, by which the next setup sees whether anything changed. */
export function stamped(template: Json): { readonly body: Json; readonly digest: string } {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 16)
  const meta = isObject(template['_meta']) ? template['_meta'] : {}
  return { body: { ...template, _meta: { ...meta, digest } }, digest }
}
