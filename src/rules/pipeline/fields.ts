import { z } from 'zod'
import { opened } from '../parse/pattern.ts'
import type { Item, Test } from '../parse/syntax.ts'
import { fieldName } from './conditions.ts'
import { changeItems, kindOf, type Kind, type Scope, type Transformation } from './step.ts'
import { Refusal, type Draft, type DraftItem, type Work } from './work.ts'

/** A field's new names; undefined leaves it. Keywords have no field. */
type Rename = (field: string | undefined) => readonly string[] | undefined

/** A field may become this many at once. */
export const MOST_TARGETS = 100

const Target = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(MOST_TARGETS), z.null()])
const Mapping = z.record(z.string(), Target)
/** A prefix may be taken away. */
const PrefixMapping = z.record(z.string(), z.union([z.string(), Target]))

/** How YAML writes the key that stands for keywords: `null`, `~` or an empty text. */
const KEYWORDS = new Set(['', 'null', '~'])

const FUNCTIONS: Readonly<Record<string, (field: string) => string>> = {
  lower: (field) => field.toLowerCase(),
  upper: (field) => field.toUpperCase(),
  title: (field) => field.toLowerCase().replaceAll(/\p{L}+/gu, capital),
  snake_case: (field) => wordsOf(field).join('_').toLowerCase(),
  camel_case: (field) => {
    const pascal = wordsOf(field).map(capital).join('')
    return pascal.slice(0, 1).toLowerCase() + pascal.slice(1)
  },
}

export const FIELD_TRANSFORMATIONS: readonly (readonly [string, Kind<Transformation>])[] = [
  [
    'field_name_mapping',
    kindOf(z.strictObject({ mapping: Mapping }), ({ mapping }) => {
      const targets = targetsOf(mapping)
      return renaming((field) => targets.get(field))
    }),
  ],
  [
    'field_name_prefix_mapping',
    kindOf(z.strictObject({ mapping: PrefixMapping }), ({ mapping }) => {
      const prefixes = [...targetsOf(mapping)].filter((entry): entry is [string, readonly string[]] => !!entry[0])
      return renaming((field) => {
        const found = field === undefined ? undefined : prefixes.find(([prefix]) => field.startsWith(prefix))
        return found?.[1].map((target) => target + (field ?? '').slice(found[0].length))
      })
    }),
  ],
  [
    'field_name_transform',
    kindOf(
      z.strictObject({
        transform_func: z.enum(['lower', 'upper', 'title', 'snake_case', 'camel_case']),
        mapping: Mapping.default({}),
        apply_keyword: z.literal(false).optional(),
      }),
      ({ transform_func, mapping }) => {
        const targets = targetsOf(mapping)
        return renaming((field) => {
          if (field === undefined) return undefined
          return targets.get(field) ?? [FUNCTIONS[transform_func]?.(field) ?? field]
        })
      },
    ),
  ],
  [
    'field_name_prefix',
    kindOf(z.strictObject({ prefix: z.string() }), ({ prefix }) =>
      renaming((field) => (field === undefined ? undefined : [prefix + field])),
    ),
  ],
  [
    'field_name_suffix',
    kindOf(z.strictObject({ suffix: z.string() }), ({ suffix }) =>
      renaming((field) => (field === undefined ? undefined : [field + suffix])),
    ),
  ],
  [
    'strict_field_mapping_failure',
    kindOf(z.strictObject({}), () => (work: Work, scope: Scope) => {
      const unmapped = new Set<string>()
      changeItems(work, { ...scope, meansItem: () => true }, ({ item: { field } }) => {
        if (field !== undefined && !work.mapped.has(field)) unmapped.add(field)
        return undefined
      })
      if (unmapped.size > 0)
        throw new Refusal(
          `no mapping knows its fields ${[...unmapped].join(', ')}`,
          'Map them, or leave the rule out by a condition',
        )
    }),
  ],
]

function targetsOf(mapping: z.infer<typeof Mapping>): ReadonlyMap<string | undefined, readonly string[]> {
  const targets = new Map<string | undefined, readonly string[]>()
  for (const [source, target] of Object.entries(mapping))
    if (target !== null)
      targets.set(
        KEYWORDS.has(source) ? undefined : fieldName(source),
        (typeof target === 'string' ? [target] : target).map(fieldName),
      )
  return targets
}

