import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/examples.mobile.json'
import { PII_DEFAULTS } from '../../../../src/detect/leaks/pii/pii.ts'
import { grouped, padded, type Draw } from './draw.ts'
import { NATIONAL_FORMS, withLuhn } from './national.ts'

/** One way of writing one kind of personal data. */
export interface Form {
  /** The kind of src/detect/leaks/pii that should be told. */
  readonly kind: string
  readonly form: string
  /** What people write before it. */
  readonly names: readonly string[]
  /** True where the value alone says nothing: it always stands beside its name. */
  readonly needsName: boolean
  draw(draw: Draw): string
}

/** First digits and lengths by the schemes' own publications (ISO/IEC 7812 issuers); groups as printed on the card. */
const LARGE_SCHEMES = [
  ['Visa', ['4'], 16],
  ['Mastercard', ['51', '52', '53', '54', '55', '2221', '2350', '2544', '2720'], 16],
  ['Amex', ['34', '37'], 15],
  ['Discover', ['6011', '644', '649', '65'], 16],
  ['Diners Club', ['300', '305', '36', '38', '39'], 14],
  ['JCB', ['3528', '3530', '3566', '3589'], 16],
  ['UnionPay', ['620', '622', '624', '628'], 16],
  ['UnionPay', ['621', '622', '623'], 19],
  ['Maestro', ['5018', '5020', '5038', '5893', '6304', '6759', '6761', '6763'], 16],
  ['Maestro', ['5018', '6304', '6759'], 13],
  ['Maestro', ['6304', '6761'], 19],
] as const
const NATIONAL_SCHEMES = [
  ['Mir', ['2200', '2204'], 16],
  ['RuPay', ['607', '608', '652', '817', '820'], 16],
  ['Elo', ['636368', '5067', '4011', '504175'], 16],
  ['Hipercard', ['606282'], 16],
  ['Troy', ['9792'], 16],
  ['Verve', ['506099', '650002'], 16],
  ['Verve', ['506100'], 19],
  ['Humo', ['9860'], 16],
  ['Uzcard', ['8600'], 16],
] as const
const CARD_NAMES = ['card number', 'credit card', 'card', 'debit card no.', 'payment card', 'PAN']

type Schemes = readonly (readonly [string, readonly string[], number])[]

function card(draw: Draw, schemes: Schemes): string {
  const [, prefixes, length] = draw.pick(schemes)
  const prefix = draw.pick(prefixes)
  return withLuhn(prefix + draw.digits(length - 1 - prefix.length))
}

function asPrinted(digits: string, separator: string): string {
  if (digits.length <= 15) return grouped(digits, digits.length < 14 ? [4, 4] : [4, 6], separator)
  return grouped(digits, [4, 4, 4, 4], separator)
}

const cards = (form: string, schemes: Schemes, write: (digits: string) => string): Form => ({
  kind: 'card',
  form,
  names: CARD_NAMES,
  needsName: false,
  draw: (draw) => write(card(draw, schemes)),
})

/** What follows country and check digits, after SWIFT's IBAN registry: n digits, a capitals, c either. */
const IBANS =
  'DE18n AT16n CH5n12c LI5n12c FR10n11c2n MC10n11c2n BE12n NL4a10n LU3n13c GB4a14n IE4a14n ES20n PT21n IT1a10n12c PL24n CZ20n ' +
  'SK20n HU24n SI15n HR17n RO4a16c BG4a6n8c GR7n16c CY8n16c MT4a5n18c SE20n NO11n DK14n FI14n IS22n EE16n LT16n LV4a13c UA6n19c ' +
  'TR6n16c IL19n AE19n SA2n18c KZ3n13c BR23n1a1c'
const IN_IBAN: Readonly<Record<string, string>> = {
  n: '0123456789',
  a: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  c: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ',
}

function iban(draw: Draw): string {
  const pattern = draw.pick(IBANS.split(' '))
  const country = pattern.slice(0, 2)
  const own = [...pattern.slice(2).matchAll(/(\d+)([nac])/g)]
    .map(([, count, what]) => draw.of(IN_IBAN[what ?? 'n'] ?? '', Number(count)))
    .join('')
  const asNumber = Array.from(`${own}${country}00`)
    .map((each) => String(Number.parseInt(each, 36)))
    .join('')
  return country + padded(98 - Number(BigInt(asNumber) % 97n), 2) + own
}

/** libphonenumber's own example of a mobile number of each of its regions, its last three digits drawn anew. */
function phone(draw: Draw, regions: readonly CountryCode[]): PhoneNumber {
  for (;;) {
    const region = draw.pick(regions)
    const example: string = examples[region]
    const number = parsePhoneNumberFromString(example.slice(0, -3) + draw.digits(3), region)
    if (number?.isValid() === true) return number
  }
}

