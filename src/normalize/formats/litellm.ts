import type { Fields, Inference } from '../../contract/event.ts'
import { type Identity, apiKeyIdentity } from '../principal/pseudonyms.ts'
import type { EcsView } from '../shape/ecs-view.ts'
import { type Format, type Tools, below, logsource, sealedPaths } from '../shape/format.ts'
import { inferenceOf } from '../shape/inference.ts'
import { embeddingIn, logprobsIn, openAiParameters, outputText, promptText } from '../shape/openai.ts'
import { timeOf } from '../shape/time.ts'
import { countOf, firstText, isRecord, numberOf, recordOf, textOf } from '../shape/values.ts'

/** LiteLLM's StandardLoggingPayload, as the proxy's `generic_api` callback pushes it. */
export const litellm: Format = {
  name: 'litellm',
  summary: 'LiteLLM proxy callback payloads (StandardLoggingPayload)',
  recognises: (fields) => 'call_type' in fields && 'model_parameters' in fields && isRecord(fields['metadata']),
  toEvents(fields, _record, tools) {
    const kept = 'model_map_information' in fields ? withoutPrices(fields) : fields
    return [
      {
        at: timeOf(kept['startTime']) ?? timeOf(kept['endTime']),
        logsource: LITELLM,
        fields: kept,
        sealed: SEALED,
        principal: principalOf(kept),
        inference: inferenceIn(kept, tools),
        describe,
      },
    ]
  },
  example: {
    id: 'chatcmpl-c533182d-903a-4d98-8610-6c51b712d9d5',
    trace_id: 'b078b75a-e8ce-409f-8535-aa689a648e45',
    call_type: 'acompletion',
    stream: null,
    status: 'success',
    custom_llm_provider: 'openai',
    startTime: 1767614400.743416,
    endTime: 1767614400.745359,
    response_time: 0.0019428730010986328,
    model: 'openai/gpt-4o-mini',
    model_group: 'assistant',
    metadata: {
      user_api_key_hash: '307527ac504eb6e9ed11ce5e2d6e0342c09335eced2e9c10b360667b2b81cd56',
      user_api_key_alias: 'contractor-x',
      user_api_key_team_id: 'team-b',
      user_api_key_user_id: 'contractor-x@example.com',
      requester_ip_address: '203.0.113.7',
      user_agent: 'curl/7.88.1',
    },
    response_cost: 0.0000135,
    total_tokens: 30,
    prompt_tokens: 10,
    completion_tokens: 20,
    requester_ip_address: '203.0.113.7',
    user_agent: 'curl/7.88.1',
    messages: [{ role: 'user', content: 'a' }],
    response: { choices: [{ index: 0, message: { role: 'assistant', content: 'The capital of France is Paris.' } }] },
    model_parameters: { stream: false, max_tokens: 1, logit_bias: { 1234: 100 }, logprobs: true, top_logprobs: 5 },
    error_information: { error_code: '', error_class: '', error_message: '' },
  },
  docs: 'litellm_settings.callbacks: [modelward]; callback_settings.modelward: {callback_type: generic_api, endpoint: <the daemon’s HTTP source>, headers: {Authorization: Bearer …}, log_format: ndjson, event_types: [llm_api_success, llm_api_failure], max_retries: 5}',
}

const LITELLM = logsource('litellm', undefined, 'inference')

const SEALED = sealedPaths(
  [
    ...'end_user request_tags model_parameters.user model_parameters.metadata'.split(' '),
    'metadata.user_api_key',
    ...below(
      'metadata',
      'user_api_key_hash user_api_key_alias user_api_key_user_id user_api_key_user_email user_api_key_end_user_id ' +
        'user_api_key_auth_metadata requester_metadata requester_custom_headers spend_logs_metadata',
    ),
  ],
  [
    ...'messages messages.content response response.choices.message.content response.choices.text'.split(' '),
    ...'error_str error_information.error_message error_information.traceback guardrail_information'.split(' '),
    ...below('metadata', 'mcp_tool_call_metadata vector_store_request_metadata prompt_management_metadata'),
    ...below('model_parameters', 'tools response_format'),
  ],
)

