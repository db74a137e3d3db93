import { BlockList, isIP, isIPv4 } from 'node:net'
import { asText, everyValue, hasField, valuesOf, type NaiveEvent } from './naive-sigma-fields.ts'
import {
  base64,
  base64Anywhere,
  everyDash,
  literal,
  patternTest,
  plain,
  readPattern,
  regexTest,
  small,
  wide,
  type Pattern,
} from './naive-sigma-text.ts'

/** What a line of a selection asks of an event. */
export type Question = (event: NaiveEvent) => boolean

/** By name, what a placeholder stands for: Sigma strings. */
export type Placeholders = ReadonlyMap<string, readonly string[]>

/** A value on its way through the modifiers. */
interface Way {
  readonly raw: unknown
  readonly pattern?: Pattern
  readonly isBytes?: boolean
  readonly cased?: boolean
  readonly regex?: string
  readonly flags?: string
  readonly cidr?: string
  readonly exists?: boolean
  readonly compare?: string
  readonly part?: string
  readonly reference?: string
  readonly place?: 'contains' | 'startswith' | 'endswith'
}

/** One line of a selection: `field|modifiers: values`. Without a field, keywords. */
export function question(written: string, value: unknown, placeholders: Placeholders): Question {
  const [name = '', ...modifiers] = written.split('|').map((word) => word.trim())
  const field = name.replaceAll(' ', '')
  const chain = modifiers.filter((word) => word !== 'all' && word !== 'neq')
  const asks = [value].flat().map((one) => {
    const ways = chain.reduce<readonly Way[]>(
      (before, modifier) => before.flatMap((way) => modified(way, modifier, placeholders)),
      [begin(one)],
    )
    const each = ways.map((way) => (field === '' ? keyword(way) : asked(way, field)))
    return (event: NaiveEvent) => each.some((ask) => ask(event))
  })
  const isAll = modifiers.includes('all')
  const isNegated = modifiers.includes('neq')
  return (event) => (isAll ? asks.every((ask) => ask(event)) : asks.some((ask) => ask(event))) !== isNegated
}

function begin(raw: unknown): Way {
  return typeof raw === 'string' ? { raw, pattern: readPattern(raw) } : { raw }
}

function modified(way: Way, modifier: string, placeholders: Placeholders): readonly Way[] {
  const pattern = way.pattern ?? literal(String(way.raw))
  const text = String(way.raw)
  switch (modifier) {
    case 'contains':
    case 'startswith':
    case 'endswith':
      if (way.reference !== undefined || way.regex !== undefined) return [{ ...way, place: modifier }]
      return [
        {
          ...way,
          pattern: [
            ...(modifier === 'startswith' ? [] : ['many' as const]),
            ...pattern,
            ...(modifier === 'endswith' ? [] : ['many' as const]),
          ],
        },
      ]
    case 'cased':
      return [{ ...way, cased: true }]
    case 're':
      return [{ ...way, regex: text, flags: '' }]
    case 'i':
    case 'ignorecase':
      return [{ ...way, flags: `${way.flags}i` }]
    case 'm':
    case 'multiline':
      return [{ ...way, flags: `${way.flags}m` }]
    case 's':
    case 'dotall':
      return [{ ...way, flags: `${way.flags}s` }]
    case 'cidr':
      return [{ ...way, cidr: text }]
    case 'exists':
      return [{ ...way, exists: way.raw === true }]
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return [{ ...way, compare: modifier }]
    case 'minute':
    case 'hour':
    case 'day':
    case 'week':
    case 'month':
    case 'year':
      return [{ ...way, part: modifier }]
    case 'fieldref':
      return [{ ...way, reference: plain(pattern).replaceAll(' ', '') }]
    case 'windash':
      return everyDash(pattern).map((one) => ({ ...way, pattern: one }))
    case 'wide':
    case 'utf16le':
      return [{ ...way, pattern: wide(pattern, false), isBytes: true }]
    case 'utf16be':
      return [{ ...way, pattern: wide(pattern, true), isBytes: true }]
    case 'utf16':
      return [{ ...way, pattern: [...literal('\u00ff\u00fe'), ...wide(pattern, false)], isBytes: true }]
    case 'base64':
      return [{ ...way, pattern: literal(base64(bytesOf(way, pattern))), isBytes: false }]
    case 'base64offset':
      return base64Anywhere(bytesOf(way, pattern)).map((one) => ({ ...way, pattern: literal(one), isBytes: false }))
    case 'expand':
      return expanded(text, placeholders).map((one) => ({ ...way, pattern: one }))
    default:
      throw new Error(`${modifier} is no modifier of Sigma 2.1`)
  }
}

function bytesOf(way: Way, pattern: Pattern): Buffer {
  return Buffer.from(plain(pattern), way.isBytes === true ? 'latin1' : 'utf8')
}

/** `%name%` becomes each of its values; `\%` is a percent sign. */
function expanded(text: string, placeholders: Placeholders): readonly Pattern[] {
  let made: readonly Pattern[] = [[]]
  for (const [part] of text.matchAll(/\\%|%\w+%|(?:\\[^%]|[^%\\])+|[%\\]/g)) {
    const values = /^%\w+%$/.test(part) ? placeholders.get(part.slice(1, -1)) : undefined
    if (/^%\w+%$/.test(part) && !values) throw new Error(`the placeholder ${part} stands for nothing`)
    const patterns = values?.map(readPattern) ?? [part === '\\%' ? literal('%') : readPattern(part)]
    made = made.flatMap((before) => patterns.map((pattern) => [...before, ...pattern]))
  }
  return made
}

