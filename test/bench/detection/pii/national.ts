import { grouped, padded, type Draw } from './draw.ts'
import type { Form } from './samples.ts'

const TO_NINE = Array.from({ length: 10 }, (_, digit) => String(digit))

/** The digit (or character) that makes a number right. Rules are written out here on their own, not taken from src. */
function completed(
  start: string,
  isRight: (text: string) => boolean,
  ends: readonly string[] = TO_NINE,
): string | undefined {
  return ends.map((end) => start + end).find(isRight)
}

function drawn(draw: () => string | undefined): string {
  for (;;) {
    const found = draw()
    if (found !== undefined) return found
  }
}

function sum(text: string, weights: readonly number[]): number {
  return weights.reduce((total, weight, at) => total + weight * Number(text[at]), 0)
}

/** Luhn 1960: doubled digits from the right, their own digits added. */
export function withLuhn(start: string): string {
  const total = Array.from(start)
    .toReversed()
    .map((digit, at) => (at % 2 === 0 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)] : Number(digit)))
    .reduce<number>((all, value) => all + (value ?? 0), 0)
  return start + String((10 - (total % 10)) % 10)
}

const TURNS = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]
const SWAPS = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]

/** Verhoeff 1969 by its published tables. */
function isVerhoeffRight(text: string): boolean {
  let check = 0
  for (const [at, digit] of Array.from(text).toReversed().entries())
    check = Number(TURNS[check]?.[Number(SWAPS[at % 8]?.[Number(digit)])])
  return check === 0
}

function cpf(draw: Draw): string {
  const digit = (start: string): string => {
    const rest = Array.from(start).reduce((total, each, at) => total + Number(each) * (start.length + 1 - at), 0) % 11
    return String(rest < 2 ? 0 : 11 - rest)
  }
  const nine = draw.digits(9)
  const ten = nine + digit(nine)
  return ten + digit(ten)
}

function aadhaar(draw: Draw): string {
  return drawn(() => completed(draw.of('23456789', 1) + draw.digits(10), isVerhoeffRight))
}

function personnummer(draw: Draw): string {
  const { year, month, day } = draw.birthday()
  return year.slice(0, 2) + withLuhn(year.slice(2) + month + day + draw.digits(3))
}

function nir(draw: Draw): string {
  const { year, month } = draw.birthday()
  const start =
    draw.of('12', 1) +
    year.slice(2) +
    month +
    padded(draw.whole(21, 95), 2) +
    draw.digits(3) +
    padded(draw.whole(1, 999), 3)
  return start + padded(97 - Number(BigInt(start) % 97n), 2)
}

