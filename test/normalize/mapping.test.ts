import { describe, expect, test } from 'vitest'
import { FieldMapping } from '../../src/normalize/mapping.ts'
import { ecsProblems } from '../support/ecs.ts'
import { eventOf, normalizer, pseudonym, refusalOf } from './support/read.ts'
import { sample } from './support/samples.ts'

const written = {
  name: 'edge-gateway',
  match: { field: 'log.kind', equals: 'inference' },
  time: 'ts',
  logsource: { category: 'inference', product: 'edge' },
  principal: { kind: 'key', field: 'client.key' },
  ecs: {
    'source.ip': 'client.ip',
    'event.action': 'op',
    'user.email': 'client.mail',
    'user.hash': 'client.key',
    'event.category': 'what',
    'event.type': 'how',
    'http.response.status_code': 'status',
  },
  inference: {
    operation: 'op',
    model: 'model',
    endpoint: 'route',
    status: 'status',
    inputTokens: 'usage.in',
    outputTokens: 'usage.out',
    latencyMs: 'ms',
    maxTokens: 'params.max',
    prompt: 'prompt',
    output: 'answer',
    features: 'vector',
    label: 'class',
    confidences: 'scores',
  },
  sealed: { identity: ['client.mail'], text: ['system'] },
}
const mapping = FieldMapping.parse(written)

const record = {
  log: { kind: 'inference' },
  ts: 1767614400123,
  client: { key: 'sk-raw', ip: '203.0.113.4', mail: 'ann@example.com' },
  op: '/v1/chat/completions',
  what: 'api',
  how: ['access'],
  model: 'llama',
  route: 'eu',
  status: 200,
  usage: { in: '10', out: 20 },
  ms: 12.5,
  params: { max: 64 },
  prompt: [{ role: 'user', content: 'hello there' }],
  answer: 'general',
  system: 'be kind',
  vector: [1, 2.5, -3],
  class: 7,
  scores: [0.25, 0.75],
}

describe('a mapping in the config', () => {
  const event = eventOf(record, {}, { mappings: [mapping] })

  test('reads the operator’s own JSON', () => {
    expect(event).toMatchObject({
      format: 'edge-gateway',
      at: 1767614400123,
      logsource: { category: 'inference', product: 'edge' },
      inference: {
        operation: 'chat',
        model: 'llama',
        endpoint: 'eu',
        ok: true,
        status: '200',
        inputTokens: 10,
        outputTokens: 20,
        latencyMs: 12.5,
        parameters: { maxTokens: 64 },
        prompt: 'hello there',
        output: 'general',
        features: Float32Array.of(1, 2.5, -3),
        label: '7',
        confidences: Float32Array.of(0.25, 0.75),
      },
    })
    expect(event.principal).toMatch(/^key:/)
  })

  test('seals what it was told to, and what it uses as identity and text', () => {
    expect(event.sealed).toEqual({
      identity: ['client.mail', 'client.key'],
      text: ['system', 'prompt', 'answer', 'vector'],
    })
  })

  test('fills the ECS view, sealed identities as pseudonyms', () => {
    expect(ecsProblems(event.ecs)).toEqual([])
    expect(event.ecs).toMatchObject({
      'source.ip': '203.0.113.4',
      'user.email': pseudonym('user', 'ann@example.com'),
      'user.hash': event.principal,
      'event.category': ['api'],
      'event.type': ['access'],
      'http.response.status_code': 200,
      'event.dataset': 'modelward.edge-gateway',
    })
    expect(JSON.stringify(event.ecs)).not.toMatch(/ann@|sk-raw|hello|general|be kind/)
  })

  test('comes before the built-in formats', () => {
    const greedy = FieldMapping.parse({ name: 'mine', match: { field: 'call_type' }, logsource: {} })
    expect(eventOf(sample('litellm'), {}, { mappings: [greedy] }).format).toBe('mine')
    expect(eventOf(sample('nginx'), {}, { mappings: [greedy] }).format).toBe('nginx')
  })

  test('without a match is used only where it is named', () => {
    const named = FieldMapping.parse({ name: 'mine', logsource: {} })
    expect(refusalOf(record, {}, { mappings: [named] }).reason).toBe('unknown_format')
    expect(eventOf(record, { format: 'mine' }, { mappings: [named] }).format).toBe('mine')
  })

  test.each([
    [200, true],
    [404, false],
    ['ok', true],
    ['error', false],
    [undefined, true],
  ])('status %s is ok: %s', (status, ok) => {
    expect(eventOf({ ...record, status }, {}, { mappings: [mapping] }).inference?.ok).toBe(ok)
  })

  test('a vector with anything else in it is none', () => {
    const odd = eventOf({ ...record, vector: [1, 'x'] }, {}, { mappings: [mapping] })
    expect(odd.inference?.features).toBeUndefined()
  })

  test('finds fields whose own names have dots, and never what every object inherits', () => {
    const dotted = { ...record, 'log.kind': 'inference', log: undefined }
    expect(eventOf(dotted, {}, { mappings: [mapping] }).format).toBe('edge-gateway')
    const inherited = FieldMapping.parse({ name: 'mine', match: { field: 'constructor' }, logsource: {} })
    expect(refusalOf(record, {}, { mappings: [inherited] }).reason).toBe('unknown_format')
  })
})

describe('a mapping that is wrong', () => {
  test.each([
    [{ ...written, colour: 'red' }, 'colour'],
    [{ ...written, name: 'Edge Gateway' }, 'name'],
    [{ ...written, ecs: { message: 'prompt' } }, 'ecs.message'],
    [{ ...written, ecs: { message: 'system.text' } }, 'ecs.message'],
    [{ ...written, ecs: { 'user.id': 'client.mail' } }, 'ecs.user.id'],
    [{ ...written, principal: { kind: 'person', field: 'x' } }, 'principal.kind'],
    [{ ...written, inference: { prompts: 'x' } }, 'inference'],
  ])('is an error that names the place (%#)', (value, place) => {
    const result = FieldMapping.safeParse(value)
    expect(JSON.stringify(result.error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`))).toContain(
      place,
    )
  })

  test('a name that is taken is an error', () => {
    const taken = FieldMapping.parse({ ...written, name: 'nginx' })
    expect(() => normalizer({ mappings: [taken] })).toThrow('there is a format nginx already')
    expect(() => normalizer({ mappings: [mapping, mapping] })).toThrow('normalize.mappings[1].name')
  })
})
