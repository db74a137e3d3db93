import { readFileSync, readdirSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/contract/event.ts'
import { ecsProblems } from '../support/ecs.ts'
import { haveSharedData, sharedData } from '../support/shared-data.ts'
import { eventsOf, refusalOf } from './support/read.ts'

interface Detection {
  readonly source: string
  readonly event: Record<string, unknown>
}

const present = haveSharedData()

function lines(...path: readonly string[]): unknown[] {
  const bytes = readFileSync(sharedData(...path))
  const text = (path.at(-1)?.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
}

function mustBeValid(events: readonly Event[]): void {
  for (const event of events) expect(ecsProblems(event.ecs), JSON.stringify(event.ecs)).toEqual([])
}

describe.skipIf(!present)('public data (skipped without ../shared/data)', () => {
  test('all 2,900 CloudTrail records of an attack simulation are events with a principal and a valid view', () => {
    const files = readdirSync(sharedData('cloudtrail-stratus')).filter((name) => name.endsWith('.json'))
    const events = files.flatMap((name) => {
      const file = JSON.parse(readFileSync(sharedData('cloudtrail-stratus', name), 'utf8')) as { Records: unknown[] }
      return file.Records.flatMap((record, offset) => eventsOf(record, { stream: name, offset }))
    })
    expect(events).toHaveLength(2_900)
    expect(new Set(events.map((event) => event.id)).size).toBe(2_900)
    expect(events.filter((event) => event.principal === undefined)).toEqual([])
    expect(events.every((event) => event.format === 'cloudtrail' && event.at < Date.UTC(2023, 6, 11))).toBe(true)
    expect(events.filter((event) => event.ecs['event.outcome'] === 'failure')).toHaveLength(
      events.filter((event) => event.fields['errorCode'] !== undefined || event.fields['errorMessage'] !== undefined)
        .length,
    )
    mustBeValid(events)
    const views = JSON.stringify(events.map((event) => [event.ecs, event.principal]))
    for (const name of ['benjamin', 'bert-jan', 'AKIATFQZ7NSC8Q4X21BJ', 'AIDATFQR7NSC5U6Q3TMDR'])
      expect(views).not.toContain(name)
  })

  test('a whole CloudTrail file as one record gives the same events in the same order', () => {
    const [name = ''] = readdirSync(sharedData('cloudtrail-stratus')).filter((file) => file.endsWith('.json'))
    const text = readFileSync(sharedData('cloudtrail-stratus', name), 'utf8')
    const { Records } = JSON.parse(text) as { Records: unknown[] }
    const events = eventsOf(text)
    expect(events.map((event) => event.fields)).toEqual(Records)
  })

  test('LiteLLM’s seven records tell who, what, how much and how it went', () => {
    const events = lines('telemetry', 'litellm-1.106.2.ndjson').flatMap((record) => eventsOf(record))
    mustBeValid(events)
    expect(
      events.map(({ inference }) => [inference?.operation, inference?.ok, inference?.status, inference?.inputTokens]),
    ).toEqual([
      ['chat', true, undefined, 10],
      ['chat', true, undefined, 10],
      ['chat', true, undefined, 17],
      ['embeddings', true, undefined, 10],
      ['chat', false, '429', 0],
      ['chat', false, '401', 0],
      ['chat', true, undefined, 10],
    ])
    expect(events[1]?.inference?.parameters).toEqual({
      maxTokens: 1,
      stream: false,
      logprobs: true,
      topLogprobs: 5,
      biasedTokens: ['1234'],
    })
    expect(events[6]?.inference?.parameters.tools).toEqual(['get_weather'])
    expect(events[2]?.inference).toMatchObject({
      prompt: 'You are terse.\nSay hi',
      output: 'The capital of France is Paris.',
      endpoint: 'assistant',
      provider: 'openai',
      costUsd: 0.00000675,
    })
    expect(events[0]?.principal).toBe(events[6]?.principal)
    expect(new Set(events.map((event) => event.principal)).size).toBe(4)
    for (const event of events) expect(event.fields).not.toHaveProperty('model_map_information')
    const views = JSON.stringify(events.map((event) => event.ecs))
    for (const word of ['alpha-app', 'contractor-x', 'end-user-7', 'example.com', 'Paris', 'terse', '2179e632'])
      expect(views).not.toContain(word)
  })

  test('Kubernetes’ twenty audit records are events of their users', () => {
    const events = lines('telemetry', 'kube-apiserver-1.34.4-audit.ndjson').flatMap((record) => eventsOf(record))
    expect(events).toHaveLength(20)
    mustBeValid(events)
    expect(new Set(events.map((event) => event.principal)).size).toBe(2)
    expect(events.every((event) => event.logsource.product === 'kubernetes')).toBe(true)
  })

  test('the detection tests for AWS, EKS, Azure and Bedrock are read as what they are', () => {
    const wanted = new Map([
      ['AWS.CloudTrail', 'cloudtrail'],
      ['AWS.BedrockModelInvocation', 'bedrock-invocation'],
      ['Amazon.EKS.Audit', 'kubernetes'],
      ['Azure.MonitorActivity', 'azure-monitor'],
      ['Azure.Audit', 'azure-monitor'],
    ])
    const rows = (lines('detections', 'tests.ndjson.gz') as Detection[]).filter(({ source }) => wanted.has(source))
    // Filed under EKS there: 15 records of Google Cloud and 5 empty ones, which nobody could know.
    const foreign = rows.filter(({ event }) => 'protoPayload' in event || Object.keys(event).length === 0)
    expect(rows).toHaveLength(502)
    expect(foreign).toHaveLength(20)
    for (const { event } of foreign) expect(refusalOf(event).reason).toBe('unknown_format')
    for (const { source, event } of rows.filter((row) => !foreign.includes(row))) {
      const events = eventsOf(event)
      // One is an Azure record, filed under EKS as a record that its rule must pass by.
      const isAzure = String(event['operationName']).startsWith('Microsoft.Compute')
      expect(events.map(({ format }) => format)).toEqual([isAzure ? 'azure-monitor' : wanted.get(source)])
      mustBeValid(events)
    }
  })
})
