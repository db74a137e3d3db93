import { logsource } from '../../shape/format.ts'
import { azureCaller, azureOutcome } from './azure-record.ts'
import { type AzureKind, operationTypes } from './kind.ts'

/** The subscription's activity log: who changed what through Azure Resource Manager. */
export const activity: AzureKind = {
  logsource: logsource('azure', 'activitylogs'),
  dataset: 'azure.activitylogs',
  principal: azureCaller,
  describe(ecs, record) {
    const operation = record.operation.toUpperCase()
    const grants = /^MICROSOFT\.AUTHORIZATION\/(?:ROLE|ELEVATEACCESS)/.test(operation)
    const types = operationTypes(operation)
    const roleTypes = types[0] === 'access' ? ['info'] : ['admin', ...types]
    ecs.event(grants ? 'iam' : 'api', grants ? roleTypes : types, operation, azureOutcome(record))
    ecs.word('modelward.azure.resource', record.resource.name)
    ecs.word('error.code', azureOutcome(record) === false ? record.status : undefined)
  },
}
