import { z } from 'zod'
import type { Fields, Inference } from '../contract/event.ts'
import { PRINCIPAL_KINDS, type Identity, apiKeyIdentity } from './principal/pseudonyms.ts'
import type { EcsView } from './shape/ecs-view.ts'
import { type Format, type Tools, sealedPaths } from './shape/format.ts'
import { inferenceOf, parametersOf } from './shape/inference.ts'
import { operationOfPath, outputText, promptText, toolNames } from './shape/openai.ts'
import { timeOf } from './shape/time.ts'
import { countOf, flagOf, numberOf, recordOf, textOf, valueAt, vectorOf, wordOf } from './shape/values.ts'

const path = z.string().min(1).max(500).describe('A dotted path in the record.')

/** Which record fields tell of a request to a model. */
const InferencePaths = z.strictObject({
  operation: path.optional(),
  provider: path.optional(),
  model: path.optional(),
  endpoint: path.optional(),
  status: path.optional().describe('An HTTP status, or a word that is empty, ok or success when it went well.'),
  inputTokens: path.optional(),
  outputTokens: path.optional(),
  costUsd: path.optional(),
  latencyMs: path.optional(),
  maxTokens: path.optional(),
  temperature: path.optional(),
  topP: path.optional(),
  n: path.optional(),
  stream: path.optional(),
  logprobs: path.optional(),
  topLogprobs: path.optional(),
  logitBias: path.optional(),
  tools: path.optional(),
  prompt: path.optional(),
  output: path.optional(),
  features: path.optional().describe('An array of numbers: an embedding or the input vector.'),
  label: path.optional().describe('The class that a classifier answered with.'),
  confidences: path.optional().describe('An array of numbers: the probability or logit of each class.'),
  tokenLogprobs: path.optional().describe('An array of numbers: the log-probability of each token of the output.'),
})

/** A JSON format that the operator describes in the config. */
export const FieldMapping = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'lower-case letters, digits and hyphens, a letter first'),
    match: z
      .strictObject({ field: path, equals: z.union([z.string(), z.number(), z.boolean()]).optional() })
      .optional()
      .describe('Records with this field (and value) are read so. Without it only sources that name the format are.'),
    time: path.optional(),
    logsource: z.strictObject({
      category: z.string().optional(),
      product: z.string().optional(),
      service: z.string().optional(),
    }),
    principal: z.strictObject({ kind: z.enum(PRINCIPAL_KINDS), field: path }).optional(),
    ecs: z
      .record(z.string().regex(/^(?!event\.kind$|user\.(?:id|name)$)[a-z_][a-z0-9_.]*$/, 'an ECS field name'), path)
      .default({})
      .describe('ECS field to record path. Sealed identities are written as pseudonyms. user.id is the principal.'),
    inference: InferencePaths.optional(),
    sealed: z
      .strictObject({ identity: z.array(path).default([]), text: z.array(path).default([]) })
      .prefault({})
      .describe('Paths that name people or credentials, and paths that hold prompt or output text.'),
  })
  .superRefine((mapping, context) => {
    const { prompt, output, features } = mapping.inference ?? {}
    const hidden = [...mapping.sealed.text, prompt, output, features]
    for (const [field, from] of Object.entries(mapping.ecs))
      if (hidden.some((text) => text !== undefined && covers(text, from)))
        context.addIssue({ code: 'custom', path: ['ecs', field], message: `${from} holds text, which is never stored` })
  })
export type FieldMapping = z.output<typeof FieldMapping>

function covers(sealed: string, from: string): boolean {
  return from === sealed || from.startsWith(`${sealed}.`) || sealed.startsWith(`${from}.`)
}

/** The format that a mapping describes. */
export function mappedFormat(mapping: FieldMapping): Format {
  const { match } = mapping
  const logsource = Object.freeze(withoutUndefined(mapping.logsource))
  const { prompt, output, features } = mapping.inference ?? {}
  const text = [prompt, output, features].filter((part) => part !== undefined)
  const identity = [...mapping.sealed.identity, ...(mapping.principal ? [mapping.principal.field] : [])]
  const sealed = sealedPaths([...new Set(identity)], [...new Set([...mapping.sealed.text, ...text])])
  return {
    name: mapping.name,
    summary: 'a mapping in the config',
    recognises(fields) {
      if (!match) return false
      const value = valueAt(fields, match.field)
      return match.equals === undefined ? value !== undefined : value === match.equals
    },
    toEvents: (fields, _record, tools) => [
      {
        at: mapping.time === undefined ? undefined : timeOf(valueAt(fields, mapping.time)),
        logsource,
        fields,
        sealed,
        principal: principalOf(mapping, fields),
        inference: mapping.inference && inferenceIn(mapping.inference, fields, tools),
        describe: (ecs, record) => describe(ecs, mapping, sealed.identity, record, tools),
      },
    ],
    example: {},
  }
}

