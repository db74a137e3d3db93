import type { Fields, Inference } from '../../../contract/event.ts'
import { type Identity, apiKeyIdentity } from '../../principal/pseudonyms.ts'
import type { Tools } from '../../shape/format.ts'
import { inferenceOf, parametersOf } from '../../shape/inference.ts'
import { promptText, toolNames } from '../../shape/openai.ts'
import { parseEmbeddedList } from '../../shape/parse.ts'
import { countOf, firstText, flagOf, listOf, numberOf, textOf, wordOf } from '../../shape/values.ts'
import { type Attributes, attributesOf } from './attributes.ts'

/**
 * OpenTelemetry's GenAI attributes under their present and former names (semantic conventions 1.27 to 1.41): the first
 * name that is set counts.
 */
const NAMES = {
  operation: ['gen_ai.operation.name', 'llm.request.type'],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  model: ['gen_ai.response.model', 'gen_ai.request.model'],
  inputTokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'],
  outputTokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens'],
  maxTokens: ['gen_ai.request.max_tokens', 'llm.request.max_tokens'],
  stream: ['gen_ai.request.stream', 'llm.is_streaming', 'gen_ai.openai.request.stream'],
  prompt: ['gen_ai.input.messages', 'gen_ai.prompt', 'llm.prompts'],
  output: ['gen_ai.output.messages', 'gen_ai.completion', 'llm.completions'],
  key: ['gen_ai.request.api_key_hash', 'api_key.hash', 'metadata.user_api_key_hash'],
  user: ['enduser.id', 'user.id', 'gen_ai.request.user', 'gen_ai.openai.request.user', 'llm.user', 'enduser.pseudo.id'],
  address: ['client.address', 'client.socket.address', 'net.sock.peer.addr', 'http.client_ip'],
  userAgent: ['user_agent.original', 'http.user_agent'],
  status: ['error.type', 'http.response.status_code', 'http.status_code'],
} as const satisfies Record<string, readonly string[]>

