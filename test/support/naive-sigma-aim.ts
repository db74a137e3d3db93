import type { Random } from '../../src/contract/plugin.ts'

type Values = Record<string, unknown>

/** Chance, in the words that generators use. */
export class Dice {
  readonly #random: Random
  constructor(random: Random) {
    this.#random = random
  }
  below(count: number): number {
    return Math.floor(this.#random.next() * count)
  }
  chance(probability: number): boolean {
    return this.#random.next() < probability
  }
  pick<T>(from: readonly [T, ...T[]] | readonly T[]): T {
    const found = from[this.below(from.length)]
    if (found === undefined) throw new Error('there is nothing to pick from')
    return found
  }
}

/**
 * Fields that the rule of a detection may well hold for: what its selections ask, or something near it: other case, another
 * character, a prefix, within an array or an object, as a number, missing.
 */
export function aimAt(detection: unknown, dice: Dice): Values {
  const fields: Values = {}
  if (!isMap(detection)) return fields
  const refused = new Set(String(detection['condition']).match(/(?<=not (?:\()?(?:(?:1|any|all) of )?)[\w*]+/g))
  for (const [name, search] of Object.entries(detection)) {
    if (name === 'condition' || name === 'timeframe') continue
    const isRefused = [...refused].some((one) => name.startsWith(one.replace(/\*.*/, '') || '*'))
    if (dice.chance(isRefused ? 0.1 : 0.92)) aimAtSearch(search, fields, dice)
  }
  return fields
}

function aimAtSearch(search: unknown, fields: Values, dice: Dice): void {
  if (Array.isArray(search)) {
    if (search.length > 0) aimAtSearch(dice.pick(search), fields, dice)
  } else if (isMap(search)) {
    for (const [written, value] of Object.entries(search)) {
      const [name = '', ...modifiers] = written.split('|')
      aimAtLine(name.replaceAll(' ', ''), modifiers, value, fields, dice)
    }
  } else aimAtLine('', [], search, fields, dice)
}

function aimAtLine(field: string, modifiers: readonly string[], value: unknown, fields: Values, dice: Dice): void {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const wanted = modifiers.includes('all') ? values : [dice.pick(values.map((one) => ({ one }))).one]
  const name = field === '' ? `word${dice.below(3)}` : field
  if (modifiers.includes('exists')) {
    if (value === true) put(fields, name, dice.pick(['', null, 0, 'x']), dice)
    return
  }
  if (modifiers.includes('fieldref')) {
    const text = dice.pick(['x', 'Straße', 'ab'])
    put(fields, name, text, dice)
    put(fields, String(value).replaceAll(' ', ''), dice.chance(0.5) ? text : text.toUpperCase(), dice)
    return
  }
  if (wanted[0] === null) {
    if (dice.chance(0.3)) put(fields, name, dice.pick([null, '', []]), dice)
    return
  }
  const made = wanted.map((one) => answer(one, field === '' ? ['contains', ...modifiers] : modifiers, dice))
  const [only] = made
  put(fields, name, made.length === 1 ? only : dice.chance(0.2) ? made : made.join(dice.pick(['', ' '])), dice)
}

/** A value that passes, most of the time. */
function answer(value: unknown, modifiers: readonly string[], dice: Dice): unknown {
  const has = (...names: readonly string[]): boolean => names.some((name) => modifiers.includes(name))
  if (has('minute', 'hour', 'day', 'week', 'month', 'year')) return date(Number(value), modifiers, dice)
  if (has('lt', 'lte', 'gt', 'gte')) {
    const near = Number(value) + dice.pick([-1, 0, 1, 0.5])
    return dice.chance(0.3) ? String(near) : near
  }
  if (typeof value === 'number' || typeof value === 'boolean')
    return dice.chance(0.4) ? near(String(value), dice) : value
  const text = String(value)
  if (has('cidr')) return dice.pick([text.split('/', 1)[0] ?? '', '10.1.2.3', '::ffff:10.0.0.1', 'fe80::1%eth0', '1'])
  if (has('re')) return near(text.replaceAll(/\(\?[a-z]*\)|[\\^$()[\]{}+*?]/g, ''), dice)
  const filled = encoded(fill(text, dice), modifiers, dice)
  const around = has('contains')
    ? (['x', 'y'] as const)
    : has('endswith')
      ? ['z', '']
      : has('startswith')
        ? ['', 'z']
        : []
  return near(around.length > 0 && dice.chance(0.7) ? `${around[0]}${filled}${around[1]}` : filled, dice)
}

/** The text that a pattern stands for, each wildcard replaced by something. */
function fill(pattern: string, dice: Dice): string {
  return pattern.replaceAll(/\\([\\*?])|[*?]/g, (wild, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped
    return wild === '?' ? dice.pick(['x', 'é', '😀', '\n']) : dice.pick(['', '', 'x', 'ab', '\n', '?'])
  })
}

function encoded(text: string, modifiers: readonly string[], dice: Dice): string {
  let bytes: Buffer = Buffer.from(text)
  let is64 = false
  for (const modifier of modifiers) {
    if (modifier === 'utf16' || modifier === 'wide' || modifier === 'utf16le') bytes = Buffer.from(text, 'utf16le')
    if (modifier === 'utf16be') bytes = Buffer.from(text, 'utf16le').swap16()
    if (modifier === 'utf16') bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), bytes])
    if (modifier.startsWith('base64')) is64 = true
  }
  if (is64 && modifiers.includes('base64offset')) bytes = Buffer.concat([Buffer.alloc(dice.below(3), 'q'), bytes])
  if (is64) return bytes.toString('base64')
  if (modifiers.some((modifier) => modifier.startsWith('utf16') || modifier === 'wide')) return bytes.toString('latin1')
  return modifiers.includes('windash') ? text.replaceAll(/[-/]/g, () => dice.pick(['-', '/', '–', '—', '―'])) : text
}

