import type { Fields } from '../../../contract/event.ts'
import type { Identity } from '../../principal/pseudonyms.ts'
import { below, sealedPaths } from '../../shape/format.ts'
import { parseEmbedded } from '../../shape/parse.ts'
import { timeOf } from '../../shape/time.ts'
import { firstText, numberOf, recordOf, wordOf } from '../../shape/values.ts'

/** What all Azure Monitor resource logs share, whether streamed (camelCase) or exported from Log Analytics (PascalCase). */
export interface AzureRecord {
  /** As rules see them: `properties` and `identity` are objects even where they came as JSON strings. */
  readonly fields: Fields
  readonly at: number | undefined
  readonly category: string
  readonly operation: string
  readonly resource: AzureResource
  readonly resultType: string | undefined
  /** An HTTP status or a word for it. */
  readonly status: string | undefined
  readonly durationMs: number | undefined
  readonly callerIp: string | undefined
  readonly correlationId: string | undefined
  readonly location: string | undefined
  readonly identity: Fields
  /** The log's own columns; those of a Log Analytics row stand beside the shared ones. */
  readonly properties: Fields
}

/** A resource id in parts, in lower case: Azure writes it in any case. */
interface AzureResource {
  readonly id: string
  readonly subscription: string | undefined
  readonly group: string | undefined
  /** `microsoft.keyvault` */
  readonly provider: string | undefined
  readonly type: string | undefined
  readonly name: string | undefined
}

export function azureRecord(raw: Fields): AzureRecord {
  const fields = opened(raw)
  const own = recordOf(pick(fields, 'properties', 'Properties'))
  const properties = own ?? fields
  const id = pick(fields, 'resourceId', 'ResourceId', '_ResourceId', 'resourceid')
  return {
    fields,
    at: timeOf(pick(fields, 'time', 'TimeGenerated', 'timeStamp', 'eventTimestamp')) ?? timeOf(created(properties)),
    category: wordOf(pick(fields, 'category', 'Category', 'CategoryValue', 'Type')) ?? '',
    operation: wordOf(pick(fields, 'operationName', 'OperationNameValue', 'OperationName', 'operationname')) ?? '',
    resource: resourceOf(typeof id === 'string' ? id : ''),
    resultType: wordOf(pick(fields, 'resultType', 'ResultType', 'ActivityStatusValue', 'resulttype')),
    status: wordOf(pick(fields, 'resultSignature', 'ResultSignature', 'statusCode', 'StatusCode', 'resultsignature')),
    durationMs: numberOf(pick(fields, 'durationMs', 'DurationMs', 'durationms')),
    callerIp: wordOf(pick(fields, 'callerIpAddress', 'CallerIpAddress', 'CallerIPAddress', 'calleripaddress')),
    correlationId: wordOf(pick(fields, 'correlationId', 'CorrelationId', 'correlationid')),
    location: wordOf(pick(fields, 'location', 'Location')),
    identity: recordOf(pick(fields, 'identity', 'Identity')) ?? NOTHING,
    properties,
  }
}

const NOTHING: Fields = Object.freeze({})

/** A column of `properties`, whose first letter may be of either case. */
export function column(record: AzureRecord, name: string): unknown {
  const { properties } = record
  return properties[name] ?? properties[name.charAt(0).toLowerCase() + name.slice(1)]
}

function pick(fields: Fields, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = fields[name]
    if (value !== undefined && value !== null && value !== '') return value
  }
  return undefined
}

function created(properties: Fields): unknown {
  return properties['createdDateTime'] ?? properties['activityDateTime']
}

const EMBEDDED = ['properties', 'identity', 'Properties', 'Identity', 'Claims', 'Authorization'] as const

/** The record with its JSON strings opened. */
function opened(raw: Fields): Fields {
  let fields = raw
  for (const name of EMBEDDED) {
    const inner = typeof raw[name] === 'string' ? parseEmbedded(raw[name]) : undefined
    if (inner) fields = { ...fields, [name]: inner }
  }
  return fields
}

function resourceOf(resourceId: string): AzureResource {
  const id = resourceId.toLowerCase()
  const parts = id.split('/', 64)
  const after = (name: string): string | undefined => {
    const at = parts.indexOf(name)
    return at < 0 ? undefined : parts[at + 1]
  }
  const at = parts.lastIndexOf('providers')
  return {
    id,
    subscription: after('subscriptions'),
    group: after('resourcegroups'),
    provider: at < 0 ? undefined : parts[at + 1],
    type: at < 0 ? undefined : parts[at + 2],
    name: parts.length > 1 ? parts.at(-1) : undefined,
  }
}

