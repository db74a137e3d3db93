import type { Fields, Inference } from '../../contract/event.ts'
import type { Identity } from '../principal/pseudonyms.ts'
import { type Draft, type Format, type Tools, below, logsource, sealedPaths } from '../shape/format.ts'
import { inferenceOf } from '../shape/inference.ts'
import type { EcsView } from '../shape/ecs-view.ts'
import { timeOf } from '../shape/time.ts'
import { firstText, isRecord, recordOf, textOf } from '../shape/values.ts'
import { verbTypeOf } from '../shape/verbs.ts'
import { everyRecord } from '../shape/wrapped.ts'

/** AWS CloudTrail: the records of a log file, whole `Records[]` files, and EventBridge events that carry one. */
export const cloudtrail: Format = {
  name: 'cloudtrail',
  summary: 'AWS CloudTrail records, as log files or EventBridge deliver them',
  recognises(fields) {
    if (isCloudTrail(fields)) return true
    if (isRecord(fields['detail']) && 'detail-type' in fields) return isCloudTrail(fields['detail'])
    const records = fields['Records']
    return Array.isArray(records) && isRecord(records[0]) && isCloudTrail(records[0])
  },
  toEvents(fields, _record, tools) {
    if (Array.isArray(fields['Records'])) return everyRecord(fields['Records'], 'Records', (one) => draftOf(one, tools))
    const detail = recordOf(fields['detail'])
    return [draftOf(detail && 'detail-type' in fields ? detail : fields, tools)]
  },
  example: {
    eventVersion: '1.08',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLEID:ml-batch',
      arn: 'arn:aws:sts::111122223333:assumed-role/ml-batch/ml-batch',
      accountId: '111122223333',
      accessKeyId: 'ASIAEXAMPLEKEY',
      sessionContext: {
        sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::111122223333:role/ml-batch', userName: 'ml-batch' },
        attributes: { creationDate: '2026-01-05T11:00:00Z', mfaAuthenticated: 'false' },
      },
    },
    eventTime: '2026-01-05T12:00:00Z',
    eventSource: 'bedrock.amazonaws.com',
    eventName: 'InvokeModel',
    awsRegion: 'us-east-1',
    sourceIPAddress: '203.0.113.7',
    userAgent: 'Boto3/1.34.0',
    requestParameters: { modelId: 'anthropic.claude-3-haiku-20240307-v1:0' },
    responseElements: null,
    requestID: '1c2d3e4f-0000-4000-8000-000000000001',
    eventID: '1c2d3e4f-0000-4000-8000-000000000002',
    readOnly: true,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
    tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256' },
  },
  docs: 'A trail that delivers to S3 or CloudWatch Logs, or an EventBridge rule on "AWS API Call via CloudTrail". Model calls (bedrock InvokeModel, Converse) are management events; sagemaker InvokeEndpoint is a data event and must be switched on.',
}

const PLAIN = logsource('aws', 'cloudtrail')
const MODEL_CALL = logsource('aws', 'cloudtrail', 'inference')

const SEALED = sealedPaths(
  [
    ...below(
      'userIdentity',
      'arn userName principalId accessKeyId credentialId identityProvider onBehalfOf onBehalfOf.userId ' +
        'sessionContext.sessionIssuer.arn sessionContext.sessionIssuer.userName ' +
        'sessionContext.sessionIssuer.principalId sessionContext.sourceIdentity',
    ),
    ...below(
      'requestParameters',
      'userName newUserName username loginId email accessKeyId roleSessionName principalArn sourceIdentity ' +
        'serialNumber clientSecret deviceCode',
    ),
    ...below(
      'responseElements',
      'accessKey accessKey.accessKeyId accessKey.userName user user.arn user.userName user.userId credentials ' +
        'credentials.accessKeyId credentials.sessionToken assumedRoleUser assumedRoleUser.arn ' +
        'assumedRoleUser.assumedRoleId loginProfile loginProfile.userName accessToken idToken refreshToken ' +
        'virtualMFADevice serviceSpecificCredential',
    ),
    'additionalEventData.UserName',
    'serviceEventDetails.userName',
  ],
  // An error message quotes the caller and the resource.
  ['errorMessage'],
)

/** S3 notifications share the names but say `aws:s3`. Athena and CloudTrail Lake write names in lower case. */
function isCloudTrail(fields: Fields): boolean {
  const source = fields['eventSource'] ?? fields['eventsource']
  return (
    typeof source === 'string' &&
    source.endsWith('.amazonaws.com') &&
    typeof (fields['eventName'] ?? fields['eventname']) === 'string'
  )
}

function draftOf(fields: Fields, tools: Tools): Draft {
  const inference = inferenceIn(fields, tools)
  return {
    at: timeOf(fields['eventTime'] ?? fields['eventtime']),
    logsource: inference ? MODEL_CALL : PLAIN,
    fields,
    sealed: SEALED,
    principal: principalOf(recordOf(fields['userIdentity'] ?? fields['useridentity'])),
    inference,
    describe,
  }
}

/**
 * A role stands for all its sessions, except that IAM Identity Center names the person in the session: then it is that
 * person. A service that calls by itself is a service.
 */
