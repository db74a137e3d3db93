import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, MAX_KEYS, parseEmbedded, parseRecord } from '../../../src/normalize/shape/parse.ts'

function parse(text: string | Uint8Array): ReturnType<typeof parseRecord> {
  return parseRecord(typeof text === 'string' ? Buffer.from(text) : text)
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  const result = parse(text)
  if ('refused' in result) throw new Error(result.refused.detail)
  return result.fields
}

function reasonFor(text: string | Uint8Array): string | undefined {
  const result = parse(text)
  return 'refused' in result ? result.refused.reason : undefined
}

describe('parsing a record', () => {
  test('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { noNullPrototype: true }), (value) => {
        fc.pre(!JSON.stringify(value).includes('proto'))
        expect(fieldsOf(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('forgives a byte order mark and space around', () => {
    expect(fieldsOf('\uFEFF{"a":1}\r\n')).toEqual({ a: 1 })
  })

  test.each([
    ['', 'not_json'],
    ['   ', 'not_json'],
    ['{"a":', 'not_json'],
    ['{"a":NaN}', 'not_json'],
    ['{"a":1}{"b":2}', 'not_json'],
    ['}}}}', 'not_json'],
    ['"text', 'not_json'],
    ['[1,2]', 'not_an_object'],
    ['"text"', 'not_an_object'],
    ['null', 'not_an_object'],
    ['12', 'not_an_object'],
  ])('refuses %j as %s', (text, reason) => {
    expect(reasonFor(text)).toBe(reason)
  })

  test('a refusal quotes nothing of the record', () => {
    const result = parse('{"password":"hunter2" oops}')
    expect('refused' in result && result.refused.detail).toBe('not JSON: at position 22')
  })

  test(`takes ${MAX_DEPTH} levels and refuses one more, before it costs anything`, () => {
    const nest = (levels: number): string => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1)
    expect(reasonFor(nest(MAX_DEPTH))).toBeUndefined()
    expect(reasonFor(nest(MAX_DEPTH + 1))).toBe('too_deep')
    const lists = '{"a":' + '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH) + '}'
    expect(reasonFor(lists)).toBe('too_deep')
    const startedAt = performance.now()
    expect(reasonFor('{"a":' + '['.repeat(1_000_000))).toBe('too_deep')
    expect(performance.now() - startedAt).toBeLessThan(50)
  })

  test('brackets in strings are no levels', () => {
    expect(reasonFor(JSON.stringify({ a: '[{'.repeat(500) + '\\"[', b: '\\' }))).toBeUndefined()
  })

  test(`takes ${MAX_KEYS} names in one object and refuses one more`, () => {
    const wide = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, ':'])))
    expect(reasonFor(wide(MAX_KEYS))).toBeUndefined()
    expect(reasonFor(wide(MAX_KEYS + 1))).toBe('too_many_keys')
    expect(reasonFor(`{"a":[{},${wide(MAX_KEYS + 1)}]}`)).toBe('too_many_keys')
  })

  test('many objects with few names each are fine', () => {
    expect(reasonFor(JSON.stringify({ list: Array.from({ length: 2_000 }, () => ({ a: 1 })) }))).toBeUndefined()
  })

  test('bytes that are no UTF-8 are kept and marked, a real U+FFFD is not', () => {
    const broken = parse(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]))
    expect(broken).toEqual({ fields: { a: '\uFFFD\uFFFD' }, encodingError: true })
    expect(parse('{"a":"\uFFFD"}')).toEqual({ fields: { a: '\uFFFD' }, encodingError: false })
  })

  test('a view into a larger buffer is read from where it begins', () => {
    const whole = new Uint8Array(Buffer.from('xx{"a":1}yy'))
    expect(parse(whole.subarray(2, 9))).toEqual({ fields: { a: 1 }, encodingError: false })
  })
})

describe('names that reach a prototype', () => {
  test.each([
    '{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}},"l":[{"__proto__":{"polluted":1}}]}',
    '{"\\u005f_proto__":{"polluted":1},"a":{"_\\u005Fproto__":{"polluted":1}},"l":[{"__\\u0070roto__":{"polluted":1}}]}',
  ])('are put in parentheses: %s', (text) => {
    const fields = fieldsOf(text)
    const copy: Record<string, unknown> = {}
    for (const name of Object.keys(fields)) copy[name] = fields[name]
    expect(copy['polluted']).toBeUndefined()
    expect(fields).toEqual({
      '(__proto__)': { polluted: 1 },
      a: { '(__proto__)': { polluted: 1 } },
      l: [{ '(__proto__)': { polluted: 1 } }],
    })
  })

  test('constructor.prototype is one of them, a constructor by itself is not', () => {
    expect(fieldsOf('{"constructor":{"prototype":{"polluted":1}}}')).toEqual({
      '(constructor)': { prototype: { polluted: 1 } },
    })
    expect(fieldsOf('{"constructor":"Mercedes","prototype":1}')).toEqual({ constructor: 'Mercedes', prototype: 1 })
  })

  test('wherever they are written, no copy by assignment gains a property', () => {
    const name = fc.constantFrom(
      '__proto__',
      '\\u005f_proto__',
      '__pr\\u006fto__',
      'constructor',
      'prototype',
      'a',
      'b',
    )
    const json = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '"text"', 'null'),
        fc
          .array(fc.tuple(name, tie('value')), { maxLength: 3 })
          .map((pairs) => `{${pairs.map(([key, value]) => `"${key}":${value}`).join(',')}}`),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      ),
    })).value
    fc.assert(
      fc.property(json, (text) => {
        const fields = parseEmbedded(`{"top":${text}}`)
        expect(fields).toBeDefined()
        expect(dangerousNames(fields)).toEqual([])
      }),
    )
  })
})

function dangerousNames(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(dangerousNames)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]: [string, unknown]) => {
    const reaches = typeof child === 'object' && child !== null && Object.hasOwn(child, 'prototype')
    const bad = name === '__proto__' || (name === 'constructor' && reaches)
    return [...(bad ? [name] : []), ...dangerousNames(child)]
  })
}