function date(value: number, modifiers: readonly string[], dice: Dice): unknown {
  const two = (number: number): string => String(number).padStart(2, '0')
  const part = (name: string, other: number): string =>
    two(modifiers.includes(name) ? Math.max(0, value + dice.pick([0, 0, 0, 1, -1])) : other)
  const year = modifiers.includes('year') ? String(value + dice.pick([0, 0, 1])) : dice.pick(['2020', '2026', '2024'])
  const month = modifiers.includes('week') ? dice.pick(['01', '12', '06']) : part('month', 1 + dice.below(12))
  const day = `${year}-${month}-${part('day', 1 + dice.below(28))}`
  const text = `${day}${dice.pick(['T', ' '])}${part('hour', dice.below(24))}:${part('minute', dice.below(60))}:30${dice.pick(['Z', '', '.5Z'])}`
  const ms = Date.parse(`${text.replace(' ', 'T').replace(/(?:\.5)?Z?$/, '')}Z`)
  return dice.chance(0.7) || Number.isNaN(ms) ? dice.pick([text, text, day]) : dice.pick([ms, ms / 1000, String(ms)])
}

/** The text itself more often than not. */
function near(text: string, dice: Dice): unknown {
  if (dice.chance(0.6)) return text
  const chars = Array.from(text)
  const at = dice.below(chars.length + 1)
  switch (dice.below(8)) {
    case 0:
      return text.toUpperCase()
    case 1:
      return text.toLowerCase()
    case 2:
      return chars.toSpliced(at, 1).join('')
    case 3:
      return chars.toSpliced(at, 0, dice.pick(['x', '*', 'ς', ' ', '\n'])).join('')
    case 4:
      return chars.slice(0, at).join('')
    case 5:
      return [text, 'another']
    case 6:
      return { inner: text }
    default:
      return /^\d{1,9}$/.test(text) ? Number(text) : `${text}${text}`
  }
}

/** Under its whole name, or along the dots, sometimes through an array; sometimes not at all. */
function put(fields: Values, name: string, value: unknown, dice: Dice): void {
  if (dice.chance(0.03)) return
  const given = dice.chance(0.08) ? [dice.pick(['other', 7, null]), value] : value
  const dot = name.indexOf('.')
  if (dot < 0 || dice.chance(0.3)) {
    fields[name] = given
    return
  }
  const first = name.slice(0, dot)
  const known = fields[first]
  const inner: Values = isMap(known) ? known : {}
  put(inner, name.slice(dot + 1), given, dice)
  fields[first] = known === undefined && dice.chance(0.15) ? [{ other: 1 }, inner] : inner
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