/** Keywords are looked for inside every value of the event. */
function keyword(way: Way): Question {
  const test =
    way.regex === undefined
      ? patternTest(['many', ...(way.pattern ?? literal(String(way.raw))), 'many'], way.cased === true)
      : regexTest(way.regex, way.flags ?? '', way.place)
  return (event) => everyValue(event.fields).some((value) => onText(value, test))
}

function asked(way: Way, field: string): Question {
  if (way.exists !== undefined) return (event) => hasField(event, field) === way.exists
  if (way.reference !== undefined) return referenced(way, field, way.reference)
  if (way.raw === null)
    return (event) => {
      const values = valuesOf(event, field)
      return values.length === 0 || values.includes(null)
    }
  const test = valueTest(way)
  return (event) => valuesOf(event, field).some(test)
}

function referenced(way: Way, field: string, other: string): Question {
  const normal = (value: unknown): string | undefined => {
    const text = asText(value)
    return text === undefined || way.cased ? text : small(text)
  }
  return (event) =>
    valuesOf(event, field).some((one) =>
      valuesOf(event, other).some((two) => {
        const [text, wanted] = [normal(one), normal(two)]
        if (text === undefined || wanted === undefined) return false
        if (way.place === 'contains') return text.includes(wanted)
        if (way.place === 'startswith') return text.startsWith(wanted)
        return way.place === 'endswith' ? text.endsWith(wanted) : text === wanted
      }),
    )
}

function valueTest(way: Way): (value: unknown) => boolean {
  if (way.regex !== undefined) {
    const test = regexTest(way.regex, way.flags ?? '', way.place)
    return (value) => onText(value, test)
  }
  if (way.cidr !== undefined) return networkTest(way.cidr)
  if (way.part !== undefined) return timeTest(way.part, way.compare ?? 'is', Number(way.raw))
  if (way.compare !== undefined) return compareTest(way.compare, Number(way.raw))
  if (way.pattern !== undefined) {
    const test = patternTest(way.pattern, way.cased === true)
    return (value) => onText(value, test)
  }
  // A number is the number or its digits; true and false are words in any case.
  if (typeof way.raw === 'number') return (value) => value === way.raw || value === String(way.raw)
  return (value) => (typeof value === 'string' ? small(value) === String(way.raw) : value === way.raw)
}

function onText(value: unknown, test: (text: string) => boolean): boolean {
  const text = asText(value)
  return text !== undefined && test(text)
}

/** Node's own block list. It takes an IPv4 address within ::ffff:0:0/96 for IPv4. */
function networkTest(network: string): (value: unknown) => boolean {
  const [address = '', bits] = network.split('/')
  const list = new BlockList()
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family)
  return (value) => {
    if (typeof value !== 'string') return false
    const [bare = ''] = value.split('%')
    const kind = isIP(value) === 0 ? 0 : isIP(bare)
    return kind !== 0 && list.check(bare, kind === 4 ? 'ipv4' : 'ipv6')
  }
}

function compareTest(operator: string, limit: number): (value: unknown) => boolean {
  return (value) => {
    const isDecimal = typeof value === 'string' && /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(value)
    if (typeof value !== 'number' && !isDecimal) return false
    return compares(Number(value), operator, limit)
  }
}

function compares(value: number, operator: string, limit: number): boolean {
  if (operator === 'lt') return value < limit
  if (operator === 'lte') return value <= limit
  if (operator === 'gt') return value > limit
  return operator === 'gte' ? value >= limit : value === limit
}

/** A part of a date as it is written, in UTC; numbers are seconds or milliseconds since 1970. */
function timeTest(part: string, operator: string, limit: number): (value: unknown) => boolean {
  return (value) => {
    const [, year = '', month = '', day = '', hour = '', minute = ''] =
      /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):\d\d(?:\.\d+)?Z?)?$/.exec(dateOf(value)) ?? []
    if (Number(hour) > 23 || Number(minute) > 59 || !isDay(+year, +month, +day)) return false
    const written =
      { year, month, day, hour: hour || '0', minute: minute || '0', week: year && String(weekOf(+year, +month, +day)) }[
        part
      ] ?? ''
    return written !== '' && compares(Number(written), operator, limit)
  }
}

/** The week of ISO 8601: the week of the year that holds the Thursday. */
function weekOf(year: number, month: number, day: number): number {
  const date = new Date(Date.UTC(year, month - 1, day))
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * 86_400_000)
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  return Math.floor((thursday.getTime() - first) / (7 * 86_400_000)) + 1
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function dateOf(value: unknown): string {
  if (typeof value === 'string' && !/^\d{9,}/.test(value)) return value
  const number = Number(value)
  if ((typeof value !== 'number' && typeof value !== 'string') || !(number >= 0 && number < 2.5e14)) return ''
  return new Date(number < 1e11 ? number * 1000 : number).toISOString()
}
