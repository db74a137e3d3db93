import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formats } from '../../src/normalize/index.ts'
import { Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import { RECEIVED_AT, eventOf, eventsOf, normalizer, rawRecord, refusalOf } from './support/read.ts'
import { sample, samples } from './support/samples.ts'

describe('recognition', () => {
  test.each(samples.filter(({ name }) => name !== 'json'))(
    '$name is recognised by exactly one format',
    ({ record }) => {
      expect(formats.filter((format) => format.recognises(record))).toHaveLength(1)
    },
  )

  test.each(formats)('the example of $name is read as $name', ({ name, example }) => {
    const events = eventsOf(example, name === 'json' ? { format: 'json' } : {})
    expect(events.map((event) => event.format)).toEqual(events.map(() => name))
    expect(events.length).toBeGreaterThan(0)
  })

  test('what a source sent before does not change how its next record is read', () => {
    const mixed = normalizer()
    for (let round = 0; round < 2; round++)
      for (const { name, record } of samples.filter((one) => one.name !== 'json')) {
        const alone = normalizer().normalize(rawRecord(record))
        const after = mixed.normalize(rawRecord(record))
        expect('events' in after && after.events.map(({ id, format }) => [id, format]), name).toEqual(
          'events' in alone && alone.events.map(({ id, format }) => [id, format]),
        )
      }
  })

  test('an unknown record is refused with its names, never its values, and the cure', () => {
    const refused = refusalOf({ colour: 'secret-red', size: 1 })
    expect(refused.reason).toBe('unknown_format')
    expect(refused.detail).toContain('colour, size')
    expect(refused.detail).toContain('name the format at the source test')
    expect(refused.detail).not.toContain('secret-red')
  })

  test('a source that names a format which does not exist is told which exist', () => {
    const refused = refusalOf(sample('litellm'), { format: 'litelm' })
    expect(refused.reason).toBe('unknown_format')
    expect(refused.detail).toContain('litelm')
    expect(refused.detail).toContain('litellm, cloudtrail')
  })

  test('a named format is taken at its word', () => {
    const event = eventOf({ message: 'anything', timestamp: '2026-01-05T12:00:00Z' }, { format: 'json' })
    expect(event).toMatchObject({ format: 'json', at: Date.UTC(2026, 0, 5, 12), logsource: {} })
  })

  test('a disabled format is read only where it is named', () => {
    const options = { disabled: ['litellm'] }
    expect(refusalOf(sample('litellm'), {}, options).reason).toBe('unknown_format')
    expect(eventOf(sample('litellm'), { format: 'litellm' }, options).format).toBe('litellm')
  })

  test('disabling what does not exist is an error of the config', () => {
    expect(() => normalizer({ disabled: ['cloudtrial'] })).toThrow('there is no format cloudtrial')
  })
})

describe('refusals', () => {
  test('what the collector refused stays refused under its reason', () => {
    const refused = { reason: 'too_long', detail: 'over 1 MiB' }
    expect(refusalOf('{"a":', { refused })).toEqual(refused)
  })

  test('a wrapper with an element that is no object is refused whole, and says which', () => {
    const record = { records: [sample('key-vault'), 'oops'] }
    expect(refusalOf(record)).toEqual({ reason: 'not_an_object', detail: 'records[1] is not a JSON object' })
  })

  test('an empty wrapper is no event and no refusal', () => {
    expect(eventsOf({ resourceSpans: [] })).toEqual([])
  })
})

describe('ids', () => {
  test('are 26 characters of base32, stable over restarts', () => {
    const [first, second] = [eventOf(sample('litellm')), eventOf(sample('litellm'))]
    expect(first.id).toMatch(/^[a-z2-7]{26}$/)
    expect(second.id).toBe(first.id)
  })

  test('do not depend on the pseudonym key', () => {
    const other = eventOf(sample('litellm'), {}, { pseudonyms: new Pseudonyms(Buffer.alloc(32, 9)) })
    expect(other.id).toBe(eventOf(sample('litellm')).id)
    expect(other.principal).not.toBe(eventOf(sample('litellm')).principal)
  })

  test('differ by offset, by stream, and by bytes', () => {
    const records = [
      rawRecord(sample('litellm')),
      rawRecord(sample('litellm'), { offset: 1 }),
      rawRecord(sample('litellm'), { stream: 'other' }),
      rawRecord({ ...sample('litellm'), id: 'other' }),
    ]
    const one = normalizer()
    const ids = records.map((record) => {
      const result = one.normalize(record)
      return 'events' in result ? result.events[0]?.id : undefined
    })
    expect(new Set(ids).size).toBe(4)
  })

  test('tell records apart that differ only in a number beyond 2^53', () => {
    const text = (digits: string): string =>
      JSON.stringify(sample('litellm')).replace('"total_tokens":30', `"total_tokens":${digits}`)
    expect(eventOf(text('12345678901234567890')).id).not.toBe(eventOf(text('12345678901234567891')).id)
  })

  test('differ between the events of one record', () => {
    const events = eventsOf(sample('otlp-old-names'))
    expect(events).toHaveLength(4)
    expect(new Set(events.map((event) => event.id)).size).toBe(4)
  })

  test('are the same whether a stream was read through or only from there', () => {
    const offsets = fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 5 })
    const streams = fc.array(fc.string(), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(offsets, streams, (places, names) => {
        const through = normalizer()
        for (const stream of names)
          for (const offset of places) {
            const record = rawRecord(sample('nginx'), { stream, offset })
            expect(through.normalize(record)).toMatchObject({
              events: [{ id: eventOf(sample('nginx'), { stream, offset }).id }],
            })
          }
      }),
      { numRuns: 30 },
    )
  })

  test('of records larger than the scratch space follow the same rule', () => {
    const large = { ...sample('nginx'), filler: 'x'.repeat(100_000) }
    expect(eventOf(large).id).toBe(eventOf(large).id)
    expect(eventOf(large, { offset: 5 }).id).not.toBe(eventOf(large).id)
  })
})

