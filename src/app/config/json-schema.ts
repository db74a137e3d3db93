import { z } from 'zod'
import { AlertConfig } from '../../alert/config.ts'
import { collectors } from '../../collect/index.ts'
import { ConsoleConfig } from '../../console/config.ts'
import type { Plugin } from '../../contract/plugin.ts'
import { sinks } from '../../deliver/index.ts'
import { BudgetConfig } from '../../detect/fusion/fusion.ts'
import { detectors } from '../../detect/index.ts'
import { checks } from '../../inspect/index.ts'
import { FieldMapping } from '../../normalize/mapping.ts'
import { RespondConfig } from '../../respond/config.ts'
import { Shape } from './schema.ts'

type Json = Record<string, unknown>

/** JSON Schema (draft 2020-12) of the config file, for editors: every section, every kind of plug-in with its keys. */
export function configJsonSchema(): Json {
  const schema = schemaOf(Shape)
  const properties = schema['properties'] as Record<string, Json>
  const list = (section: string, plugins: readonly Plugin<never, unknown, never>[], common: Json = {}): void => {
    properties[section] = { ...properties[section], items: { oneOf: plugins.map((plugin) => entryOf(plugin, common)) } }
  }
  const name = { name: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' } }
  list('collect', collectors as readonly Plugin<never, unknown, never>[], name)
  list('detect', detectors as readonly Plugin<never, unknown, never>[], name)
  list('deliver', sinks as readonly Plugin<never, unknown, never>[], {
    ...name,
    atLeast: { enum: ['informational', 'low', 'medium', 'high', 'critical'] },
    sendResolved: { type: 'boolean', default: true },
  })
  list('inspect', checks as readonly Plugin<never, unknown, never>[], { ...name, schedule: { type: 'string' } })
  properties['budget'] = schemaOf(BudgetConfig)
  properties['alert'] = schemaOf(AlertConfig)
  properties['respond'] = schemaOf(RespondConfig)
  properties['console'] = schemaOf(ConsoleConfig)
  properties['normalize'] = {
    ...properties['normalize'],
    properties: {
      mappings: { type: 'array', items: schemaOf(FieldMapping) },
      disabled: { type: 'array', items: { type: 'string' } },
    },
  }
  return { ...schema, title: 'modelward configuration' }
}

function entryOf(plugin: Plugin<never, unknown, never>, common: Json): Json {
  const own = schemaOf(plugin.config)
  return {
    ...own,
    description: plugin.summary,
    properties: { kind: { const: plugin.kind }, ...common, ...(own['properties'] as Json) },
    required: ['kind', ...((own['required'] as readonly string[] | undefined) ?? [])],
  }
}

/** What a person writes (the input side); what JSON Schema cannot say is left open. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
  return rest
}
