import type { RE2JS } from 're2js'
import { z } from 'zod'
import type { RuleFacts } from '../../contract/rules.ts'
import { parsePattern } from '../parse/pattern.ts'
import type { Fault, Test } from '../parse/syntax.ts'
import { kindOf, type Kind } from './step.ts'
import { beginsWith, plainOf, readRegex } from './text.ts'
import { itemsOf, type DraftItem, type Scalar, type Work } from './work.ts'

/** A condition asks a rule, an item of it, or the name of a field. */
export type RuleCheck = (work: Work) => boolean
export type ItemCheck = (item: DraftItem, work: Work) => boolean
/** `applied` are the steps of the item whose field it is; elsewhere the work itself knows them. */
export type FieldCheck = (field: string | undefined, work: Work, applied?: ReadonlySet<string>) => boolean

const Name = z.string().min(1)
const Value = z.union([z.string(), z.number(), z.boolean()])
const Some = z.enum(['any', 'all'])
const Id = z.strictObject({ processing_item_id: Name })
const State = z.strictObject({
  key: Name,
  val: z.union([Value, z.null()]),
  op: z.enum(['eq', 'ne', 'gte', 'gt', 'lte', 'lt']).default('eq'),
})
const Nothing = z.strictObject({})

export const Logsource = z
  .strictObject({ category: Name.optional(), product: Name.optional(), service: Name.optional() })
  .refine((logsource) => Object.keys(logsource).length > 0, 'it names no category, product or service')
  .transform(({ category, product, service }): RuleFacts['logsource'] => ({
    ...(category === undefined ? {} : { category }),
    ...(product === undefined ? {} : { product }),
    ...(service === undefined ? {} : { service }),
  }))

/** The word that rules and pipelines agree on for a field: Sigma's field names have no spaces here. */
export function fieldName(written: string): string {
  return written.replaceAll(' ', '')
}

export const RULE_CONDITIONS: ReadonlyMap<string, Kind<RuleCheck>> = new Map([
  [
    'logsource',
    kindOf(Logsource, (wanted) => (work: Work) => {
      const sources = work.correlation ? work.fedBy : [work.facts.logsource]
      return sources.some((source) => isWithin(source, wanted))
    }),
  ],
  [
    'contains_field',
    kindOf(
      z.strictObject({ field: Name }),
      ({ field }) =>
        (work: Work) =>
          itemsOfWork(work).some(({ item }) => item.field === fieldName(field)),
    ),
  ],
  [
    'contains_detection_item',
    kindOf(
      z.strictObject({ field: Name, value: Value }),
      ({ field, value }) =>
        (work: Work) =>
          itemsOfWork(work).some(
            ({ item }) => item.field === fieldName(field) && item.groups.flat().some((test) => isValue(test, value)),
          ),
    ),
  ],
  [
    'processing_item_applied',
    kindOf(
      Id,
      ({ processing_item_id: id }) =>
        (work: Work) =>
          work.applied.has(id),
    ),
  ],
  ['processing_state', kindOf(State, (state) => (work: Work) => isState(work, state))],
  ['is_sigma_rule', kindOf(Nothing, () => (work: Work) => work.correlation === undefined)],
  ['is_sigma_correlation_rule', kindOf(Nothing, () => (work: Work) => work.correlation !== undefined)],
  ['rule_attribute', ruleAttribute()],
  [
    'tag',
    kindOf(
      z.strictObject({ tag: Name }),
      ({ tag }) =>
        (work: Work) =>
          work.facts.tags.some((one) => one.toLowerCase() === tag.toLowerCase()),
    ),
  ],
])

export const ITEM_CONDITIONS: ReadonlyMap<string, Kind<ItemCheck>> = new Map([
  [
    'match_string',
    kindOf(
      z.strictObject({ cond: Some, pattern: z.string(), negate: z.boolean().default(false) }),
      ({ cond, pattern, negate }) => {
        const regex = readRegex(pattern)
        if ('what' in regex) return regex
        return ofTests(cond, (test) => (test.kind === 'text' && beginsWith(regex, plainOf(test.pattern))) !== negate)
      },
    ),
  ],
  [
    'match_value',
    kindOf(z.strictObject({ cond: Some, value: Value }), ({ cond, value }) =>
      ofTests(cond, (test) => isValue(test, value)),
    ),
  ],
  [
    'contains_wildcard',
    kindOf(z.strictObject({ cond: Some }), ({ cond }) =>
      ofTests(cond, (test) => test.kind === 'text' && test.pattern.some((part) => typeof part === 'symbol')),
    ),
  ],
  ['is_null', kindOf(z.strictObject({ cond: Some }), ({ cond }) => ofTests(cond, (test) => test.kind === 'null'))],
  [
    'processing_item_applied',
    kindOf(
      Id,
      ({ processing_item_id: id }) =>
        (item: DraftItem) =>
          item.applied.has(id),
    ),
  ],
  ['processing_state', kindOf(State, (state) => (_: DraftItem, work: Work) => isState(work, state))],
])

