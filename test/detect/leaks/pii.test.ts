import { expect, test } from 'vitest'
import { PII_KINDS, PiiFinder } from '../../../src/detect/leaks/pii/finder.ts'
import { PII_DEFAULTS } from '../../../src/detect/leaks/pii/pii.ts'
import { haveSharedData } from '../../support/shared-data.ts'
import { tallyPresidio } from './presidio.ts'

const finder = new PiiFinder(PII_KINDS, PII_DEFAULTS.regions)
const found = (text: string): string[] => finder.find(text).leaks.map(({ rule, secret }) => `${rule} ${secret}`)

test.skipIf(!haveSharedData())(
  "presidio's synthetic sentences: each labelled span is met exactly, and nothing else",
  () => {
    for (const { kind, labelled, found: all, met, right } of tallyPresidio()) {
      expect(met / labelled, `${kind} recall`).toBeGreaterThanOrEqual(0.98)
      expect(right / all, `${kind} precision`).toBeGreaterThanOrEqual(0.98)
    }
  },
)

test.each([
  ['email ada@example.org', 'Write to <ada@example.org>.'],
  ['email o.brien+x@mail.example.co.uk', 'o.brien+x@mail.example.co.uk, please'],
  ['card 4111 1111 1111 1111', 'card 4111 1111 1111 1111 exp 12/29'],
  ['card 378282246310005', '(378282246310005)'],
  ['iban DE89 3704 0044 0532 0130 00', 'IBAN: DE89 3704 0044 0532 0130 00.'],
  ['iban gb82west12345698765432', 'to gb82west12345698765432 today'],
  ['us-ssn 078-05-1120', 'number 078-05-1120'],
  ['us-ssn 078051120', 'his SSN is 078051120'],
  ['ip 8.8.8.8', 'ask 8.8.8.8.'],
  ['ip 2001:db8:85a3::8a2e:370:7334', 'host 2001:db8:85a3::8a2e:370:7334 port'],
  ['phone +49 30 901820', 'Rathaus: +49 30 901820'],
  ['phone (212) 736-5000', 'It was (212) 736-5000 I think'],
  ['phone 467 3395', 'Phone:\n467 3395'],
  ['phone 212-736-5000x12', 'desk 212-736-5000x12'],
  ['br-cpf 529.982.247-25', 'CPF 529.982.247-25'],
  ['in-aadhaar 2341 2341 2346', 'Aadhaar 2341 2341 2346'],
  ['se-personal-number 811228-9874', 'född 811228-9874'],
  ['fr-nir 2 55 08 14 168 025 38', 'Sécu 2 55 08 14 168 025 38'],
  ['pl-pesel 44051401359', 'PESEL: 44051401359'],
  ['de-tax-id 86095742719', 'Steuer-ID 86095742719'],
  ['uk-nhs 943 476 5919', 'NHS number 943 476 5919'],
  ['nl-bsn 111222333', 'BSN 111222333'],
  ['cn-resident-id 11010519491231002X', '身份证 11010519491231002X'],
  ['es-dni 12345678Z', 'DNI 12345678Z'],
  ['es-dni X1234567L', 'NIE X1234567L'],
  ['fi-hetu 131052-308T', 'hetu 131052-308T'],
  ['it-fiscal-code RSSMRA85T10A562S', 'cod. fisc. RSSMRA85T10A562S'],
  ['card 4111111111111111', 'card=4111111111111111'],
  ['card 9792 1234 5678 9018', '(9792 1234 5678 9018)'],
  ['email ada@example.org', 'email=ada@example.org'],
  ['email ada@example.org', 'it was “ada@example.org”.'],
  ['br-cpf 52998224725', 'CPF: 52998224725'],
  ['in-aadhaar 234123412346', 'Aadhaar no. 234123412346'],
  ['se-personal-number 198112289874', 'personnummer 198112289874'],
  ['uk-nhs 9434765919', '<patientNhsNumber>9434765919</patientNhsNumber>'],
  ['phone 912 345 678', 'o meu telemóvel: 912 345 678'],
  ['url https://www.example.com/a?b=c', 'see https://www.example.com/a?b=c.'],
])('finds %s', (wanted, text) => {
  expect(found(text)).toEqual([wanted])
})

test.each([
  ['a card with a wrong check digit', 'card 4111 1111 1111 1112'],
  ['Luhn digits of no issuer, with nothing that speaks of a card', 'order 9111 1111 1111 1111 x'],
  ['an IBAN with wrong check digits', 'DE88370400440532013000'],
  ['an IBAN of the wrong length', 'DE8937040044053201300'],
  ['an impossible social security number', '666-12-3456 and 000-12-3456 and 123-00-4567'],
  ['a version', 'version 1.2.3.4.5 and v10.0.1.2'],
  ['addresses of one network', '127.0.0.1, 10.1.2.3, 192.168.1.1, 172.20.0.1, 0.0.0.0'],
  ['C++ and times', 'std::vector<a::b> at 12:34:56, ab::cd::ef'],
  ['numbers, dates, ranges', '1,234,567,890 in 2024-11-21, 1990-2020, 3.14159265, 12345678.99, 21.11.2026'],
  ['an identifier', '550e8400-e29b-41d4-a716-446655440000 and 1234567890123'],
  ['an @ in code', '@Override user@ @host a@b'],
  ['a CPF with a wrong digit', '529.982.247-26'],
  ['an Aadhaar with a swapped pair', '2341 2314 2346'],
  ['what follows the first digits of something else', 'card $5386 7344 0350 6227'],
  ['the groups of a wrong IBAN', 'LT03 4702 6188 5358 4300'],
  ['an identity card as a payment card', 'ID card 110105198802101108'],
  ['amounts', 'Total: 335 276 613 kr and 912 406 287 kr, EUR 577 780 459'],
  [
    'what is called something else',
    'part no. 603-123-4567; {"sku":"212-736-5000"}, order 212 736 5000, ZIP 36877-7711',
  ],
  ['the noun text', 'words of the text.\nNumber: 84094565329'],
  ['a postcode', 'Suite 541 6343 Skogstien, 3610-114 in Lisbon'],
])('leaves %s alone', (_what, text) => {
  expect(found(text)).toEqual([])
})

test('where two overlap, the one that says most is told', () => {
  expect(found('mail https://ada@example.org/')).toEqual(['email ada@example.org'])
  expect(found('card 4111111111111111 phone')).toEqual(['card 4111111111111111'])
})

test('only kinds that were asked for are told', () => {
  const cards = new PiiFinder(['card'], ['US'])
  expect(cards.rules).toEqual(['card'])
  expect(cards.find('ada@example.org, 4111111111111111').leaks.map(({ rule }) => rule)).toEqual(['card'])
})

test('a text of nothing but candidates is looked at up to a limit, and the rest is counted', () => {
  const { unread } = finder.find('12345 a '.repeat(21_000))
  expect(unread).toBeGreaterThan(1_000)
})

test.each([
  '1'.repeat(50_000),
  '1 '.repeat(25_000),
  'a@'.repeat(25_000),
  '1:'.repeat(25_000),
  'GB12 '.repeat(10_000),
  'http://'.repeat(7_000),
])('a hostile text of 50,000 characters takes no more time than its length asks for (%#)', (text) => {
  const started = performance.now()
  finder.find(text)
  expect(performance.now() - started).toBeLessThan(1_500)
})
