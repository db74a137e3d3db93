import { EcsFlat } from '@elastic/ecs'

interface FieldFacts {
  readonly type: string
  readonly normalize: readonly string[]
  readonly allowed_values?: readonly { readonly name: string; readonly expected_event_types?: readonly string[] }[]
}

const facts = EcsFlat as unknown as Readonly<Record<string, FieldFacts>>

/** What is not ECS about a nested document: unknown fields outside `modelward`, lists and scalars mixed up, wrong values. */
export function ecsProblems(document: Record<string, unknown>): string[] {
  return leavesOf(document, '').flatMap(([name, value]) => problemsOf(name, value))
}

function leavesOf(value: unknown, name: string): (readonly [string, unknown])[] {
  const isLeaf =
    typeof value !== 'object' || value === null || Array.isArray(value) || ['labels', 'modelward'].includes(name)
  if (isLeaf) return [[name, value]]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, name === '' ? key : `${name}.${key}`))
}

function problemsOf(name: string, value: unknown): string[] {
  if (name === 'modelward' || name === 'labels') return []
  const field = facts[name]
  if (!field) return [`${name} is not a field of ECS`]
  const isList = Array.isArray(value)
  const wantsList = field.normalize.includes('array')
  if (isList !== wantsList) return [`${name} must ${wantsList ? '' : 'not '}be a list`]
  const items: unknown[] = isList ? value : [value]
  return items.flatMap((item) => itemProblems(name, field, item))
}

function itemProblems(name: string, field: FieldFacts, item: unknown): string[] {
  const wantsNumber = ['long', 'float', 'integer', 'scaled_float', 'double'].includes(field.type)
  if (wantsNumber !== (typeof item === 'number') && field.type !== 'boolean') return [`${name} has ${typeof item}`]
  if (field.type === 'date' && Number.isNaN(Date.parse(String(item)))) return [`${name} is no date`]
  if (field.allowed_values && !field.allowed_values.some((allowed) => allowed.name === item))
    return [`${name} may not be ${String(item)}`]
  return []
}
