import { z } from 'zod'
import { makeItem } from '../parse/detection.ts'
import { parsePattern, plainText } from '../parse/pattern.ts'
import { MANY, type Fault, type Item, type Pattern, type Test } from '../parse/syntax.ts'
import { changeItems, kindOf, type Kind, type Transformation } from './step.ts'
import { plainOf, readRegex, readReplacement, replacePattern, replaceText } from './text.ts'
import { Refusal, type Work } from './work.ts'

type Text = Extract<Test, { kind: 'text' }>

const Names = z.array(z.string())
const Placeholders = z
  .strictObject({ include: Names.optional(), exclude: Names.optional() })
  .refine(({ include, exclude }) => !include || !exclude, 'include and exclude exclude each other')

const SetValue = z
  .strictObject({
    value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
    force_type: z.enum(['str', 'num']).optional(),
  })
  .refine(
    ({ value, force_type: type }) => type === undefined || typeof value === 'string' || typeof value === 'number',
    'force_type is for text and numbers',
  )

const PENDING = 'its placeholders are still open where its values are changed'
const FIRST = 'Put value_placeholders before this step'

export const VALUE_TRANSFORMATIONS: readonly (readonly [string, Kind<Transformation>])[] = [
  ['replace_string', replaceString()],
  [
    'map_string',
    kindOf(z.strictObject({ mapping: z.record(z.string(), z.union([z.string(), Names.min(1)])) }), ({ mapping }) => {
      const map = new Map(Object.entries(mapping))
      return changing(
        onText((test) => {
          const to = map.get(plainOf(test.pattern))
          return (typeof to === 'string' ? [to] : to)?.map((one) => ({ ...test, pattern: parsePattern(one) }))
        }),
      )
    }),
  ],
  [
    'regex',
    kindOf(
      z.strictObject({
        method: z.enum(['plain', 'ignore_case_flag', 'ignore_case_brackets']).default('ignore_case_brackets'),
      }),
      ({ method }) =>
        changing((test, item) => {
          if (test.kind !== 'text' || test.pattern.length === 0) return undefined
          const source = sourceOf(test.pattern, method === 'ignore_case_brackets')
          const flags = method === 'ignore_case_flag' ? 'is' : 's'
          return [{ kind: 'regex', source: item.field === undefined ? source : `^(?:${source})$`, flags }]
        }),
    ),
  ],
  [
    'set_value',
    kindOf(SetValue, ({ value, force_type: type }): Transformation | Fault => {
      const number = type === 'num' ? numberOf(String(value)) : undefined
      if (type === 'num' && number === undefined)
        return { what: `"${value}" is no number`, cure: 'Write a number, or remove force_type' }
      const made = number === undefined ? testOf(type === 'str' ? String(value) : value) : testOf(number)
      return (work, scope) =>
        changeItems(work, scope, (draft) => {
          const { pending: _, ...item } = draft.item
          if (made.kind === 'null' && item.field === undefined)
            throw new Refusal('keywords cannot be null', 'Leave keywords out by a condition of the step')
          return { ...draft, item: { ...item, groups: item.groups.map(() => [made]) } }
        })
    }),
  ],
  [
    'convert_type',
    kindOf(z.strictObject({ target_type: z.enum(['str', 'num']) }), ({ target_type: type }) =>
      changing((test) => {
        if (type === 'str') return test.kind === 'number' ? [testOf(String(test.value))] : undefined
        if (test.kind !== 'text') return undefined
        const value = numberOf(plainText(test.pattern) ?? '')
        if (value === undefined)
          throw new Refusal(`"${plainOf(test.pattern)}" is no number`, 'Leave its field out by a condition of the step')
        return [{ kind: 'number', value }]
      }),
    ),
  ],
  [
    'case',
    kindOf(z.strictObject({ method: z.enum(['lower', 'upper', 'snake_case']).default('lower') }), ({ method }) => {
      const change = (part: string): string => {
        if (method === 'upper') return part.toUpperCase()
        return (method === 'lower' ? part : part.replaceAll(/(?<!^)(?=[A-Z])/g, '_')).toLowerCase()
      }
      return changing(onText((test) => [withParts(test, change)]))
    }),
  ],
  ['wildcard_placeholders', kindOf(Placeholders, (names) => filling(names, (_, isRegex) => [isRegex ? '.*' : '*']))],
  ['value_placeholders', kindOf(Placeholders, (names) => filling(names, (name, _, { vars }) => vars.get(name)))],
]

