import { isIP } from 'node:net'
import { EcsFlat } from '@elastic/ecs'

interface EcsField {
  readonly type: string
  readonly normalize?: readonly string[]
  readonly allowed_values?: readonly { readonly name: string; readonly expected_event_types?: readonly string[] }[]
}

const FIELDS = EcsFlat as unknown as Readonly<Record<string, EcsField>>

/** ECS 9.5 renames `gen_ai.system` to this; the package knows 9.4. */
const AHEAD: Readonly<Record<string, EcsField>> = { 'gen_ai.provider.name': { type: 'keyword', normalize: [] } }

/**
 * What is wrong with a document, flat or nested, against the Elastic Common Schema: unknown fields, types, lists where
 * there should be none (or none where there should be), values outside the allowed ones, and event types that none of
 * the document's categories expects. Fields under `modelward.` are ours and may be anything scalar.
 */
export function ecsProblems(document: Readonly<Record<string, unknown>>): string[] {
  const leaves = new Map<string, Leaf>()
  flatten(document, '', false, leaves)
  const problems: string[] = []
  for (const [name, leaf] of leaves) {
    const problem = problemOf(name, leaf)
    if (problem !== undefined) problems.push(`${name}: ${problem}`)
  }
  return [...problems, ...unexpectedTypes(leaves)]
}

interface Leaf {
  readonly values: unknown[]
  isList: boolean
}

/** A list of objects (`threat.technique`) makes each of its fields a list. */
function flatten(value: unknown, name: string, inList: boolean, leaves: Map<string, Leaf>): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, child] of Object.entries(value))
      flatten(child, name === '' ? key : `${name}.${key}`, inList, leaves)
    return
  }
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
    for (const item of value) flatten(item, name, true, leaves)
    return
  }
  const leaf = leaves.get(name) ?? { values: [], isList: inList }
  leaf.isList ||= inList || Array.isArray(value)
  leaf.values.push(...(Array.isArray(value) ? value : [value]))
  leaves.set(name, leaf)
}

function problemOf(name: string, { values, isList }: Leaf): string | undefined {
  if (name.startsWith('modelward.')) return values.every(isScalar) ? undefined : 'is not made of scalars'
  const field = FIELDS[name] ?? AHEAD[name]
  if (!field) return hasOpenParent(name) ? undefined : 'is not an ECS field'
  const wantsList = field.normalize?.includes('array') === true
  if (wantsList && !isList) return 'must be a list'
  if (!wantsList && isList) return 'must not be a list'
  for (const value of values) {
    const problem = typeProblem(field.type, value)
    if (problem !== undefined) return problem
    if (
      field.allowed_values &&
      field.allowed_values.length > 0 &&
      !field.allowed_values.some(({ name }) => name === value)
    )
      return `${String(value)} is not an allowed value`
  }
  return undefined
}

/** `labels.anything`: below a field that is an object. */
function hasOpenParent(name: string): boolean {
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const parent = FIELDS[name.slice(0, dot)]
    if (parent) return parent.type === 'object' || parent.type === 'flattened'
  }
  return false
}

function isScalar(value: unknown): boolean {
  return ['string', 'boolean'].includes(typeof value) || (typeof value === 'number' && Number.isFinite(value))
}

const WHOLE: Readonly<Record<string, number>> = {
  long: Number.MAX_SAFE_INTEGER,
  integer: 2 ** 31 - 1,
  short: 2 ** 15 - 1,
}

function typeProblem(type: string, value: unknown): string | undefined {
  const limit = WHOLE[type]
  if (limit !== undefined)
    return Number.isInteger(value) && Math.abs(Number(value)) <= limit ? undefined : `${String(value)} is no ${type}`
  switch (type) {
    case 'keyword':
    case 'constant_keyword':
      return typeof value === 'string' && value.length <= 1024 ? undefined : `a ${typeof value} is no short text`
    case 'wildcard':
    case 'text':
    case 'match_only_text':
      return typeof value === 'string' ? undefined : `a ${typeof value} is no text`
    case 'float':
    case 'double':
    case 'scaled_float':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : `${String(value)} is no number`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${String(value)} is no boolean`
    case 'ip':
      return typeof value === 'string' && isIP(value) !== 0 ? undefined : `${String(value)} is no IP address`
    case 'date':
      return Number.isNaN(new Date(value as string).getTime()) ? `${String(value)} is no date` : undefined
    case 'nested':
      return `a ${typeof value} cannot be indexed as nested`
    default:
      return undefined
  }
}

function unexpectedTypes(leaves: ReadonlyMap<string, Leaf>): string[] {
  const categories = leaves.get('event.category')?.values ?? []
  const expected = (FIELDS['event.category']?.allowed_values ?? [])
    .filter(({ name }) => categories.includes(name))
    .flatMap(({ expected_event_types }) => expected_event_types ?? [])
  if (categories.length === 0) return []
  return (leaves.get('event.type')?.values ?? [])
    .filter((type) => !expected.includes(String(type)))
    .map((type) => `event.type: ${String(type)} is not expected of ${categories.join(', ')}`)
}
