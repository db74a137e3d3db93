import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/store/canonical-json.ts'

test('writes the example of RFC 8785, 3.2.2, as its 3.2.3 and 3.2.4 print it', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"\u002f',
    literals: [null, true, false],
  }
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
})

test('sorts keys by UTF-16 units, numbers among them as text (RFC 8785, 3.2.3)', () => {
  const value = {
    '\u20ac': 1,
    '\r': 2,
    '\ufb33': 3,
    '1': 4,
    '10': 5,
    '9': 6,
    '\ud83d\ude00': 7,
    '\u0080': 8,
    '\u00f6': 9,
  }
  expect(canonicalJson(value)).toBe(
    '{"\\r":2,"1":4,"10":5,"9":6,"\u0080":8,"\u00f6":9,"\u20ac":1,"\ud83d\ude00":7,"\ufb33":3}',
  )
})

test('leaves out what JSON cannot hold and keeps a key named __proto__', () => {
  expect(canonicalJson({ b: undefined, a: Number.NaN })).toBe('{"a":null}')
  expect(canonicalJson(undefined)).toBe('null')
  expect(canonicalJson(JSON.parse('{"z":1,"__proto__":{"y":2}}'))).toBe('{"__proto__":{"y":2},"z":1}')
})

test('means the same value, is the same for any order of keys and stays as it is when written again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value)
      const back: unknown = JSON.parse(text)
      expect(JSON.stringify(sorted(back))).toBe(JSON.stringify(sorted(JSON.parse(JSON.stringify(value)))))
      expect(canonicalJson(back)).toBe(text)
      expect(canonicalJson(turned(back))).toBe(text)
    }),
  )
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, member]) => [key, sorted(member)])
}

function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]): [string, unknown] => [key, turned(member)])
  return Object.fromEntries(entries.toReversed())
}
