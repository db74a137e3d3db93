import { logsource } from '../../shape/format.ts'
import { azureCaller, azureOutcome, column } from './azure-record.ts'
import { type AzureKind, operationTypes } from './kind.ts'

/** Key Vault's AuditEvent: use of keys, secrets and certificates, and changes to vaults. */
export const keyVault: AzureKind = {
  logsource: logsource('azure', 'keyvault'),
  dataset: 'azure.keyvault',
  principal: azureCaller,
  describe(ecs, record) {
    ecs.event('api', operationTypes(record.operation), record.operation, azureOutcome(record))
    ecs.word('service.name', record.resource.name)
    ecs.count('http.response.status_code', column(record, 'httpStatusCode'))
    ecs.word('user_agent.original', column(record, 'clientInfo'))
    // The object's own address names the key or secret and its version, never its value.
    ecs.word('url.path', pathOf(column(record, 'id')))
    ecs.word('error.code', azureOutcome(record) === false ? record.status : undefined)
  },
}

function pathOf(address: unknown): string | undefined {
  return typeof address === 'string' && URL.canParse(address) ? new URL(address).pathname : undefined
}
