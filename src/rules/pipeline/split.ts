import type { RE2JS } from 're2js'
import { z } from 'zod'
import { parsePattern } from '../parse/pattern.ts'
import type { Item, Test } from '../parse/syntax.ts'
import { fieldName } from './conditions.ts'
import { changeItems, kindOf, type Kind, type Transformation } from './step.ts'
import { plainOf, readRegex } from './text.ts'
import { draftItem, Refusal, type Draft, type DraftItem } from './work.ts'

const Hashes = z.strictObject({
  valid_hash_algos: z.array(z.string()).min(1),
  field_prefix: z.string().default(''),
  drop_algo_prefix: z.boolean().default(false),
  field_to_parse: z.union([z.string().transform((field) => [field]), z.array(z.string())]).default(['Hashes', 'Hash']),
})
type Hashes = z.infer<typeof Hashes>

/** Which algorithm makes hashes of so many hex digits. */
const LENGTHS: ReadonlyMap<number, string> = new Map([
  [32, 'MD5'],
  [40, 'SHA1'],
  [64, 'SHA256'],
  [128, 'SHA512'],
])

/** Steps that make several fields of one. */
export const SPLITTING_TRANSFORMATIONS: readonly (readonly [string, Kind<Transformation>])[] = [
  [
    'hashes_fields',
    kindOf(Hashes, (parameters): Transformation => (work, scope) => {
      const fields = new Set(parameters.field_to_parse.map(fieldName))
      changeItems(work, scope, (draft) =>
        draft.item.field !== undefined && fields.has(draft.item.field) ? byAlgorithm(draft, parameters) : undefined,
      )
    }),
  ],
  [
    'extract_fields',
    kindOf(
      z.strictObject({
        regex: z.string(),
        field_prefix: z.string().nullish(),
        preserve_unmatched: z.boolean().default(false),
      }),
      ({ regex: source, field_prefix: prefix, preserve_unmatched: keeps }) => {
        const regex = readRegex(source)
        if ('what' in regex) return regex
        const names = Object.keys(regex.namedGroups())
        if (names.length === 0)
          return { what: `"${source}" has no named group`, cure: 'Write (?P<name>…) for each field' }
        return (work, scope) =>
          changeItems(work, scope, (draft) => extracted(draft, { regex, names, prefix: prefix ?? '', keeps }))
      },
    ),
  ],
]

/** `Hashes: [MD5=…, SHA1=…]` as a field an algorithm. Hashes of other algorithms are left out. */
function byAlgorithm(
  draft: DraftItem,
  { valid_hash_algos: valid, field_prefix, drop_algo_prefix }: Hashes,
): Draft | undefined {
  const texts = textsOf(draft)
  if (!texts) return undefined
  const found = texts.flatMap((text): readonly (readonly [string, string])[] => {
    const { algorithm, hash } = hashOf(text)
    return valid.includes(algorithm) ? [[field_prefix + (drop_algo_prefix ? '' : algorithm), hash]] : []
  })
  if (found.length === 0)
    throw new Refusal(
      `${draft.item.written} has no hash of ${valid.join(', ')}`,
      'Add its algorithm to valid_hash_algos',
    )
  const isAll = draft.item.linking === 'all'
  const hashes = new Map<string, string[]>()
  for (const [field, hash] of found) hashes.set(field, [...(hashes.get(field) ?? []), hash])
  const parts = isAll
    ? found.map(([field, hash]) => onField(draft, field, [textOf(hash)]))
    : [...hashes].filter(([field]) => field !== '').map(([field, list]) => onField(draft, field, list.map(textOf)))
  return { kind: isAll !== draft.item.negated ? 'all' : 'any', parts }
}

/** `MD5=…`, `SHA1|…`, or the bare hash, whose length tells. */
function hashOf(text: string): { algorithm: string; hash: string } {
  const parts = text.split(text.includes('|') ? '|' : '=')
  const [first = '', second] = parts
  const bare = (part: string): string => part.replaceAll(/^[*?]+|[*?]+$/g, '')
  if (parts.length === 2 && second !== undefined)
    return { algorithm: first.replace(/^\*+/, '').toUpperCase(), hash: bare(second) }
  return { algorithm: LENGTHS.get(bare(first).length) ?? '', hash: bare(first) }
}

interface Extraction {
  readonly regex: RE2JS
  readonly names: readonly string[]
  readonly prefix: string
  readonly keeps: boolean
}

/** Each value that matches becomes all of its named groups, a field each; others are left out, or kept. */
function extracted(draft: DraftItem, { regex, names, prefix, keeps }: Extraction): Draft | undefined {
  const texts = textsOf(draft)
  if (!texts) return undefined
  const { negated, linking } = draft.item
  const parts = texts.flatMap((text): readonly Draft[] => {
    const matcher = regex.matcher(text)
    if (!matcher.lookingAt()) return keeps ? [onField(draft, draft.item.field, [textOf(text)])] : []
    const items = names.flatMap((name) => {
      const value = matcher.group(name)
      if (value === null || value === '') return []
      return [onField(draft, prefix === '' ? name : `${prefix}.${name}`, [converted(value)])]
    })
    return items.length === 0 ? [] : [{ kind: negated ? 'any' : 'all', parts: items }]
  })
  if (parts.length === 0) return undefined
  return { kind: (linking === 'all') !== negated ? 'all' : 'any', parts }
}

/** The values in plain writing, when all are text and none waits for a placeholder. */
function textsOf({ item }: DraftItem): readonly string[] | undefined {
  const tests = item.groups.flat()
  if (item.pending || !tests.every((test) => test.kind === 'text')) return undefined
  return tests.map((test) => plainOf(test.pattern))
}

function onField({ item, applied }: DraftItem, field: string | undefined, tests: readonly Test[]): DraftItem {
  const name = field === 'keyword' ? undefined : field
  const made: Item = {
    field: name,
    written: name ?? 'keywords',
    linking: 'any',
    negated: item.negated,
    groups: tests.map((test) => [test]),
  }
  return draftItem(made, applied)
}

function textOf(text: string): Test {
  return { kind: 'text', pattern: parsePattern(text), cased: false }
}

/** `null` and `none` are null, what looks like a number without leading zeros is one. */
function converted(text: string): Test {
  if (['null', 'none'].includes(text.toLowerCase())) return { kind: 'null' }
  if (text !== '0' && text.startsWith('0')) return textOf(text)
  const number = Number(text)
  return text.trim() === '' || !Number.isFinite(number) ? textOf(text) : { kind: 'number', value: number }
}
