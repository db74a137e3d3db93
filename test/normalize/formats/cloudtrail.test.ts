import { describe, expect, test } from 'vitest'
import { eventOf, eventsOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

function record(parts: Record<string, unknown>): Record<string, unknown> {
  return { ...sample('cloudtrail'), eventSource: 'kms.amazonaws.com', eventName: 'Decrypt', ...parts }
}

function principalOf(userIdentity: unknown): string | undefined {
  return eventOf(record({ userIdentity })).principal
}

const ROLE = 'arn:aws:iam::111122223333:role/ml-batch'

describe('who acted in CloudTrail', () => {
  test('is the role for all its sessions, told by the issuer or by the session’s name', () => {
    const session = 'arn:aws:sts::111122223333:assumed-role/ml-batch/job-17'
    const issuer = { sessionIssuer: { arn: ROLE } }
    expect(principalOf({ type: 'AssumedRole', arn: session, sessionContext: issuer })).toBe(pseudonym('role', ROLE))
    expect(principalOf({ type: 'AssumedRole', arn: session })).toBe(pseudonym('role', ROLE))
  })

  test('is the person where IAM Identity Center names one in the session', () => {
    const arn = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/ann@example.com'
    expect(principalOf({ type: 'AssumedRole', arn })).toBe(pseudonym('user', arn))
  })

  test('is the user, by ARN before anything else', () => {
    const arn = 'arn:aws:iam::111122223333:user/ann'
    expect(principalOf({ type: 'IAMUser', arn, userName: 'ann', principalId: 'AIDA1' })).toBe(pseudonym('user', arn))
    expect(principalOf({ type: 'IAMUser', userName: 'ann' })).toBe(pseudonym('user', 'ann'))
  })

  test('is root, with or without an ARN', () => {
    expect(principalOf({ type: 'Root', accountId: '1' })).toBe(pseudonym('user', 'root of 1'))
    expect(principalOf({ type: 'Root', arn: 'arn:aws:iam::1:root' })).toBe(pseudonym('user', 'arn:aws:iam::1:root'))
  })

  test('is the service that calls by itself', () => {
    const service = pseudonym('service', 'ec2.amazonaws.com')
    expect(principalOf({ type: 'AWSService', invokedBy: 'ec2.amazonaws.com' })).toBe(service)
    expect(principalOf({ accountId: '1', invokedBy: 'ec2.amazonaws.com' })).toBe(service)
  })

  test('is nobody where the record names nobody', () => {
    expect(eventOf(record({ userIdentity: undefined })).principal).toBeUndefined()
    expect(principalOf('ann')).toBeUndefined()
  })
})

describe('CloudTrail', () => {
  test('a model call is one request to a model and is found by rules for either', () => {
    const event = eventOf(sample('cloudtrail'))
    expect(event.logsource).toEqual({ product: 'aws', service: 'cloudtrail', category: 'inference' })
    expect(event.inference).toMatchObject({
      operation: 'text_completion',
      provider: 'aws.bedrock',
      model: 'anthropic.claude-3-haiku-20240307-v1:0',
      ok: true,
    })
  })

  test.each([
    ['ConverseStream', 'any', 'chat', { stream: true }],
    ['Converse', 'any', 'chat', {}],
    ['InvokeModel', 'amazon.titan-embed-text-v2:0', 'embeddings', {}],
  ])('%s of %s is %s', (eventName, modelId, operation, parameters) => {
    const event = eventOf({ ...sample('cloudtrail'), eventName, requestParameters: { modelId } })
    expect(event.inference).toMatchObject({ operation, parameters })
  })

  test('a refused model call is not ok and says why', () => {
    const event = eventOf({ ...sample('cloudtrail'), errorCode: 'ThrottlingException' })
    expect(event.inference).toMatchObject({ ok: false, status: 'ThrottlingException' })
    expect(event.ecs).toMatchObject({ 'event.outcome': 'failure', 'error.code': 'ThrottlingException' })
  })

  test('changing a guardrail is no request to a model', () => {
    const event = eventOf({ ...sample('cloudtrail'), eventName: 'DeleteGuardrail' })
    expect(event.inference).toBeUndefined()
    expect(event.logsource).toEqual({ product: 'aws', service: 'cloudtrail' })
    expect(event.ecs['event.type']).toEqual(['deletion'])
  })

  test('an invocation of a SageMaker endpoint names the endpoint', () => {
    const parts = { eventSource: 'sagemaker.amazonaws.com', eventName: 'InvokeEndpoint' }
    const event = eventOf(record({ ...parts, requestParameters: { endpointName: 'fraud' } }))
    expect(event.inference).toMatchObject({ operation: 'invoke', provider: 'aws.sagemaker', endpoint: 'fraud' })
  })

  test('EventBridge’s wrapper is taken off', () => {
    const event = eventOf(sample('eventbridge'))
    expect(event.fields['eventName']).toBe('ConsoleLogin')
    expect(event.ecs).toMatchObject({
      'event.category': ['authentication'],
      'event.type': ['start'],
      'event.outcome': 'failure',
    })
  })

  test('a file of records is as many events, in order', () => {
    const events = eventsOf({ Records: [record({ eventName: 'A' }), record({ eventName: 'B' })] })
    expect(events.map((event) => event.fields['eventName'])).toEqual(['A', 'B'])
  })

  test.each([
    ['iam.amazonaws.com', 'CreateAccessKey', {}, 'iam', ['user', 'creation']],
    ['iam.amazonaws.com', 'AttachRolePolicy', {}, 'iam', ['admin', 'change']],
    ['iam.amazonaws.com', 'ListUsers', {}, 'iam', ['info']],
    ['s3.amazonaws.com', 'GetObject', {}, 'api', ['access']],
    ['kms.amazonaws.com', 'ScheduleKeyDeletion', {}, 'api', ['deletion']],
    ['ec2.amazonaws.com', 'FrobnicateThings', { readOnly: false }, 'api', ['change']],
    ['s3.amazonaws.com', 'GetObject', { errorCode: 'AccessDenied' }, 'api', ['access', 'denied']],
  ])('%s %s is %s of %s', (eventSource, eventName, parts, category, types) => {
    const { ecs } = eventOf(record({ eventSource, eventName, ...parts }))
    expect([ecs['event.category'], ecs['event.type']]).toEqual([[category], types])
  })

  test('a service’s name in place of an address is no IP address', () => {
    const { ecs } = eventOf(record({ sourceIPAddress: 'ec2.amazonaws.com' }))
    expect(ecs['source.address']).toBe('ec2.amazonaws.com')
    expect(ecs).not.toHaveProperty(['source.ip'])
  })
})
