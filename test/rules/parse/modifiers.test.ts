import { describe, expect, test } from 'vitest'
import { MODIFIERS } from '../../../src/rules/parse/modifiers.ts'
import { holds, ruleWith } from '../one-rule.ts'

function refusal(line: string): string {
  try {
    ruleWith(`selection:\n  ${line}\ncondition: selection`)
  } catch (error) {
    return String(error)
  }
  return 'accepted'
}

/** line, value of the field `f` (undefined: no such field), whether it holds. */
const VECTORS: Readonly<Record<string, readonly (readonly [string, unknown, boolean])[]>> = {
  contains: [
    ['f|contains: logit', 'my LOGIT_bias', true],
    ['f|contains: logit', 'my log it', false],
    ['f|contains: [x, bias]', 'logit_bias', true],
    ['f|contains: a*c', 'xxabcxx', true],
    ['f|contains: 42', 'port 4242', true],
    ["f|contains: ''", '', true],
    ['f|contains: x', undefined, false],
  ],
  startswith: [
    ['f|startswith: arn', 'ARN:aws', true],
    ['f|startswith: arn', 'xarn', false],
    ['f|startswith: [a, b]', 'bcd', true],
    ["f|startswith: '*x'", 'aaax-', true],
  ],
  endswith: [
    ['f|endswith: /delete', 'Microsoft.Insights/diagnosticSettings/DELETE', true],
    ['f|endswith: /delete', '/delete/', false],
    ["f|endswith: 'x*'", 'ax-', true],
  ],
  all: [
    ['f|contains|all: [a, b]', 'b and a', true],
    ['f|contains|all: [a, b]', 'only b', false],
    ['f|all: [x, y]', ['y', 'x', 'z'], true],
    ['f|all: [x, y]', ['y', 'z'], false],
  ],
  cased: [
    ['f|cased: Admin', 'Admin', true],
    ['f|cased: Admin', 'admin', false],
    ['f|contains|cased: Min', 'adMin', true],
    ['f|cased|contains: Min', 'admin', false],
  ],
  exists: [
    ['f|exists: true', 'x', true],
    ['f|exists: true', null, true],
    ['f|exists: true', '', true],
    ['f|exists: true', undefined, false],
    ['f|exists: false', undefined, true],
    ['f|exists: false', null, false],
  ],
  neq: [
    ['f|neq: ok', 'failed', true],
    ['f|neq: ok', 'OK', false],
    ['f|neq: [ok, fine]', 'fine', false],
    ['f|neq: [ok, fine]', 'bad', true],
    ['f|neq: ok', undefined, true],
    ['f|contains|neq: o', 'none', false],
    ['f|gt|neq: 3', 4, false],
  ],
  re: [
    [String.raw`f|re: '^key-\d+$'`, 'key-17', true],
    [String.raw`f|re: 'key-\d+'`, 'my key-17!', true],
    ['f|re: abc', 'ABC', false],
    ['f|re: a.c', 'a\nc', false],
    ['f|re: ^7', 77, true],
    ['f|re: [x, y+z]', 'yyz', true],
    ['f|re: (?i)abc', 'xABC', true],
  ],
  i: [['f|re|i: abc', 'ABC', true]],
  ignorecase: [['f|re|ignorecase: abc', 'ABC', true]],
  m: [
    ['f|re|m: ^b$', 'a\nb\nc', true],
    ['f|re: ^b$', 'a\nb\nc', false],
  ],
  multiline: [['f|re|multiline: ^b$', 'a\nb', true]],
  s: [['f|re|s: a.c', 'a\nc', true]],
  dotall: [['f|re|i|dotall: a.c', 'A\nC', true]],
  'a place for an expression': [
    ['f|re|contains: b+', 'abc', true],
    ['f|re|startswith: a|b', 'bcd', true],
    ['f|re|startswith: a|b', 'cab', false],
    ['f|re|startswith|m: b', 'a\nb', false],
    ['f|re|endswith: a|b', 'cab', true],
    ['f|re|endswith: a|b', 'bcd', false],
  ],
  cidr: [
    ['f|cidr: 10.0.0.0/8', '10.255.1.2', true],
    ['f|cidr: 10.0.0.0/8', '11.0.0.1', false],
    ['f|cidr: [192.168.0.0/16, 172.16.0.0/12]', '172.31.0.1', true],
    ['f|cidr: 2001:db8::/32', '2001:0DB8:1::1', true],
    ['f|cidr: 2001:db8::/32', '2001:db9::1', false],
    ['f|cidr: 10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['f|cidr: 0.0.0.0/0', '203.0.113.9', true],
    ['f|cidr: 0.0.0.0/0', '2001:db8::1', false],
    ['f|cidr: ::/0', '2001:db8::1', true],
    ['f|cidr: fe80::/10', 'fe80::1%eth0', true],
    ['f|cidr: 192.0.2.7', '192.0.2.7', true],
    ['f|cidr: 10.0.0.0/8', '10.1', false],
    ['f|cidr: 10.0.0.0/8', 'ten', false],
    ['f|cidr: 10.128.0.0/9', '10.127.255.255', false],
  ],
  lt: [
    ['f|lt: 5', 4.9, true],
    ['f|lt: 5', 5, false],
    ['f|lt: 5', '4', true],
    ['f|lt: 5', 'four', false],
    ['f|lt: 5', '', false],
    ['f|lt: 5', null, false],
    ['f|lt: 5', true, false],
  ],
  lte: [
    ['p|lte: 0.001', 0.001, true],
    ['p|lte: 0.001', 1e-9, true],
    ['p|lte: 0.001', '1e-9', true],
    ['p|lte: 0.001', 0.0011, false],
    ['p|lte: 0.001', null, false],
    ['p|lte: 0.001', undefined, false],
  ],
  gt: [
    ['f|gt: 5', 6, true],
    ['f|gt: 5', 5, false],
    ['f|gt: -1', 0, true],
  ],
  gte: [
    ['f|gte: 400', 403, true],
    ['f|gte: 400', '400', true],
    ['f|gte: 400', 399, false],
    ['f|gte: [400, 10]', 20, true],
  ],
  windash: [
    ['f|contains|windash: -enc', 'powershell /enc x', true],
    ['f|contains|windash: -enc', 'powershell \u2013enc x', true],
    ['f|windash|contains: /enc', 'powershell -enc x', true],
    ['f|windash|contains: -param-name', '/param-name', true],
    ['f|windash|contains: -param-name', '-param/name', false],
    ['f|windash|contains: a-b', 'a/b', false],
    ["f|windash|contains|all: [' -a', ' -b']", 'x /a \u2014b', true],
    ["f|windash|contains|all: [' -a', ' -b']", 'x /a', false],
    ["f|windash: '-a /b'", '\u2015a -b', true],
  ],
  base64: [
    ['f|base64: foobar', 'Zm9vYmFy', true],
    ['f|base64|contains: foobar', 'xxZm9vYmFyyy', true],
    ['f|base64: é', 'w6k=', true],
  ],
  base64offset: [
    ['f|base64offset|contains: foobar', Buffer.from('foobar').toString('base64'), true],
    ['f|base64offset|contains: foobar', Buffer.from('xfoobar!').toString('base64'), true],
    ['f|base64offset|contains: foobar', Buffer.from('xyfoobar!!').toString('base64'), true],
    ['f|base64offset|contains: foobar', Buffer.from('fo obar').toString('base64'), false],
    ['f|base64offset|contains: é-è', Buffer.from('1é-è').toString('base64'), true],
  ],
  utf16le: [['f|utf16le|base64: ab', Buffer.from('ab', 'utf16le').toString('base64'), true]],
  wide: [
    ['f|wide|base64offset|contains: ping', Buffer.from('a ping!', 'utf16le').toString('base64'), true],
    ['f|wide|base64offset|contains: ping', Buffer.from('a ping!').toString('base64'), false],
    ['f|wide|base64offset|contains: \u0416', Buffer.from('-\u0416-', 'utf16le').toString('base64'), true],
    ['f|wide: ab', 'a\0b\0', true],
  ],
  utf16be: [['f|utf16be|base64: ab', 'AGEAYg==', true]],
  minute: [
    ['f|minute: 30', '2026-01-05T23:30:00Z', true],
    ['f|minute|lt: 30', '2026-01-05T23:30:00Z', false],
    ['f|minute|lt: 30', '2026-01-05 23:29:59.999', true],
  ],
  hour: [
    ['f|hour: 23', '2026-01-05T23:30:00Z', true],
    ['f|hour|gte: 22', '2026-01-05T23:30:00Z', true],
    ['f|hour|gte: 22', '2026-01-05T21:59:59Z', false],
    ['f|hour|gte: 22', '2026-01-05T23:30:00+02:00', false],
    ['f|hour: [21, 4]', '2026-01-05T23:30:00+02:00', true],
    ['f|hour: 0', '2026-01-05', true],
    ['f|hour|neq: [2, 3]', '2026-01-05T03:00:00Z', false],
    ['f|hour|neq: [2, 3]', '2026-01-05T04:00:00Z', true],
    ['f|hour|gt|neq: 6', '2026-01-05T06:00:00Z', true],
    ['f|hour: 22', 1_767_650_400, true],
    ['f|hour: 22', 1_767_650_400_123, true],
    ['f|hour: 22', '1767650400', true],
    ['f|hour: 3', 'tomorrow at 3', false],
    ['f|hour: 0', null, false],
    ['f|hour: 0', '', false],
    ['f|hour: 0', undefined, false],
    ['f|hour: 3', ['x', '2026-01-05T03:00:00Z'], true],
  ],
  day: [
    ['f|day: 5', '2026-01-05T23:30:00Z', true],
    ['f|day: 6', '2026-01-05T23:30:00-01:00', true],
    ['f|day|gte: 1', '2026-02-30T00:00:00Z', false],
    ['f|day: 29', '2024-02-29', true],
  ],
  week: [
    ['f|week: 2', '2026-01-05', true],
    ['f|week: 1', '2026-01-04', true],
    ['f|week: 53', '2021-01-03', true],
    ['f|week: 1', '2024-12-30', true],
  ],
  month: [
    ['f|month: 1', '2026-01-31', true],
    ['f|month|lte: 11', '2026-12-01', false],
  ],
  year: [
    ['f|year: 2026', '2026-01-31', true],
    ['f|year|lt: 2026', '2026-01-01T00:30:00+01:00', true],
  ],
  utf16: [
    ['f|utf16|base64: ab', '//5hAGIA', true],
    ['f|utf16: a', '\u00ff\u00fea\0', true],
  ],
}

describe('every modifier by vectors of our own', () => {
  for (const [name, vectors] of Object.entries(VECTORS))
    test.each(vectors)(`${name}: %s with %j`, (line, value, expected) => {
      const field = line.startsWith('p|') ? 'p' : 'f'
      expect(holds(line, value === undefined ? {} : { [field]: value })).toBe(expected)
    })

  test('none is left out', () => {
    const proven = [...Object.keys(VECTORS).filter((name) => !name.includes(' ')), 'fieldref', 'expand']
    expect(proven.toSorted()).toEqual(MODIFIERS)
  })

  test('fieldref compares two fields of the event', () => {
    expect(holds('a|fieldref: b.c', { a: 'Same', b: { c: 'same' } })).toBe(true)
    expect(holds('a|fieldref: b.c', { a: 'x', b: { c: 'y' } })).toBe(false)
    expect(holds('a|fieldref: b', { a: 'x' })).toBe(false)
    expect(holds('a|fieldref: b', {})).toBe(false)
    expect(holds('a|fieldref|cased: b', { a: 'X', b: 'x' })).toBe(false)
    expect(holds('a|fieldref|neq: b', { a: 'x', b: 'y' })).toBe(true)
    expect(holds('a|fieldref|startswith: b', { a: 'arn:aws:1', b: 'ARN' })).toBe(true)
    expect(holds('a|fieldref|endswith: b', { a: 'arn:aws:1', b: 1 })).toBe(true)
    expect(holds('a|fieldref|contains: b', { a: 'arn:aws:1', b: 'aws' })).toBe(true)
    expect(holds('a|fieldref|contains: b', { a: 'arn:aws:1', b: ['gcp', 'azure'] })).toBe(false)
  })
})

describe('what a modifier cannot do is refused, with the modifier named', () => {
  test.each([
    ['f|frobnicate: x', '`frobnicate` is not a modifier'],
    ['f|contains|frobnicate: x', '`frobnicate` is not a modifier'],
    ['f|Contains: x', '`Contains` is not a modifier'],
    ['f|hour: three', '`hour`: it needs a number'],
    ['f|hour: 2.5', 'no whole number'],
    ['f|hour: 24', 'no date has the hour 24'],
    ['f|week: 0', 'no date has the week 0'],
    ['f|gte|hour: 3', '`hour` must be the first modifier'],
    ['f|contains|hour: 3', '`hour` must be the first modifier'],
    ['f|hour|contains: 3', '`contains`: it needs text, and here is a time'],
    ['f|contains|all: x', '`all` joins several values'],
    ['f|contains|all: [x]', '`all` joins several values'],
    ['f|i: x', 'flag of a regular expression'],
    ['f|contains|re: x', '`re` must be the first modifier'],
    ['f|contains|cidr: 10.0.0.0/8', '`cidr` must be the first modifier'],
    ['f|cidr: 10.0.0.1/8', 'bits set beyond its prefix'],
    ['f|cidr: 10.0.0.0/33', 'no valid prefix length'],
    ['f|cidr: 10.0.0/8', 'not an IP network'],
    ['f|cidr: 2001:db8::1/32', 'bits set beyond its prefix'],
    ['f|gt: five', '`gt`: it needs a number'],
    ['f|exists: maybe', 'it needs true or false'],
    ['f|base64: a*', 'wildcards cannot be encoded'],
    ['f|contains: null', '`contains`: it needs text'],
    ['f|contains: true', '`contains`: it needs text'],
    ["f|fieldref: 'a*'", 'needs the name of a field'],
    ["f|windash|contains: ' -a -b -c -d -e'", 'more than 4 options'],
    ["f|re: '(?=a)b'", 'cannot be matched in linear time'],
    [String.raw`f|re: '(a)\1'`, 'cannot be matched in linear time'],
    ["f|re: 'a(?!b)'", '"(?!" at character 2'],
    ["f|re: '[a'", 'not valid'],
    ['f|re|cased: abc', '`cased`: it needs text'],
    ['f|re|base64: abc', '`base64`: it needs text'],
    ['f|cased|exists: true', '`exists` must be the first modifier'],
    ['f|gt|lt: 3', '`lt` must be the first modifier'],
    ["'|exists': true", 'keywords are text'],
    ["'|hour': 3", 'keywords are text'],
    ["f|expand|wide|expand: 'x'", 'encoded text has no placeholders'],
  ])('%s', (line, words) => {
    expect(refusal(line)).toContain(words)
  })

  test('a group in brackets that looks like look-around is no look-around', () => {
    expect(holds("f|re: '[(?=]+'", { f: '?' })).toBe(true)
  })
})