export const FIELD_CONDITIONS: ReadonlyMap<string, Kind<FieldCheck>> = new Map([
  ['include_fields', fieldList(true)],
  ['exclude_fields', fieldList(false)],
  [
    'processing_item_applied',
    kindOf(
      Id,
      ({ processing_item_id: id }): FieldCheck =>
        (field, work, applied) =>
          (applied ?? (field === undefined ? undefined : work.renamed.get(field)))?.has(id) ?? false,
    ),
  ],
  [
    'processing_state',
    kindOf(
      State,
      (state): FieldCheck =>
        (_, work) =>
          isState(work, state),
    ),
  ],
])

function fieldList(isIncluded: boolean): Kind<FieldCheck> {
  const Fields = z.strictObject({ fields: z.array(z.string()), mode: z.enum(['plain', 're']).default('plain') })
  return kindOf(Fields, ({ fields, mode }) => {
    if (mode === 'plain') {
      const names = new Set(fields.map(fieldName))
      return (field: string | undefined) => (field !== undefined && names.has(field)) === isIncluded
    }
    const regexes: RE2JS[] = []
    for (const source of fields) {
      const regex = readRegex(source)
      if ('what' in regex) return regex
      regexes.push(regex)
    }
    return (field: string | undefined) =>
      (field !== undefined && regexes.some((regex) => beginsWith(regex, field))) === isIncluded
  })
}

function ofTests(cond: 'any' | 'all', check: (test: Test) => boolean): ItemCheck {
  return ({ item }) => {
    const tests = item.groups.flat()
    return cond === 'any' ? tests.some(check) : tests.every(check)
  }
}

function itemsOfWork({ detection }: Work): readonly DraftItem[] {
  return [...(detection?.selections.values() ?? [])].flatMap((draft) => [...itemsOf(draft)])
}

function isValue(test: Test, value: string | number | boolean): boolean {
  if (test.kind === 'text') return typeof value === 'string' && plainOf(test.pattern) === plainOf(parsePattern(value))
  return (test.kind === 'number' || test.kind === 'boolean') && test.value === value
}

function isWithin(is: RuleFacts['logsource'], wanted: RuleFacts['logsource']): boolean {
  return (['category', 'product', 'service'] as const).every(
    (part) => wanted[part] === undefined || wanted[part].toLowerCase() === is[part]?.toLowerCase(),
  )
}

function isState(work: Work, { key, val, op }: z.infer<typeof State>): boolean {
  const is = work.state.get(key)
  return is === undefined ? false : compare(is, val, op)
}

/** Numbers and texts are held against their own kind only; of others only equality is known. */
function compare(is: Scalar, wanted: Scalar, op: z.infer<typeof State>['op']): boolean {
  if (op === 'eq') return is === wanted
  if (op === 'ne') return is !== wanted
  if (
    !(typeof is === 'number' && typeof wanted === 'number') &&
    !(typeof is === 'string' && typeof wanted === 'string')
  )
    return false
  if (op === 'gt') return is > wanted
  if (op === 'gte') return is >= wanted
  return op === 'lt' ? is < wanted : is <= wanted
}

const LEVELS = ['informational', 'low', 'medium', 'high', 'critical']
const STATUSES = ['unsupported', 'deprecated', 'experimental', 'test', 'stable']
/** Attributes of pySigma's rules that are not kept here. */
const NOT_KEPT = new Set(['date', 'modified', 'related', 'fields', 'scope', 'taxonomy', 'logsource', 'detection'])

function ruleAttribute(): Kind<RuleCheck> {
  const Attribute = z.strictObject({
    attribute: Name,
    value: z.union([z.string(), z.number()]),
    op: z.enum(['eq', 'ne', 'gte', 'gt', 'lte', 'lt', 'in', 'not_in']).default('eq'),
  })
  return kindOf(Attribute, ({ attribute, value, op }): RuleCheck | Fault => {
    if (NOT_KEPT.has(attribute))
      return {
        what: `the attribute ${attribute} of a rule is not kept`,
        cure: 'Ask for another, or use `logsource`, `contains_field`',
      }
    const order = attribute === 'level' ? LEVELS : attribute === 'status' ? STATUSES : undefined
    const place = order?.indexOf(String(value).toLowerCase())
    if (order && place === -1) return { what: `"${value}" is no ${attribute}`, cure: `Use one of ${order.join(', ')}` }
    return (work: Work) => {
      const is = attributeOf(work, attribute)
      if (is === undefined || is === null) return false
      if (Array.isArray(is))
        return op === 'in' ? is.includes(value) : op === 'not_in' ? !is.includes(value) : op === 'ne'
      if (op === 'in' || op === 'not_in') return false
      if (typeof is !== 'string' && typeof is !== 'number') return false
      if (typeof is === 'string' && order && place !== undefined) return compare(order.indexOf(is), place, op)
      if (typeof is === 'number') return compare(is, Number(value), op)
      return compare(is, String(value), op)
    }
  })
}

function attributeOf({ of, facts, attributes }: Work, name: string): unknown {
  const known: Readonly<Record<string, unknown>> = {
    id: facts.id,
    name: of.name,
    title: facts.title,
    description: facts.description,
    level: facts.level,
    status: of.status,
    author: facts.author,
    license: facts.license,
    references: facts.references,
    falsepositives: facts.falsePositives,
    tags: facts.tags,
  }
  return Object.hasOwn(known, name) ? known[name] : attributes.get(name)
}
