import { grouped, padded, type Draw } from './draw.ts'
import { withLuhn } from './national.ts'
import { FORMS, type Form } from './samples.ts'

/** What looks like personal data and is none. */
export interface NearMiss {
  readonly family: string
  /** Of which personal data it is a wrong one. */
  readonly kind?: string
  readonly names: readonly string[]
  draw(draw: Draw): string
}

/** Kinds whose check always fails when one digit of the number itself is another. */
const CHECKED = new Set([
  'card',
  'iban',
  'br-cpf',
  'in-aadhaar',
  'se-personal-number',
  'fr-nir',
  'pl-pesel',
  'de-tax-id',
  'uk-nhs',
  'nl-bsn',
  'cn-resident-id',
  'es-dni',
  'fi-hetu',
])

/** The value with one of its last five digits turned into another: all these checks see every single wrong digit. */
function broken(form: Form, draw: Draw): string {
  const value = form.draw(draw)
  const places = Array.from(value).flatMap((each, at) => (/\d/.test(each) ? [at] : []))
  const at = draw.pick(places.slice(-5))
  const other = String((Number(value[at]) + draw.whole(1, 9)) % 10)
  return value.slice(0, at) + other + value.slice(at + 1)
}

const family = (name: string, names: readonly string[], ...ways: readonly ((draw: Draw) => string)[]): NearMiss => ({
  family: name,
  names,
  draw: (draw) => draw.pick(ways)(draw),
})

const hex = (draw: Draw, count: number): string => draw.of('0123456789abcdef', count)
const date = (draw: Draw, separator: string): string =>
  [draw.whole(1995, 2026), padded(draw.whole(1, 12), 2), padded(draw.whole(1, 28), 2)].join(separator)
const time = (draw: Draw, separator: string): string =>
  [draw.whole(10, 23), draw.whole(10, 59), draw.whole(10, 59)].join(separator)
const decimal = (draw: Draw, most: number, places: number): string =>
  `${draw.whole(-most, most)}.${draw.digits(places)}`

function ean(start: string): string {
  const sum = Array.from(start).reduce((all, each, at) => all + Number(each) * (at % 2 === 0 ? 1 : 3), 0)
  return start + String((10 - (sum % 10)) % 10)
}

function isbn10(draw: Draw): string {
  const start = draw.digits(9)
  const rest = Array.from(start).reduce((all, each, at) => all + Number(each) * (10 - at), 0) % 11
  return start + ['0', 'X', '9', '8', '7', '6', '5', '4', '3', '2', '1'][rest]
}

