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
 * JSON Schema (draft 2020-12) of a rule on single events with what modelward adds, for editors. The loader is stricter: it
 * also reads conditions, modifiers and durations, and says what may not stand together.
 */
export function ruleSchema(): Json {
  const { properties, required, ...rest } = z.toJSONSchema(RuleDocument, { io: 'input', unrepresentable: 'any' })
  return {
    ...rest,
    title: 'modelward rule',
    properties: { ...properties, detection: DETECTION },
    required: [...(required ?? []), 'detection'],
  }
}
