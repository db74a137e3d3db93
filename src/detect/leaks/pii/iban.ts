import { mod97 } from './checksums.ts'

/** Length by country, after SWIFT's IBAN registry. */
const LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 ' +
    'LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 ' +
    'SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
)

/** A country and check digits, seen from the digits: they are rarer than letters. */
const BEGINS_SO = /\d\d(?<=[A-Za-z]{2}\d\d)/
const LOOKS_SO = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,34}/g

/** Each IBAN in `text`, in one piece or in groups, in any case: right country, length and check digits. */
export function* ibans(text: string): Generator<{ readonly start: number; readonly text: string }> {
  if (!BEGINS_SO.test(text)) return
  for (const match of text.matchAll(LOOKS_SO)) {
    const length = LENGTHS.get(match[0].slice(0, 2).toUpperCase())
    if (length === undefined) continue
    const written = firstCharacters(match[0], length)
    const next = text[match.index + (written?.length ?? 0)]
    if (written === undefined || (next !== undefined && /[A-Za-z0-9]/.test(next))) continue
    const plain = written.replaceAll(' ', '').toUpperCase()
    if (mod97(plain.slice(4) + plain.slice(0, 4)) === 1) yield { start: match.index, text: written }
  }
}

/** As much of `text` as holds `count` characters that are no spaces. */
function firstCharacters(text: string, count: number): string | undefined {
  let seen = 0
  for (let i = 0; i < text.length; i++) if (text[i] !== ' ' && ++seen === count) return text.slice(0, i + 1)
  return undefined
}
