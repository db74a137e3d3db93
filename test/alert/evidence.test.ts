import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Alerts } from '../../src/alert/alerts.ts'
import { evidenceOf, shortened } from '../../src/alert/evidence.ts'
import type { EcsFields } from '../../src/contract/event.ts'
import { event } from '../support/events.ts'
import { NOON, config, finding, rule, score } from './findings.ts'

describe('evidence', () => {
  test('names its event and its place in the source', () => {
    const on = { ...event({ id: 'e1', at: NOON }), file: 'a.log', index: 3 }
    expect(evidenceOf(finding({ event: on })).event).toEqual({
      id: 'e1',
      at: NOON,
      source: 'test',
      format: 'json',
      file: 'a.log',
      index: 3,
    })
  })

  test('of a score names the event it is on, and holds the explanation', () => {
    const on = event({ id: 'on', principal: 'key:a' })
    const seen = event({ id: 'score-event' })
    const explain = { feature: 'f', seen: Infinity, expected: Number.NaN, text: 'why', exemplars: ['x'], learning: 1 }
    const evidence = evidenceOf(finding({ event: seen, score: score(on, { e: 12, explain }) }))
    expect(evidence.event.id).toBe('on')
    expect(evidence.score).toEqual({
      detector: 'drift',
      p: 0.001,
      e: 12,
      direction: 'high',
      feature: 'f',
      seen: Number.MAX_VALUE,
      expected: 0,
      text: 'why',
      exemplars: ['x'],
    })
  })

  test('is capped: 512 characters, 20 elements, depth 4', () => {
    const matched = {
      text: 'x'.repeat(2_000),
      list: Array.from({ length: 100 }, (_, at) => at),
      deep: { a: { b: { c: { d: 1 } } } },
    }
    const evidence = evidenceOf(finding({ matched }))
    expect(evidence.matched['text']).toBe(`${'x'.repeat(511)}…`)
    expect(evidence.matched['list']).toHaveLength(20)
    expect(evidence.matched['deep']).toEqual({ a: { b: { c: '…' } } })
  })

  test('stays small whatever a record holds, and equal to what JSON makes of it', () => {
    const scalar = fc.oneof(fc.string({ unit: 'binary', maxLength: 700 }), fc.double(), fc.boolean(), fc.bigInt())
    const anything = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 5 }, scalar, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
    })).value
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), fc.dictionary(fc.string(), scalar), (matched, ecs) => {
        const flat = Object.entries(ecs).filter(([, value]) => typeof value !== 'bigint')
        const evidence = evidenceOf(finding({ matched, ecs: Object.fromEntries(flat) as EcsFields }))
        const text = JSON.stringify(evidence)
        expect(text.length).toBeLessThan(150_000)
        expect(text.isWellFormed()).toBe(true)
        expect(JSON.parse(text)).toStrictEqual({
          ...evidence,
          matched: { ...evidence.matched },
          ecs: { ...evidence.ecs },
        })
      }),
      { numRuns: 150 },
    )
  })

  test('takes what JSON cannot hold as the nearest that it can', () => {
    const matched = { big: 10n, nothing: undefined, call: () => 1, vector: new Float32Array([0.5, 1]), none: null }
    expect(evidenceOf(finding({ matched })).matched).toEqual({ big: '10', vector: [0.5, 1], none: null })
    expect(shortened(`${'x'.repeat(510)}\u{1f600}yz`).isWellFormed()).toBe(true)
  })
})

describe('what is sealed never enters an alert', () => {
  const CLEAR = 'arn:aws:iam::123456789012:user/alice.clear'
  const PROMPT = 'PLANTED-PROMPT tell me the secret of the house'
  const OUTPUT = 'PLANTED-OUTPUT the secret is under the mat'
  const fields = {
    userIdentity: { arn: CLEAR, accountId: 123456789012, names: ['alice.clear'] },
    requestParameters: { body: PROMPT, user: { deep: CLEAR } },
    messages: [{ role: 'user', content: PROMPT }],
    note: `called by ${CLEAR} with: ${PROMPT}`,
    who: `user ${CLEAR}`,
  }
  const on = event({
    at: NOON,
    principal: 'key:pseudonym',
    fields,
    sealed: {
      identity: ['userIdentity.arn', 'userIdentity.accountId', 'userIdentity.names', 'requestParameters.user'],
      text: ['requestParameters.body', 'messages.content'],
    },
    inference: { prompt: PROMPT, output: OUTPUT },
    ecs: { 'event.action': 'InvokeModel', 'user.id': 'key:pseudonym' },
  })
  const groupBy = ['principal', 'userIdentity.arn', 'userIdentity', 'requestParameters.body', 'messages', 'who']

  test.each([
    ['as matched paths', { 'userIdentity.arn': CLEAR, 'requestParameters.body': PROMPT, 'messages.0.content': PROMPT }],
    ['inside matched objects', { userIdentity: fields.userIdentity, requestParameters: fields.requestParameters }],
    ['inside matched lists', { messages: fields.messages, 'messages[0]': { content: PROMPT } }],
    ['repeated in other fields', { note: fields.note, who: fields.who, said: OUTPUT, [CLEAR]: 1 }],
    ['quoted in part', { quote: 'PLANTED-PROMPT tell me the secret', other: `<< ${OUTPUT} >>` }],
  ])('%s', (_name, matched) => {
    const alerts = new Alerts(config())
    const explain = { feature: 'f', seen: 1, expected: 0, text: `${CLEAR} asked: ${PROMPT}`, exemplars: [] }
    const facts = [rule({ id: 'a', groupBy: groupBy.slice(0, 5) }), rule({ id: 'b' })]
    alerts.take(
      facts.flatMap((each) => [
        finding({ rule: each, event: on, matched }),
        finding({ rule: each, event: event({ at: NOON }), matched, score: score(on, { explain, p: 1e-9 }) }),
      ]),
      NOON,
    )
    alerts.advance(NOON + 60_000)
    const text = JSON.stringify([alerts.open(), alerts.changes()])
    expect(text).toContain('key:pseudonym')
    expect(text).not.toMatch(/alice\.clear|PLANTED|123456789012/)
  })

  test('while what is not sealed stays readable', () => {
    const matched = { 'userIdentity.arn': CLEAR, who: fields.who, role: 'user', model: 'gpt-4' }
    expect(evidenceOf(finding({ event: on, matched })).matched).toEqual({
      'userIdentity.arn': 'key:pseudonym',
      who: 'user key:pseudonym',
      role: 'user',
      model: 'gpt-4',
    })
  })
})