function withoutUndefined(logsource: FieldMapping['logsource']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(logsource).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

function principalOf(mapping: FieldMapping, fields: Fields): Identity | undefined {
  if (!mapping.principal) return undefined
  const identity = wordOf(valueAt(fields, mapping.principal.field))
  if (identity === undefined) return undefined
  const { kind } = mapping.principal
  return { kind, identity: kind === 'key' ? apiKeyIdentity(identity) : identity }
}

function inferenceIn(paths: z.output<typeof InferencePaths>, fields: Fields, tools: Tools): Inference {
  const at = (name: keyof typeof paths): unknown => {
    const from = paths[name]
    return from === undefined ? undefined : valueAt(fields, from)
  }
  const status = wordOf(at('status'))
  const bias = recordOf(at('logitBias'))
  const operation = textOf(at('operation')) ?? 'chat'
  return inferenceOf(
    {
      operation: operation.includes('/') ? operationOfPath(operation) : operation,
      provider: textOf(at('provider')),
      model: textOf(at('model')),
      endpoint: textOf(at('endpoint')),
      ok: wentWell(status),
      status,
      inputTokens: countOf(at('inputTokens')),
      outputTokens: countOf(at('outputTokens')),
      costUsd: numberOf(at('costUsd')),
      latencyMs: numberOf(at('latencyMs')),
      parameters: parametersOf({
        maxTokens: countOf(at('maxTokens')),
        temperature: numberOf(at('temperature')),
        topP: numberOf(at('topP')),
        n: countOf(at('n')),
        stream: flagOf(at('stream')),
        logprobs: flagOf(at('logprobs')),
        topLogprobs: countOf(at('topLogprobs')),
        biasedTokens: bias && Object.keys(bias).slice(0, 1_000),
        tools: toolNames(at('tools')),
      }),
      prompt: promptText(at('prompt')),
      output: outputText(at('output')),
      features: vectorOf(at('features')),
      label: wordOf(at('label')),
      confidences: vectorOf(at('confidences')),
      tokenLogprobs: vectorOf(at('tokenLogprobs')),
    },
    tools.pseudonyms,
  )
}

const WELL = new Set(['', 'ok', 'success', 'succeeded', 'true', '0'])

function wentWell(status: string | undefined): boolean {
  if (status === undefined) return true
  return /^[1-5]\d\d$/.test(status) ? status < '400' : WELL.has(status.toLowerCase())
}

function personOf(value: unknown): Identity | undefined {
  const name = wordOf(value)
  return name === undefined ? undefined : { kind: 'user', identity: name }
}

/** ECS fields that hold lists. */
const LISTS = /^(?:event\.(?:category|type)|related\.\w+|tags|user\.roles)$/

function describe(
  ecs: EcsView,
  mapping: FieldMapping,
  identity: readonly string[],
  fields: Fields,
  tools: Tools,
): void {
  ecs.dataset(`modelward.${mapping.name}`, undefined)
  for (const [field, from] of Object.entries(mapping.ecs)) {
    const value = valueAt(fields, from)
    if (identity.some((sealed) => covers(sealed, from))) {
      const who = from === mapping.principal?.field ? principalOf(mapping, fields) : personOf(value)
      if (who) ecs.word(field, tools.pseudonyms.of(who.kind, who.identity))
    } else if (field === 'source.ip') {
      ecs.source(value)
    } else if (LISTS.test(field)) {
      ecs.words(field, (Array.isArray(value) ? value : [value]).map(wordOf))
    } else if (typeof value === 'number') {
      ecs.number(field, value)
    } else if (typeof value === 'boolean') {
      ecs.flag(field, value)
    } else {
      ecs.word(field, value)
    }
  }
}