const EVERYWHERE = Object.keys(examples) as CountryCode[]
const PHONE_NAMES = [
  'phone',
  'phone number',
  'mobile',
  'cell',
  'tel.',
  'Tel',
  'telephone',
  'call me on',
  'contact number',
  'WhatsApp',
  'Telefon',
  'Mobil',
  'Handy',
  'téléphone',
  'teléfono',
  'telefono',
  'telefone',
  'telefoon',
]

const phones = (
  form: string,
  needsName: boolean,
  regions: readonly CountryCode[],
  write: (number: PhoneNumber) => string,
): Form => ({
  kind: 'phone',
  form,
  names: PHONE_NAMES,
  needsName,
  draw: (draw) => write(phone(draw, regions)),
})

function ssn(draw: Draw): string {
  const area = draw.pick([draw.whole(1, 665), draw.whole(667, 899)])
  return `${padded(area, 3)}-${padded(draw.whole(1, 99), 2)}-${padded(draw.whole(1, 9_999), 4)}`
}

function publicIp4(draw: Draw): string {
  const first = draw.pick([
    draw.whole(1, 9),
    draw.whole(11, 99),
    draw.whole(128, 168),
    draw.whole(173, 191),
    draw.whole(193, 223),
  ])
  return [first, ...Array.from({ length: 3 }, () => draw.whole(0, 254))].join('.')
}

function email(draw: Draw): string {
  const name = () => draw.of('bcdfglmnprst', 1) + draw.of('aeiou', 1) + draw.of('bdlmnrstaeio', draw.whole(2, 6))
  const local = draw.pick([
    name(),
    `${name()}.${name()}`,
    `${name()}_${name()}`,
    `${name()}+${name()}`,
    `${name()}${draw.digits(2)}`,
  ])
  const domain = draw.pick([
    `${name()}.com`,
    `${name()}.co.uk`,
    `mail.${name()}.org`,
    `${name()}-${name()}.de`,
    `${name()}.io`,
  ])
  return `${draw.pick([local, local.toUpperCase(), local])}@${domain}`
}

const other = (kind: string, form: string, names: readonly string[], draw: Form['draw'], needsName = false): Form => ({
  kind,
  form,
  names,
  draw,
  needsName,
})

const hex = (draw: Draw, count: number): string => draw.of('0123456789abcdef', count)

export const FORMS: readonly Form[] = [
  cards('large schemes, digits alone', LARGE_SCHEMES, (digits) => digits),
  cards('large schemes, groups with spaces', LARGE_SCHEMES, (digits) => asPrinted(digits, ' ')),
  cards('large schemes, groups with hyphens', LARGE_SCHEMES, (digits) => asPrinted(digits, '-')),
  cards('national schemes, digits alone', NATIONAL_SCHEMES, (digits) => digits),
  cards('national schemes, groups with spaces', NATIONAL_SCHEMES, (digits) => asPrinted(digits, ' ')),
  other('iban', 'in one piece', ['IBAN', 'account', 'Konto'], iban),
  other('iban', 'in fours', ['IBAN', 'bank account', 'Konto'], (draw) =>
    grouped(
      iban(draw),
      Array.from({ length: 8 }, () => 4),
      ' ',
    ),
  ),
  other('iban', 'small letters', ['iban', 'account'], (draw) => iban(draw).toLowerCase()),
  other('us-ssn', 'with hyphens', ['SSN', 'social security number'], ssn),
  other('us-ssn', 'with spaces', ['SSN', 'social security number'], (draw) => ssn(draw).replaceAll('-', ' ')),
  other('us-ssn', 'digits alone', ['SSN', 'social security number'], (draw) => ssn(draw).replaceAll('-', ''), true),
  other('email', 'as it is', ['email', 'e-mail', 'mail'], email),
  other('ip', 'version 4', ['IP', 'IP address', 'client'], publicIp4),
  other('ip', 'version 6', ['IP', 'address', 'host'], (draw) =>
    ['2a02', ...Array.from({ length: 7 }, () => draw.of('123456789abcdef', 1) + hex(draw, 3))].join(':'),
  ),
  other(
    'ip',
    'version 6, shortened',
    ['IP', 'address', 'host'],
    (draw) => `2001:${hex(draw, 3)}1:${draw.whole(1, 9)}${hex(draw, 2)}::${draw.whole(1, 99)}`,
  ),
  ...NATIONAL_FORMS,
  phones('international', false, EVERYWHERE, (number) => number.formatInternational()),
  phones('E.164', false, EVERYWHERE, (number) => number.number),
  phones('international with hyphens', false, EVERYWHERE, (number) =>
    number.formatInternational().replaceAll(' ', '-'),
  ),
  phones('international with 00', false, EVERYWHERE, (number) => number.formatInternational().replace('+', '00')),
  phones('national beside a name, any country', true, EVERYWHERE, (number) => number.formatNational()),
  phones('national, default regions', false, PII_DEFAULTS.regions, (number) => number.formatNational()),
  phones('national digits alone beside a name', true, PII_DEFAULTS.regions, (number) =>
    number.formatNational().replaceAll(/\D/g, ''),
  ),
]
