import { isIP } from 'node:net'
import type { EcsFields, EcsValue, Inference } from '../../contract/event.ts'
import { countOf, numberOf, wordOf } from './values.ts'

/** Elasticsearch does not index longer keywords (`ignore_above`). */
const LONGEST_WORD = 1024
const LONGEST_TEXT = 32 * 1024

/**
 * The ECS view while it is filled. Each call takes whatever the record holds and leaves the field out when the value is
 * not of the field's type, so that a document is never refused for what a stranger wrote.
 */
export class EcsView {
  readonly #fields: Record<string, EcsValue> = {}

  get fields(): EcsFields {
    return this.#fields
  }

  /** A keyword, cut at 1,024 characters. */
  word(name: string, value: unknown): void {
    const word = wordOf(value)
    if (word !== undefined) this.#fields[name] = word.length > LONGEST_WORD ? word.slice(0, LONGEST_WORD) : word
  }

  /** Text of any length, cut at 32 Ki characters. */
  text(name: string, value: string | undefined): void {
    if (value !== undefined) this.#fields[name] = value.slice(0, LONGEST_TEXT)
  }

  words(name: string, values: readonly (string | undefined)[]): void {
    const words = values.filter((value) => value !== undefined && value !== '').map((value) => String(value))
    if (words.length > 0) this.#fields[name] = [...new Set(words)].map((word) => word.slice(0, LONGEST_WORD))
  }

  /** A whole number from 0 on. */
  count(name: string, value: unknown): void {
    const count = countOf(value)
    if (count !== undefined) this.#fields[name] = count
  }

  number(name: string, value: unknown): void {
    const number = numberOf(value)
    if (number !== undefined) this.#fields[name] = number
  }

  flag(name: string, value: boolean): void {
    this.#fields[name] = value
  }

  /** `event.category`, `event.type`, `event.action` and `event.outcome`, which every event has. */
  event(category: string, types: readonly string[], action: unknown, outcome: boolean | undefined): void {
    this.#fields['event.category'] = [category]
    this.#fields['event.type'] = types
    this.word('event.action', action)
    this.#fields['event.outcome'] = outcome === undefined ? 'unknown' : outcome ? 'success' : 'failure'
  }

  /** `event.module`-style origin: `aws.cloudtrail`, and who wrote it. */
  dataset(dataset: string, provider: unknown): void {
    this.#fields['event.dataset'] = dataset
    this.word('event.provider', provider)
  }

  /** `source.address` as written, and `source.ip` (and port) when it is one. */
  source(address: unknown): void {
    if (typeof address !== 'string' || address === '' || address === '-') return
    this.word('source.address', address)
    const [ip, port] = addressParts(address)
    if (ip === undefined) return
    this.#fields['source.ip'] = ip
    if (port !== undefined) this.count('source.port', port)
    this.#fields['related.ip'] = [ip]
  }

  /** The pseudonym of the person behind a key: `user.name` beside the key's own `user.id`. */
  alsoUser(pseudonym: string): void {
    const known = this.#fields['user.id']
    this.#fields['user.name'] = pseudonym
    this.words('related.user', [typeof known === 'string' ? known : undefined, pseudonym])
  }

  /** How long it took, as `event.duration` in nanoseconds. */
  durationMs(ms: unknown): void {
    const value = numberOf(ms)
    if (value !== undefined && value >= 0) this.count('event.duration', Math.round(value * 1e6))
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name)
  }
}

/** `1.2.3.4`, `1.2.3.4:443`, `2001:db8::1` or `[2001:db8::1]:443`. */
function addressParts(address: string): readonly [ip?: string, port?: string] {
  if (isIP(address) !== 0) return [address]
  const [, ip = '', port] = /^\[?([0-9a-fA-F:.]+?)\]?(?::(\d{1,5}))?$/.exec(address) ?? []
  if (isIP(ip) === 0) return []
  return port !== undefined && Number(port) <= 65_535 ? [ip, port] : [ip]
}

/** `gen_ai.*`, without the three fields that ECS types `nested`, and without text. */
export function describeInference(ecs: EcsView, inference: Inference): void {
  const { parameters } = inference
  ecs.word('gen_ai.operation.name', inference.operation)
  ecs.word('gen_ai.provider.name', inference.provider)
  ecs.word('gen_ai.request.model', inference.model)
  ecs.count('gen_ai.usage.input_tokens', int32(inference.inputTokens))
  ecs.count('gen_ai.usage.output_tokens', int32(inference.outputTokens))
  ecs.count('gen_ai.request.max_tokens', int32(parameters.maxTokens))
  ecs.number('gen_ai.request.temperature', parameters.temperature)
  ecs.number('gen_ai.request.top_p', parameters.topP)
  ecs.count('gen_ai.request.choice.count', int32(parameters.n))
  ecs.word('modelward.inference.endpoint', inference.endpoint)
  ecs.word('modelward.inference.status', inference.status)
  ecs.number('modelward.inference.cost_usd', inference.costUsd)
  ecs.number('modelward.inference.latency_ms', inference.latencyMs)
  ecs.word('modelward.inference.prompt_hash', inference.promptHash)
  if (parameters.logprobs === true) ecs.flag('modelward.inference.logprobs', true)
  if (parameters.biasedTokens) ecs.count('modelward.inference.biased_tokens', parameters.biasedTokens.length)
  if (parameters.tools) ecs.words('modelward.inference.tools', parameters.tools.slice(0, 50))
}

/** ECS types these fields `integer`: a larger number would have the whole document refused. */
function int32(value: number | undefined): number | undefined {
  return value !== undefined && value <= 0x7fffffff ? value : undefined
}
