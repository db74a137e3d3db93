import type { Inference, RequestParameters } from '../../contract/event.ts'
import type { Pseudonyms } from '../principal/pseudonyms.ts'

/** What a format knows of one request to a model; what is undefined is left out. */
export interface InferenceParts {
  readonly operation: string
  readonly provider?: string | undefined
  readonly model?: string | undefined
  readonly endpoint?: string | undefined
  readonly ok: boolean
  readonly status?: string | undefined
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly costUsd?: number | undefined
  readonly latencyMs?: number | undefined
  readonly parameters?: RequestParameters | undefined
  readonly prompt?: string | undefined
  readonly output?: string | undefined
  readonly features?: Float32Array | undefined
  readonly label?: string | undefined
  readonly confidences?: Float32Array | undefined
  readonly tokenLogprobs?: Float32Array | undefined
}

const NO_PARAMETERS: RequestParameters = Object.freeze({})

/** One request to a model, of what is known of it. The prompt's hash is made when it is first asked for. */
export function inferenceOf(parts: InferenceParts, pseudonyms: Pseudonyms): Inference {
  return parts.prompt === undefined
    ? new ModelRequest(parts)
    : new PromptedRequest(parts, parts.prompt, (text) => pseudonyms.textHash(text))
}

class ModelRequest implements Inference {
  readonly operation: string
  readonly provider?: string
  readonly model?: string
  readonly endpoint?: string
  readonly ok: boolean
  readonly status?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly costUsd?: number
  readonly latencyMs?: number
  readonly parameters: RequestParameters
  readonly output?: string
  readonly features?: Float32Array
  readonly label?: string
  readonly confidences?: Float32Array
  readonly tokenLogprobs?: Float32Array

  constructor(parts: InferenceParts) {
    this.operation = parts.operation
    if (parts.provider !== undefined) this.provider = parts.provider
    if (parts.model !== undefined) this.model = parts.model
    if (parts.endpoint !== undefined) this.endpoint = parts.endpoint
    this.ok = parts.ok
    if (parts.status !== undefined) this.status = parts.status
    if (parts.inputTokens !== undefined) this.inputTokens = parts.inputTokens
    if (parts.outputTokens !== undefined) this.outputTokens = parts.outputTokens
    if (parts.costUsd !== undefined) this.costUsd = parts.costUsd
    if (parts.latencyMs !== undefined) this.latencyMs = parts.latencyMs
    this.parameters = parts.parameters ?? NO_PARAMETERS
    if (parts.output !== undefined) this.output = parts.output
    if (parts.features !== undefined) this.features = parts.features
    if (parts.label !== undefined) this.label = parts.label
    if (parts.confidences !== undefined) this.confidences = parts.confidences
    if (parts.tokenLogprobs !== undefined) this.tokenLogprobs = parts.tokenLogprobs
  }
}

class PromptedRequest extends ModelRequest {
  readonly prompt: string
  readonly #hashOf: (text: string) => string
  #promptHash: string | undefined

  constructor(parts: InferenceParts, prompt: string, hashOf: (text: string) => string) {
    super(parts)
    this.prompt = prompt
    this.#hashOf = hashOf
  }

  get promptHash(): string {
    return (this.#promptHash ??= this.#hashOf(this.prompt))
  }
}

/** Request parameters of what is defined; nothing at all is one shared empty object. */
export function parametersOf(parts: {
  readonly [Name in keyof RequestParameters]: RequestParameters[Name] | undefined
}): RequestParameters {
  const set: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) set[name] = value
  return Object.keys(set).length === 0 ? NO_PARAMETERS : set
}
