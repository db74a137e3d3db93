import type { RawRecord, Refusal } from './record.ts'

/**
 * Sigma's log source of an event: a rule looks at it when every part that the rule names is here. An event may be of several
 * categories: Sysmon's registry events are `registry_event` and `registry_set`.
 */
export interface Logsource {
  readonly category?: string | readonly string[]
  readonly product?: string
  readonly service?: string
}

/** One thing that happened in an AI system. */
export interface Event {
  /** 26 characters of base32, a hash over the record's stream, offset and bytes (and the event's number in the record). */
  readonly id: string
  /** Epoch ms at which it happened; `receivedAt` where the record has no time of its own. */
  readonly at: number
  readonly receivedAt: number
  readonly source: string
  readonly file?: string
  readonly index?: number
  /** The name of the format it was read as: `cloudtrail`, `litellm`, … */
  readonly format: string
  readonly logsource: Logsource
  /** The record's own field names and nesting, as Sigma rules see them. Holds clear text: never stored, see `ecs` and `sealed`. */
  readonly fields: Fields
  /** Dotted paths of `fields` that name a person or a credential (`identity`) or hold prompt or output text (`text`). */
  readonly sealed: SealedPaths
  /** The pseudonym of who acted, with its kind: `key:…`, `user:…`, `role:…`, `service:…`, `session:…`. */
  readonly principal?: string
  /** Present when the event is one request to a model. */
  readonly inference?: Inference
  /** The ECS view, without secrets, clear principals or prompt text: what may be stored and sent. Built on first use. */
  readonly ecs: EcsFields
}

/** Where to find an event again. */
export interface EventRef {
  readonly id: string
  readonly at: number
  readonly source: string
  readonly file?: string
  readonly index?: number
}

export type Fields = Readonly<Record<string, unknown>>

/** Flat ECS field names (`user.name`) to scalars or arrays of scalars. */
export type EcsFields = Readonly<Record<string, EcsValue>>
export type EcsValue = string | number | boolean | readonly (string | number | boolean)[]

export interface SealedPaths {
  readonly identity: readonly string[]
  readonly text: readonly string[]
}

/** One request to a model, in words that are the same for every gateway. Text is here for scoring only and goes no further. */
export interface Inference {
  /** OpenTelemetry's `gen_ai.operation.name`: chat, text_completion, embeddings, … */
  readonly operation: string
  readonly provider?: string
  readonly model?: string
  /** The endpoint or deployment that served it. */
  readonly endpoint?: string
  readonly ok: boolean
  /** HTTP status or the gateway's error code, as text. */
  readonly status?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly costUsd?: number
  readonly latencyMs?: number
  readonly parameters: RequestParameters
  /** 16 hex digits over the prompt's text, salted with the pseudonym key: equal prompts, equal hashes. */
  readonly promptHash?: string
  readonly prompt?: string
  readonly output?: string
  /** An embedding or numeric input vector, when the telemetry brings one. */
  readonly features?: Float32Array
  /** The class that a classifier answered with. */
  readonly label?: string
  /** What a classifier gave for each class: probabilities or logits, in an order that is the same for each request. */
  readonly confidences?: Float32Array
  /** Natural log-probability of each token of the output. */
  readonly tokenLogprobs?: Float32Array
}

/** Request parameters that an attacker of the model turns. Absent means the caller did not set it. */
export interface RequestParameters {
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topP?: number
  readonly n?: number
  readonly stream?: boolean
  readonly logprobs?: boolean
  readonly topLogprobs?: number
  /** Token ids that carry a bias. */
  readonly biasedTokens?: readonly string[]
  readonly tools?: readonly string[]
}

/** Bad input is a value, not an exception. A record becomes any number of events, or is refused whole. */
export type Normalized = { readonly events: readonly Event[] } | { readonly refused: Refusal }

/** record -> events. Pure but for the pseudonym cache; never throws on input. */
export interface Normalizer {
  normalize(record: RawRecord): Normalized
}
