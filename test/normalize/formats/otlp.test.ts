import { describe, expect, test } from 'vitest'
import { eventOf, eventsOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

type Attributes = Readonly<Record<string, unknown>>

function span(attributes: Attributes, parts: Record<string, unknown> = {}): unknown {
  const list = Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))
  return { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'chat', ...parts, attributes: list }] }] }] }
}

function valueOf(value: unknown): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

const NEW = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-5',
  'gen_ai.usage.input_tokens': 12,
  'gen_ai.usage.output_tokens': 3,
}
const OLD = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.system': 'openai',
  'gen_ai.request.model': 'gpt-5',
  'gen_ai.usage.prompt_tokens': 12,
  'gen_ai.usage.completion_tokens': 3,
}

describe('OpenTelemetry', () => {
  test('old attribute names say the same as new ones', () => {
    expect(eventOf(span(OLD)).inference).toEqual(eventOf(span(NEW)).inference)
  })

  test('each span and log record is an event; only model requests are inference', () => {
    const events = eventsOf(sample('otlp-old-names'))
    expect(events.map((event) => event.logsource)).toEqual([
      { product: 'otel', category: 'inference' },
      { product: 'otel', service: 'traces' },
      { product: 'otel', category: 'inference' },
      { product: 'otel', service: 'logs' },
    ])
    expect(events.map((event) => event.inference !== undefined)).toEqual([true, false, true, false])
  })

  test('OpenLLMetry’s numbered prompts are read, and its failure', () => {
    const [event] = eventsOf(sample('otlp-old-names'))
    expect(event?.inference).toMatchObject({
      prompt: 'Say hi',
      output: 'hi',
      inputTokens: 12,
      ok: false,
      latencyMs: 500,
    })
    expect(event?.principal).toBe(pseudonym('user', 'bob@example.com'))
  })

  test('message attributes are read as values and as JSON text', () => {
    const messages = [{ role: 'user', parts: [{ type: 'text', content: 'What is up?' }] }]
    const event = eventOf(
      span({ ...NEW, 'gen_ai.input.messages': JSON.stringify(messages), 'gen_ai.system_instructions': 'Be terse' }),
    )
    expect(event.inference?.prompt).toBe('Be terse\nWhat is up?')
  })

  test('messages that older instrumentations wrote as span events are read', () => {
    const events = [
      { name: 'gen_ai.user.message', attributes: [{ key: 'content', value: { stringValue: 'hello' } }] },
      {
        name: 'gen_ai.content.completion',
        attributes: [{ key: 'gen_ai.completion', value: { stringValue: 'world' } }],
      },
    ]
    expect(eventOf(span(NEW, { events })).inference).toMatchObject({ prompt: 'hello', output: 'world' })
  })

  test.each(['invoke_agent', 'execute_tool', 'create_agent'])('%s is a span around requests, not one', (operation) => {
    const event = eventOf(span({ ...NEW, 'gen_ai.operation.name': operation, 'gen_ai.tool.name': 'search' }))
    expect(event.inference).toBeUndefined()
    expect(event.ecs['gen_ai.tool.name']).toBe('search')
  })

  test.each([
    [{ 'api_key.hash': 'k', 'enduser.id': 'ann' }, /^key:/],
    [{ 'enduser.id': 'ann' }, /^user:/],
    [{ 'user.id': 'ann' }, /^user:/],
    [{ 'gen_ai.request.user': 'ann' }, /^user:/],
  ])('the principal of %j is %s', (attributes, principal) => {
    expect(eventOf(span({ ...NEW, ...attributes })).principal).toMatch(principal)
  })

  test('without a user it is the service that sent the telemetry', () => {
    const [, health] = eventsOf(sample('otlp-old-names'))
    expect(health?.principal).toBe(pseudonym('service', 'legacy-app'))
  })

  test.each([
    [{ 'error.type': 'timeout' }, {}, 'timeout'],
    [{ 'http.response.status_code': 429 }, {}, '429'],
    [{}, { status: { code: 'STATUS_CODE_ERROR' } }, undefined],
  ])('%j %j is not ok', (attributes, parts, status) => {
    const { inference } = eventOf(span({ ...NEW, ...attributes }, parts))
    expect([inference?.ok, inference?.status]).toEqual([false, status])
  })

  test('attributes are nested the way rules name them', () => {
    const event = eventOf(span({ ...NEW, 'gen_ai.response.finish_reasons': ['stop'], 'big.id': 2 ** 60 }))
    expect(event.fields['gen_ai']).toMatchObject({
      request: { model: 'gpt-5' },
      response: { finish_reasons: ['stop'] },
    })
    expect(event.fields['big']).toEqual({ id: String(2 ** 60) })
    expect(event.ecs).not.toHaveProperty(['gen_ai.response.finish_reasons'])
  })

  test('an attribute that begins another’s name loses neither', () => {
    const event = eventOf(span({ ...NEW, 'a.b': 'short', 'a.b.c': 'long' }))
    expect(event.fields).toMatchObject({ a: { b: 'short' }, 'a.b.c': 'long' })
  })

  test('attribute names cannot reach a prototype', () => {
    const event = eventOf(span({ ...NEW, '__proto__.polluted': 'yes', 'a.__proto__.polluted': 'yes', __proto__x: 1 }))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.getPrototypeOf(event.fields)).toBe(Object.prototype)
    expect(event.fields).toMatchObject({
      '(__proto__)': { polluted: 'yes' },
      a: { '(__proto__)': { polluted: 'yes' } },
    })
  })

  test('a name of a thousand parts makes no thousand levels', () => {
    const name = Array.from({ length: 1_000 }, () => 'a').join('.')
    expect(eventOf(span({ ...NEW, [name]: 'x' })).fields[name]).toBe('x')
  })
})
