import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Framer } from '../../../src/collect/framing/framer.ts'
import type { Frame, FramerOptions } from '../../../src/collect/framing/framer.ts'
import { haveSharedData, sharedData } from '../../support/shared-data.ts'

interface Seen {
  readonly offset: number
  readonly index: number
  readonly text: string
  readonly reason?: string
}

function seen(frame: Frame): Seen {
  const reason = frame.refused?.reason
  const text = Buffer.from(frame.bytes).toString('latin1')
  return { offset: frame.offset, index: frame.index, text, ...(reason === undefined ? {} : { reason }) }
}

function bytesOf(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text
}

function framed(text: string | Buffer, options: FramerOptions = {}): Seen[] {
  const framer = new Framer(options)
  return [...framer.push(bytesOf(text)), ...framer.end()].map(seen)
}

function texts(text: string | Buffer, options: FramerOptions = {}): string[] {
  return framed(text, options).map((record) => (record.reason ? `!${record.reason}` : record.text))
}

/** Cut at the given places; at each cut perhaps a restart from the state, which re-reads from the state's offset. */
function framedInPieces(text: Buffer, cuts: readonly number[], restart: boolean, options: FramerOptions): Seen[] {
  let framer = new Framer(options)
  const found: Frame[] = []
  let from = 0
  for (const cut of [...cuts.filter((at) => at < text.length), text.length].toSorted((a, b) => a - b)) {
    found.push(...framer.push(Buffer.from(text.subarray(from, cut))))
    from = cut
    if (!restart) continue
    const state = JSON.parse(JSON.stringify(framer.state())) as ReturnType<Framer['state']>
    framer = new Framer(options, state)
    from = state.offset
  }
  return [...found, ...framer.push(Buffer.from(text.subarray(from))), ...framer.end()].map(seen)
}

describe('layouts', () => {
  test('one record a line, blank lines and CRLF left out', () => {
    expect(framed('{"a":1}\r\n\r\n{"a":2}\n  \n{"a":3}\n')).toEqual([
      { offset: 0, index: 0, text: '{"a":1}' },
      { offset: 11, index: 1, text: '{"a":2}' },
      { offset: 22, index: 2, text: '{"a":3}' },
    ])
  })

  test('a last line without its newline is a record at the end only', () => {
    const framer = new Framer()
    expect(framer.push(Buffer.from('{"a":1}\n{"a":2}\n{"a":')).map((frame) => frame.index)).toEqual([0, 1])
    expect(framer.state()).toMatchObject({ offset: 16, index: 2 })
    expect(framer.end().map(seen)).toEqual([{ offset: 16, index: 2, text: '{"a":' }])
    expect(framer.push(Buffer.from('3}\n{"a":4}\n')).map(seen)).toEqual([
      { offset: 21, index: 3, text: '3}' },
      { offset: 24, index: 4, text: '{"a":4}' },
    ])
  })

  test('documents one after another, pretty-printed or not, between lines', () => {
    const pretty = JSON.stringify({ a: { b: [1, '}{', { c: '"\\' }] } }, null, 2)
    expect(texts(`${pretty}\n{"n":1}{"n":2}\n{"n":3}\n${pretty}{"n":4}\n{"n":5}\n`)).toEqual([
      pretty,
      '{"n":1}',
      '{"n":2}',
      '{"n":3}',
      pretty,
      '{"n":4}',
      '{"n":5}',
    ])
  })

  test('a document that is complete is a record at once, newline or not', () => {
    expect(new Framer().push(Buffer.from('{\n"a":1\n}'))).toHaveLength(1)
  })

  test('a top-level array of objects', () => {
    expect(texts('[\n{"a":1},\n{"a":[{}]}\n]\n')).toEqual(['{"a":1}', '{"a":[{}]}'])
    expect(texts('[{"a":1},2,"x,]",null,[1,{"b":2}]]{"c":3}')).toEqual([
      '{"a":1}',
      '2',
      '"x,]"',
      'null',
      '[1,{"b":2}]',
      '{"c":3}',
    ])
    expect(texts('[]\n{"a":1}\n')).toEqual(['{"a":1}'])
  })

  test('envelopes: CloudTrail, Azure Monitor and Kubernetes, with members before and after the list', () => {
    expect(framed('{"Records":[{"a":1}, {"a":2}]}')).toEqual([
      { offset: 12, index: 0, text: '{"a":1}' },
      { offset: 21, index: 1, text: '{"a":2}' },
    ])
    expect(texts('{"x":{"records":[{"no":0}]},"records" : [ {"a":1} ],"y":[{"z":"]}"}]}\n{"b":1}\n')).toEqual([
      '{"a":1}',
      '{"b":1}',
    ])
    const list = '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[{"a":1},{"a":2}]}'
    expect(texts(`${list}\n${list}\n`)).toEqual(['{"a":1}', '{"a":2}', '{"a":1}', '{"a":2}'])
    expect(texts('{"Records":[]}\n{"Records":[]}')).toEqual([])
  })

  test('a one-line envelope among plain lines', () => {
    expect(texts('{"a":1}\n{"a":2}\n{"Records":[{"r":1},{"r":2}]}\n{"a":3}\n{"a":4}\n')).toEqual([
      '{"a":1}',
      '{"a":2}',
      '{"r":1}',
      '{"r":2}',
      '{"a":3}',
      '{"a":4}',
    ])
  })

  test('members of that name that are no list of objects make no envelope', () => {
    for (const record of [
      '{"Records":5,"a":[{"b":1}]}',
      '{"records":[1,2]}',
      '{"kind":"Pod","items":[{"a":1}]}',
      '{"items":[{"a":1}]}',
      '{"a":{"Records":[{"b":1}]}}',
    ])
      expect(texts(`${record}\n${record}\n`)).toEqual([record, record])
  })

  test('a byte order mark, NUL bytes and record separators between records are passed over', () => {
    expect(
      framed(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"a":1}\n\0\0\0{"a":2}\n\x1e{"a":3}\n')])),
    ).toMatchObject([{ offset: 3 }, { offset: 14 }, { offset: 23 }])
  })

  test('lines that are no JSON are records of their own', () => {
    expect(texts('2026-01-05 [x] hello {"a":1}\n[Mon Jan 5] "GET /"\n{"a":1}\n{"a":2}\nbye\n42\n')).toEqual([
      '2026-01-05 [x] hello {"a":1}',
      '[Mon Jan 5] "GET /"',
      '{"a":1}',
      '{"a":2}',
      'bye',
      '42',
    ])
  })

  test('invalid UTF-8 is kept as it is', () => {
    const line = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from('"}\n')])
    expect(Buffer.from(new Framer().push(Buffer.concat([line, line]))[1]?.bytes ?? [])).toEqual(line.subarray(0, -1))
  })
})

