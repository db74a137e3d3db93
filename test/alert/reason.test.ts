import { expect, test } from 'vitest'
import { overflowSentence, sentenceOf, strengthOf } from '../../src/alert/reason.ts'
import { event } from '../support/events.ts'
import { finding, rule, score } from './findings.ts'

const ecs = { 'event.action': 'DeleteTrail', 'orchestrator.resource.name': 'audit', 'source.ip': ['10.0.0.1', '::1'] }

test('an event is told as action on resource by whom from where', () => {
  expect(sentenceOf(finding({ ecs }))).toBe('Something odd: DeleteTrail on audit by key:a from 10.0.0.1')
})

test('what an event does not say is left out', () => {
  const { principal: _principal, ...nobody } = event({})
  expect(sentenceOf(finding({ event: nobody }))).toBe('Something odd')
  expect(sentenceOf(finding({}))).toBe('Something odd: by key:a')
})

test('a score is told in its own words', () => {
  const on = event({ principal: 'key:a' })
  expect(sentenceOf(finding({ event: on, score: score(on) }))).toBe('Something odd: latency 9 against 3 (key:a)')
})

test('nothing in it moves a cursor, breaks a line, turns the direction of writing or hides', () => {
  const title = 'odd\u001b[2J\nGET \u202egpj\u2028 \u200b\u0000'
  const sentence = sentenceOf(finding({ rule: rule({ title }) }))
  expect(sentence).toBe('odd\\u{1b}[2J\\u{a}GET \\u{202e}gpj\\u{2028} \\u{200b}\\u{0}: by key:a')
})

test('it has at most 512 characters', () => {
  expect(sentenceOf(finding({ rule: rule({ title: '\n'.repeat(1_000) }) }))).toHaveLength(512)
  expect(overflowSentence('x'.repeat(600), 1, 2)).toHaveLength(512)
})

test('a smaller p-value is stronger, down to the smallest', () => {
  const on = event({})
  const strengths = [null, 1, 0.05, 1e-300, 0].map((p) => strengthOf(finding({ event: on, score: score(on, { p }) })))
  expect(strengths).toEqual([0, 0, expect.closeTo(1.301, 3), expect.closeTo(300, 6), 1_000])
  expect(strengthOf(finding())).toBe(0)
})
