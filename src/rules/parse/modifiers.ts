import { encodeBase64, encodeBase64Offsets, encodeUtf16, MOST_DASHES, varyDashes } from './encoding.ts'
import { parseNetwork } from './network.ts'
import { opened, parsePattern, plainText } from './pattern.ts'
import { regexFault } from './regex.ts'
import type { Comparison, Fault, Pattern, Place, Test } from './syntax.ts'

/** A value on its way through the modifiers. */
type Value = Text | Test
interface Text {
  readonly kind: 'written'
  readonly pattern: Pattern
  /** As it stands in the rule, for the modifiers that read it raw. */
  readonly raw: string
  readonly cased: boolean
  readonly isBytes: boolean
}

/** One modifier on one value: the values it becomes, any of which is enough. */
type Step = (value: Value) => readonly Value[] | Fault

/** What the modifiers make of a field's values. */
export interface Modified {
  readonly linking: 'any' | 'all'
  readonly negated: boolean
  readonly groups: readonly (readonly Test[])[]
}

/** Modifiers that look at the rule's raw value: nothing may change it before. */
const FIRST = new Set(['re', 'cidr', 'exists', 'lt', 'lte', 'gt', 'gte', 'fieldref'])

const NOT_YET = new Map([
  ['expand', 'there are no placeholder lists yet'],
  ...['minute', 'hour', 'day', 'week', 'month', 'year'].map((name): [string, string] => [
    name,
    'parts of a time are not read yet',
  ]),
])

const STEPS = new Map<string, Step>([
  ['contains', onText((text) => [{ ...text, pattern: opened(text.pattern, true, true) }], 'inside')],
  ['startswith', onText((text) => [{ ...text, pattern: opened(text.pattern, false, true) }], 'start')],
  ['endswith', onText((text) => [{ ...text, pattern: opened(text.pattern, true, false) }], 'end')],
  [
    'cased',
    (value) =>
      value.kind === 'field' || value.kind === 'written' ? [{ ...value, cased: true }] : needs('text', value),
  ],
  ['re', onText((text) => regexOf(text.raw, ''))],
  ...(['i', 'm', 's'] as const).map((flag): [string, Step] => [flag, (value) => flagged(value, flag)]),
  ['ignorecase', (value) => flagged(value, 'i')],
  ['multiline', (value) => flagged(value, 'm')],
  ['dotall', (value) => flagged(value, 's')],
  ['cidr', onText((text) => networkOf(text.raw))],
  ...(['lt', 'lte', 'gt', 'gte'] as const).map((name): [string, Step] => [name, (value) => compared(value, name)]),
  ['windash', onText(dashed)],
  ['base64', onText((text) => encoded(text, (plain, isBytes) => [encodeBase64(plain, isBytes)]))],
  ['base64offset', onText((text) => encoded(text, encodeBase64Offsets))],
  ...(['utf16', 'utf16le', 'utf16be'] as const).map((name): [string, Step] => [
    name,
    onText((text) => [{ ...text, ...encodeUtf16(text.pattern, name) }]),
  ]),
  ['wide', onText((text) => [{ ...text, ...encodeUtf16(text.pattern, 'utf16le') }])],
  ['fieldref', onText(referenced)],
  [
    'exists',
    (value) => (value.kind === 'boolean' ? [{ kind: 'exists', present: value.value }] : needs('true or false', value)),
  ],
])

/** Every modifier that a rule may use. */
export const MODIFIERS: readonly string[] = [...STEPS.keys(), 'all', 'neq'].toSorted()

/** Applies the modifiers in the order in which they are written. */
export function applyModifiers(
  names: readonly string[],
  values: readonly unknown[],
  isList: boolean,
): Modified | Fault {
  const unknown = names.find((name) => !STEPS.has(name) && name !== 'all' && name !== 'neq')
  if (unknown !== undefined) return unknownModifier(unknown)
  if (names.includes('all') && (!isList || values.length < 2))
    return { what: '`all` joins several values, and here is one', cure: 'Give a list of values, or remove `all`' }
  const chain = names.filter((name) => name !== 'all' && name !== 'neq')
  const late = chain.findIndex((name, at) => at > 0 && FIRST.has(name))
  if (late > 0) return { what: `\`${chain[late]}\` must be the first modifier`, cure: `Move it before \`${chain[0]}\`` }
  const groups: (readonly Test[])[] = []
  for (const value of values) {
    const group = groupOf(chain, value)
    if ('what' in group) return group
    groups.push(group)
  }
  return { linking: names.includes('all') ? 'all' : 'any', negated: names.includes('neq'), groups }
}

