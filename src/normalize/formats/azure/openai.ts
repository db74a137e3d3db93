import { logsource } from '../../shape/format.ts'
import { inferenceOf } from '../../shape/inference.ts'
import { firstText, numberOf, textOf } from '../../shape/values.ts'
import { azureOutcome, column, identityOf } from './azure-record.ts'
import type { AzureKind } from './kind.ts'

const OPERATIONS = new Map([
  ['chatcompletions_create', 'chat'],
  ['completions_create', 'text_completion'],
  ['embeddings_create', 'embeddings'],
  ['responses_create', 'chat'],
])

/** Requests to Azure OpenAI (RequestResponse): no tokens and no text, the address without its last part. */
export const azureOpenAi: AzureKind = {
  logsource: logsource('azure', 'openai', 'inference'),
  dataset: 'azure.openai',
  principal(record) {
    const objectId = textOf(column(record, 'objectId'))
    if (objectId !== undefined) return identityOf('user', objectId)
    // With key authentication the resource and the masked address are all there is.
    return identityOf('service', `${record.resource.id}|${record.callerIp ?? ''}`)
  },
  inference(record, tools) {
    return inferenceOf(
      {
        operation: OPERATIONS.get(record.operation.toLowerCase()) ?? (record.operation || 'invoke'),
        provider: 'azure.ai.openai',
        model: textOf(column(record, 'modelName')),
        endpoint: textOf(column(record, 'modelDeploymentName')),
        ok: azureOutcome(record) !== false,
        status: record.status,
        latencyMs: record.durationMs,
        parameters: column(record, 'streamType') === 'Streaming' ? { stream: true } : undefined,
      },
      tools.pseudonyms,
    )
  },
  describe(ecs, record) {
    ecs.event('api', ['access'], record.operation, azureOutcome(record))
    ecs.word('service.name', firstText(column(record, 'modelDeploymentName'), record.resource.name))
    ecs.word('gen_ai.response.model', column(record, 'modelName'))
    ecs.count('http.response.status_code', numberOf(record.status))
    ecs.count('http.request.body.bytes', column(record, 'requestLength'))
    ecs.count('http.response.body.bytes', column(record, 'responseLength'))
  },
}