function replaceString(): Kind<Transformation> {
  const Replace = z.strictObject({
    regex: z.string(),
    replacement: z.string(),
    skip_special: z.boolean().default(false),
    interpret_special: z.boolean().default(false),
  })
  return kindOf(
    Replace,
    ({ regex: source, replacement: written, skip_special: skip, interpret_special: interpret }) => {
      const regex = readRegex(source)
      if ('what' in regex) return regex
      const replacement = readReplacement(written, regex)
      if ('what' in replacement) return replacement
      return changing((test): readonly Test[] | undefined => {
        const text = test.kind === 'number' ? testOf(String(test.value)) : test
        if (text.kind !== 'text') return undefined
        if (!skip) {
          const pattern = replacePattern(text.pattern, regex, replacement)
          return pattern && [{ ...text, pattern }]
        }
        const pattern = text.pattern.flatMap((part): Pattern => {
          const replaced = typeof part === 'string' ? replaceText(part, regex, replacement) : undefined
          if (replaced === undefined) return [part]
          return interpret ? parsePattern(replaced) : [replaced]
        })
        return pattern.every((part, at) => part === text.pattern[at]) ? undefined : [{ ...text, pattern }]
      })
    },
  )
}

/** Changes values; undefined leaves one. A value that becomes several is any of them, also where all values are wanted. */
function changing(change: (test: Test, item: Item) => readonly Test[] | undefined): Transformation {
  return (work, scope) =>
    changeItems(work, scope, (draft) => {
      let isChanged = false
      const groups = draft.item.groups.map((group) =>
        group.flatMap((test) => {
          const changed = change(test, draft.item)
          isChanged ||= changed !== undefined
          return changed ?? [test]
        }),
      )
      if (isChanged && draft.item.pending) throw new Refusal(PENDING, FIRST)
      return isChanged ? { ...draft, item: { ...draft.item, groups } } : undefined
    })
}

function onText(change: (test: Text) => readonly Test[] | undefined): (test: Test) => readonly Test[] | undefined {
  return (test) => (test.kind === 'text' ? change(test) : undefined)
}

function withParts(test: Text, change: (part: string) => string): Text {
  return { ...test, pattern: test.pattern.map((part) => (typeof part === 'string' ? change(part) : part)) }
}

function testOf(value: string | number | boolean | null): Test {
  if (value === null) return { kind: 'null' }
  if (typeof value === 'number') return { kind: 'number', value }
  if (typeof value === 'boolean') return { kind: 'boolean', value }
  return { kind: 'text', pattern: parsePattern(value), cased: false }
}

function numberOf(text: string): number | undefined {
  const number = Number(text)
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number
}

function sourceOf(pattern: Pattern, isBracketed: boolean): string {
  const parts = pattern.map((part) => {
    if (typeof part === 'object')
      throw new Refusal(`the placeholder ${part.placeholder} cannot become a regular expression`, FIRST)
    if (typeof part === 'symbol') return part === MANY ? '.*' : '.'
    const text = part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return isBracketed
      ? text.replaceAll(/\p{L}/gu, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`)
      : text
  })
  return parts.join('')
}

/** Gives lists to the placeholders that are meant; a line is made once all of its placeholders have one. */
function filling(
  { include, exclude }: z.infer<typeof Placeholders>,
  listOf: (name: string, isRegex: boolean, work: Work) => readonly string[] | undefined,
): Transformation {
  return (work, scope) =>
    changeItems(work, scope, (draft) => {
      const { pending } = draft.item
      if (!pending) return undefined
      const lists = new Map(draft.lists)
      const names = placeholdersOf(draft.item)
      for (const name of names) {
        const isMeant = (include?.includes(name) ?? true) && !(exclude?.includes(name) ?? false)
        const list = isMeant ? listOf(name, pending.modifiers.includes('re'), work) : undefined
        if (list && !lists.has(name)) lists.set(name, list)
      }
      if (!names.every((name) => lists.has(name)))
        return lists.size > (draft.lists?.size ?? 0) ? { ...draft, lists } : undefined
      const made = makeItem(draft.item, pending, lists)
      if ('what' in made) throw new Refusal(made.what, made.cure)
      return { kind: 'item', item: made, applied: draft.applied }
    })
}

function placeholdersOf(item: Item): readonly string[] {
  const parts = item.groups.flat().flatMap((test) => (test.kind === 'text' ? test.pattern : []))
  return [...new Set(parts.flatMap((part) => (typeof part === 'object' ? [part.placeholder] : [])))]
}
