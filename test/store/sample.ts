import type { Alert, Notification } from '../../src/contract/alert.ts'
import type { AuditEntry, Quarantined } from '../../src/contract/store.ts'

export const noon = Date.UTC(2026, 0, 5, 12)

const rule: Alert['rule'] = {
  id: 'rule-1',
  title: 'A rule',
  description: '',
  level: 'high',
  file: 'rule.yaml',
  controls: [],
  atlas: [],
  attack: [],
  tags: [],
  falsePositives: [],
  references: [],
  runbook: '',
  groupBy: ['principal'],
  digest: '',
}

export function alert(id: string, parts: Partial<Alert> = {}): Alert {
  return {
    id,
    fingerprint: 'f'.repeat(64),
    rule,
    level: 'high',
    state: 'firing',
    startedAt: noon,
    lastAt: noon,
    count: 1,
    labels: {},
    reason: 'seen 9, expected 1',
    risk: 70,
    evidence: [],
    revision: 1,
    ...parts,
  }
}

export function notification(id: string, at = noon): Notification {
  return { id, at, kind: 'firing', groupKey: 'group', labels: {}, alerts: [alert(`alert-of-${id}`)] }
}

export function quarantined(id: string, parts: Partial<Quarantined> = {}): Quarantined {
  return {
    id,
    at: noon,
    source: 'gateway',
    stream: 'file-1',
    offset: 0,
    reason: 'not-json',
    detail: 'unexpected end',
    bytes: Uint8Array.of(0, 1, 254, 255),
    ...parts,
  }
}

export function auditEntry(number: number): AuditEntry {
  return {
    at: noon + number,
    actor: 'operator',
    action: 'alert.acknowledged',
    subject: `alert-${number}`,
    detail: { number, why: 'known' },
  }
}

export function auditEntries(count: number, from = 1): readonly AuditEntry[] {
  return Array.from({ length: count }, (_, index) => auditEntry(from + index))
}