/** Most of a record is a copy of the model's price table, the same each time. */
function withoutPrices(fields: Fields): Fields {
  const { model_map_information: _prices, ...kept } = fields
  return kept
}

function principalOf(fields: Fields): Identity | undefined {
  const metadata = recordOf(fields['metadata'])
  const key = textOf(metadata?.['user_api_key_hash'])
  if (key !== undefined) return { kind: 'key', identity: apiKeyIdentity(key) }
  const user = firstText(metadata?.['user_api_key_user_id'], fields['end_user'])
  return user === undefined ? undefined : { kind: 'user', identity: user }
}

const OPERATIONS: readonly (readonly [part: string, operation: string])[] = [
  ['embedding', 'embeddings'],
  ['text_completion', 'text_completion'],
  ['completion', 'chat'],
  ['responses', 'chat'],
  ['anthropic_messages', 'chat'],
]

function operationOf(callType: string): string {
  for (const [part, operation] of OPERATIONS) if (callType.includes(part)) return operation
  return callType
}

function inferenceIn(fields: Fields, tools: Tools): Inference {
  const seconds = numberOf(fields['response_time'])
  const error = recordOf(fields['error_information'])
  const failed = fields['status'] === 'failure'
  const parameters = recordOf(fields['model_parameters'])
  return inferenceOf(
    {
      operation: operationOf(textOf(fields['call_type']) ?? 'chat'),
      provider: textOf(fields['custom_llm_provider']),
      model: textOf(fields['model']),
      endpoint: textOf(fields['model_group']),
      ok: !failed,
      status: failed ? firstText(error?.['error_code'], error?.['error_class'], 'failure') : undefined,
      inputTokens: countOf(fields['prompt_tokens']),
      outputTokens: countOf(fields['completion_tokens']),
      costUsd: numberOf(fields['response_cost']),
      latencyMs: seconds === undefined ? undefined : seconds * 1000,
      parameters: parameters && openAiParameters(parameters),
      prompt: unredacted(promptText(fields['messages'])),
      output: unredacted(outputText(fields['response'])),
      features: embeddingIn(fields['response']),
      tokenLogprobs: logprobsIn(fields['response']),
    },
    tools.pseudonyms,
  )
}

/** With message logging off, LiteLLM writes this in place of every text: it is no text, and no two prompts are alike by it. */
function unredacted(text: string | undefined): string | undefined {
  return text?.startsWith('redacted-by-litellm') === true ? undefined : text
}

function describe(ecs: EcsView, fields: Fields, tools: Tools): void {
  const metadata = recordOf(fields['metadata']) ?? {}
  const error = recordOf(fields['error_information'])
  ecs.event('api', ['access'], fields['call_type'], fields['status'] !== 'failure')
  ecs.dataset('litellm.request', 'litellm')
  ecs.word('service.name', fields['model_group'])
  ecs.word('gen_ai.response.id', fields['id'])
  ecs.word('gen_ai.response.model', recordOf(fields['response'])?.['model'])
  ecs.word('trace.id', fields['trace_id'])
  ecs.source(firstText(fields['requester_ip_address'], metadata['requester_ip_address']))
  ecs.word('user_agent.original', firstText(fields['user_agent'], metadata['user_agent']))
  ecs.word('url.path', metadata['user_api_key_request_route'])
  ecs.word('error.code', textOf(error?.['error_code']))
  ecs.word('error.type', textOf(error?.['error_class']))
  ecs.word('organization.id', metadata['user_api_key_org_id'])
  ecs.word('modelward.team', metadata['user_api_key_team_id'])
  const [start, end] = [numberOf(fields['startTime']), numberOf(fields['endTime'])]
  if (start !== undefined && end !== undefined) ecs.durationMs((end - start) * 1000)
  const owner = textOf(metadata['user_api_key_user_id'])
  if (owner !== undefined) ecs.alsoUser(tools.pseudonyms.of('user', owner))
}