export function attribute(attributes: Attributes, name: keyof typeof NAMES): unknown {
  for (const key of NAMES[name]) {
    const value = attributes.get(key)
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

/** Operations that are one request to a model; agents and tools are spans around them. */
const MODEL_OPERATIONS = new Set(['chat', 'text_completion', 'completion', 'embeddings', 'generate_content'])

export function isModelRequest(attributes: Attributes): boolean {
  const operation = attribute(attributes, 'operation')
  if (operation !== undefined) return typeof operation === 'string' && MODEL_OPERATIONS.has(operation)
  return attributes.has('gen_ai.request.model')
}

/** What a span or event says beside its attributes. */
export interface Surroundings {
  readonly failed: boolean
  readonly latencyMs: number | undefined
  /** The span's own events, which older instrumentations wrote the messages to. */
  readonly events: readonly unknown[]
}

export function modelRequest(attributes: Attributes, around: Surroundings, tools: Tools): Inference {
  const operation = textOf(attribute(attributes, 'operation')) ?? 'chat'
  const status = wordOf(attribute(attributes, 'status'))
  return inferenceOf(
    {
      operation: operation === 'completion' ? 'text_completion' : operation,
      provider: textOf(attribute(attributes, 'provider')),
      model: textOf(attribute(attributes, 'model')),
      endpoint: textOf(attributes.get('server.address')),
      ok: !around.failed && !attributes.has('error.type') && !(status !== undefined && /^[45]\d\d$/.test(status)),
      status,
      inputTokens: countOf(attribute(attributes, 'inputTokens')),
      outputTokens: countOf(attribute(attributes, 'outputTokens')),
      costUsd: numberOf(attributes.get('gen_ai.usage.cost')),
      latencyMs: around.latencyMs,
      parameters: parametersIn(attributes),
      prompt: promptIn(attributes, around.events),
      output: outputIn(attributes, around.events),
    },
    tools.pseudonyms,
  )
}

function parametersIn(attributes: Attributes): Inference['parameters'] {
  const definitions = attributes.get('gen_ai.tool.definitions')
  return parametersOf({
    maxTokens: countOf(attribute(attributes, 'maxTokens')),
    temperature: numberOf(attributes.get('gen_ai.request.temperature')),
    topP: numberOf(attributes.get('gen_ai.request.top_p')),
    n: countOf(attributes.get('gen_ai.request.choice.count')),
    stream: flagOf(attribute(attributes, 'stream')),
    logprobs: flagOf(attributes.get('gen_ai.openai.request.logprobs')),
    topLogprobs: countOf(attributes.get('gen_ai.openai.request.top_logprobs')),
    biasedTokens: undefined,
    tools: toolNames(typeof definitions === 'string' ? parseEmbeddedList(definitions) : definitions),
  })
}

function promptIn(attributes: Attributes, events: readonly unknown[]): string | undefined {
  const system = readable(attributes.get('gen_ai.system_instructions'))
  const messages = readable(attribute(attributes, 'prompt')) ?? indexed(attributes, 'gen_ai.prompt')
  const written = promptText([system, messages])
  return (
    written ?? promptText(messagesIn(events, /^gen_ai\.(?:(?:system|user|assistant|tool)\.message|content\.prompt)$/))
  )
}

function outputIn(attributes: Attributes, events: readonly unknown[]): string | undefined {
  const messages = readable(attribute(attributes, 'output')) ?? indexed(attributes, 'gen_ai.completion')
  return promptText(messages) ?? promptText(messagesIn(events, /^gen_ai\.(?:choice|content\.completion)$/))
}

/** Messages come as values or as one JSON string; a plain text stays what it is. */
function readable(value: unknown): unknown {
  return typeof value === 'string' ? (parseEmbeddedList(value) ?? value) : value
}

/** `gen_ai.prompt.0.content`, `gen_ai.prompt.1.content`, …: the form of OpenLLMetry. */
function indexed(attributes: Attributes, prefix: string): readonly string[] | undefined {
  const found: string[] = []
  for (let at = 0; at < 1_000; at++) {
    const content = attributes.get(`${prefix}.${at}.content`)
    if (content === undefined && !attributes.has(`${prefix}.${at}.role`)) break
    if (typeof content === 'string') found.push(content)
  }
  return found.length === 0 ? undefined : found
}

function messagesIn(events: readonly unknown[], name: RegExp): readonly unknown[] {
  const found: unknown[] = []
  for (const event of listOf(events) as readonly Fields[]) {
    if (typeof event?.['name'] !== 'string' || !name.test(event['name'])) continue
    const attributes = attributesOf(event['attributes'])
    const content = firstText(attributes.get('content'), attributes.get('gen_ai.event.content'))
    found.push(content ?? readable(attribute(attributes, 'prompt') ?? attribute(attributes, 'output')))
  }
  return found
}

/** Who asked: the key, else the end user, else the service that sent the telemetry. */
export function callerOf(attributes: Attributes, resource: Attributes): Identity | undefined {
  const key = textOf(attribute(attributes, 'key'))
  if (key !== undefined) return { kind: 'key', identity: apiKeyIdentity(key) }
  const user = wordOf(attribute(attributes, 'user'))
  if (user !== undefined) return { kind: 'user', identity: user }
  const service = textOf(resource.get('service.name'))
  return service === undefined ? undefined : { kind: 'service', identity: service }
}

/** Attribute names that hold identities or text, for sealing. */
export const IDENTITY_ATTRIBUTES: readonly string[] = [
  ...NAMES.key,
  ...NAMES.user,
  'user.name',
  'user.email',
  'user.full_name',
  'user.hash',
  'enduser.email',
  'metadata',
]
export const TEXT_ATTRIBUTES: readonly string[] = [
  ...NAMES.prompt,
  ...NAMES.output,
  'gen_ai.system_instructions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.tool.definitions',
  'gen_ai.retrieval',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  'gen_ai.event.content',
  'exception.message',
  'exception.stacktrace',
]
