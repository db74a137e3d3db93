import type { Fields, Inference } from '../../contract/event.ts'
import type { Identity } from '../principal/pseudonyms.ts'
import type { EcsView } from '../shape/ecs-view.ts'
import { type Format, type Tools, logsource, sealedPaths } from '../shape/format.ts'
import { inferenceOf } from '../shape/inference.ts'
import { openAiParameters, outputText, promptText } from '../shape/openai.ts'
import { timeOf } from '../shape/time.ts'
import { countOf, isRecord, listOf, numberOf, recordOf, textOf } from '../shape/values.ts'

/** Amazon Bedrock's model invocation log: tokens and, where it is switched on, prompts and answers. No address, no latency of its own. */
export const bedrockInvocation: Format = {
  name: 'bedrock-invocation',
  summary: 'Amazon Bedrock model invocation logs (ModelInvocationLog)',
  recognises: (fields) => fields['schemaType'] === 'ModelInvocationLog',
  toEvents: (fields, _record, tools) => [
    {
      at: timeOf(fields['timestamp']),
      logsource: BEDROCK,
      fields,
      sealed: SEALED,
      principal: callerOf(fields),
      inference: inferenceIn(fields, tools),
      describe,
    },
  ],
  example: {
    schemaType: 'ModelInvocationLog',
    schemaVersion: '1.0',
    timestamp: '2026-01-05T12:00:00Z',
    accountId: '111122223333',
    region: 'ap-northeast-1',
    requestId: '1c2d3e4f-0000-4000-8000-000000000003',
    operation: 'Converse',
    modelId: 'apac.amazon.nova-micro-v1:0',
    identity: { arn: 'arn:aws:sts::111122223333:assumed-role/app/session-1' },
    input: {
      inputContentType: 'application/json',
      inputBodyJson: { messages: [{ role: 'user', content: [{ text: 'What is the capital of France?' }] }] },
      inputTokenCount: 7,
    },
    output: {
      outputContentType: 'application/json',
      outputBodyJson: {
        output: { message: { role: 'assistant', content: [{ text: 'Paris.' }] } },
        metrics: { latencyMs: 249 },
      },
      outputTokenCount: 8,
    },
  },
  docs: 'PutModelInvocationLoggingConfiguration with an S3 bucket or a CloudWatch log group as target.',
}

const BEDROCK = logsource('aws', 'bedrock', 'inference')
const SEALED = sealedPaths(
  ['identity', 'identity.arn', 'requestMetadata'],
  ['input.inputBodyJson', 'output.outputBodyJson', 'errorMessage'],
)

/** The role of an assumed-role session, as CloudTrail's principal of the same call. */
function callerOf(fields: Fields): Identity | undefined {
  const arn = textOf(recordOf(fields['identity'])?.['arn'])
  if (arn === undefined) return undefined
  const role = /^(arn:[^:]*):sts::(\d*):assumed-role\/([^/]+)\//.exec(arn)
  if (!role || role[3]?.startsWith('AWSReservedSSO_')) return { kind: 'user', identity: arn }
  return { kind: 'role', identity: `${role[1]}:iam::${role[2]}:role/${role[3]}` }
}

function inferenceIn(fields: Fields, tools: Tools): Inference {
  const [input, output] = [recordOf(fields['input']), recordOf(fields['output'])]
  const body = recordOf(input?.['inputBodyJson'])
  const answer = output?.['outputBodyJson']
  const operation = textOf(fields['operation']) ?? ''
  const model = textOf(fields['modelId'])
  return inferenceOf(
    {
      operation: model?.includes('embed')
        ? 'embeddings'
        : operation.startsWith('Converse')
          ? 'chat'
          : 'text_completion',
      provider: 'aws.bedrock',
      model,
      ok: textOf(fields['errorCode']) === undefined,
      status: textOf(fields['errorCode']),
      inputTokens: countOf(input?.['inputTokenCount']),
      outputTokens: countOf(output?.['outputTokenCount']),
      latencyMs: numberOf(recordOf(recordOf(answer)?.['metrics'])?.['latencyMs']),
      parameters: body && openAiParameters({ ...body, ...recordOf(body['inferenceConfig']) }),
      prompt: promptText([body?.['system'], body?.['messages'] ?? body?.['prompt'] ?? body?.['inputText']]),
      output: answerText(answer),
    },
    tools.pseudonyms,
  )
}

/** Streams come as a list of chunks, Converse under `output.message`, others as `content` or `completion`. */
function answerText(answer: unknown): string | undefined {
  if (!isRecord(answer)) return promptText(listOf(answer).map((chunk) => recordOf(chunk)?.['delta'] ?? chunk))
  const message = recordOf(answer['output'])?.['message']
  return promptText(message ?? answer['content'] ?? answer['completion']) ?? outputText(answer)
}

function describe(ecs: EcsView, fields: Fields): void {
  ecs.event('api', ['access'], fields['operation'], textOf(fields['errorCode']) === undefined)
  ecs.dataset('aws.bedrock_invocation', 'bedrock.amazonaws.com')
  ecs.word('cloud.provider', 'aws')
  ecs.word('cloud.region', fields['region'])
  ecs.word('cloud.account.id', fields['accountId'])
  ecs.word('cloud.service.name', 'bedrock')
  ecs.word('modelward.record.id', fields['requestId'])
  ecs.word('error.code', fields['errorCode'])
}
