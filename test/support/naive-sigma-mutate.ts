import type { Dice } from './naive-sigma-aim.ts'

type Step = (value: unknown, dice: Dice) => unknown

const WORDS = [
  'all',
  're',
  'contains',
  'expand',
  'base64offset',
  'windash',
  'cidr',
  'fieldref',
  'exists',
  'neq',
  'hour',
  'gt',
]
const ODD_WORDS = [
  '',
  ' ',
  'wide',
  'utf16',
  'cased',
  'i',
  'proto',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
]
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\u{10FFFF}',
  '\uD800',
  '\u202Eabc',
  'İ',
  'ς',
  '%a%',
  '\\',
  '\\\\\\*',
  '-a -b /c -d -e',
  '10.0.0.0/33',
  '::/0',
  '((((a*)*)*)*)*b',
  '(?<=a)b',
  '(a)\\1',
  '[',
  'a{1000}{1000}',
  '(?i',
  '\\p{Greek}+',
  '1 of them',
  'not not not selection',
  '2026-02-30T25:61:00Z',
  '9'.repeat(40),
]

/** The value with something changed somewhere in it, as no one would write it. The value itself stays as it is. */
export function mutated(value: unknown, dice: Dice): unknown {
  if (Array.isArray(value) && value.length > 0 && dice.chance(0.75)) {
    const at = dice.below(value.length)
    if (dice.chance(0.7)) return value.with(at, mutated(value[at], dice))
    return dice.chance(0.5) ? value.toSpliced(at, 1) : value.toSpliced(at, 0, oddValue(dice))
  }
  if (isMap(value) && dice.chance(0.85)) return mutatedMap(value, dice)
  if (typeof value === 'string' && dice.chance(0.7)) return mutatedText(value, dice)
  return dice.pick<Step>([oddly, wrapped, oddly, repeated])(value, dice)
}

function mutatedMap(map: Record<string, unknown>, dice: Dice): unknown {
  const entries = Object.entries(map)
  if (entries.length === 0) return { [oddWord(dice)]: oddValue(dice) }
  const at = dice.below(entries.length)
  const [key, inner] = entries[at] ?? ['', null]
  const made: [string, unknown] = dice.chance(0.75) ? [key, mutated(inner, dice)] : [mutatedKey(key, dice), inner]
  const kept = dice.chance(0.05) ? entries.toSpliced(at, 1) : entries.with(at, made)
  return Object.fromEntries(kept)
}

function mutatedKey(key: string, dice: Dice): string {
  if (dice.chance(0.6)) return `${key}|${dice.pick(WORDS)}`
  return dice.chance(0.5) ? mutatedText(key, dice) : oddWord(dice)
}

function mutatedText(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1)
  switch (dice.below(6)) {
    case 0:
      return text.slice(0, at) + dice.pick(ODD_TEXTS) + text.slice(at)
    case 1:
      return text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at + 1)
    case 3:
      return (
        text.slice(0, at) +
        dice.pick(['*', '?', '|', '(', ')', ' and ', ' or ', ' not ', '%', '"', '\n']) +
        text.slice(at)
      )
    case 4:
      return text.toUpperCase()
    default:
      return dice.chance(0.02) ? text.repeat(1 + dice.below(40)) : text + text
  }
}

const oddly: Step = (_value, dice) => oddValue(dice)

const wrapped: Step = (value, dice) => {
  const depth = dice.chance(0.02) ? 300 : 1 + dice.below(4)
  let made = value
  for (let level = 0; level < depth; level++) made = dice.chance(0.5) ? [made] : { [dice.pick(WORDS)]: made }
  return made
}

const repeated: Step = (value, dice) => Array.from({ length: dice.chance(0.05) ? 60 : dice.below(5) }, () => value)

function oddValue(dice: Dice): unknown {
  return dice.pick<() => unknown>([
    () => dice.pick(ODD_TEXTS),
    () => dice.pick([0, -0, 1.5, -1, 1e308, Infinity, NaN, 2 ** 53]),
    () => dice.pick([null, true, false]),
    () => dice.pick([[], {}, [[]], [null], [{}], { '': '' }]),
    () => oddWord(dice),
    () => 'x'.repeat(dice.below(dice.chance(0.02) ? 8000 : 50)),
  ])()
}

function oddWord(dice: Dice): string {
  return dice.chance(0.3) ? dice.pick(ODD_TEXTS) : dice.pick([...WORDS, ...ODD_WORDS])
}

/** Text with some of its characters, lines or indentations changed. */
export function mutatedYaml(text: string, dice: Dice): string {
  const lines = text.split('\n')
  const at = dice.below(lines.length)
  const line = lines[at] ?? ''
  switch (dice.below(7)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n')
    case 1:
      return lines.with(at, `  ${line}`).join('\n')
    case 2:
      return lines.with(at, mutatedText(line, dice)).join('\n')
    case 3:
      return lines.toSpliced(at, 0, lines[dice.below(lines.length)] ?? '').join('\n')
    case 4:
      return lines
        .with(
          at,
          `${line} ${dice.pick(['&a', '*a', '!!binary x', '|', '>', '---', '#', '{', '[', '- ', ': ', '\t', '<<: *b'])}`,
        )
        .join('\n')
    case 5:
      return lines
        .with(at, line.replace(/: .*/, `: ${'['.repeat(dice.chance(0.05) ? 2000 : dice.below(20))}`))
        .join('\n')
    default:
      return text.slice(0, dice.below(text.length))
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
