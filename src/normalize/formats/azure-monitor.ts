import type { Fields } from '../../contract/event.ts'
import type { EcsView } from '../shape/ecs-view.ts'
import { type Draft, type Format, type Tools, logsource } from '../shape/format.ts'
import { isRecord } from '../shape/values.ts'
import { everyRecord } from '../shape/wrapped.ts'
import { activity } from './azure/activity.ts'
import { AZURE_SEALED, type AzureRecord, azureRecord } from './azure/azure-record.ts'
import { azureml } from './azure/azureml.ts'
import { entraAudit, signIn } from './azure/entra.ts'
import { keyVault } from './azure/key-vault.ts'
import { type AzureKind, describeAzure, plainKind } from './azure/kind.ts'
import { azureOpenAi } from './azure/openai.ts'
import { azureKubeAudit, isAzureKubeAudit } from './kubernetes.ts'

/** Azure Monitor resource and activity logs: Event Hub messages (`records[]`), storage lines, Log Analytics rows. */
export const azureMonitor: Format = {
  name: 'azure-monitor',
  summary:
    'Azure Monitor logs: activity, Azure ML traffic, Key Vault, Azure OpenAI, Entra sign-ins and any other category',
  recognises(fields) {
    if (isAzureRecord(fields)) return true
    const records = fields['records']
    return Array.isArray(records) && isRecord(records[0]) && (isAzureRecord(records[0]) || isAzureKubeAudit(records[0]))
  },
  toEvents(fields, _record, tools) {
    if (Array.isArray(fields['records'])) return everyRecord(fields['records'], 'records', (one) => draftOf(one, tools))
    return [draftOf(fields, tools)]
  },
  example: {
    records: [
      {
        time: '2026-01-05T12:00:00.1234567Z',
        resourceId:
          '/SUBSCRIPTIONS/11111111-2222-3333-4444-555555555555/RESOURCEGROUPS/ML/PROVIDERS/MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/PROD/ONLINEENDPOINTS/LLM',
        operationName: 'MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/ONLINEENDPOINTS/LISTKEYS/ACTION',
        category: 'Administrative',
        resultType: 'Success',
        resultSignature: 'Succeeded.',
        durationMs: '83',
        callerIpAddress: '203.0.113.5',
        correlationId: '00000000-0000-0000-0000-0000000000c0',
        identity: {
          authorization: { evidence: { role: 'Owner', principalType: 'User' } },
          claims: {
            'http://schemas.microsoft.com/identity/claims/objectidentifier': 'aaaaaaaa-0000-0000-0000-000000000001',
            'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'ops@example.com',
          },
        },
        properties: '{"eventCategory":"Administrative"}',
      },
    ],
  },
  docs: 'A diagnostic setting per resource, and one for the activity log, that streams to an Event Hub (read over the Kafka protocol) or a storage account (insights-logs-*).',
}

function isAzureRecord(fields: Fields): boolean {
  const category = fields['category'] ?? fields['Category'] ?? fields['Type']
  if (typeof category !== 'string' || isAzureKubeAudit(fields)) return false
  if (SIGN_IN.test(category)) return true
  const named = fields['operationName'] ?? fields['OperationName'] ?? fields['OperationNameValue']
  if (typeof named === 'string' && RESOURCE_OPERATION.test(named)) return true
  if (typeof (fields['time'] ?? fields['TimeGenerated']) !== 'string') return false
  return typeof named === 'string' || typeof (fields['resourceId'] ?? fields['_ResourceId']) === 'string'
}

const SIGN_IN = /signinlogs$/i
const RESOURCE_OPERATION = /^microsoft\.\w+\//i

function draftOf(raw: Fields, tools: Tools): Draft {
  if (isAzureKubeAudit(raw)) return azureKubeAudit(raw)
  const record = azureRecord(raw)
  const kind = kindOf(record)
  return {
    at: record.at,
    logsource: kind.logsource,
    fields: record.fields,
    sealed: AZURE_SEALED,
    principal: kind.principal(record),
    inference: kind.inference?.(record, tools),
    describe,
  }
}

function describe(ecs: EcsView, fields: Fields): void {
  const record = azureRecord(fields)
  describeAzure(ecs, record, kindOf(record))
}

const ACTIVITY = new Set(
  'administrative security servicehealth alert recommendation policy autoscale resourcehealth azureactivity action write delete'.split(
    ' ',
  ),
)

function kindOf(record: AzureRecord): AzureKind {
  const category = record.category.toLowerCase()
  const provider = record.resource.provider
  if (SIGN_IN.test(category)) return signIn
  if (category === 'auditlogs' || provider === 'microsoft.aadiam') return entraAudit
  if (ACTIVITY.has(category)) return activity
  if (category === 'amlonlineendpointtrafficlog') return azureml
  if (category === 'azkvauditlogs' || (category === 'auditevent' && isVault(provider))) return keyVault
  if (provider === 'microsoft.cognitiveservices') return category === 'requestresponse' ? azureOpenAi : OTHER_OPENAI
  if (provider === 'microsoft.machinelearningservices') return OTHER_AZUREML
  if (category.startsWith('storage')) return STORAGE
  return category.includes('risk') ? RISK : OTHER
}

function isVault(provider: string | undefined): boolean {
  return provider === undefined || provider === 'microsoft.keyvault'
}

const OTHER_OPENAI = plainKind(logsource('azure', 'openai'), 'azure.openai')
const OTHER_AZUREML = plainKind(logsource('azure', 'azureml'), 'azure.azureml')
const STORAGE = plainKind(logsource('azure', 'storage'), 'azure.storage')
const RISK = plainKind(logsource('azure', 'riskdetection'), 'azure.riskdetection')
const OTHER = plainKind(logsource('azure'), 'azure.resource')
