import type { Event, Inference } from '../../src/contract/event.ts'
import { event } from '../support/events.ts'

/** Events that a careless exporter may produce: each field at its worst. */
export function oddEvents(): Event[] {
  const numbers = [Number.NaN, -5, Infinity, -Infinity, 0, 1e308, Number.MAX_SAFE_INTEGER, 0.5]
  const worst: Partial<Inference>[] = [
    ...numbers.map((value) => ({ inputTokens: value, outputTokens: value, costUsd: value, latencyMs: value })),
    ...numbers.map((value) => ({ parameters: { maxTokens: value, topLogprobs: value, biasedTokens: ['1'] } })),
    { parameters: {} },
    { parameters: { biasedTokens: [] } },
    { parameters: { maxTokens: 1, biasedTokens: ['', ' ', '日本', '-1', '1'.repeat(10_000)] } },
    { parameters: { maxTokens: 1, biasedTokens: Array.from({ length: 10_000 }, (_, i) => String(i)) } },
    { promptHash: '', parameters: { maxTokens: 1, biasedTokens: ['1'] } },
    { promptHash: 'not hex at all', parameters: { maxTokens: 1, biasedTokens: ['1'] } },
  ]
  const times = [Number.NaN, Infinity, -1, 0, 8.64e15, 8e15, -8e15, 1e300]
  return [
    event({ principal: 'key:no-inference' }),
    event({ inference: {} }),
    event({ principal: '', inference: { parameters: { maxTokens: 1, biasedTokens: ['1'] } } }),
    event({ id: '', principal: 'key:odd', inference: { parameters: { maxTokens: 1, biasedTokens: ['1'] } } }),
    event({
      id: 'é'.repeat(40),
      principal: 'key:odd',
      inference: { parameters: { maxTokens: 1, biasedTokens: ['2'] } },
    }),
    event({ principal: `key:${'long'.repeat(5_000)}`, inference: {} }),
    event({ principal: 'past.1.168/key:odd', inference: {} }),
    ...times.map((at) => event({ at, principal: 'key:odd', inference: {} })),
    { ...event({ principal: 'key:odd', inference: {} }), at: Date.UTC(2500, 0, 1) },
    ...worst.map((inference) => event({ principal: 'key:odd', inference })),
  ]
}
