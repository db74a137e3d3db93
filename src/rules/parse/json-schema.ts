import { z } from 'zod'
import { RuleDocument } from './document.ts'

type Json = Readonly<Record<string, unknown>>

/** What one value of a field, or one keyword, may be. */
const VALUE: Json = { type: ['string', 'number', 'boolean', 'null'] }
/** A map of lines, all of which must hold: `field|modifiers: value or values`. */
const LINES: Json = {
  type: 'object',
  minProperties: 1,
  additionalProperties: { anyOf: [VALUE, { type: 'array', minItems: 1, items: VALUE }] },
}

const DETECTION: Json = {
  description:
    'Selections by name, and a condition that joins them. A map is all of its lines, a list of maps is any of them, a list of anything else is text that is looked for anywhere in the event',
  type: 'object',
  required: ['condition'],
  minProperties: 2,
  properties: {
    condition: {
      description:
        'Selections joined by and, or, not, parentheses, `1 of name*` and `all of them`; of a list any is enough',
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
      ],
    },
    timeframe: { description: 'Left from Sigma 1; not looked at' },
  },
  additionalProperties: {
    anyOf: [LINES, VALUE, { type: 'array', minItems: 1, items: { anyOf: [LINES, VALUE] } }],
  },
}

/**
 * Rules on what detectors say: a score is an event of log source `product: modelward, category: score` with the fields
 * `detector`, `p` (calibrated; null while the detector learns), `e`, `direction`, `principal`, `window` and those of the
 * score's explanation (`feature`, `seen`, `expected`, `text`, …).
 */
const SCORE_RULE: Json = {
  title: 'Far more use than usual',
  id: 'c1a5b2de-6a52-4b0e-9f0c-0d7d6d2b7a11',
  level: 'high',
  logsource: { product: 'modelward', category: 'score' },
  detection: { selection: { detector: 'usage', 'p|lt': 0.001, direction: 'high' }, condition: 'selection' },
  tests: [
    { name: 'unlikely', fires: true, event: { detector: 'usage', p: 0.000_01, direction: 'high' } },
    { name: 'still learning', fires: false, event: { detector: 'usage', p: null, direction: 'high' } },
    { name: 'less than usual', fires: false, event: { detector: 'usage', p: 0.000_01, direction: 'low' } },
  ],
}

/** New values: only a rule that has learned for two weeks says what it has not seen in 90 days. */
const FIRST_SEEN_RULE: Json = {
  title: 'A caller uses a model for the first time',
  id: '0e5f5a36-93bb-4dd5-8b0e-5a0a3c1f9c12',
  level: 'low',
  logsource: { category: 'inference' },
  detection: { selection: { 'gen_ai.request.model|exists': true }, condition: 'selection' },
  modelward: { first_seen: { fields: ['principal', 'gen_ai.request.model'], learning: '14d', remember: '90d' } },
  tests: [
    {
      name: 'new after learning',
      fires: true,
      events: [
        { at: '0s', event: {}, ecs: { 'gen_ai.request.model': 'small' }, principal: 'key:3f' },
        { at: '15d', event: {}, ecs: { 'gen_ai.request.model': 'large' }, principal: 'key:3f' },
      ],
    },
    {
      name: 'known',
      fires: false,
      events: [
        { at: '0s', event: {}, ecs: { 'gen_ai.request.model': 'small' }, principal: 'key:3f' },
        { at: '15d', event: {}, ecs: { 'gen_ai.request.model': 'small' }, principal: 'key:3f' },
      ],
    },
  ],
}

/** What stays away: one finding for each endpoint of which nothing was heard for an hour. */
const ABSENCE_RULE: Json = {
  title: 'An endpoint has gone silent',
  id: '5b1f0c7a-2c55-4c59-8a3e-1f3d7f0f2e13',
  level: 'medium',
  logsource: { category: 'inference' },
  detection: { selection: { 'endpoint|exists': true }, condition: 'selection' },
  modelward: { absence: { timespan: '1h', 'group-by': ['endpoint'] } },
  tests: [
    { name: 'silent', fires: true, event: { endpoint: 'a' }, until: '1h' },
    { name: 'heard', fires: false, event: { endpoint: 'a' }, until: '59m' },
  ],
}

/**
 * JSON Schema (draft 2020-12) of a rule on single events with what modelward adds, for editors. The loader is stricter: it
 * also reads conditions, modifiers and durations, and says what may not stand together.
 */
export function ruleSchema(): Json {
  const { properties, required, ...rest } = z.toJSONSchema(RuleDocument, { io: 'input', unrepresentable: 'any' })
  return {
    ...rest,
    title: 'modelward rule',
    examples: [SCORE_RULE, FIRST_SEEN_RULE, ABSENCE_RULE],
    properties: { ...properties, detection: DETECTION },
    required: [...(required ?? []), 'detection'],
  }
}
