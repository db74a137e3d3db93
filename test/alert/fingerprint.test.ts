import { describe, expect, test } from 'vitest'
import {
  alertIdOf,
  fingerprintOf,
  groupValuesOf,
  overflowFingerprint,
  principalOf,
} from '../../src/alert/fingerprint.ts'
import { event } from '../support/events.ts'
import { finding, rule, score } from './findings.ts'

describe('a fingerprint', () => {
  test('is the same whatever the order of the group-by fields', () => {
    const [a, b] = [['a', '1'] as const, ['b', '2'] as const]
    expect(fingerprintOf('r', [a, b])).toBe(fingerprintOf('r', [b, a]))
    expect(fingerprintOf('r', [a, b])).toMatch(/^[0-9a-f]{64}$/)
  })

  test('differs by rule, field and value, and never by where one ends and the next begins', () => {
    const prints = [
      fingerprintOf('r', [['a', '1']]),
      fingerprintOf('s', [['a', '1']]),
      fingerprintOf('r', [['b', '1']]),
      fingerprintOf('r', [['a', '2']]),
      fingerprintOf('r', [['a', '1","b']]),
      fingerprintOf('r', []),
      overflowFingerprint('r'),
    ]
    expect(new Set(prints).size).toBe(prints.length)
  })

  test('and the first event make an id of 26 characters', () => {
    expect(alertIdOf('f', 'e')).toMatch(/^[a-z2-7]{26}$/)
    expect(alertIdOf('f', 'e')).toBe(alertIdOf('f', 'e'))
    expect(alertIdOf('f', 'e')).not.toBe(alertIdOf('f', 'g'))
  })
})

describe('group values', () => {
  const valuesOf = (groupBy: readonly string[], parts: Parameters<typeof event>[0]): readonly string[] =>
    groupValuesOf(finding({ rule: rule({ groupBy }), event: event(parts) })).map(([, value]) => value)

  test('are looked up in the record, then in ECS; what is not there is empty', () => {
    const parts = {
      principal: 'key:a',
      fields: { a: { b: 7 }, 'x.y': true, list: ['p', 'q'], deep: [{ n: 1 }, { n: 2 }], user: { name: 'x' } },
      ecs: { 'source.ip': '10.0.0.1', 'a.b': 'not this' },
    }
    const names = ['principal', 'a.b', 'x.y', 'list', 'deep.n', 'deep.1.n', 'source.ip', 'nowhere', 'a', '__proto__']
    expect(valuesOf(names, parts)).toEqual(['key:a', '7', 'true', 'p,q', '1,2', '2', '10.0.0.1', '', '', ''])
  })

  test('never show a sealed value, be it named, inside or around what is sealed', () => {
    const parts = {
      principal: 'key:a',
      fields: { user: { arn: 'clear', id: ['clear'] }, prompt: 'clear', messages: [{ content: 'clear' }] },
      sealed: { identity: ['user.arn', 'user.id'], text: ['prompt', 'messages.0.content'] },
    }
    const names = ['user.arn', 'user.id', 'user.id.0', 'prompt', 'messages.content']
    expect(valuesOf(names, parts)).toEqual(['key:a', 'key:a', 'key:a', '***', '***'])
    const { principal: _principal, ...nobody } = parts
    expect(valuesOf(['user.arn'], nobody)).toEqual(['***'])
  })

  test('of a score are the details of its explanation, as the judge hands it over', () => {
    const on = event({ fields: { cluster: 'of the event', deployment: 'd1' } })
    const explain = { feature: 'shared_templates', seen: 9, expected: 1, text: 'nine', cluster: 'key:a' }
    const facts = rule({ groupBy: ['cluster', 'detector', 'deployment'] })
    const values = groupValuesOf(finding({ rule: facts, event: on, score: score(on, { explain }) }))
    expect(values.map(([, value]) => value)).toEqual(['key:a', score(on).detector, 'd1'])
  })

  test('of a score are its own fields, then those of the event it is on', () => {
    const on = event({ fields: { model: 'm1' } })
    const seen = event({ fields: { detector: 'drift' } })
    const facts = rule({ groupBy: ['detector', 'model'] })
    const values = groupValuesOf(finding({ rule: facts, event: seen, score: score(on) }))
    expect(values.map(([, value]) => value)).toEqual(['drift', 'm1'])
  })
})

describe('the principal of a finding', () => {
  const on = event({ principal: 'key:a' })

  test('is that of its event, or the one its score names', () => {
    expect(principalOf(finding({ event: on }))).toBe('key:a')
    expect(principalOf(finding({ event: on, score: score(on, { principal: 'key:b' }) }))).toBe('key:b')
    expect(principalOf(finding({ event: on, score: score(on) }))).toBe('key:a')
  })

  test('of a score over a window that names nobody is nobody, not whoever sent its last event', () => {
    const window = { from: 0, to: 1, events: 100 }
    expect(principalOf(finding({ event: on, score: score(on, { window }) }))).toBeUndefined()
  })
})
