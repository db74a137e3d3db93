import { describe, expect, test } from 'vitest'
import { eventOf, eventsOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

function properties(name: string, parts: Record<string, unknown>): Record<string, unknown> {
  const record = sample(name)
  return { ...record, properties: { ...(record['properties'] as object), ...parts } }
}

const ANN = 'aaaaaaaa-0000-0000-0000-000000000001'

describe('Azure Monitor', () => {
  test.each([
    ['azure-monitor', { product: 'azure', service: 'activitylogs' }],
    ['log-analytics-row', { product: 'azure', service: 'activitylogs' }],
    ['key-vault', { product: 'azure', service: 'keyvault' }],
    ['azure-openai', { product: 'azure', service: 'openai', category: 'inference' }],
    ['azureml-traffic', { product: 'azure', service: 'azureml', category: 'inference' }],
    ['entra-sign-in', { product: 'azure', service: 'signinlogs' }],
    ['entra-audit', { product: 'azure', service: 'auditlogs' }],
  ])('%s has its log source', (name, logsource) => {
    expect(eventOf(sample(name)).logsource).toEqual(logsource)
  })

  test('one message of an Event Hub may mix categories', () => {
    const kube = {
      category: 'kube-audit',
      operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
      time: '2026-01-05T12:00:00Z',
      properties: {
        log: JSON.stringify({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', verb: 'get', user: { username: 'ann' } }),
      },
    }
    const events = eventsOf({ records: [sample('key-vault'), sample('entra-sign-in'), kube] })
    expect(events.map((event) => event.logsource.service)).toEqual(['keyvault', 'signinlogs', 'audit'])
    expect(events[2]).toMatchObject({
      at: Date.UTC(2026, 0, 5, 12),
      fields: { verb: 'get' },
      principal: pseudonym('user', 'ann'),
    })
  })

  test('properties and identity that come as JSON text are fields like any other', () => {
    const event = eventOf(sample('azure-monitor'))
    expect(event.fields['properties']).toEqual({ eventCategory: 'Administrative' })
    const record = sample('key-vault')
    const text = { ...record, identity: JSON.stringify(record['identity']) }
    expect(eventOf(text).principal).toBe(eventOf(record).principal)
  })

  test('properties text that is no JSON object stays text', () => {
    expect(eventOf({ ...sample('key-vault'), properties: '{"broken' }).fields['properties']).toBe('{"broken')
    const deep = `{"a":${'['.repeat(100)}${']'.repeat(100)}}`
    expect(eventOf({ ...sample('key-vault'), properties: deep }).fields['properties']).toBe(deep)
  })

  test('one person is one principal in every log that knows the object id, in any case', () => {
    const aml = eventOf(sample('azureml-traffic'))
    const signIn = eventOf(sample('entra-sign-in'))
    const activity = eventOf(sample('azure-monitor'))
    const openAi = eventOf({ ...sample('azure-openai'), properties: { objectId: ANN.toUpperCase() } })
    expect([aml, signIn, activity, openAi].map((event) => event.principal)).toEqual(
      Array(4).fill(pseudonym('user', ANN)),
    )
  })

  test('an application is a service, told by its token or by its role assignment', () => {
    const base = sample('key-vault')
    const withClaims = (claim: unknown): unknown => ({ ...base, identity: { claim } })
    expect(eventOf(withClaims({ oid: 'SP-1', appid: 'app' })).principal).toBe(pseudonym('service', 'sp-1'))
    expect(eventOf(withClaims({ oid: 'SP-1', idtyp: 'app' })).principal).toBe(pseudonym('service', 'sp-1'))
    expect(eventOf(withClaims({ appid: 'APP' })).principal).toBe(pseudonym('service', 'app'))
    const evidence = {
      authorization: { evidence: { principalType: 'ServicePrincipal' } },
      claims: { oid: 'SP-1', name: 'ci' },
    }
    expect(eventOf({ ...base, identity: evidence }).principal).toBe(pseudonym('service', 'sp-1'))
  })

  test('a caller named only by address is a user', () => {
    expect(eventOf(sample('log-analytics-row')).principal).toBe(pseudonym('user', 'ops@example.com'))
  })
})

describe('Azure ML endpoint traffic', () => {
  test('is a request to a model with its endpoint, status and latency, though numbers come as text', () => {
    expect(eventOf(sample('azureml-traffic')).inference).toMatchObject({
      operation: 'invoke',
      endpoint: 'fraud',
      model: 'blue',
      ok: true,
      status: '200',
      latencyMs: 48.5,
    })
    const failed = eventOf(properties('azureml-traffic', { ResponseCode: '429', Path: '/v1/chat/completions' }))
    expect(failed.inference).toMatchObject({ operation: 'chat', ok: false, status: '429' })
    expect(failed.ecs['event.outcome']).toBe('failure')
  })

  test('with a key is the endpoint’s own credential, one for each way to sign in', () => {
    const byKey = eventOf(properties('azureml-traffic', { AuthType: 'Key', IdentityData: '' }))
    const byToken = eventOf(properties('azureml-traffic', { AuthType: 'AMLToken', IdentityData: '' }))
    expect(byKey.principal).toMatch(/^service:/)
    expect(byToken.principal).not.toBe(byKey.principal)
    expect(eventOf(properties('azureml-traffic', { AuthType: 'Key', IdentityData: '' })).principal).toBe(
      byKey.principal,
    )
  })
})

describe('Azure OpenAI', () => {
  test('is a request to a model; its masked address is no IP address', () => {
    const event = eventOf(sample('azure-openai'))
    expect(event.inference).toMatchObject({
      operation: 'chat',
      provider: 'azure.ai.openai',
      model: 'gpt-35-turbo',
      endpoint: 'gpt-chat-pilot',
      ok: true,
      status: '200',
      latencyMs: 1021,
    })
    expect(event.principal).toMatch(/^service:/)
    expect(event.ecs['source.address']).toBe('81.2.69.***')
    expect(event.ecs).not.toHaveProperty(['source.ip'])
  })

  test('that was throttled is not ok', () => {
    expect(eventOf({ ...sample('azure-openai'), resultSignature: '429' }).inference).toMatchObject({
      ok: false,
      status: '429',
    })
  })

  test('key listings are the same service and no request to a model', () => {
    const event = eventOf({ ...sample('azure-openai'), category: 'Audit', operationName: 'ListKey' })
    expect(event.logsource).toEqual({ product: 'azure', service: 'openai' })
    expect(event.inference).toBeUndefined()
  })
})

describe('Entra', () => {
  test('a failed sign-in is one, with its error, place and address', () => {
    expect(eventOf(sample('entra-sign-in')).ecs).toMatchObject({
      'event.category': ['authentication'],
      'event.outcome': 'failure',
      'error.code': '50126',
      'source.ip': '2.2.2.2',
      'source.geo.country_iso_code': 'NL',
      'source.geo.city_name': 'Amsterdam',
    })
  })

  test('result 0 is a success', () => {
    expect(eventOf({ ...sample('entra-sign-in'), resultType: '0' }).ecs['event.outcome']).toBe('success')
    expect(eventOf({ ...sample('entra-sign-in'), resultType: 0 }).ecs['event.outcome']).toBe('success')
  })

  test('a service principal signs in as a service', () => {
    const event = eventOf({
      category: 'ServicePrincipalSignInLogs',
      time: '2026-01-05T12:00:00Z',
      properties: { servicePrincipalId: 'SP-1', appId: 'app', ipAddress: '203.0.113.1' },
    })
    expect(event.principal).toBe(pseudonym('service', 'sp-1'))
  })

  test('who changed a role is who initiated it', () => {
    const event = eventOf(sample('entra-audit'))
    expect(event.principal).toBe(pseudonym('user', 'admin-1'))
    expect(event.ecs).toMatchObject({
      'event.category': ['iam'],
      'event.type': ['admin', 'creation'],
      'event.outcome': 'success',
    })
  })
})

describe('the ECS view of Azure', () => {
  test('reads resource ids in any case', () => {
    expect(eventOf(sample('key-vault')).ecs).toMatchObject({
      'cloud.account.id': '361da5d4-a47a-4c79-afdd-xxxxxxxxxxxx',
      'service.name': 'contosokeyvault',
      'modelward.azure.resource_group': 'contosogroup',
      'event.duration': 78_000_000,
      'url.path': '/secrets/hf-token/0123',
    })
  })

  test.each([
    ['203.0.113.5:45123', '203.0.113.5', 45_123],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['2001:db8::1', '2001:db8::1', undefined],
  ])('reads the address %s', (callerIpAddress, ip, port) => {
    const { ecs } = eventOf({ ...sample('key-vault'), callerIpAddress })
    expect([ecs['source.ip'], ecs['source.port']]).toEqual([ip, port])
  })

  test.each([
    ['MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE', 'iam', ['admin', 'change']],
    ['Microsoft.Storage/storageAccounts/delete', 'api', ['deletion']],
    ['Microsoft.CognitiveServices/accounts/listKeys/action', 'api', ['access']],
    ['Microsoft.CognitiveServices/accounts/regenerateKey/action', 'api', ['change']],
  ])('%s is %s', (operationName, category, types) => {
    const { ecs } = eventOf({
      category: 'Administrative',
      time: '2026-01-05T12:00:00Z',
      operationName,
      resultType: 'Success',
    })
    expect([ecs['event.category'], ecs['event.type'], ecs['event.action']]).toEqual([
      [category],
      types,
      operationName.toUpperCase(),
    ])
  })
})
