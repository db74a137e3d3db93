import { formats } from '../../../src/normalize/index.ts'

export interface Sample {
  readonly name: string
  readonly record: Record<string, unknown>
}

/**
 * Records of the real shape, beside the example that each format carries. Sources: Microsoft's reference for Azure
 * Monitor schemas (Key Vault), elastic/integrations test logs (Azure OpenAI), the column list of
 * AmlOnlineEndpointTrafficLog, panther-analysis (Entra), the OpenTelemetry GenAI conventions; ids are made up.
 */
export const samples: readonly Sample[] = [
  ...formats.map(({ name, example }) => ({ name, record: example as Record<string, unknown> })),
  {
    name: 'key-vault',
    record: {
      time: '2016-01-05T01:32:01.2691226Z',
      resourceId:
        '/SUBSCRIPTIONS/361DA5D4-A47A-4C79-AFDD-XXXXXXXXXXXX/RESOURCEGROUPS/CONTOSOGROUP/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/CONTOSOKEYVAULT',
      operationName: 'SecretGet',
      operationVersion: '2015-06-01',
      category: 'AuditEvent',
      resultType: 'Success',
      resultSignature: 'OK',
      resultDescription: '',
      durationMs: '78',
      callerIpAddress: '104.40.82.76',
      correlationId: '',
      identity: {
        claim: {
          'http://schemas.microsoft.com/identity/claims/objectidentifier': 'D9DA5048-2737-4770-BD64-XXXXXXXXXXXX',
          'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'live.com#username@outlook.com',
          appid: '1950a258-227b-4e31-a9cf-XXXXXXXXXXXX',
        },
      },
      properties: {
        clientInfo: 'azure-resource-manager/2.0',
        requestUri: 'https://contosokeyvault.vault.azure.net/secrets/hf-token?api-version=7.4',
        id: 'https://contosokeyvault.vault.azure.net/secrets/hf-token/0123',
        httpStatusCode: 200,
      },
    },
  },
  {
    name: 'azure-openai',
    record: {
      Tenant: 'eastus',
      callerIpAddress: '81.2.69.***',
      category: 'RequestResponse',
      correlationId: 'd427a391-5d1e-4b1a-a8b4-000000000000',
      durationMs: 1021,
      event: 'ShoeboxCallResult',
      location: 'eastus',
      operationName: 'ChatCompletions_Create',
      // As text: JavaScript would round the times, which are ticks.
      properties:
        '{"apiName":"Azure OpenAI API version 2023-07-01-preview","requestTime":638515262815394150,"requestLength":128,' +
        '"responseTime":638515262825606520,"responseLength":1411,"objectId":"","streamType":"Non-Streaming",' +
        '"modelDeploymentName":"gpt-chat-pilot","modelName":"gpt-35-turbo","modelVersion":"0301"}',
      resourceId:
        '/SUBSCRIPTIONS/12CABCB4-86E8-404F-A3D2-111111111111/RESOURCEGROUPS/OBS-OPENAI/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/OBS-OPENAI-TEST-01',
      resultSignature: '200',
      time: '2024-05-24T12:23:02.4350000Z',
    },
  },
  {
    name: 'azureml-traffic',
    record: {
      time: '2026-01-05T12:00:00.0000000Z',
      resourceId:
        '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ml/providers/Microsoft.MachineLearningServices/workspaces/prod/onlineEndpoints/fraud',
      operationName: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score',
      category: 'AmlOnlineEndpointTrafficLog',
      location: 'westeurope',
      properties: {
        Method: 'POST',
        Path: '/score',
        EndpointName: 'fraud',
        DeploymentName: 'blue',
        Protocol: 'HTTP/1.1',
        ResponseCode: '200',
        ModelStatusCode: '200',
        RequestPayloadSize: '412',
        ResponsePayloadSize: '36',
        UserAgent: 'python-requests/2.31.0',
        XRequestId: 'c0ffee00-0000-4000-8000-000000000001',
        TotalDurationMs: '48.5',
        AuthType: 'AADToken',
        IdentityData: 'AAAAAAAA-0000-0000-0000-000000000001',
      },
    },
  },
  {
    name: 'entra-sign-in',
    record: {
      time: '2025-01-15 09:30:45.123',
      resourceId: '/tenants/tenant-123/providers/Microsoft.aadiam',
      operationName: 'Sign-in activity',
      category: 'SignInLogs',
      tenantId: 'tenant-123',
      resultType: '50126',
      resultSignature: 'FAILURE',
      durationMs: 0,
      callerIpAddress: '2.2.2.2',
      correlationId: 'device-code-001',
      Level: '4',
      location: 'NL',
      properties: {
        userId: 'AAAAAAAA-0000-0000-0000-000000000001',
        userPrincipalName: 'aragorn@lotr.example',
        ipAddress: '2.2.2.2',
        appDisplayName: 'Azure Portal',
        appId: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
        resourceDisplayName: 'Windows Azure Service Management API',
        userAgent: 'Mozilla/5.0',
        status: { errorCode: 50126, failureReason: 'Invalid username or password' },
        location: { city: 'Amsterdam', countryOrRegion: 'NL' },
        conditionalAccessStatus: 'notApplied',
        riskLevelDuringSignIn: 'none',
        deviceDetail: { deviceId: 'device-456', operatingSystem: 'Windows 10' },
      },
    },
  },
  {
    name: 'entra-audit',
    record: {
      time: '2025-01-15T14:20:35.456Z',
      resourceId: '/tenants/tenant-abc/providers/Microsoft.aadiam',
      operationName: 'Add member to role',
      category: 'AuditLogs',
      callerIpAddress: '1.2.3.4',
      properties: {
        result: 'success',
        operationType: 'Assign',
        initiatedBy: { user: { id: 'admin-1', displayName: 'An Admin', userPrincipalName: 'denethor@lotr.example' } },
        targetResources: [{ id: 'user-2', displayName: 'Faramir', userPrincipalName: 'faramir@lotr.example' }],
      },
    },
  },
  {
    name: 'log-analytics-row',
    record: {
      TimeGenerated: '2026-01-05T12:00:00Z',
      Type: 'AzureActivity',
      OperationNameValue: 'MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE',
      ActivityStatusValue: 'Success',
      CallerIpAddress: '203.0.113.5',
      Caller: 'Ops@Example.com',
      _ResourceId:
        '/subscriptions/11111111-2222-3333-4444-555555555555/providers/microsoft.authorization/roleassignments/r1',
    },
  },
  {
    name: 'otlp-old-names',
    record: {
      resourceSpans: [
        {
          resource: { attributes: [attribute('service.name', 'legacy-app'), attribute('metadata', 'ann@example.com')] },
          scopeSpans: [
            {
              scope: { name: 'opentelemetry.instrumentation.openai' },
              spans: [
                {
                  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
                  spanId: '00f067aa0ba902b7',
                  name: 'openai.chat',
                  startTimeUnixNano: '1767614400000000000',
                  endTimeUnixNano: '1767614400500000000',
                  attributes: [
                    attribute('gen_ai.system', 'OpenAI'),
                    attribute('llm.request.type', 'chat'),
                    attribute('gen_ai.request.model', 'gpt-4'),
                    attribute('gen_ai.usage.prompt_tokens', 12),
                    attribute('gen_ai.usage.completion_tokens', 3),
                    attribute('gen_ai.prompt.0.role', 'user'),
                    attribute('gen_ai.prompt.0.content', 'Say hi'),
                    attribute('gen_ai.completion.0.content', 'hi'),
                    attribute('gen_ai.request.user', 'bob@example.com'),
                    attribute('client.address', '203.0.113.8'),
                  ],
                  status: { code: 2, message: 'rate limited' },
                },
                { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '01', name: 'GET /health', attributes: [] },
              ],
            },
          ],
        },
      ],
      resourceLogs: [
        {
          resource: { attributes: [attribute('service.name', 'new-app')] },
          scopeLogs: [
            {
              scope: { name: 'openai-v2' },
              logRecords: [
                {
                  timeUnixNano: '1767614402000000000',
                  eventName: 'gen_ai.client.inference.operation.details',
                  attributes: [
                    attribute('gen_ai.operation.name', 'chat'),
                    attribute('gen_ai.provider.name', 'openai'),
                    attribute('gen_ai.request.model', 'gpt-5'),
                    attribute(
                      'gen_ai.input.messages',
                      JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'What is up?' }] }]),
                    ),
                    attribute('user.id', 'cleo'),
                  ],
                },
                { timeUnixNano: '1767614402000000000', body: { stringValue: 'secret body of Dora' }, attributes: [] },
              ],
            },
          ],
        },
      ],
    },
  },
  {
    name: 'eventbridge',
    record: {
      version: '0',
      id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.signin',
      account: '111122223333',
      time: '2026-01-05T12:00:01Z',
      region: 'us-east-1',
      detail: {
        eventVersion: '1.08',
        userIdentity: {
          type: 'IAMUser',
          userName: 'alice',
          arn: 'arn:aws:iam::111122223333:user/alice',
          accountId: '111122223333',
        },
        eventTime: '2026-01-05T12:00:00Z',
        eventSource: 'signin.amazonaws.com',
        eventName: 'ConsoleLogin',
        awsRegion: 'us-east-1',
        sourceIPAddress: '203.0.113.5',
        userAgent: 'Mozilla/5.0',
        responseElements: { ConsoleLogin: 'Failure' },
        errorMessage: 'Failed authentication of alice',
      },
    },
  },
  {
    name: 'kubernetes-event-list',
    record: {
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      items: [
        {
          level: 'Metadata',
          auditID: 'a1',
          stage: 'ResponseComplete',
          requestURI: '/api/v1/namespaces/ci/serviceaccounts/deployer/token',
          verb: 'create',
          user: { username: 'ann@example.com', groups: ['system:masters', 'team-ann'] },
          sourceIPs: ['203.0.113.9', '10.0.0.1'],
          objectRef: { resource: 'serviceaccounts', namespace: 'ci', name: 'deployer', subresource: 'token' },
          responseStatus: { code: 201 },
          stageTimestamp: '2026-01-05T12:00:00.000000Z',
        },
        {
          level: 'Metadata',
          auditID: 'a2',
          verb: 'list',
          user: { username: 'system:anonymous' },
          objectRef: { resource: 'secrets', namespace: 'serving' },
          responseStatus: { code: 403 },
          annotations: { 'authorization.k8s.io/decision': 'forbid' },
          requestReceivedTimestamp: '2026-01-05T12:00:00.000000Z',
        },
      ],
    },
  },
]

function attribute(key: string, value: string | number): unknown {
  return { key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }
}

/** A sample by its name, copied so that a test may change it. */
export function sample(name: string): Record<string, unknown> {
  const found = samples.find((one) => one.name === name)
  if (!found) throw new Error(`no sample ${name}`)
  return structuredClone(found.record)
}