function groupOf(chain: readonly string[], value: unknown): readonly Test[] | Fault {
  const start = valueOf(value)
  if ('what' in start) return start
  let group: readonly Value[] = [start]
  for (const name of chain) {
    const next: Value[] = []
    for (const one of group) {
      const step = STEPS.get(name)
      const made = step ? step(one) : unknownModifier(name)
      if ('what' in made) return { what: `\`${name}\`: ${made.what}`, cure: made.cure }
      next.push(...made)
    }
    group = next
  }
  return group.map((one) => (one.kind === 'written' ? { kind: 'text', pattern: one.pattern, cased: one.cased } : one))
}

function valueOf(value: unknown): Value | Fault {
  if (value === null) return { kind: 'null' }
  if (typeof value === 'boolean') return { kind: 'boolean', value }
  if (typeof value === 'number' && Number.isFinite(value)) return { kind: 'number', value }
  if (typeof value === 'string')
    return { kind: 'written', pattern: parsePattern(value), raw: value, cased: false, isBytes: false }
  return {
    what: 'a value must be text, a number, true, false or null',
    cure: 'Use dotted field names instead of nesting',
  }
}

function onText(step: (text: Text) => readonly Value[] | Fault, place?: Place): Step {
  return (value) => {
    if (value.kind === 'written') return step(value)
    if (place !== undefined && value.kind === 'number') return step(textOf(String(value.value)))
    if (place !== undefined && value.kind === 'field') return [{ ...value, place }]
    return needs('text', value)
  }
}

function textOf(raw: string): Text {
  return { kind: 'written', pattern: [raw], raw, cased: false, isBytes: false }
}

function needs(kind: string, value: Value): Fault {
  const names = { written: 'text', text: 'text', null: 'null', exists: 'an existence', regex: 'a regular expression' }
  const is = value.kind in names ? names[value.kind as keyof typeof names] : `a ${value.kind}`
  return { what: `it needs ${kind}, and here is ${is}`, cure: 'Change the value, or remove the modifier' }
}

function regexOf(source: string, flags: string): readonly Test[] | Fault {
  return regexFault(source, flags) ?? [{ kind: 'regex', source, flags }]
}

function flagged(value: Value, flag: string): readonly Value[] | Fault {
  if (value.kind !== 'regex') return { what: 'it is a flag of a regular expression', cure: 'Write `re` before it' }
  return regexOf(value.source, value.flags.includes(flag) ? value.flags : value.flags + flag)
}

function networkOf(text: string): readonly Value[] | Fault {
  const network = parseNetwork(text)
  return 'what' in network ? network : [{ kind: 'network', network }]
}

function compared(value: Value, operator: Comparison): readonly Value[] | Fault {
  return value.kind === 'number' ? [{ kind: 'compare', operator, value: value.value }] : needs('a number', value)
}

function dashed(text: Text): readonly Value[] | Fault {
  const patterns = varyDashes(text.pattern)
  if (!patterns)
    return { what: `the value has more than ${MOST_DASHES} options`, cure: 'Split it into a list under `all`' }
  return patterns.map((pattern) => ({ ...text, pattern }))
}

function encoded(text: Text, encode: (plain: string, isBytes: boolean) => readonly string[]): readonly Value[] | Fault {
  const plain = plainText(text.pattern)
  if (plain === undefined) return { what: 'text with wildcards cannot be encoded', cure: 'Escape them as \\* and \\?' }
  return encode(plain, text.isBytes).map((made) => ({ ...text, pattern: [made], isBytes: false }))
}

function referenced(text: Text): readonly Value[] | Fault {
  const field = plainText(text.pattern)?.replaceAll(' ', '')
  if (!field) return { what: 'it needs the name of a field', cure: 'Write a field name without wildcards' }
  return [{ kind: 'field', field, place: 'whole', cased: false }]
}

function unknownModifier(name: string): Fault {
  const reason = NOT_YET.get(name)
  if (reason !== undefined) return { what: `\`${name}\` is refused: ${reason}`, cure: 'Write the values out' }
  return { what: `\`${name}\` is not a modifier`, cure: `Use one of: ${MODIFIERS.join(', ')}` }
}
