import type { Inference, Logsource } from '../../../contract/event.ts'
import type { Identity } from '../../principal/pseudonyms.ts'
import type { EcsView } from '../../shape/ecs-view.ts'
import type { Tools } from '../../shape/format.ts'
import { type AzureRecord, azureCaller, azureOutcome } from './azure-record.ts'

/** One kind of Azure log: what its records mean beyond what all share. */
export interface AzureKind {
  readonly logsource: Logsource
  readonly dataset: string
  principal(record: AzureRecord): Identity | undefined
  inference?(record: AzureRecord, tools: Tools): Inference
  describe(ecs: EcsView, record: AzureRecord): void
}

/** What every Azure record tells the ECS view. */
export function describeAzure(ecs: EcsView, record: AzureRecord, kind: AzureKind): void {
  ecs.dataset(kind.dataset, record.resource.provider ?? 'azure')
  ecs.word('cloud.provider', 'azure')
  ecs.word('cloud.account.id', record.resource.subscription)
  ecs.word('cloud.region', record.location)
  ecs.word('cloud.service.name', record.resource.provider)
  ecs.word('modelward.azure.resource_group', record.resource.group)
  ecs.word('modelward.azure.resource_type', record.resource.type)
  ecs.word('modelward.record.id', record.correlationId)
  ecs.source(record.callerIp)
  ecs.durationMs(record.durationMs)
  kind.describe(ecs, record)
}

/** ECS types for an Azure operation: its last word is WRITE, DELETE, READ or ACTION, or it is a method's name. */
export function operationTypes(operation: string): readonly string[] {
  const last = operation.slice(operation.lastIndexOf('/') + 1).toLowerCase()
  if (last === 'write' || /(?:set|put|update|create|import|restore|rotate)$/.test(last)) return ['change']
  if (last === 'delete' || /(?:delete|purge)$/.test(last)) return ['deletion']
  return last === 'action' && /regenerate|rotate|cancel|approve|start|stop/i.test(operation) ? ['change'] : ['access']
}

/** The kind for any category without one of its own. */
export function plainKind(source: Logsource, dataset: string): AzureKind {
  return {
    logsource: source,
    dataset,
    principal: azureCaller,
    describe: (ecs, record) => {
      ecs.event('api', operationTypes(record.operation), record.operation, azureOutcome(record))
      ecs.word('modelward.azure.resource', record.resource.name)
    },
  }
}
