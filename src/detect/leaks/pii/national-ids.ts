import { isDay, isLuhn, isMod11And10, isVerhoeff, mod97, weighed } from './checksums.ts'
import type { NumberRun } from './numbers.ts'

/** One country's number for a person: how it is written, what must be right, and which word must stand near it. */
interface NationalId {
  readonly kind: string
  readonly written: RegExp
  readonly isRight: (digits: string) => boolean
  /** Where the number alone says too little; also as a part of a longer name (`patientNhsNumber`). */
  readonly near?: RegExp
}

/** Those made of digits alone. */
const OF_DIGITS: readonly NationalId[] = [
  { kind: 'br-cpf', written: /^\d{3}\.\d{3}\.\d{3}-\d{2}$/, isRight: isCpf },
  { kind: 'br-cpf', written: /^\d{11}$/, isRight: isCpf, near: /cpf/i },
  { kind: 'in-aadhaar', written: /^[2-9]\d{3} \d{4} \d{4}$/, isRight: isVerhoeff },
  { kind: 'se-personal-number', written: /^(?:\d{2})?\d{6}[-+]\d{4}$/, isRight: isSwedish },
  { kind: 'in-aadhaar', written: /^[2-9]\d{11}$/, isRight: isVerhoeff, near: /aadha{1,2}r/i },
  {
    kind: 'se-personal-number',
    written: /^(?:\d{2})?\d{10}$/,
    isRight: isSwedish,
    near: /person(?:al)? ?n(?:umber|ummer|r)/i,
  },
  { kind: 'fr-nir', written: /^[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}$/, isRight: isNir },
  { kind: 'pl-pesel', written: /^\d{11}$/, isRight: isPesel, near: /pesel/i },
  {
    kind: 'de-tax-id',
    written: /^\d{2} ?\d{3} ?\d{3} ?\d{3}$/,
    isRight: isGermanTaxId,
    near: /steuer|tax.?id|idnr|tin\b/i,
  },
  { kind: 'uk-nhs', written: /^\d{3}[ -]?\d{3}[ -]?\d{4}$/, isRight: isNhs, near: /nhs/i },
  { kind: 'nl-bsn', written: /^\d{9}$/, isRight: isBsn, near: /bsn|burgerservice/i },
]

/** Those with letters. Patterns begin with a digit, so that prose costs little; `lead` characters before it belong to the number. */
const WITH_LETTERS: readonly {
  readonly kind: string
  readonly pattern: RegExp
  readonly lead: number
  readonly isRight: (text: string) => boolean
}[] = [
  { kind: 'cn-resident-id', pattern: /[1-9](?<![\w-].)\d{16}[\dXx](?![\w-])/g, lead: 0, isRight: isChinese },
  { kind: 'es-dni', pattern: /\d(?<![\w-].)\d{7}-?[A-HJ-NP-TV-Za-hj-np-tv-z](?![\w-])/g, lead: 0, isRight: isDni },
  {
    kind: 'es-dni',
    pattern: /\d(?<=(?<![\w-])[X-Zx-z].)\d{6}-?[A-HJ-NP-TV-Za-hj-np-tv-z](?![\w-])/g,
    lead: 1,
    isRight: isDni,
  },
  { kind: 'fi-hetu', pattern: /\d(?<![\w-].)\d{5}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])/g, lead: 0, isRight: isHetu },
  {
    kind: 'it-fiscal-code',
    pattern: /\d\d[A-EHLMPR-Ta-ehlmpr-t]\d\d[A-Za-z]\d{3}[A-Za-z](?![\w-])(?<=(?<![\w-])[A-Za-z]{6}.{10})/g,
    lead: 6,
    isRight: isFiscalCode,
  },
]

/** Part of every number with letters, and of few other texts. */
const SOME_DIGITS = /\d\d(?:\d{4}|[A-Za-z]\d\d)/

export const NATIONAL_KINDS: readonly string[] = [...new Set([...OF_DIGITS, ...WITH_LETTERS].map(({ kind }) => kind))]

/** Which country's number a run of digits is, if any; `around` is the text near it. */
export function nationalKindOf({ text, digits }: NumberRun, around: string): string | undefined {
  return OF_DIGITS.find(
    ({ written, isRight, near }) => written.test(text) && isRight(digits) && (near?.test(around) ?? true),
  )?.kind
}

/** Each number with letters in `text`. */
export function* lettered(
  text: string,
): Generator<{ readonly kind: string; readonly start: number; readonly text: string }> {
  if (!SOME_DIGITS.test(text)) return
  for (const { kind, pattern, lead, isRight } of WITH_LETTERS)
    for (const match of text.matchAll(pattern)) {
      const start = match.index - lead
      const found = text.slice(start, match.index + match[0].length)
      if (isRight(kind === 'fi-hetu' ? found : found.replaceAll('-', '').toUpperCase()))
        yield { kind, start, text: found }
    }
}

function number(digits: string, from: number, to: number): number {
  return Number(digits.slice(from, to))
}

function isCpf(digits: string): boolean {
  if (/^(\d)\1+$/.test(digits)) return false
  const check = (count: number): number =>
    ((weighed(
      digits,
      Array.from({ length: count }, (_, at) => count + 1 - at),
    ) *
      10) %
      11) %
    10
  return check(9) === number(digits, 9, 10) && check(10) === number(digits, 10, 11)
}

function isSwedish(digits: string): boolean {
  const ten = digits.slice(-10)
  return isDay(number(ten, 0, 2), number(ten, 2, 4), number(ten, 4, 6)) && isLuhn(ten)
}

function isNir(digits: string): boolean {
  const month = number(digits, 3, 5)
  return (
    (month <= 12 || (month >= 20 && month <= 42)) &&
    month > 0 &&
    97 - mod97(digits.slice(0, 13)) === number(digits, 13, 15)
  )
}

function isPesel(digits: string): boolean {
  const day = isDay(number(digits, 0, 2), number(digits, 2, 4) % 20, number(digits, 4, 6))
  return day && (10 - (weighed(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === number(digits, 10, 11)
}

/** One digit twice or three times among the first ten, and the check digit. */
function isGermanTaxId(digits: string): boolean {
  const different = new Set(digits.slice(0, 10)).size
  return !digits.startsWith('0') && (different === 9 || different === 8) && isMod11And10(digits)
}

function isNhs(digits: string): boolean {
  return (11 - (weighed(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === number(digits, 9, 10)
}

function isBsn(digits: string): boolean {
  return Number(digits) > 0 && weighed(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

function isChinese(text: string): boolean {
  const sum = weighed(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
  const year = number(text, 6, 10)
  return (
    year >= 1900 &&
    year < 2100 &&
    isDay(year, number(text, 10, 12), number(text, 12, 14)) &&
    '10X98765432'[sum % 11] === text[17]
  )
}

function isDni(text: string): boolean {
  const digits = text.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)))
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === text[8]
}

function isHetu(text: string): boolean {
  const isBorn = isDay(number(text, 4, 6), number(text, 2, 4), number(text, 0, 2))
  return isBorn && '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(text.slice(0, 6) + text.slice(7, 10)) % 31] === text[10]
}

/** What a character counts for at an odd place of the code: 0-9, then A-Z. */
const ODD_PLACES = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

function isFiscalCode(text: string): boolean {
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const value = Number.parseInt(text[i] ?? '0', 36)
    const place = value > 9 ? value - 10 : value
    sum += i % 2 === 0 ? (ODD_PLACES[place] ?? 0) : place
  }
  return String.fromCharCode(65 + (sum % 26)) === text[15]
}