test('real CloudTrail files give the records that JSON.parse gives', ({ skip }) => {
  skip(!haveSharedData(), 'public test data is missing: set MODELWARD_DATA')
  let count = 0
  for (const name of readdirSync(sharedData('cloudtrail-stratus')).filter((name) => name.endsWith('.json'))) {
    const bytes = readFileSync(sharedData('cloudtrail-stratus', name))
    const { Records } = JSON.parse(bytes.toString()) as { Records: unknown[] }
    const read = framedInPieces(bytes, [1000, 5000, 20_000, 20_001], true, {})
    expect(read.map(({ text }) => JSON.parse(Buffer.from(text, 'latin1').toString()) as unknown)).toEqual(Records)
    count += read.length
  }
  expect(count).toBeGreaterThan(2000)
})

describe('damage', () => {
  test('a line cut off in the middle costs itself only', () => {
    for (const torn of ['{"a":1,"b', '{"a":1,', '{"a":', '{"a":[', '{"a"', '{', '{"a":[{"b":1}', '{"a":tr'])
      expect(texts(`{"n":0}\n${torn}\n{"n":1}\n{"n":2}\n`), torn).toEqual(['{"n":0}', torn, '{"n":1}', '{"n":2}'])
  })

  test('a broken pretty document is one record up to the next line that begins with a brace', () => {
    expect(texts('{\n  "a": oops,\n  "b": 1\n}\n{"n":1}\n')).toEqual(['{\n  "a": oops,\n  "b": 1\n}', '{"n":1}'])
  })

  test('a broken element of an array costs itself only', () => {
    expect(texts('[\n{"a":1},\n{"b":oops},\n{"c":3}\n]\n{"d":4}\n')).toEqual([
      '{"a":1}',
      '{"b":oops},',
      '{"c":3}',
      '{"d":4}',
    ])
  })

  test('an array or envelope that is cut off ends at the next document', () => {
    expect(texts('[{"a":1},{"b":2}\n{"c":3}\n{"d":4}\n')).toEqual(['{"a":1}', '{"b":2}', '{"c":3}', '{"d":4}'])
    expect(texts('{"Records":[{"a":1}],"x"\n{"c":3}\n')).toEqual(['{"a":1}', '{"c":3}'])
    expect(texts('{"Records":[{"a":1},{"b":\n{"Records":[{"c":1}]}\n{"d":1}\n')).toHaveLength(4)
  })

  test('a record over the limit is refused once, with its head, and the next is intact', () => {
    const long = `{"a":"${'x'.repeat(5000)}"}`
    const options = { recordLimit: 2000 }
    for (const text of [`{"n":0}\n${long}\n{"n":1}\n`, `${long}{"n":1}`, `{"n":0}\n${'y'.repeat(5000)}\n{"n":1}\n`]) {
      const records = framed(text, options)
      expect(records.filter((record) => record.reason === 'record_too_long')).toHaveLength(1)
      expect(records.find((record) => record.reason)?.text).toHaveLength(1024)
      expect(records.at(-1)).toMatchObject({ text: '{"n":1}', index: records.length - 1 })
    }
    expect(texts(`{"Records":[{"n":0},${long},{"n":1}],"tail":${long}}\n{"n":2}`, options)).toEqual([
      '{"n":0}',
      '!record_too_long',
      '{"n":1}',
      '{"n":2}',
    ])
  })

  test('an endless record is passed over without being kept', () => {
    const framer = new Framer({ recordLimit: 64 * 1024 })
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const before = process.memoryUsage().arrayBuffers
    let frames = framer.push(Buffer.from('{"n":0}\n{"a":"'))
    for (let count = 0; count < 2000; count++) frames = [...frames, ...framer.push(chunk)]
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
    frames = [...frames, ...framer.push(Buffer.from('"}\n{"n":1}\n'))]
    expect(frames.map((frame) => frame.refused?.reason)).toEqual([undefined, 'record_too_long', undefined])
    expect(Buffer.from(frames[2]?.bytes ?? []).toString()).toBe('{"n":1}')
  })

  test('nesting over the limit is refused, however deep, and the next is intact', () => {
    for (const levels of [65, 300, 100_000]) {
      const arrays = `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
      const objects = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
      for (const bomb of [arrays, objects]) {
        expect(texts(`{"n":0}\n${bomb}\n{"n":1}\n`)).toEqual(['{"n":0}', '!too_deep', '{"n":1}'])
        expect(texts(`[{"n":0},${bomb},{"n":1}]`)).toEqual(['{"n":0}', '!too_deep', '{"n":1}'])
      }
    }
    const allowed = `${'{"a":'.repeat(64)}1${'}'.repeat(64)}`
    expect(texts(`{"n":0}\n${allowed}\n${allowed}`)).toEqual(['{"n":0}', allowed, allowed])
  })
})

describe('cutting the stream anywhere', () => {
  const json = fc.jsonValue({ maxDepth: 3 })
  const record = fc.dictionary(fc.string({ maxLength: 8 }), json, { maxKeys: 4 })
  const piece = fc.oneof(
    record.map((value) => `${JSON.stringify(value)}\n`),
    record.map((value) => `${JSON.stringify(value)}\n${JSON.stringify(value)}\r\n`),
    record.map((value) => JSON.stringify(value)),
    record.map((value) => `${JSON.stringify(value, null, 1)}\n`),
    fc.array(record, { maxLength: 3 }).map((values) => `${JSON.stringify(values)}\n`),
    fc
      .array(record, { maxLength: 3 })
      .map((values) => `${JSON.stringify({ v: 1, Records: values, w: [{}] }, null, 2)}\n`),
    fc.array(record, { maxLength: 3 }).map((values) => `${JSON.stringify({ records: values })}\n`),
    fc.array(record, { maxLength: 3 }).map((values) => JSON.stringify({ kind: 'EventList', items: values })),
    fc.constantFrom(
      '\n',
      ' ',
      '\0',
      'text\n',
      '[x] y\n',
      '{"torn":1,\n',
      '{"torn":"',
      '}',
      ']',
      ',',
      '{',
      '[',
      '"',
      '\\',
    ),
    fc.string({ maxLength: 40 }).map((text) => `{"long":"${text.replaceAll(/["\\\n]/g, '')}"}\n`),
    fc.integer({ min: 1, max: 9 }).map((levels) => `${'{"a":['.repeat(levels)}${']}'.repeat(levels)}\n`),
  )
  const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')))
  const cuts = fc.array(fc.nat(400), { maxLength: 20 })
  const options = { recordLimit: 120, depthLimit: 8 }

  test('gives the same records', () => {
    fc.assert(
      fc.property(stream, cuts, (text, at) => {
        expect(framedInPieces(text, at, false, options)).toEqual(framed(text, options))
      }),
      { numRuns: 2000 },
    )
  })

  test('and so does a restart from the state at every cut', () => {
    fc.assert(
      fc.property(stream, cuts, (text, at) => {
        expect(framedInPieces(text, at, true, options)).toEqual(framed(text, options))
      }),
      { numRuns: 2000 },
    )
  })

  test('well-formed streams give exactly their records', () => {
    const layout = fc.constantFrom('lines', 'pretty', 'array', 'envelope', 'concatenated')
    const part = fc.tuple(layout, fc.array(record, { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), cuts, (parts, at) => {
        const isPlain = (value: object): boolean => !('records' in value) && !('Records' in value)
        const plain = parts.map(([name, values]) => [name, values.filter(isPlain)] as const)
        const text = plain.map(([name, values]) => `${written(name, values)}\n`).join('')
        const read = framedInPieces(Buffer.from(text), at, false, {}).map((found) =>
          JSON.parse(Buffer.from(found.text, 'latin1').toString()),
        )
        expect(read).toEqual(JSON.parse(JSON.stringify(plain.flatMap(([, values]) => values))))
      }),
      { numRuns: 1000 },
    )
  })
})

function written(layout: string, values: readonly object[]): string {
  if (layout === 'array') return JSON.stringify(values)
  if (layout === 'envelope') return JSON.stringify({ version: '1', Records: values, next: null }, null, 2)
  if (layout === 'pretty') return values.map((value) => JSON.stringify(value, null, 2)).join('\n')
  return values.map((value) => JSON.stringify(value)).join(layout === 'lines' ? '\n' : '')
}