export const NEAR_MISSES: readonly NearMiss[] = [
  ...FORMS.filter(({ kind }) => CHECKED.has(kind)).map((form) => ({
    family: `${form.kind} with one digit wrong`,
    kind: form.kind,
    names: form.names,
    draw: (draw: Draw) => broken(form, draw),
  })),
  family(
    'impossible SSN',
    ['number', 'code'],
    (draw) => `${draw.pick(['000', '666', `9${draw.digits(2)}`])}-${padded(draw.whole(1, 99), 2)}-${draw.digits(4)}`,
    (draw) => `${padded(draw.whole(1, 665), 3)}-00-${draw.digits(4)}`,
  ),
  family(
    'order number',
    ['order', 'Order no.', 'order number', 'invoice', 'ticket', 'ref'],
    (draw) => `${draw.digits(3)}-${draw.digits(7)}-${draw.digits(7)}`,
    (draw) => `SO-${draw.digits(10)}`,
    (draw) => draw.of('123456789', 10),
    (draw) => `${draw.whole(2019, 2026)}-${draw.digits(6)}`,
    (draw) => `#${draw.digits(11)}`,
    (draw) => `INV${draw.digits(8)}`,
    (draw) => draw.of('123456789', 12),
    (draw) => draw.digits(8),
  ),
  family(
    'transaction of 16 digits',
    ['transaction', 'reference', 'id'],
    (draw) => draw.of('123456789', 1) + draw.digits(15),
  ),
  family(
    'timestamp',
    ['at', 'created', 'time', 'since'],
    (draw) => `${date(draw, '-')} ${time(draw, ':')}`,
    (draw) => `${date(draw, '-')}T${time(draw, ':')}.${draw.digits(3)}Z`,
    (draw) => `1${draw.of('67', 1)}${draw.digits(8)}`,
    (draw) => `17${draw.digits(11)}`,
    (draw) => `${date(draw, '')}${time(draw, '')}`,
    (draw) => `${date(draw, '/')} ${time(draw, ':')}`,
    (draw) => `${date(draw, '')}-${time(draw, '')}`,
  ),
  family(
    'date and range',
    ['from', 'dates', 'period'],
    (draw) => date(draw, '.').split('.').toReversed().join('.'),
    (draw) => `${draw.whole(1900, 1999)}-${draw.whole(2000, 2026)}`,
    (draw) => `${date(draw, '-')} - ${date(draw, '-')}`,
    (draw) => `${draw.whole(1900, 1999)} ${draw.whole(1900, 1999)} ${draw.whole(2000, 2026)}`,
  ),
  family(
    'hash',
    ['sha', 'commit', 'digest', 'etag'],
    (draw) => hex(draw, 40),
    (draw) => hex(draw, 64),
    (draw) => hex(draw, 32),
    (draw) => hex(draw, 12),
  ),
  family('UUID', ['id', 'uuid', 'request'], (draw) => [8, 4, 4, 4, 12].map((count) => hex(draw, count)).join('-')),
  family(
    'part number',
    ['part', 'part no.', 'SKU', 'model', 'item'],
    (draw) => `${draw.digits(2)}-${draw.digits(4)}-${draw.digits(3)}`,
    (draw) => `${draw.of('ABCDEF', 1)}${draw.digits(2)}-${draw.digits(3)}-${draw.digits(4)}`,
    (draw) => `${draw.digits(3)}-${draw.digits(5)}`,
    (draw) => `${draw.digits(6)}-${draw.digits(3)}`,
    (draw) => `${draw.digits(4)}.${draw.digits(3)}.${draw.digits(3)}`,
    (draw) => `${draw.digits(3)} ${draw.digits(3)} ${draw.digits(2)}`,
    (draw) => `${draw.digits(5)}-${draw.digits(5)}`,
  ),
  family(
    'ISBN and ISSN',
    ['ISBN', 'ISBN-13', 'book', 'ISSN'],
    (draw) => grouped(ean(`978${draw.digits(9)}`), [3, 1, 4, 4], '-'),
    (draw) => ean(`978${draw.digits(9)}`),
    (draw) => isbn10(draw),
    (draw) => grouped(isbn10(draw), [1, 4, 4], '-'),
    (draw) => `${draw.digits(4)}-${draw.digits(4)}`,
  ),
  family(
    'barcode',
    ['EAN', 'barcode', 'GTIN', 'UPC'],
    (draw) => ean(draw.pick(['400', '501', '301', '871', '690', '760']) + draw.digits(9)),
    (draw) => draw.digits(12),
  ),
  family(
    'device number',
    ['IMEI', 'ICCID', 'serial'],
    (draw) => withLuhn(`35${draw.digits(12)}`),
    (draw) => withLuhn(`8949${draw.digits(14)}`),
    (draw) => draw.of('ABCDEFGHJK0123456789', 11),
  ),
  family(
    'version',
    ['version', 'v', 'build', 'release'],
    (draw) => `${draw.whole(1, 20)}.${draw.whole(0, 30)}.${draw.whole(0, 99)}`,
    (draw) => `10.0.${draw.whole(10_000, 22_631)}.${draw.whole(1, 5_000)}`,
    (draw) => `v${draw.whole(1, 9)}.${draw.whole(0, 30)}.${draw.whole(0, 9)}.${draw.whole(0, 9)}`,
    (draw) => `${date(draw, '.')}.${draw.whole(1, 9)}`,
    (draw) => `${draw.whole(60, 140)}.0.${draw.whole(3_000, 7_000)}.${draw.whole(10, 200)}`,
  ),
  family(
    'coordinates',
    ['location', 'at', 'coordinates', 'lat/lon'],
    (draw) => `${decimal(draw, 89, 6)}, ${decimal(draw, 179, 6)}`,
    (draw) => `${decimal(draw, 89, 4)} ${decimal(draw, 179, 4)}`,
    (draw) =>
      `${draw.whole(1, 89)}°${draw.whole(1, 59)}'${draw.whole(10, 59)}"N ${draw.whole(1, 179)}°${draw.whole(1, 59)}'${draw.whole(10, 59)}"E`,
  ),
  family(
    'price',
    ['price', 'total', 'amount', 'revenue', 'paid'],
    (draw) => `$${draw.whole(1, 9)},${draw.digits(3)},${draw.digits(3)}.${draw.digits(2)}`,
    (draw) => `${draw.whole(1, 9)}.${draw.digits(3)}.${draw.digits(3)},${draw.digits(2)} €`,
    (draw) => `EUR ${draw.whole(10, 99)} ${draw.digits(3)} ${draw.digits(3)}`,
    (draw) => `${draw.whole(100, 999)} ${draw.digits(3)} ${draw.digits(3)} kr`,
    (draw) => `USD ${draw.whole(1_000_000, 99_999_999)}`,
    (draw) => `₹${draw.whole(10, 99)},${draw.digits(2)},${draw.digits(3)}`,
  ),
  family(
    'parcel',
    ['tracking', 'parcel', 'tracking number'],
    (draw) => `1Z${draw.of('0123456789ABCDEFGHRTWXY', 6)}${draw.digits(10)}`,
    (draw) => grouped(`9400${draw.digits(18)}`, [4, 4, 4, 4, 4], ' '),
    (draw) => grouped(draw.digits(12), [4, 4], ' '),
    (draw) => `RR${draw.digits(9)}DE`,
    (draw) => `00340434${draw.digits(12)}`,
  ),
  family(
    'bank and court',
    ['routing number', 'account', 'case', 'docket', 'ZIP'],
    (draw) => `0${draw.digits(8)}`,
    (draw) => draw.digits(10),
    (draw) => `1:${draw.digits(2)}-cv-${draw.digits(5)}`,
    (draw) => `${draw.digits(5)}-${draw.digits(4)}`,
  ),
  family(
    'numbers in a row',
    ['values', 'scores', 'list', 'table row'],
    (draw) => Array.from({ length: 6 }, () => draw.whole(10, 99)).join(' '),
    (draw) => Array.from({ length: 4 }, () => draw.whole(100, 999)).join(' '),
    (draw) => Array.from({ length: 3 }, () => `${draw.whole(11, 25)}-${draw.whole(11, 25)}`).join(', '),
    (draw) => Array.from({ length: 5 }, () => draw.whole(1_000, 9_999)).join(', '),
    (draw) => `${draw.whole(1, 99)} ${draw.digits(3)} ${draw.digits(3)} ${draw.digits(3)}`,
  ),
  family(
    'network and paper',
    ['id', 'see', 'doi', 'MAC', 'OID'],
    (draw) => `10.${draw.whole(1_000, 9_999)}/${draw.digits(7)}`,
    (draw) => Array.from({ length: 6 }, () => hex(draw, 2)).join(':'),
    (draw) => `1.3.6.1.4.1.${draw.whole(100, 50_000)}.${draw.whole(1, 99)}`,
    (draw) => `${draw.digits(4)}.${draw.digits(5)}`,
    (draw) => `192.168.${draw.whole(0, 255)}.${draw.whole(1, 254)}`,
    (draw) => `user${draw.digits(4)}@${draw.of('abcdef', 6)}`,
  ),
  family(
    'no such phone',
    ['number', 'ref'],
    (draw) => `+999 ${draw.digits(3)} ${draw.digits(4)}`,
    (draw) => `+49 ${draw.digits(2)}`,
    (draw) => `+1 ${draw.digits(3)} ${draw.digits(3)} ${draw.digits(9)}`,
  ),
]
