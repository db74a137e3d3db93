import type { Fields, RequestParameters } from '../../contract/event.ts'
import { parametersOf } from './inference.ts'
import { countOf, flagOf, isRecord, listOf, numberOf, recordOf, textOf, vectorOf } from './values.ts'

/** Longest prompt or output that is kept for scoring, in characters. */
const LONGEST_TEXT = 256 * 1024
const MOST_NAMES = 1_000

/** The text of a prompt in any of the shapes the OpenAI API takes: a string, strings, or messages with content or parts. */
export function promptText(messages: unknown): string | undefined {
  const pieces: string[] = []
  collectText(messages, pieces)
  return joined(pieces)
}

/** The text of a response: `choices[]` (chat or completion), `output[]` (responses API), or a string. */
export function outputText(response: unknown): string | undefined {
  if (!isRecord(response)) return promptText(response)
  const pieces: string[] = []
  for (const choice of listOf(response['choices'])) {
    if (!isRecord(choice)) continue
    collectText(choice['message'] ?? choice['delta'] ?? choice['text'], pieces)
  }
  collectText(response['output'], pieces)
  return joined(pieces)
}

/** The first embedding of a response of the embeddings API. */
export function embeddingIn(response: unknown): Float32Array | undefined {
  const [first] = isRecord(response) ? listOf(response['data']) : []
  return isRecord(first) ? vectorOf(first['embedding']) : undefined
}

/** Log-probabilities of the tokens of the first choice (chat: `content[].logprob`, completions: `token_logprobs[]`). */
export function logprobsIn(response: unknown): Float32Array | undefined {
  const [first] = isRecord(response) ? listOf(response['choices']) : []
  const logprobs = isRecord(first) ? recordOf(first['logprobs']) : undefined
  if (!logprobs) return undefined
  const content = listOf(logprobs['content'])
  if (content.length === 0) return vectorOf(logprobs['token_logprobs'])
  return vectorOf(content.map((token) => (isRecord(token) ? token['logprob'] : undefined)))
}

/** Records are at most 64 levels deep, so recursion is. */
function collectText(value: unknown, pieces: string[]): void {
  if (typeof value === 'string') {
    if (value !== '') pieces.push(value)
  } else if (Array.isArray(value)) {
    for (const item of value) collectText(item, pieces)
  } else if (isRecord(value)) {
    // `parts` is OpenTelemetry's name for what OpenAI calls `content`.
    collectText(value['content'] ?? value['parts'] ?? value['text'], pieces)
  }
}

function joined(pieces: readonly string[]): string | undefined {
  if (pieces.length === 0) return undefined
  const text = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('\n')
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text
}

/** Request parameters under their OpenAI names. The old completions API wrote `logprobs` as a number. */
export function openAiParameters(request: Fields): RequestParameters {
  const { logprobs } = request
  const bias = recordOf(request['logit_bias'])
  return parametersOf({
    maxTokens: countOf(request['max_tokens'] ?? request['max_completion_tokens'] ?? request['max_output_tokens']),
    temperature: numberOf(request['temperature']),
    topP: numberOf(request['top_p']),
    n: countOf(request['n']),
    stream: flagOf(request['stream']),
    logprobs: typeof logprobs === 'number' ? logprobs > 0 : flagOf(logprobs),
    topLogprobs: countOf(request['top_logprobs'] ?? (typeof logprobs === 'number' ? logprobs : undefined)),
    biasedTokens: bias && Object.keys(bias).slice(0, MOST_NAMES),
    tools: toolNames(request['tools'] ?? request['functions']),
  })
}

/** `tools[].function.name`, or `.name`, or the names themselves. */
export function toolNames(tools: unknown): readonly string[] | undefined {
  if (!Array.isArray(tools)) return undefined
  const names: string[] = []
  for (const tool of tools.slice(0, MOST_NAMES)) {
    const name = isRecord(tool)
      ? textOf(recordOf(tool['function'])?.['name'] ?? tool['name'] ?? tool['type'])
      : textOf(tool)
    if (name !== undefined) names.push(name)
  }
  return names
}

/** OpenTelemetry's operation for a path of an OpenAI-like API, or `invoke`. */
export function operationOfPath(path: string): string {
  if (path.includes('chat/completions')) return 'chat'
  if (path.includes('embeddings')) return 'embeddings'
  if (path.includes('completions')) return 'text_completion'
  return 'invoke'
}