function principalOf(user: Fields | undefined): Identity | undefined {
  if (!user) return undefined
  const arn = textOf(user['arn'])
  const type = textOf(user['type'])
  if (type === 'AssumedRole') {
    const issuer = textOf(recordOf(recordOf(user['sessionContext'])?.['sessionIssuer'])?.['arn'])
    if (arn !== undefined && (issuer ?? arn).includes('AWSReservedSSO_')) return { kind: 'user', identity: arn }
    const role = issuer ?? (arn === undefined ? undefined : roleOfSession(arn))
    if (role !== undefined) return { kind: 'role', identity: role }
  }
  if (type === 'AWSService' || (type === undefined && arn === undefined)) {
    const service = textOf(user['invokedBy'])
    if (service !== undefined) return { kind: 'service', identity: service }
  }
  if (type === 'Root') return { kind: 'user', identity: arn ?? `root of ${String(user['accountId'])}` }
  const onBehalfOf = recordOf(user['onBehalfOf'])?.['userId']
  const identity = firstText(arn, onBehalfOf, user['principalId'], user['userName'], user['accountId'])
  return identity === undefined ? undefined : { kind: 'user', identity }
}

/** `arn:aws:sts::1:assumed-role/name/session` -> `arn:aws:iam::1:role/name`, as the session's issuer would be named. */
function roleOfSession(arn: string): string {
  const match = /^(arn:[^:]*):sts::(\d*):assumed-role\/([^/]+)\//.exec(arn)
  return match ? `${match[1]}:iam::${match[2]}:role/${match[3]}` : arn
}

const BEDROCK_CALLS = new Map([
  ['InvokeModel', 'text_completion'],
  ['InvokeModelWithResponseStream', 'text_completion'],
  ['InvokeModelWithBidirectionalStream', 'chat'],
  ['Converse', 'chat'],
  ['ConverseStream', 'chat'],
])

function inferenceIn(fields: Fields, tools: Tools): Inference | undefined {
  const source = fields['eventSource']
  if (source !== 'bedrock.amazonaws.com' && source !== 'bedrock-runtime.amazonaws.com') {
    return source === 'sagemaker.amazonaws.com' ? endpointCall(fields, tools) : undefined
  }
  const name = String(fields['eventName'])
  const operation = BEDROCK_CALLS.get(name)
  if (operation === undefined) return undefined
  const model = textOf(recordOf(fields['requestParameters'])?.['modelId'])
  return inferenceOf(
    {
      operation: model?.includes('embed') ? 'embeddings' : operation,
      provider: 'aws.bedrock',
      model,
      ok: !failed(fields),
      status: textOf(fields['errorCode']),
      parameters: name.endsWith('Stream') ? { stream: true } : undefined,
    },
    tools.pseudonyms,
  )
}

function endpointCall(fields: Fields, tools: Tools): Inference | undefined {
  const name = String(fields['eventName'])
  if (!name.startsWith('InvokeEndpoint')) return undefined
  const parts = {
    operation: 'invoke',
    provider: 'aws.sagemaker',
    endpoint: textOf(recordOf(fields['requestParameters'])?.['endpointName']),
    ok: !failed(fields),
    status: textOf(fields['errorCode']),
  }
  return inferenceOf(parts, tools.pseudonyms)
}

function failed(fields: Fields): boolean {
  if (textOf(fields['errorCode']) !== undefined || textOf(fields['errorMessage']) !== undefined) return true
  const response = recordOf(fields['responseElements'])
  return response?.['ConsoleLogin'] === 'Failure' || response?.['CheckMfa'] === 'Failure'
}

function describe(ecs: EcsView, fields: Fields): void {
  const source = firstText(fields['eventSource'], fields['eventsource']) ?? ''
  const name = firstText(fields['eventName'], fields['eventname']) ?? ''
  const [category, types] = kindOf(source, name, fields)
  ecs.event(category, types, name, !failed(fields))
  ecs.dataset('aws.cloudtrail', source)
  ecs.word('cloud.provider', 'aws')
  ecs.word('cloud.region', fields['awsRegion'] ?? fields['awsregion'])
  ecs.word('cloud.account.id', fields['recipientAccountId'] ?? recordOf(fields['userIdentity'])?.['accountId'])
  ecs.word('cloud.service.name', source.replace('.amazonaws.com', ''))
  ecs.word('modelward.record.id', fields['eventID'])
  ecs.word('modelward.user.type', recordOf(fields['userIdentity'])?.['type'])
  ecs.source(fields['sourceIPAddress'])
  ecs.word('user_agent.original', fields['userAgent'])
  ecs.word('error.code', fields['errorCode'])
  const tls = recordOf(fields['tlsDetails'])
  const version = /^TLSv(\d\.\d)$/.exec(String(tls?.['tlsVersion']))?.[1]
  if (version !== undefined) {
    ecs.word('tls.version', version)
    ecs.word('tls.version_protocol', 'tls')
  }
  ecs.word('tls.cipher', tls?.['cipherSuite'])
}

const DENIED = /^(?:Client\.)?(?:AccessDenied|UnauthorizedOperation|UnauthorizedAccess|Forbidden)/

function kindOf(source: string, name: string, fields: Fields): readonly [string, readonly string[]] {
  if (source === 'signin.amazonaws.com') return ['authentication', [name === 'ConsoleLogin' ? 'start' : 'info']]
  const verb = verbTypeOf(name) ?? (fields['readOnly'] === false ? 'change' : 'access')
  if (source === 'iam.amazonaws.com' || source === 'sso.amazonaws.com' || source === 'identitystore.amazonaws.com') {
    const about = /Group/.test(name) ? ['group'] : /User|AccessKey|LoginProfile/.test(name) ? ['user'] : ['admin']
    if (verb === 'access' || verb === 'info' || verb === 'start' || verb === 'end') return ['iam', ['info']]
    return ['iam', [...about, verb]]
  }
  const denied = DENIED.test(String(fields['errorCode'])) ? ['denied'] : []
  return ['api', [verb, ...denied]]
}