function pesel(draw: Draw): string {
  const { year, month, day } = draw.birthday()
  const coded = padded(Number(month) + (Number(year) >= 2000 ? 20 : 0), 2)
  const start = year.slice(2) + coded + day + draw.digits(4)
  return start + String((10 - (sum(start, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10)
}

/** Bundeszentralamt fuer Steuern: of ten digits one twice or three times, the first not 0, then ISO 7064 MOD 11,10. */
function germanTaxId(draw: Draw): string {
  return drawn(() => {
    const start = draw.digits(10)
    const counts = TO_NINE.map((digit) => start.split(digit).length - 1).toSorted((a, b) => b - a)
    if (start.startsWith('0') || /(\d)\1\1/.test(start)) return undefined
    if (!((counts[0] === 2 && counts[1] === 1) || (counts[0] === 3 && counts[1] === 1))) return undefined
    let product = 10
    for (const digit of start) {
      const step = (Number(digit) + product) % 10
      product = ((step === 0 ? 10 : step) * 2) % 11
    }
    return start + String((11 - product) % 10)
  })
}

function nhs(draw: Draw): string {
  return drawn(() => {
    const start = draw.of('4679', 1) + draw.digits(8)
    const check = 11 - (sum(start, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
    return check === 10 ? undefined : start + String(check % 11)
  })
}

function bsn(draw: Draw): string {
  return drawn(() => {
    const start = draw.of('123', 1) + draw.digits(7)
    const check = sum(start, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return check === 10 ? undefined : start + String(check)
  })
}

const CHINESE_PLACES = ['110105', '310115', '440305', '510104', '330106', '420111', '610113', '230102']

function chinese(draw: Draw): string {
  const { year, month, day } = draw.birthday()
  const start = draw.pick(CHINESE_PLACES) + year + month + day + draw.digits(3)
  const rest = sum(start, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11
  return start + ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][rest]
}

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE'

function dni(draw: Draw): string {
  const number = draw.digits(8)
  return number + DNI[Number(number) % 23]
}

function nie(draw: Draw): string {
  const [first, number] = [draw.whole(0, 2), draw.digits(7)]
  return `${'XYZ'[first]}${number}${DNI[Number(String(first) + number) % 23]}`
}

function hetu(draw: Draw): string {
  const { year, month, day } = draw.birthday()
  const sign = draw.pick(Number(year) >= 2000 ? ['A', 'B', 'C'] : ['-', 'Y', 'X'])
  const [date, own] = [day + month + year.slice(2), padded(draw.whole(2, 899), 3)]
  return date + sign + own + '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(date + own) % 31]
}

/** Decreto ministeriale 23 dicembre 1976: values of characters at odd places, 0-9 and A-Z alike. */
const ODD: Readonly<Record<string, number>> = Object.fromEntries(
  [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23].flatMap(
    (value, at) => [['ABCDEFGHIJKLMNOPQRSTUVWXYZ'[at], value], ...(at < 10 ? [[String(at), value]] : [])],
  ),
) as Record<string, number>

function fiscalCode(draw: Draw): string {
  const { year, day } = draw.birthday()
  const name = draw.of('BCDFGLMNPRSTVZ', 3) + draw.of('BCDFGLMNPRSTV', 2) + draw.of('AEIO', 1)
  const born = year.slice(2) + draw.of('ABCDEHLMPRST', 1) + padded(Number(day) + draw.pick([0, 40]), 2)
  const start = name + born + draw.of('ABCDEFGHIL', 1) + draw.digits(3)
  const total = Array.from(start).reduce(
    (all, each, at) =>
      all + (at % 2 === 0 ? (ODD[each] ?? 0) : /\d/.test(each) ? Number(each) : each.charCodeAt(0) - 65),
    0,
  )
  return start + String.fromCharCode(65 + (total % 26))
}

const named = (kind: string, form: string, names: readonly string[], draw: Form['draw'], needsName = false): Form => ({
  kind,
  form,
  names,
  draw,
  needsName,
})

/** The twelve national numbers as people of those countries write them; bare digits stand beside their name. */
export const NATIONAL_FORMS: readonly Form[] = [
  named('br-cpf', 'with marks', ['CPF', 'CPF number'], (draw) =>
    cpf(draw).replace(/(...)(...)(...)(..)/, '$1.$2.$3-$4'),
  ),
  named('br-cpf', 'digits alone', ['CPF', 'CPF nº'], cpf, true),
  named('in-aadhaar', 'in fours', ['Aadhaar', 'Aadhaar number'], (draw) => grouped(aadhaar(draw), [4, 4], ' ')),
  named('in-aadhaar', 'digits alone', ['Aadhaar', 'Aadhaar no.'], aadhaar, true),
  named('se-personal-number', 'short', ['personnummer', 'Swedish personal number'], (draw) =>
    grouped(personnummer(draw).slice(2), [6], '-'),
  ),
  named('se-personal-number', 'long', ['personnummer', 'personal number'], (draw) =>
    grouped(personnummer(draw), [8], '-'),
  ),
  named('se-personal-number', 'digits alone', ['personnummer', 'Personnr'], personnummer, true),
  named('fr-nir', 'in groups', ['numéro de sécurité sociale', 'NIR'], (draw) =>
    grouped(nir(draw), [1, 2, 2, 2, 3, 3], ' '),
  ),
  named('fr-nir', 'digits alone', ['numéro de sécurité sociale', 'NIR'], nir),
  named('pl-pesel', 'digits alone', ['PESEL', 'numer PESEL'], pesel, true),
  named(
    'de-tax-id',
    'in groups',
    ['Steuer-ID', 'Steueridentifikationsnummer', 'German tax ID'],
    (draw) => grouped(germanTaxId(draw), [2, 3, 3], ' '),
    true,
  ),
  named('de-tax-id', 'digits alone', ['Steuer-ID', 'IdNr', 'tax ID'], germanTaxId, true),
  named('uk-nhs', 'in groups', ['NHS number', 'NHS no.'], (draw) => grouped(nhs(draw), [3, 3], ' '), true),
  named('uk-nhs', 'digits alone', ['NHS number', 'NHS no.'], nhs, true),
  named('nl-bsn', 'digits alone', ['BSN', 'burgerservicenummer'], bsn, true),
  named('cn-resident-id', 'as it is', ['身份证', 'ID card number'], chinese),
  named('es-dni', 'as it is', ['DNI', 'NIF'], dni),
  named('es-dni', 'with a hyphen', ['DNI', 'NIF'], (draw) => grouped(dni(draw), [8], '-')),
  named('es-dni', 'of a foreigner', ['NIE', 'NIE number'], nie),
  named('fi-hetu', 'as it is', ['hetu', 'henkilötunnus'], hetu),
  named('it-fiscal-code', 'as it is', ['codice fiscale', 'C.F.'], fiscalCode),
]
