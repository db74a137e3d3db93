import { createHash } from 'node:crypto'
import type { Random } from '../../contract/plugin.ts'

/** A caller of the made-up gateway: its key exists nowhere else. */
export interface Caller {
  readonly alias: string
  readonly team: string
  readonly key: string
  readonly ip: string
}

export const callers: readonly Caller[] = [
  { alias: 'support-bot', team: 'support', key: 'sk-first-minute-support', ip: '192.0.2.10' },
  { alias: 'search-summaries', team: 'search', key: 'sk-first-minute-search', ip: '192.0.2.20' },
  { alias: 'nightly-reports', team: 'finance', key: 'sk-first-minute-reports', ip: '192.0.2.30' },
]

const thief: Caller = {
  alias: 'contractor-x',
  team: 'external',
  key: 'sk-first-minute-contractor',
  ip: '203.0.113.66',
}

const QUESTIONS = [
  'How do I reset my password?',
  'Summarise this ticket in two sentences.',
  'Which invoices are overdue this week?',
  'Translate the greeting into French.',
  'List the three main risks in this contract.',
  'What changed between these two releases?',
]

/** An ordinary request, as LiteLLM's proxy reports it through its generic API callback. */
export function ordinaryRequest(caller: Caller, at: number, random: Random): unknown {
  const prompt = `${QUESTIONS[Math.floor(random.next() * QUESTIONS.length)] ?? ''} (${Math.floor(random.next() * 1e6)})`
  const inputTokens = 20 + Math.floor(random.next() * 180)
  const outputTokens = 30 + Math.floor(random.next() * 220)
  return payload(
    caller,
    at,
    { prompt, inputTokens, outputTokens, parameters: { temperature: 0.2, max_tokens: 512 } },
    random,
  )
}

/**
 * One step of the last-layer attack (Carlini et al. 2024, arXiv 2403.06634): one token asked for, one token id biased as
 * far as the API allows, log probabilities back; the same prompt each time, another token id each time.
 */
export function stealingRequest(at: number, step: number, random: Random): unknown {
  const parameters = {
    max_tokens: 1,
    logit_bias: { [String(1000 + step)]: 100 },
    logprobs: true,
    top_logprobs: 5,
    temperature: 0,
  }
  return payload(thief, at, { prompt: 'a', inputTokens: 8, outputTokens: 1, parameters }, random)
}

interface Request {
  readonly prompt: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly parameters: Readonly<Record<string, unknown>>
}

function payload(caller: Caller, at: number, request: Request, random: Random): unknown {
  const seconds = 0.2 + random.next()
  const id = `chatcmpl-${Buffer.from(random.bytes(12)).toString('hex')}`
  return {
    id,
    litellm_call_id: id,
    call_type: 'acompletion',
    status: 'success',
    custom_llm_provider: 'openai',
    startTime: at / 1000 - seconds,
    endTime: at / 1000,
    response_time: seconds,
    model: 'openai/gpt-4o-mini',
    model_group: 'assistant',
    metadata: {
      user_api_key_hash: createHash('sha256').update(caller.key).digest('hex'),
      user_api_key_alias: caller.alias,
      user_api_key_team_id: caller.team,
      requester_ip_address: caller.ip,
      user_agent: 'first-minute/1.0',
    },
    response_cost: request.inputTokens * 1.5e-7 + request.outputTokens * 6e-7,
    prompt_tokens: request.inputTokens,
    completion_tokens: request.outputTokens,
    total_tokens: request.inputTokens + request.outputTokens,
    requester_ip_address: caller.ip,
    messages: [{ role: 'user', content: request.prompt }],
    response: { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'An answer.' } }] },
    model_parameters: request.parameters,
    error_information: { error_code: '', error_class: '', error_message: '' },
  }
}