/** Renames fields of items, of references in values, of what alerts and correlations are grouped by. */
function renaming(rename: Rename): Transformation {
  return (work, scope) => {
    const renameOne = (field: string): readonly string[] => {
      const targets = rename(field)
      if (!targets || !scope.meansField(field, work)) return [field]
      track(work, field, targets, scope.id)
      return targets
    }
    changeItems(work, scope, (draft) => renamedItem(draft, work, scope, rename, renameOne))
    if (work.correlation) return renameCorrelation(work, renameOne)
    // `principal` is modelward's own word, not a field of the record.
    const renameAll = (fields: readonly string[]): readonly string[] =>
      fields.flatMap((field) => (field === 'principal' ? [field] : renameOne(field)))
    work.facts = { ...work.facts, groupBy: renameAll(work.facts.groupBy) }
    const { memory } = work
    if (memory?.kind === 'first_seen') work.memory = { ...memory, fields: renameAll(memory.fields) }
    if (memory?.kind === 'absence') work.memory = { ...memory, groupBy: renameAll(memory.groupBy) }
  }
}

function renamedItem(
  draft: DraftItem,
  work: Work,
  scope: Scope,
  rename: Rename,
  renameOne: (field: string) => readonly string[],
): Draft | undefined {
  let isChanged = false
  const groups = draft.item.groups.map((group) =>
    group.flatMap((test) => {
      if (test.kind !== 'field' || !rename(test.field) || !scope.meansField(test.field, work)) return [test]
      isChanged = true
      return renameOne(test.field).map((field): Test => ({ ...test, field }))
    }),
  )
  const item = isChanged ? { ...draft.item, groups } : draft.item
  const targets = rename(item.field)
  if (!targets || !scope.meansField(item.field, work, draft.applied)) return isChanged ? { ...draft, item } : undefined
  for (const field of [...(item.field === undefined ? [] : [item.field]), ...targets]) work.mapped.add(field)
  const parts = targets.map((field) => ({ ...draft, item: onField(item, field) }))
  const [only] = parts
  if (only && parts.length === 1) return only
  return { kind: looksForAbsence(item) ? 'all' : 'any', parts }
}

/** What no field may have, or may be, must hold of each of several: any-of would hold nearly always. */
function looksForAbsence({ negated, groups }: Item): boolean {
  return negated || groups.flat().every((test) => test.kind === 'null' || (test.kind === 'exists' && !test.present))
}

/** Aliases stand for one field each, and a condition reckons with one at a time: neither can become several. */
function renameCorrelation(work: Work, renameOne: (field: string) => readonly string[]): void {
  const { correlation } = work
  if (!correlation) return
  const only = (field: string): string => {
    const [target, ...others] = renameOne(field)
    if (target === undefined || others.length > 0)
      throw new Refusal(
        `${field} becomes several fields, and a correlation needs one`,
        'Map it to one field for correlations',
      )
    return target
  }
  const aliases = mapValues(correlation.aliases, (rules) => mapValues(rules, only))
  const own = (field: string): readonly string[] =>
    field === 'principal' || Object.hasOwn(aliases, field) ? [field] : renameOne(field)
  const { condition } = correlation
  work.correlation = {
    ...correlation,
    aliases,
    groupBy: correlation.groupBy.flatMap(own),
    condition: condition.kind === 'number' ? { ...condition, fields: condition.fields.map(only) } : condition,
  }
  work.facts = { ...work.facts, groupBy: work.facts.groupBy.flatMap(own) }
}

function mapValues<T, U>(map: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))
}

/** The item on another field. Keywords are looked for within the field's values, as they were within all. */
function onField(item: Item, field: string): Item {
  const bar = item.written.indexOf('|')
  const written = bar === -1 ? field : field + item.written.slice(bar)
  if (item.field !== undefined) return { ...item, field, written }
  const groups = item.groups.map((group) =>
    group.map((test): Test => (test.kind === 'text' ? { ...test, pattern: opened(test.pattern, true, true) } : test)),
  )
  // A line whose placeholders are still open is made again later, from its modifiers.
  const pending = item.pending && { ...item.pending, modifiers: [...item.pending.modifiers, 'contains'] }
  return { ...item, field, written, groups, ...(pending ? { pending } : {}) }
}

function track(work: Work, field: string, targets: readonly string[], id: string): void {
  if (targets.length === 1 && targets[0] === field) return
  const applied = new Set([...(work.renamed.get(field) ?? []), id])
  work.renamed.delete(field)
  for (const target of targets) work.renamed.set(target, applied)
}

function wordsOf(field: string): readonly string[] {
  return field
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[\s_-]+/)
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()
}
