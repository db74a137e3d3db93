import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

function record(parts: Record<string, unknown>, metadata: Record<string, unknown> = {}): Record<string, unknown> {
  const base = sample('litellm')
  return { ...base, ...parts, metadata: { ...(base['metadata'] as object), ...metadata } }
}

describe('LiteLLM', () => {
  test('the principal is the key, by its hash; its owner is the user’s name', () => {
    const event = eventOf(sample('litellm'))
    const key = '307527ac504eb6e9ed11ce5e2d6e0342c09335eced2e9c10b360667b2b81cd56'
    expect(event.principal).toBe(pseudonym('key', key))
    const owner = pseudonym('user', 'contractor-x@example.com')
    expect(event.ecs).toMatchObject({ 'user.name': owner, 'related.user': [event.principal, owner] })
  })

  test('a raw key in place of a hash is the same principal as the hash', () => {
    const byRaw = eventOf(record({}, { user_api_key_hash: 'my-raw-key' }))
    const byHash = eventOf(record({}, { user_api_key_hash: hash('sha256', 'my-raw-key') }))
    expect(byRaw.principal).toBe(byHash.principal)
  })

  test('without a key it is the user', () => {
    expect(eventOf(record({}, { user_api_key_hash: null })).principal).toBe(
      pseudonym('user', 'contractor-x@example.com'),
    )
  })

  test('latency is the response time in milliseconds, the duration all of it', () => {
    const event = eventOf(record({ startTime: 1767614400, endTime: 1767614400.5, response_time: 0.2 }))
    expect(event.inference?.latencyMs).toBe(200)
    expect(event.ecs['event.duration']).toBe(500_000_000)
    expect(event.at).toBe(1767614400000)
  })

  test.each([
    ['acompletion', 'chat'],
    ['aembedding', 'embeddings'],
    ['atext_completion', 'text_completion'],
    ['aresponses', 'chat'],
    ['aimage_generation', 'aimage_generation'],
  ])('%s is %s', (call_type, operation) => {
    expect(eventOf(record({ call_type })).inference?.operation).toBe(operation)
  })

  test('an embedding that was answered is the feature vector', () => {
    const response = { object: 'list', data: [{ index: 0, embedding: [0.5, -0.25, 1] }] }
    expect(eventOf(record({ response })).inference?.features).toEqual(Float32Array.of(0.5, -0.25, 1))
    const spoilt = { data: [{ embedding: [0.5, 'x'] }] }
    expect(eventOf(record({ response: spoilt })).inference?.features).toBeUndefined()
  })

  test.each([
    [
      'chat',
      {
        content: [
          { token: 'a', logprob: -0.5 },
          { token: 'b', logprob: -2 },
        ],
      },
    ],
    ['completions', { tokens: ['a', 'b'], token_logprobs: [-0.5, -2] }],
  ])('log-probabilities of tokens are read as %s gives them', (_, logprobs) => {
    const response = { choices: [{ message: { content: 'a b' }, logprobs }] }
    expect(eventOf(record({ response })).inference?.tokenLogprobs).toEqual(Float32Array.of(-0.5, -2))
  })

  test('a failure carries its code, or its class', () => {
    const failed = (error_information: unknown): unknown => record({ status: 'failure', error_information })
    expect(eventOf(failed({ error_code: '429', error_class: 'RateLimitError' })).inference).toMatchObject({
      ok: false,
      status: '429',
    })
    expect(eventOf(failed({ error_code: '', error_class: 'Timeout' })).inference).toMatchObject({
      ok: false,
      status: 'Timeout',
    })
    expect(eventOf(failed(null)).inference).toMatchObject({ ok: false, status: 'failure' })
  })

  test.each([
    ['text', 'text'],
    [['a', 'b'], 'a\nb'],
    [
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'x' } },
          ],
        },
      ],
      'look',
    ],
    [[], undefined],
    [null, undefined],
  ])('the prompt of %j is %j', (messages, prompt) => {
    expect(eventOf(record({ messages })).inference?.prompt).toBe(prompt)
  })

  test('texts that LiteLLM redacted are no texts', () => {
    const messages = [{ role: 'user', content: 'redacted-by-litellm' }]
    const response = { choices: [{ message: { content: 'redacted-by-litellm' } }] }
    const { inference } = eventOf(record({ messages, response }))
    expect([inference?.prompt, inference?.output, inference?.promptHash]).toEqual([undefined, undefined, undefined])
  })

  test('a count that Elasticsearch would refuse stays out of the view, not out of the event', () => {
    const event = eventOf(record({ prompt_tokens: 2 ** 31 }))
    expect(event.inference?.inputTokens).toBe(2 ** 31)
    expect(event.ecs).not.toHaveProperty(['gen_ai.usage.input_tokens'])
  })

  test('equal prompts have equal hashes, no prompt has none', () => {
    const hashOf = (messages: unknown): string | undefined => eventOf(record({ messages })).inference?.promptHash
    expect(hashOf('a')).toBe(hashOf([{ role: 'user', content: 'a' }]))
    expect(hashOf('b')).not.toBe(hashOf('a'))
    expect(hashOf([])).toBeUndefined()
  })

  test('parameters the caller did not set are absent', () => {
    expect(eventOf(record({ model_parameters: {} })).inference?.parameters).toEqual({})
    expect(Object.keys(eventOf(record({ model_parameters: { temperature: 0 } })).inference?.parameters ?? {})).toEqual([
      'temperature',
    ])
  })

  test('the price table is not kept', () => {
    const event = eventOf(record({ model_map_information: { model_map_value: { input_cost_per_token: 1 } } }))
    expect(event.fields).toEqual(sample('litellm'))
  })
})