describe('time', () => {
  const record = (time: string): unknown => ({ ...sample('nginx'), time_iso8601: time })

  test('is the record’s own', () => {
    expect(eventOf(record('2026-01-05T12:00:00Z')).at).toBe(Date.UTC(2026, 0, 5, 12))
  })

  test('is when it was received if the record has none that can be read', () => {
    expect(eventOf(record('soon')).at).toBe(RECEIVED_AT)
    expect(eventOf({ ...sample('cloudtrail'), eventTime: undefined }).at).toBe(RECEIVED_AT)
  })

  test('up to five minutes ahead is believed, more is set back and marked', () => {
    const ahead = (ms: number): unknown => record(new Date(RECEIVED_AT + ms).toISOString())
    const believed = eventOf(ahead(300_000))
    expect(believed.at).toBe(RECEIVED_AT + 300_000)
    expect(believed.ecs).not.toHaveProperty(['labels.time_clamped'])
    const clamped = eventOf(ahead(300_001))
    expect(clamped.at).toBe(RECEIVED_AT)
    expect(clamped.ecs).toMatchObject({ 'labels.time_clamped': 'true' })
  })
})

describe('events', () => {
  test('carry where they came from', () => {
    const event = eventOf(sample('nginx'), { source: 'edge', file: '/var/log/nginx.json', index: 3 })
    expect(event).toMatchObject({ source: 'edge', file: '/var/log/nginx.json', index: 3, receivedAt: RECEIVED_AT })
  })

  test('whose bytes are no UTF-8 are kept and marked', () => {
    const [head = '', tail = ''] = JSON.stringify(sample('nginx')).split('openai-python')
    const bytes = Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28]), Buffer.from(tail)])
    const event = eventOf(bytes)
    expect(event.ecs).toMatchObject({ 'modelward.encoding_error': true, 'labels.encoding_error': 'true' })
    expect(event.fields['modelward']).toEqual({ encoding_error: true })
    expect(event.id).not.toBe(eventOf(Buffer.from(bytes.toString('utf8'))).id)
    expect(eventOf(sample('nginx')).fields).not.toHaveProperty('modelward')
  })

  test('build their ECS view once', () => {
    const event = eventOf(sample('nginx'))
    expect(event.ecs).toBe(event.ecs)
    expect(Object.isFrozen(event.ecs)).toBe(true)
  })

  test('keep text out of the ECS view unless the operator asked for it', () => {
    expect(JSON.stringify(eventOf(sample('litellm')).ecs)).not.toContain('Paris')
    expect(eventOf(sample('litellm'), {}, { keepText: true }).ecs).toMatchObject({
      'modelward.prompt': 'a',
      'modelward.output': 'The capital of France is Paris.',
    })
  })
})
