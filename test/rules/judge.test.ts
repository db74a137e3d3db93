import { describe, expect, test } from 'vitest'
import type { Logsource } from '../../src/contract/event.ts'
import { RuleJudge } from '../../src/rules/judge.ts'
import { event } from '../support/events.ts'
import { ruleWith } from './one-rule.ts'

describe('log sources', () => {
  const looksAt = (rule: string, logsource: Logsource): boolean =>
    new RuleJudge([ruleWith('s: {a: 1}\ncondition: s', `logsource: ${rule}`)]).judge(
      event({ fields: { a: 1 }, logsource }),
    ).length > 0

  test.each([
    ['{product: aws, service: cloudtrail}', { product: 'aws', service: 'cloudtrail' }, true],
    ['{product: aws, service: cloudtrail}', { product: 'aws', service: 'cloudtrail', category: 'inference' }, true],
    ['{product: aws}', { product: 'aws', service: 'cloudtrail' }, true],
    ['{product: aws, service: cloudtrail}', { product: 'aws' }, false],
    ['{product: azure}', { product: 'aws' }, false],
    ['{category: inference}', { product: 'aws', service: 'cloudtrail' }, false],
    ['{product: AWS}', { product: 'aws' }, true],
    ['{}', { product: 'aws' }, true],
    ['{}', {}, true],
    ['{product: aws, definition: needs data events}', { product: 'aws' }, true],
  ])('a rule for %s and an event of %j: %s', (rule, logsource, expected) => {
    expect(looksAt(rule, logsource)).toBe(expected)
  })

  test('an equal log source that is another object is routed the same', () => {
    const judge = new RuleJudge([ruleWith('s: {a: 1}\ncondition: s', 'logsource: {product: aws}')])
    const counts = [1, 2, 1].map((a) => judge.judge(event({ fields: { a }, logsource: { product: 'aws' } })).length)
    expect(counts).toEqual([1, 0, 1])
    expect(judge.judge(event({ fields: { a: 1 }, logsource: { product: 'gcp' } }))).toEqual([])
  })
})

describe('findings', () => {
  test('name the values that decided, and leave out what was only excluded', () => {
    const judge = new RuleJudge([
      ruleWith(
        [
          'call: {eventName: [StopLogging, DeleteTrail], requestParameters.name|contains: main}',
          'other: {eventName: Never}',
          'filter: {userAgent|startswith: pipeline}',
          'condition: (call or other) and not filter',
        ].join('\n'),
      ),
    ])
    const fields = {
      eventName: 'stoplogging',
      requestParameters: { name: ['x', 'my-main'] },
      userAgent: 'curl',
      secret: 's',
    }
    const [finding] = judge.judge(event({ fields }))
    expect(finding?.matched).toEqual({ eventName: 'stoplogging', 'requestParameters.name': 'my-main' })
  })

  test('show what absence, comparison and keywords went by', () => {
    const matched = (detection: string, fields: Record<string, unknown>): unknown =>
      new RuleJudge([ruleWith(detection)]).judge(event({ fields }))[0]?.matched
    expect(matched('s: {p|lte: 0.01, e: null, status|neq: ok}\ncondition: s', { p: 0.001, status: 'bad' })).toEqual({
      p: 0.001,
      status: 'bad',
    })
    expect(matched('k: [secret]\ncondition: k', { a: { b: [{ c: 'no' }, { c: 'a secret' }] } })).toEqual({
      'a.b.c': 'a secret',
    })
    expect(matched('s: {code|fieldref: limit}\ncondition: s', { code: 5, limit: 5 })).toEqual({ code: 5 })
  })

  test('of several rules come in the order of the rules, each once', () => {
    const rules = [
      'a: {x: 1}\ncondition: a',
      'a: {y: 2}\nb: {x: 1}\ncondition: a or b',
      'a: {z|contains: q}\ncondition: a',
    ].map((detection) => ruleWith(detection))
    const judge = new RuleJudge(rules)
    const found = judge.judge(event({ fields: { x: [1, '1'], y: 2, z: 'q' } }))
    expect(found.map(({ rule }) => rules.findIndex(({ facts }) => facts === rule))).toEqual([0, 1, 2])
    expect(judge.rules).toHaveLength(3)
  })

  test('on a score carry the score and the event it is on', () => {
    const on = event({ fields: { model: 'm' } })
    const score = {
      detector: 'usage',
      event: on,
      p: 0.00001,
      direction: 'high',
      explain: { feature: 'requests', seen: 900, expected: 10, text: '' },
    }
    const asEvent = event({
      fields: { detector: 'usage', p: 0.00001 },
      logsource: { product: 'modelward', category: 'score' },
    })
    const rule = ruleWith(
      's: {detector: usage, p|lte: 0.001}\ncondition: s',
      'logsource: {product: modelward, category: score}',
    )
    const [finding] = new RuleJudge([rule]).judge(asEvent, score)
    expect(finding).toMatchObject({ score, matched: { detector: 'usage', p: 0.00001 } })
    expect(finding?.event).toBe(on)
  })

  test('of nothing are the same empty list every time', () => {
    const judge = new RuleJudge([ruleWith('s: {a: 1}\ncondition: s')])
    expect(judge.judge(event())).toBe(judge.judge(event()))
  })

  test('on one event do not depend on the events before', () => {
    const judge = new RuleJudge([ruleWith('s: {a: 1, b: 2}\ncondition: s')])
    const counts = [{ a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2 }, { b: 2 }].map(
      (fields) => judge.judge(event({ fields })).length,
    )
    expect(counts).toEqual([1, 0, 1, 0])
  })
})
