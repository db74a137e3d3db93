import { logsource } from '../../shape/format.ts'
import { firstText, recordOf, wordOf } from '../../shape/values.ts'
import { type AzureRecord, azureCaller, azureOutcome, column, identityOf } from './azure-record.ts'
import type { AzureKind } from './kind.ts'

/** Microsoft Entra sign-ins of users, service principals and managed identities, interactive or not. */
export const signIn: AzureKind = {
  logsource: logsource('azure', 'signinlogs'),
  dataset: 'azure.signinlogs',
  principal(record) {
    const user = firstText(column(record, 'UserId'), column(record, 'UserPrincipalName'))
    if (user !== undefined) return identityOf('user', user)
    const service = firstText(column(record, 'ServicePrincipalId'), column(record, 'AppId'))
    return service === undefined ? undefined : identityOf('service', service)
  },
  describe(ecs, record) {
    ecs.event('authentication', ['start'], record.operation || 'Sign-in activity', signedIn(record))
    ecs.source(firstText(column(record, 'IpAddress'), column(record, 'IPAddress'), record.callerIp))
    ecs.word('user_agent.original', column(record, 'UserAgent'))
    ecs.word('error.code', signedIn(record) === false ? errorCode(record) : undefined)
    ecs.word('service.name', column(record, 'ResourceDisplayName'))
    const location = recordOf(column(record, 'Location')) ?? recordOf(column(record, 'LocationDetails'))
    const country = firstText(location?.['countryOrRegion'], record.location)
    ecs.word('source.geo.country_iso_code', country?.length === 2 ? country.toUpperCase() : undefined)
    ecs.word('source.geo.city_name', location?.['city'])
    ecs.word('modelward.azure.app', column(record, 'AppDisplayName'))
    ecs.word('modelward.azure.conditional_access', column(record, 'ConditionalAccessStatus'))
    ecs.word('modelward.azure.risk_level', column(record, 'RiskLevelDuringSignIn'))
  },
}

/** A sign-in's result is an AADSTS number, 0 for success. */
function errorCode(record: AzureRecord): string | undefined {
  return record.resultType ?? wordOf(recordOf(column(record, 'Status'))?.['errorCode'])
}

function signedIn(record: AzureRecord): boolean | undefined {
  const code = errorCode(record)
  return code !== undefined && /^\d+$/.test(code) ? code === '0' : azureOutcome(record)
}

/** Microsoft Entra's audit log: changes to users, groups, applications, roles and policies. */
export const entraAudit: AzureKind = {
  logsource: logsource('azure', 'auditlogs'),
  dataset: 'azure.auditlogs',
  principal(record) {
    const by = recordOf(column(record, 'InitiatedBy'))
    const [user, app] = [recordOf(by?.['user']), recordOf(by?.['app'])]
    const person = firstText(user?.['id'], user?.['userPrincipalName'])
    if (person !== undefined) return identityOf('user', person)
    const service = firstText(app?.['servicePrincipalId'], app?.['appId'], app?.['displayName'])
    if (service !== undefined) return identityOf('service', service)
    const name = record.fields['identity']
    return typeof name === 'string' && name !== '' ? identityOf('user', name) : azureCaller(record)
  },
  describe(ecs, record) {
    const operation = wordOf(column(record, 'OperationType')) ?? record.operation
    const result = wordOf(column(record, 'Result'))?.toLowerCase()
    const outcome = result === undefined ? azureOutcome(record) : result === 'success'
    ecs.event('iam', ['admin', typeOf(`${operation} ${record.operation}`.toLowerCase())], record.operation, outcome)
    const by = recordOf(recordOf(column(record, 'InitiatedBy'))?.['user'])
    ecs.source(firstText(record.callerIp, by?.['ipAddress']))
    ecs.word('modelward.azure.category', record.category)
  },
}

function typeOf(words: string): string {
  if (/\bdelete|\bremove/.test(words)) return 'deletion'
  return /\badd\b|\bcreate|\bassign/.test(words) ? 'creation' : 'change'
}
