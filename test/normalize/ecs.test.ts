import { describe, expect, test } from 'vitest'
import { ecsProblems } from '../support/ecs.ts'
import { eventsOf } from './support/read.ts'
import { samples } from './support/samples.ts'

describe('the ECS view', () => {
  test.each(samples)('of $name is valid', ({ name, record }) => {
    const events = eventsOf(record, name === 'json' ? { format: 'json' } : {})
    for (const event of events) expect(ecsProblems(event.ecs)).toEqual([])
  })

  test.each(samples)('of $name says what kind of event it is', ({ name, record }) => {
    for (const event of eventsOf(record, name === 'json' ? { format: 'json' } : {})) {
      expect(event.ecs).toMatchObject({ 'event.kind': 'event', 'event.dataset': expect.any(String) })
      expect(event.ecs['event.category']).toHaveLength(1)
      expect(event.ecs).toHaveProperty(['event.outcome'])
      expect(event.ecs).toHaveProperty(['event.type'])
    }
  })

  test('says who acted by pseudonym', () => {
    for (const { name, record } of samples)
      for (const event of eventsOf(record, name === 'json' ? { format: 'json' } : {}))
        if (event.principal !== undefined) expect(event.ecs).toMatchObject({ 'user.id': event.principal })
  })
})

describe('the validator', () => {
  const good = { 'event.kind': 'alert', 'event.category': ['api'], 'event.type': ['access'], 'source.ip': '::1' }

  test.each([
    [{ ...good, 'source.ip': 'localhost' }, 'source.ip: localhost is no IP address'],
    [{ ...good, 'event.category': 'api' }, 'event.category: must be a list'],
    [{ ...good, 'event.category': ['apis'] }, 'event.category: apis is not an allowed value'],
    [{ ...good, 'event.type': ['group'] }, 'event.type: group is not expected of api'],
    [{ ...good, 'event.colour': 'red' }, 'event.colour: is not an ECS field'],
    [{ ...good, 'user.name': ['a'] }, 'user.name: must not be a list'],
    [{ ...good, 'event.duration': 1.5 }, 'event.duration: 1.5 is no long'],
    [{ ...good, 'gen_ai.usage.input_tokens': 2 ** 31 }, 'gen_ai.usage.input_tokens: 2147483648 is no integer'],
    [{ ...good, 'gen_ai.response.finish_reasons': ['stop'] }, 'gen_ai.response.finish_reasons: must not be a list'],
    [{ ...good, modelward: { deep: [{ a: null }] } }, 'modelward.deep.a: is not made of scalars'],
  ])('finds what is wrong with %j', (document, problem) => {
    expect(ecsProblems(document)).toContain(problem)
  })

  test('finds nothing wrong with a nested document', () => {
    const nested = {
      '@timestamp': '2026-01-05T12:00:00Z',
      event: { kind: 'alert', category: ['intrusion_detection'], type: ['info'], severity: 73, risk_score: 71.5 },
      threat: { framework: 'MITRE ATLAS', technique: [{ id: ['AML.T0024'], name: ['Exfiltration'] }] },
      gen_ai: { provider: { name: 'openai' } },
      labels: { anything: 'goes' },
      modelward: { control: ['IN-1'] },
    }
    expect(ecsProblems(nested)).toEqual([])
  })
})
