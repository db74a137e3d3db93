import { logsource } from '../../shape/format.ts'
import { inferenceOf } from '../../shape/inference.ts'
import { operationOfPath } from '../../shape/openai.ts'
import { numberOf, textOf, wordOf } from '../../shape/values.ts'
import { type AzureRecord, column, identityOf } from './azure-record.ts'
import type { AzureKind } from './kind.ts'

/** Requests to Azure Machine Learning online endpoints (AmlOnlineEndpointTrafficLog). It has no client address. */
export const azureml: AzureKind = {
  logsource: logsource('azure', 'azureml', 'inference'),
  dataset: 'azure.azureml_traffic',
  principal(record) {
    const identity = textOf(column(record, 'IdentityData'))
    if (identity !== undefined) return identityOf('user', identity)
    // Key and AMLToken callers all present the endpoint's own credential: that is the principal.
    const auth = textOf(column(record, 'AuthType')) ?? 'unauthenticated'
    return identityOf('service', `${record.resource.id}/${textOf(column(record, 'EndpointName')) ?? ''}/${auth}`)
  },
  inference(record, tools) {
    const status = statusOf(record)
    return inferenceOf(
      {
        operation: operationOfPath(textOf(column(record, 'Path')) ?? ''),
        provider: 'azure.ai.inference',
        model: textOf(column(record, 'DeploymentName')),
        endpoint: textOf(column(record, 'EndpointName')),
        ok: status !== undefined && status < 400,
        status: status === undefined ? undefined : String(status),
        latencyMs: numberOf(column(record, 'TotalDurationMs')) ?? record.durationMs,
      },
      tools.pseudonyms,
    )
  },
  describe(ecs, record) {
    const status = statusOf(record)
    ecs.event(
      'api',
      ['access'],
      record.operation || 'endpoint-request',
      status === undefined ? undefined : status < 400,
    )
    ecs.word('service.name', column(record, 'EndpointName'))
    ecs.word('service.version', column(record, 'DeploymentName'))
    ecs.word('http.request.method', column(record, 'Method'))
    ecs.word('url.path', textOf(column(record, 'Path'))?.split('?', 1)[0])
    ecs.count('http.response.status_code', status)
    ecs.count('http.request.body.bytes', column(record, 'RequestPayloadSize'))
    ecs.count('http.response.body.bytes', column(record, 'ResponsePayloadSize'))
    ecs.word('user_agent.original', column(record, 'UserAgent'))
    ecs.word('http.request.id', column(record, 'XRequestId'))
    ecs.word('modelward.azure.auth_type', column(record, 'AuthType'))
    ecs.word('modelward.azure.model_status', wordOf(column(record, 'ModelStatusCode')))
  },
}

function statusOf(record: AzureRecord): number | undefined {
  return numberOf(column(record, 'ResponseCode')) ?? numberOf(record.status)
}
