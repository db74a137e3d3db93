import { EcsFlat, EcsVersion } from '@elastic/ecs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ECS_VERSION, ecsAlert } from '../../../src/deliver/encode/ecs.ts'
import { ecsProblems } from '../../support/ecs.ts'
import { alert, evidence, rule } from '../alerts.ts'

const options = { observer: { name: 'watch-1', version: '0.1.0' }, now: Date.UTC(2026, 0, 5, 13) }

function field(document: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document)
}

describe('an alert as ECS', () => {
  test('says what Elastic Security reads from an external alert', () => {
    const document = ecsAlert(alert(), { ...options, url: 'https://console.example.org/mw' })
    expect(field(document, 'event.kind')).toBe('alert')
    expect(field(document, 'event.module')).toBe('modelward')
    expect(field(document, 'event.severity')).toBe(73)
    expect(field(document, 'event.risk_score')).toBe(73)
    expect(document['message']).toBe('Model extraction by query distribution')
    expect(field(document, 'event.id')).toBe('a'.repeat(32))
    expect(field(document, 'event.url')).toBe(`https://console.example.org/mw/alerts/${'a'.repeat(32)}`)
    expect(field(document, '@timestamp')).toBe('2026-01-05T12:00:00.000Z')
    expect(field(document, 'event.end')).toBe('2026-01-05T12:01:00.000Z')
    expect(field(document, 'event.duration')).toBe(60_000_000_000)
    expect(field(document, 'data_stream')).toEqual({ type: 'logs', dataset: 'modelward.alerts', namespace: 'default' })
  })

  test.each([
    ['firing, with everything', alert()],
    ['resolved', alert({ state: 'resolved', endedAt: alert().lastAt + 5000, resolvedBy: 'quiet' })],
    ['with ATT&CK only', alert({ rule: rule({ atlas: [], attack: [{ id: 'T1552.005' }] }) })],
    ['with no technique', alert({ rule: rule({ atlas: [], tags: [] }) })],
    ['with no evidence', alert({ evidence: [] })],
    ['with an unknown technique', alert({ rule: rule({ atlas: [{ id: 'AML.T9999' }] }) })],
    [
      'from a chatty source',
      alert({ evidence: [evidence({ ecs: { 'event.category': ['api'], 'event.outcome': 'failure' } })] }),
    ],
  ])('is valid %s', (_, given) => {
    expect(ecsProblems(ecsAlert(given, options))).toEqual([])
  })

  test('the check can fail', () => {
    const document = ecsAlert(alert(), options)
    const event = document['event'] as Record<string, unknown>
    expect(ecsProblems({ ...document, event: { ...event, kind: 'alarm' } })).toHaveLength(1)
    expect(ecsProblems({ ...document, event: { ...event, category: 'intrusion_detection' } })).toHaveLength(1)
    expect(ecsProblems({ ...document, event: { ...event, type: ['start'] } })).toHaveLength(1)
    expect(ecsProblems({ ...document, alarm: 1 })).toHaveLength(1)
    expect(ecsProblems({ ...document, tags: [1] })).toHaveLength(1)
  })

  test('pairs category and type as ECS expects', () => {
    const event = ecsAlert(alert(), options)['event'] as { category: string[]; type: string[] }
    const allowed = EcsFlat['event.category'].allowed_values.find(({ name }) => name === event.category[0])
    expect(allowed?.expected_event_types).toContain(event.type[0])
  })

  test.each([
    ['informational', 21],
    ['low', 21],
    ['medium', 47],
    ['high', 73],
    ['critical', 99],
  ] as const)('maps level %s to severity %i', (level, severity) => {
    expect(field(ecsAlert(alert({ level }), options), 'event.severity')).toBe(severity)
  })

  test('names the ECS release that it is checked against', () => {
    expect(ECS_VERSION).toBe(EcsVersion)
  })
})

