import { encodeBase64, encodeBase64Offsets, encodeUtf16, MOST_DASHES, varyDashes } from './encoding.ts'
import { parseNetwork } from './network.ts'
import { fillPattern, hasPlaceholder, opened, parsePattern, placeholdersIn, plainText, type Lists } from './pattern.ts'
import { anchored, regexFault } from './regex.ts'
import type { Comparison, Fault, Pattern, Place, Test, TimePart } from './syntax.ts'

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
  /** Whether placeholders are left: there were no lists for them. */
  readonly isPending: boolean
}

const TIME_PARTS = {
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  week: [1, 53],
  month: [1, 12],
  year: [1970, 9999],
} as const satisfies Record<TimePart, readonly [least: number, most: number]>
const TIMES = Object.keys(TIME_PARTS) as readonly TimePart[]

/** Modifiers that look at the rule's raw value, and what may stand before them all the same. */
const FIRST: ReadonlyMap<string, readonly string[]> = new Map([
  ['re', []],
  ['exists', []],
  ['cidr', ['expand']],
  ['fieldref', ['expand']],
  ...['lt', 'lte', 'gt', 'gte'].map((name): [string, readonly string[]] => [name, TIMES]),
  ...TIMES.map((name): [string, readonly string[]] => [name, []]),
])

const STEPS = new Map<string, Step>([
  ['contains', placed('inside')],
  ['startswith', placed('start')],
  ['endswith', placed('end')],
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
  ...TIMES.map((part): [string, Step] => [part, (value) => timed(value, part)]),
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

/** Modifiers of a whole line, and the one that needs lists. */
const OTHERS = ['all', 'neq', 'expand']

/** Every modifier that a rule may use. */
export const MODIFIERS: readonly string[] = [...STEPS.keys(), ...OTHERS].toSorted()

/** Applies the modifiers in the order in which they are written. Without lists, placeholders stay. */
export function applyModifiers(
  names: readonly string[],
  values: readonly unknown[],
  isList: boolean,
  lists?: Lists,
): Modified | Fault {
  const unknown = names.find((name) => !STEPS.has(name) && !OTHERS.includes(name))
  if (unknown !== undefined)
    return { what: `\`${unknown}\` is not a modifier`, cure: `Use one of: ${MODIFIERS.join(', ')}` }
  if (names.includes('all') && (!isList || values.length < 2))
    return { what: '`all` joins several values, and here is one', cure: 'Give a list of values, or remove `all`' }
  const chain = names.filter((name) => name !== 'all' && name !== 'neq')
  const late = chain.find((name, at) =>
    chain.slice(0, at).some((before) => !(FIRST.get(name) ?? [before]).includes(before)),
  )
  if (late !== undefined)
    return { what: `\`${late}\` must be the first modifier`, cure: `Move it before \`${chain[0]}\`` }
  const groups: (readonly Test[])[] = []
  for (const value of values) {
    const group = groupOf(chain, value, lists)
    if ('what' in group) return group
    groups.push(group)
  }
  const isPending = groups.flat().some((test) => test.kind === 'text' && hasPlaceholder(test.pattern))
  return { linking: names.includes('all') ? 'all' : 'any', negated: names.includes('neq'), groups, isPending }
}

function groupOf(chain: readonly string[], value: unknown, lists: Lists | undefined): readonly Test[] | Fault {
  const start = valueOf(value)
  if ('what' in start) return start
  let group: readonly Value[] = [start]
  for (const name of chain) {
    const step = name === 'expand' ? expanding(lists) : (STEPS.get(name) ?? unchanged)
    const next: Value[] = []
    for (const one of group) {
      const made = step(one)
      if ('what' in made) return { what: `\`${name}\`: ${made.what}`, cure: made.cure }
      next.push(...made)
    }
    group = next
    // What follows is done when there are lists.
    if (group.some(isUnfilled)) break
  }
  const tests = group.map(testOf)
  return tests.map(neverFault).find((fault) => fault !== undefined) ?? tests
}

const unchanged: Step = (value) => [value]

function isUnfilled(value: Value): boolean {
  return (value.kind === 'written' || value.kind === 'text') && hasPlaceholder(value.pattern)
}

function testOf(value: Value): Test {
  return value.kind === 'written' ? { kind: 'text', pattern: value.pattern, cased: value.cased } : value
}

/** A part of a time that no date has. */
function neverFault(test: Test): Fault | undefined {
  if (test.kind !== 'time' || test.operator !== 'eq') return undefined
  const [least, most] = TIME_PARTS[test.part]
  if (test.value >= least && test.value <= most) return undefined
  return { what: `no date has the ${test.part} ${test.value}`, cure: `Write a number from ${least} to ${most}` }
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
  if (value.kind === 'time') return [{ ...value, operator }]
  return value.kind === 'number' ? [{ kind: 'compare', operator, value: value.value }] : needs('a number', value)
}

function timed(value: Value, part: TimePart): readonly Value[] | Fault {
  if (value.kind !== 'number') return needs('a number', value)
  if (!Number.isInteger(value.value)) return { what: `${value.value} is no whole number`, cure: 'Write a whole number' }
  return [{ kind: 'time', part, operator: 'eq', value: value.value }]
}

/** Text gets its wildcards, a field its place; a regular expression, which is searched for anywhere, is held to the end. */
function placed(place: 'start' | 'end' | 'inside'): Step {
  const text = onText((one) => [{ ...one, pattern: opened(one.pattern, place !== 'start', place !== 'end') }], place)
  return (value) => (value.kind === 'regex' ? regexOf(anchored(value.source, place), value.flags) : text(value))
}

/** The values in place of the placeholders; without lists, the placeholders marked. */
function expanding(lists: Lists | undefined): Step {
  return (value) => {
    if (value.kind === 'regex') {
      const pattern = placeholdersIn([value.source])
      if (lists === undefined && hasPlaceholder(pattern)) return [{ kind: 'text', pattern, cased: true }]
      const filled = fillPattern(pattern, lists ?? new Map(), (text) => [text])
      if ('what' in filled) return filled
      const made = filled.map((one) => regexOf(plainText(one) ?? '', value.flags))
      return made.find((one) => 'what' in one) ?? made.flatMap((one) => ('what' in one ? [] : one))
    }
    if (value.kind !== 'written') return needs('text', value)
    if (value.isBytes) return { what: 'encoded text has no placeholders', cure: 'Write it before the encoding' }
    const pattern = placeholdersIn(value.pattern)
    if (lists === undefined) return [{ ...value, pattern }]
    const filled = fillPattern(pattern, lists, parsePattern)
    if ('what' in filled) return filled
    return filled.map((one) => ({ ...value, pattern: one, raw: plainText(one) ?? value.raw }))
  }
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
  if (plain === '') return { what: 'there is nothing to encode', cure: 'Write the text that is looked for' }
  // Of a single byte, base64 has a place where its neighbours decide every letter: nothing can be looked for there.
  const variants = encode(plain, text.isBytes).filter((made) => made !== '')
  return variants.map((made) => ({ ...text, pattern: [made], isBytes: false }))
}

function referenced(text: Text): readonly Value[] | Fault {
  const field = plainText(text.pattern)?.replaceAll(' ', '')
  if (!field) return { what: 'it needs the name of a field', cure: 'Write a field name without wildcards' }
  return [{ kind: 'field', field, place: 'whole', cased: false }]
}
