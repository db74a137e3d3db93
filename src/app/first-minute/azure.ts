import { randomUUID } from 'node:crypto'

const SUBSCRIPTION = '/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001'
const GROUP = `${SUBSCRIPTION}/RESOURCEGROUPS/ML-PRODUCTION/PROVIDERS`
const STORAGE = `${GROUP}/MICROSOFT.STORAGE/STORAGEACCOUNTS/MLTRAININGDATA`
const WORKSPACE = `${GROUP}/MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/FRAUD`

/** What the day usually looks like: a deployment pipeline reads and writes its own things. */
export function ordinaryOperations(at: number): readonly unknown[] {
  return [
    activity(
      at,
      'pipeline@example.com',
      '192.0.2.40',
      `${WORKSPACE}/JOBS/NIGHTLY`,
      'MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/JOBS/WRITE',
      {},
    ),
    activity(
      at + 200,
      'pipeline@example.com',
      '192.0.2.40',
      STORAGE,
      'MICROSOFT.STORAGE/STORAGEACCOUNTS/BLOBSERVICES/CONTAINERS/WRITE',
      {},
    ),
  ]
}

/** An administrator turns encryption in transit off, takes the account's keys and the endpoint's, and stops the audit trail. */
export function rogueOperations(at: number): readonly unknown[] {
  const weaker = {
    requestbody: JSON.stringify({ properties: { supportsHttpsTrafficOnly: false, minimumTlsVersion: 'TLS1_0' } }),
  }
  const admin = 'm.adler@example.com'
  const ip = '198.51.100.23'
  const endpoint = `${WORKSPACE}/ONLINEENDPOINTS/SCORING`
  return [
    activity(at, admin, ip, STORAGE, 'MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE', weaker),
    activity(at + 1_000, admin, ip, STORAGE, 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION', {}),
    activity(
      at + 2_000,
      admin,
      ip,
      endpoint,
      'MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/ONLINEENDPOINTS/LISTKEYS/ACTION',
      {},
    ),
    activity(
      at + 3_000,
      admin,
      ip,
      `${WORKSPACE}/PROVIDERS/MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/AUDIT`,
      'MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/DELETE',
      {},
    ),
  ]
}

/** One record of the Azure Activity Log as Azure Monitor exports it. */
function activity(
  at: number,
  caller: string,
  ip: string,
  resourceId: string,
  operation: string,
  properties: object,
): unknown {
  return {
    time: new Date(at).toISOString(),
    resourceId,
    operationName: operation,
    category: 'Administrative',
    resultType: 'Success',
    resultSignature: 'Succeeded.',
    durationMs: '112',
    callerIpAddress: ip,
    correlationId: randomUUID(),
    identity: {
      authorization: { scope: resourceId, action: operation, evidence: { role: 'Contributor', principalType: 'User' } },
      claims: { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': caller, name: caller },
    },
    level: 'Information',
    properties: { statusCode: 'OK', entity: resourceId, message: operation, ...properties },
  }
}
