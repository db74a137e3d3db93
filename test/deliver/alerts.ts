import type { Alert, AlertRule, Evidence, Notification } from '../../src/contract/alert.ts'
import type { SinkContext } from '../../src/deliver/context/sink-context.ts'
import { given } from '../support/given.ts'
import type { TestGiven } from '../support/given.ts'

const startedAt = Date.UTC(2026, 0, 5, 12)

export function rule(parts: Partial<AlertRule> = {}): AlertRule {
  return {
    id: '6e0b5a3c-8a58-4d3f-9c2b-2f3d6a1c9d10',
    title: 'Model extraction by query distribution',
    description: 'The queries of one caller cover the input space far more evenly than people do.',
    level: 'high',
    file: 'rules/extraction.yaml',
    controls: ['IN-1'],
    atlas: [{ id: 'AML.T0024.002', name: 'Extract AI Model' }],
    attack: [],
    tags: ['attack.exfiltration', 'atlas.t0024.002'],
    falsePositives: [],
    references: ['https://atlas.mitre.org/techniques/AML.T0024.002'],
    author: 'modelward',
    license: 'Apache-2.0',
    runbook: 'Compare the caller with its own past; throttle, then revoke the key.',
    groupBy: ['principal'],
    playbook: 'throttle-then-revoke',
    digest: 'd'.repeat(64),
    ...parts,
  }
}

export function evidence(parts: Partial<Evidence> = {}): Evidence {
  return {
    event: {
      id: 'AAAAAAAAAAAAAAAAAAAAAAAAAA',
      at: startedAt,
      source: 'gateway',
      format: 'litellm',
      file: 'a.log',
      index: 17,
    },
    matched: { 'score.detector': 'extraction/coverage' },
    ecs: { 'source.ip': '203.0.113.7', 'gen_ai.request.model': 'gpt-4o-mini', 'service.name': 'chat' },
    score: {
      detector: 'extraction/coverage',
      p: 0.0004,
      direction: 'high',
      feature: 'nearest-neighbour distance',
      seen: 0.41,
      expected: 0.12,
      text: 'distance 0.41 where 0.12 is usual',
    },
    ...parts,
  }
}

export function alert(parts: Partial<Alert> = {}): Alert {
  return {
    id: 'a'.repeat(32),
    fingerprint: 'f'.repeat(64),
    rule: rule(),
    level: 'high',
    state: 'firing',
    startedAt,
    lastAt: startedAt + 60_000,
    count: 3,
    principal: 'key:7f3a9c',
    labels: { principal: 'key:7f3a9c', 'service.name': 'chat' },
    reason: 'key:7f3a9c asked 2,900 questions spread as no caller before',
    risk: 73,
    evidence: [evidence()],
    revision: 1,
    ...parts,
  }
}

export function notification(parts: Partial<Notification> = {}): Notification {
  return {
    id: 'n-1',
    at: startedAt + 90_000,
    kind: 'firing',
    groupKey: 'principal=key:7f3a9c',
    labels: { principal: 'key:7f3a9c' },
    alerts: [alert()],
    ...parts,
  }
}

export type TestSinkContext = SinkContext & TestGiven

export function sinkContext(directory = '/nonexistent', parts: Partial<TestSinkContext> = {}): TestSinkContext {
  return {
    ...given('under-test', Date.UTC(2026, 0, 5, 13)),
    directory,
    observer: { name: 'watch-1', version: '0.1.0' },
    ...parts,
  }
}
