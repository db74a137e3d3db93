import { isLuhn } from './checksums.ts'

/** Digits in a row, with separators inside, as they stand in a text. */
export interface NumberRun {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly digits: string
}

interface Issuer {
  readonly lengths: readonly number[]
  /** Lowest and highest first digits, all of one length. */
  readonly ranges: readonly (readonly [number, number])[]
}

const LONG = [16, 17, 18, 19]
/** First digits and lengths that issuers of payment cards use (ISO/IEC 7812). */
const ISSUERS: readonly Issuer[] = [
  { lengths: [13, 16, 19], ranges: [[4, 4]] },
  {
    lengths: [16],
    ranges: [
      [51, 55],
      [2221, 2720],
      // RuPay and Hipercard, Troy, Humo, Uzcard.
      [606, 608],
      [9792, 9792],
      [9860, 9860],
      [8600, 8600],
    ],
  },
  {
    lengths: [15],
    ranges: [
      [34, 34],
      [37, 37],
      [1800, 1800],
      [2131, 2131],
    ],
  },
  {
    lengths: [14, ...LONG],
    ranges: [
      [300, 305],
      [3095, 3095],
      [36, 36],
      [38, 39],
    ],
  },
  {
    lengths: LONG,
    ranges: [
      [6011, 6011],
      [644, 649],
      [65, 65],
      [3528, 3589],
      [62, 62],
      [2200, 2204],
      [81, 82],
    ],
  },
  {
    lengths: [13, 14, 15, ...LONG],
    ranges: [
      [5018, 5020],
      [5038, 5038],
      [5612, 5612],
      [5893, 5893],
      [6304, 6304],
      [6390, 6390],
      [6703, 6709],
      [6759, 6763],
      [50, 50],
      [56, 58],
      [67, 67],
      [63, 63],
    ],
  },
]

const CARD_WORDS =
  /(?<!\b(?:id|identity|library|business|sim|student|aadha{1,2}r) )\bcard\b|\b(?:cc|visa|mastercard|amex|maestro|jcb|pan)\b/i

/**
 * A payment card: written in one piece or in groups, with a right check digit, from an issuer's range or beside a word
 * that says it is a card (issuers get new ranges).
 */
export function isCard({ digits, text }: NumberRun, around: string): boolean {
  if (digits.length < 12 || digits.length > 19 || !isLuhn(digits) || /[./()]/.test(text)) return false
  if (!/^\d+$/.test(text) && !/^\d{4}(?:[ -]\d{4}){2,3}(?:[ -]?\d{1,3})?$|^\d{4}[ -]\d{6}[ -]\d{4,5}$/.test(text))
    return false
  return (
    CARD_WORDS.test(around) ||
    ISSUERS.some(
      ({ lengths, ranges }) =>
        lengths.includes(digits.length) &&
        ranges.some(([low, high]) => {
          const first = Number(digits.slice(0, String(low).length))
          return first >= low && first <= high
        }),
    )
  )
}

/** A US social security number as the administration gives them out; without separators only where the text says so. */
export function isSsn({ digits, text }: NumberRun, around: string): boolean {
  if (digits.length !== 9) return false
  const isWritten =
    /^\d{3}([- ])\d{2}\1\d{4}$/.test(text) || (text === digits && /\bssn\b|social.?security/i.test(around))
  return isWritten && /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits)
}

/** Not of this machine or its own network, and no version number. */
export function isPublicIp4(text: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return false
  const octets = match.slice(1).map(Number)
  if (match.slice(1).some((octet) => octet.length > 1 && octet.startsWith('0')) || octets.some((octet) => octet > 255))
    return false
  const [a = 0, b = 0] = octets
  const isLocal = a === 0 || a === 10 || a === 127 || a >= 224 || (a === 192 && b === 168) || (a === 169 && b === 254)
  return !isLocal && !(a === 172 && b >= 16 && b <= 31)
}
