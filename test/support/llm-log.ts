import { createHash } from 'node:crypto'

/** One request as a LiteLLM proxy tells of it in its callback. */
export interface LoggedRequest {
  readonly key: string
  /** Epoch ms at which it began. */
  readonly at: number
  readonly prompt?: string
  readonly output?: string
  /** The embedding that was answered. */
  readonly embedding?: readonly number[]
  readonly failed?: boolean
  /** Request parameters under their OpenAI names. */
  readonly parameters?: object
}

/** StandardLoggingPayload, as the real proxy writes it (shared/data/telemetry), of one request. */
export function litellmRecord(request: LoggedRequest, serial: number): string {
  const { key, at, prompt = 'hello', output, embedding, failed = false, parameters = {} } = request
  const response = embedding
    ? { object: 'list', data: [{ object: 'embedding', index: 0, embedding }] }
    : { choices: [{ index: 0, message: { role: 'assistant', content: output ?? 'Yes.' } }] }
  return JSON.stringify({
    id: `chatcmpl-${serial}`,
    call_type: embedding ? 'aembedding' : 'acompletion',
    status: failed ? 'failure' : 'success',
    custom_llm_provider: 'openai',
    startTime: at / 1000,
    endTime: at / 1000 + 0.4,
    response_time: 0.4,
    model: 'openai/gpt-4o-mini',
    model_group: 'assistant',
    metadata: { user_api_key_hash: keyHash(key) },
    prompt_tokens: Math.ceil(prompt.length / 4),
    completion_tokens: 12,
    total_tokens: Math.ceil(prompt.length / 4) + 12,
    messages: [{ role: 'user', content: prompt }],
    response: failed ? null : response,
    model_parameters: parameters,
    ...(failed ? { error_information: { error_code: '400', error_class: 'BadRequestError' } } : {}),
  })
}

/** A log file in order of time. */
export function litellmLog(requests: readonly LoggedRequest[]): string {
  const lines = requests.toSorted((a, b) => a.at - b.at).map((request, i) => litellmRecord(request, i))
  return lines.map((line) => `${line}\n`).join('')
}

export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