const OID = 'http://schemas.microsoft.com/identity/claims/objectidentifier'
const UPN = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn'
const NAME = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name'

/**
 * Who called, by object id where there is one, so that one person is one principal in every log: a service when the
 * token is an application's, else a user. Key Vault writes `claim`, the activity log `claims`.
 */
export function azureCaller(record: AzureRecord): Identity | undefined {
  const { identity, fields } = record
  const claims = recordOf(identity['claims']) ?? recordOf(identity['claim']) ?? recordOf(fields['Claims']) ?? identity
  const requester = recordOf(identity['requester'])
  const objectId = firstText(claims[OID], claims['oid'], requester?.['objectId'])
  const name = firstText(claims[UPN], claims['upn'], claims[NAME], claims['name'], claims['unique_name'])
  const app = firstText(claims['appid'], claims['azp'], requester?.['appId'])
  const caller = firstText(fields['caller'], fields['Caller'], requester?.['upn'])
  if (objectId !== undefined)
    return identityOf(isApp(record, claims, name ?? caller, app) ? 'service' : 'user', objectId)
  const person = name ?? caller
  if (person !== undefined) return identityOf('user', person)
  return app === undefined ? undefined : identityOf('service', app)
}

function isApp(record: AzureRecord, claims: Fields, name: string | undefined, app: string | undefined): boolean {
  const authorization = recordOf(record.identity['authorization'])
  const evidence = recordOf(authorization?.['evidence'])
  if (claims['idtyp'] === 'app' || evidence?.['principalType'] === 'ServicePrincipal') return true
  return claims['idtyp'] !== 'user' && name === undefined && app !== undefined
}

/** Azure writes ids and addresses in any case. */
export function identityOf(kind: Identity['kind'], identity: string): Identity {
  return { kind, identity: identity.toLowerCase() }
}

/** True, false, or undefined when the record does not say. */
export function azureOutcome(record: AzureRecord): boolean | undefined {
  const result = record.resultType?.toLowerCase()
  if (result !== undefined && /^(?:success|succeeded|start|started|accept|accepted|0)$/.test(result)) return true
  if (result !== undefined && /^(?:fail|failed|failure|error|\d+)$/.test(result)) return false
  const status = record.status?.toLowerCase() ?? ''
  if (/^[1-5]\d\d$/.test(status)) return status < '400'
  if (status === 'ok' || status.startsWith('succe')) return true
  return /^(?:unauthorized|forbidden|fail|notfound|badrequest|conflict)/.test(status) ? false : undefined
}

const CLAIMS = `oid upn appid name ipaddr puid ${OID} ${UPN} ${NAME}`

/** What names people or holds credentials in any of these logs. */
export const AZURE_SEALED = sealedPaths(
  [
    'identity.claim',
    'identity.claims',
    ...below('identity.claims', CLAIMS),
    ...below('identity.claim', CLAIMS),
    ...below('identity', 'requester requester.objectId requester.upn tokenHash authorization.evidence.principalId'),
    ...'caller Caller claims Claims Identity uri Uri UserPrincipalName UserId UserDisplayName'.split(' '),
    ...'IdentityData ServicePrincipalId ServicePrincipalName InitiatedBy'.split(' '),
    ...below(
      'properties',
      'userPrincipalName userId userDisplayName signInIdentifier alternateSignInName caller servicePrincipalId ' +
        'servicePrincipalName servicePrincipalCredentialKeyId sessionId uniqueTokenIdentifier deviceDetail.deviceId ' +
        'deviceDetail.displayName initiatedBy initiatedBy.user.id initiatedBy.user.userPrincipalName ' +
        'initiatedBy.user.displayName initiatedBy.app.servicePrincipalId initiatedBy.app.displayName ' +
        'targetResources.id targetResources.userPrincipalName targetResources.displayName objectId ObjectId ' +
        'IdentityData identityData CreatedBy requesterObjectId requesterUpn',
    ),
  ],
  below('properties', 'requestBody responseBody backendRequestBody backendResponseBody'),
)
