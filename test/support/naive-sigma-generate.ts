import type { Dice } from './naive-sigma-aim.ts'

type Values = Record<string, unknown>

const FIELDS = ['a', 'b', 'Image', 'Command Line', 'user.name', 'x.y.z', 'x.y', 'requestParameters.id', 'constructor']
const PIECES = [
  'a',
  'b',
  'ab',
  'AB',
  'Ba',
  ' ',
  '.',
  '-',
  '/',
  '\\',
  '\\\\',
  '*',
  '?',
  '\\*',
  '\\?',
  '\\\\*',
  '"',
  '%',
  '{',
  '[',
  'cmd.exe',
  '/c',
  '-enc',
  'é',
  'É',
  'ß',
  'ẞ',
  'Σ',
  'ς',
  'σ',
  'İ',
  'ı',
  'K',
  '😀',
  'ё',
  '1',
  '42',
  '\n',
  'Ω',
  '–x',
] as const
const REGEXES = [
  'a',
  '^a',
  'b$',
  'a.b',
  '[ab]+',
  '[^a]{2}',
  'a|b',
  '(ab)*c',
  '\\d+',
  '\\bcmd\\b',
  '(?i)CMD',
  'a.{0,3}b',
  'x?y*',
  '^$',
  '\\.exe$',
  '\\s',
  '(?:ab|ba){1,2}',
  '[\\w.-]+@',
  'é',
  '\\\\',
  '4\\d',
  '(?i)^(?:a|b)',
] as const
const NETWORKS = ['10.0.0.0/8', '10.1.2.3', '192.168.1.0/24', '::1/128', 'fe80::/10', '2001:db8::/32', '0.0.0.0/0']
const NUMBERS = [0, 1, 42, -1, 4.5, 1000, 403]
const PARTS = { minute: 60, hour: 24, day: 31, week: 52, month: 12, year: 2020 } as const

/** A rule in its YAML's values, which every reader of Sigma 2.1 must take. */
export function anyRule(number: number, dice: Dice): { readonly detection: Values } & Values {
  const names = ['selection', 'selection_two', 'filter', '_hidden', 'keywords'].slice(0, 1 + dice.below(5))
  const searches = names.map((name): [string, unknown] => [name, anySearch(dice, name === 'keywords')])
  const isListed = dice.chance(0.1)
  const condition = isListed
    ? [anyCondition(names, dice, 0), anyCondition(names, dice, 1)]
    : anyCondition(names, dice, 0)
  return {
    title: `Generated ${number}`,
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    logsource: dice.pick<Values>([{ category: 'inference' }, { product: 'x' }, { product: 'X', service: 's' }]),
    detection: { ...Object.fromEntries(searches), condition },
  }
}

function anyCondition(names: readonly string[], dice: Dice, depth: number): string {
  const name = dice.pick(names)
  const inner = (): string => anyCondition(names, dice, depth + 1)
  const shown = names.filter((one) => !one.startsWith('_'))
  switch (depth > 3 ? 0 : dice.below(9)) {
    case 1:
      return `${inner()} and ${inner()}`
    case 2:
      return `${inner()} or ${inner()}`
    case 3:
      return `not ${name}`
    case 4:
      return `(${inner()})`
    case 5:
      return `${dice.pick(['1', 'any', 'all', 'ALL'])} of them`
    case 6:
      return `${dice.pick(['1', 'all'])} of ${dice.pick(shown).slice(0, 3)}*`
    case 7:
      return `${name} and not (${inner()})`
    default:
      return name
  }
}

function anySearch(dice: Dice, isKeywords: boolean): unknown {
  if (isKeywords) {
    const words = [anyText(dice), anyText(dice)]
    return dice.chance(0.3)
      ? { [dice.pick(['|all', '|cased', '|contains'])]: words }
      : dice.pick<unknown>([words, words[0], [...words, 42]])
  }
  if (dice.chance(0.2)) return [anyMap(dice), anyMap(dice), ...(dice.chance(0.2) ? [anyText(dice)] : [])]
  return anyMap(dice)
}

function anyMap(dice: Dice): Values {
  const lines = Array.from({ length: 1 + dice.below(3) }, () => anyLine(dice))
  return Object.fromEntries(lines)
}

function anyLine(dice: Dice): [string, unknown] {
  const field = dice.pick(FIELDS)
  const neq = dice.chance(0.07) ? '|neq' : ''
  switch (dice.below(14)) {
    case 0:
      return [
        `${field}|re${dice.pick(['', '|i', '|m', '|s', '|i|s', '|contains', '|startswith'])}${neq}`,
        dice.pick(REGEXES),
      ]
    case 1:
      return [
        `${field}|cidr${neq}`,
        dice.pick<unknown>([dice.pick(NETWORKS), [dice.pick(NETWORKS), dice.pick(NETWORKS)]]),
      ]
    case 2:
      return [`${field}|exists`, dice.chance(0.5)]
    case 3:
      return [field + neq, null]
    case 4:
      return [`${field}|${dice.pick(['lt', 'lte', 'gt', 'gte'])}${neq}`, dice.pick(NUMBERS)]
    case 5:
      return [
        field + neq,
        dice.pick<unknown>([dice.pick(NUMBERS), [dice.pick(NUMBERS), anyText(dice)], dice.chance(0.5)]),
      ]
    case 6:
      return [
        `${field}|fieldref${dice.pick(['', '|contains', '|startswith', '|endswith', '|cased'])}${neq}`,
        dice.pick(FIELDS),
      ]
    case 7:
      return anyEncoded(field, dice)
    case 8: {
      const part = dice.pick(Object.keys(PARTS) as (keyof typeof PARTS)[])
      const value = part === 'year' ? PARTS.year + dice.below(7) : Math.max(1, dice.below(PARTS[part]))
      return [`${field}|${part}${dice.pick(['', '', '|gt', '|lte'])}`, value]
    }
    default:
      return anyTextLine(field + neq, dice)
  }
}

function anyEncoded(field: string, dice: Dice): [string, unknown] {
  const wide = dice.pick(['', '', '|wide', '|utf16', '|utf16be', '|utf16le'])
  const base = dice.pick(['|base64', '|base64offset', '|base64offset'])
  return [
    `${field}${wide}${base}|contains`,
    anyText(dice).replaceAll(/[*?\\]/g, '') + dice.pick(['abc', 'é', 'xy', 'qr']),
  ]
}

function anyTextLine(field: string, dice: Dice): [string, unknown] {
  const place = dice.pick(['', '', '|contains', '|contains', '|startswith', '|endswith'])
  const isMany = dice.chance(0.4)
  const more = `${dice.chance(0.1) ? '|windash' : ''}${dice.chance(0.1) ? '|cased' : ''}${isMany && dice.chance(0.3) ? '|all' : ''}`
  const values = Array.from({ length: isMany ? 2 + dice.below(4) : 1 }, () => anyText(dice))
  return [`${field}${place}${more}`, isMany ? values : values[0]]
}

function anyText(dice: Dice): string {
  const pieces = Array.from({ length: dice.below(5) }, () => dice.pick(PIECES))
  return pieces.join('')
}