describe('what an alert is about', () => {
  test('the pseudonym is the user, whatever the first event called it', () => {
    const document = ecsAlert(
      alert({ evidence: [evidence({ ecs: { 'user.name': 'user:other', 'user.roles': ['dev'] } })] }),
      options,
    )
    expect(document['user']).toEqual({ id: 'key:7f3a9c', name: 'key:7f3a9c', roles: ['dev'] })
    expect(field(document, 'related.user')).toEqual(['key:7f3a9c', 'user:other'])
  })

  test('what the event says beyond ECS is carried along, but neither its text nor what belongs to the alert', () => {
    const ecs = {
      'modelward.inference.endpoint': 'chat-eu',
      'modelward.prompt': 'clear text',
      'modelward.output': 'clear text',
      'modelward.alert.state': 'forged',
      'event.action': 'chat',
    }
    const document = ecsAlert(alert({ evidence: [evidence({ ecs })] }), options)
    expect(field(document, 'modelward.inference.endpoint')).toBe('chat-eu')
    expect(field(document, 'modelward.alert.state')).toBe('firing')
    expect(field(document, 'modelward.evidence.event.action')).toEqual(['chat'])
    expect(JSON.stringify(document)).not.toContain('clear text')
  })

  test('of several principals all are related users, and the reason says how many they are', () => {
    const { principal: _, ...rest } = alert({ evidence: [evidence({ ecs: { 'user.id': 'key:b' } })] })
    const principals = ['key:a', 'key:b', 'key:c', 'key:d', 'key:e']
    const document = ecsAlert({ ...rest, reason: 'They ask alike', principals, unnamed: 4 }, options)
    expect(field(document, 'related.user')).toEqual(principals)
    expect(field(document, 'modelward.alert')).toMatchObject({ principals, unnamed: 4 })
    expect(field(document, 'event.reason')).toBe('They ask alike; 5 principals: key:a, key:b, key:c and 2 more')
    expect(field(document, 'user.id')).toBe('key:b')
  })

  test('without a principal the first event names the user', () => {
    const { principal: _, ...rest } = alert({ evidence: [evidence({ ecs: { 'user.name': 'user:other' } })] })
    expect(field(ecsAlert(rest, options), 'user.name')).toBe('user:other')
  })

  test('the first event gives the source, all events the related addresses', () => {
    const [a, b] = ['203.0.113.7', '2001:db8::1']
    const document = ecsAlert(
      alert({ evidence: [a, b, a].map((ip) => evidence({ ecs: { 'source.ip': ip } })) }),
      options,
    )
    expect(field(document, 'source.ip')).toBe(a)
    expect(field(document, 'related.ip')).toEqual([a, b])
  })

  test('what is no IP address goes into no IP field', () => {
    const document = ecsAlert(
      alert({ evidence: [evidence({ ecs: { 'source.ip': 'unknown', 'host.ip': ['-', '10.0.0.1'] } })] }),
      options,
    )
    expect(document['source']).toBeUndefined()
    expect(field(document, 'host.ip')).toEqual(['10.0.0.1'])
    expect(field(document, 'related.ip')).toEqual(['10.0.0.1'])
  })

  test('the fields of an event do not replace those of the alert', () => {
    const ecs = {
      'event.kind': 'event',
      message: 'clear text',
      'rule.name': 'x',
      'labels.a': 'b',
      '@timestamp': 'never',
    }
    const document = ecsAlert(alert({ evidence: [evidence({ ecs })] }), options)
    expect(document).toEqual({ ...ecsAlert(alert({ evidence: [evidence({ ecs: {} })] }), options) })
  })

  test('the least likely score explains it', () => {
    const score = evidence().score
    if (!score) throw new Error('the sample has a score')
    const scores = [
      { ...score, p: null },
      { ...score, p: 0.2 },
      { ...score, p: 0.01, seen: 7, expected: null, e: Infinity },
    ]
    const document = ecsAlert(alert({ evidence: scores.map((score) => evidence({ score })) }), options)
    expect(field(document, 'modelward.evidence.p_value')).toBe(0.01)
    expect(field(document, 'modelward.evidence.value')).toBe(7)
    expect(field(document, 'modelward.evidence.baseline')).toBeUndefined()
    expect(field(document, 'modelward.evidence.e_value')).toBeUndefined()
  })

  test('names every event of the evidence so that it can be found again', () => {
    const records = field(ecsAlert(alert(), options), 'modelward.evidence.records')
    expect(records).toMatchObject([{ id: 'AAAAAAAAAAAAAAAAAAAAAAAAAA', file: 'a.log', record: 17, source: 'gateway' }])
  })
})

describe('threat', () => {
  test('a sub-technique of ATLAS brings its parent and the tactics of its parent', () => {
    expect(ecsAlert(alert(), options)['threat']).toEqual({
      framework: 'MITRE ATLAS',
      tactic: { id: ['AML.TA0010'], name: ['Exfiltration'], reference: ['https://atlas.mitre.org/tactics/AML.TA0010'] },
      technique: {
        id: ['AML.T0024'],
        name: ['Exfiltration via AI Inference API'],
        reference: ['https://atlas.mitre.org/techniques/AML.T0024'],
        subtechnique: {
          id: ['AML.T0024.002'],
          name: ['Extract AI Model'],
          reference: ['https://atlas.mitre.org/techniques/AML.T0024.002'],
        },
      },
    })
  })

  test('ATT&CK beside ATLAS is kept apart', () => {
    const document = ecsAlert(alert({ rule: rule({ attack: [{ id: 'T1552.005' }] }) }), options)
    expect(field(document, 'threat.framework')).toBe('MITRE ATLAS')
    expect(field(document, 'modelward.attack.technique.id')).toEqual(['T1552.005'])
  })

  test('ATT&CK alone takes its tactics from the tags', () => {
    const attackOnly = rule({
      atlas: [],
      attack: [{ id: 'T1552.005' }],
      tags: ['attack.credential_access', 'attack.t1552.005'],
    })
    const threat = ecsAlert(alert({ rule: attackOnly }), options)['threat']
    expect(threat).toMatchObject({
      framework: 'MITRE ATT&CK',
      tactic: { id: ['TA0006'], name: ['Credential Access'] },
      technique: { id: ['T1552'], subtechnique: { reference: ['https://attack.mitre.org/techniques/T1552/005/'] } },
    })
  })
})

describe('robustness', () => {
  test('whatever matched, the document is plain JSON of bounded depth', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything({ maxDepth: 8 })), (matched) => {
        const document = ecsAlert(alert({ evidence: [evidence({ matched })] }), options)
        const detail: unknown = JSON.parse(JSON.stringify(field(document, 'modelward.detail')))
        expect(levelsOf(detail)).toBeLessThanOrEqual(4)
      }),
      { numRuns: 300 },
    )
  })

  test('long lists, long texts and many keys are cut and say so', () => {
    const matched = {
      list: Array.from({ length: 60 }, (_, index) => index),
      text: 'x'.repeat(5000),
      wide: Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`k${index}`, index])),
    }
    const detail = field(ecsAlert(alert({ evidence: [evidence({ matched })] }), options), 'modelward.detail') as {
      list: unknown[]
      text: string
      wide: Record<string, unknown>
    }
    expect(detail.list).toHaveLength(51)
    expect(detail.list.at(-1)).toBe('… 10 more')
    expect(detail.text).toHaveLength(1024)
    expect(detail.wide['…']).toBe('20 more')
  })

  test('a time that is none is an error, not a document', () => {
    expect(() => ecsAlert(alert({ startedAt: Number.NaN }), options)).toThrow(RangeError)
  })

  test('a field name cannot reach the prototype', () => {
    ecsAlert(alert({ evidence: [evidence({ ecs: { '__proto__.polluted': 'yes' } })] }), options)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return Math.max(0, ...value.map(levelsOf))
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf))
}
