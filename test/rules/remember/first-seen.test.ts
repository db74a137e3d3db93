import { expect, test } from 'vitest'
import { MOST_TUPLES } from '../../../src/rules/remember/tuples.ts'
import { event } from '../../support/events.ts'
import { at, BEGIN, DAY, HOUR, remembering, restored } from './judging.ts'

const RULE = 'first_seen: {fields: [principal, model], learning: 1d, remember: 7d}'
const NO_LEARNING = 'first_seen: {fields: [model], learning: 0s, remember: 7d}'
const model = (name: unknown, principal = 'key:1') => ({ principal, fields: { model: name } })

test('it only learns at first, and holds then for what was not seen together', () => {
  const judge = remembering(RULE)
  expect(at(judge, 0, model('small'))).toEqual([])
  expect(at(judge, DAY - 1, model('large'))).toEqual([])
  expect(at(judge, DAY, model('large'))).toEqual([])
  expect(at(judge, DAY, model('small', 'key:2'))).toMatchObject([
    { matched: { a: 1, principal: 'key:2', model: 'small' } },
  ])
  expect(at(judge, DAY, model('small', 'key:2'))).toEqual([])
})

test('learning is over at its end and not a moment later', () => {
  const judge = remembering(RULE)
  at(judge, 0, model('small'))
  expect(at(judge, DAY - 1, model('a'))).toEqual([])
  expect(at(judge, DAY, model('b'))).toHaveLength(1)
})

test('what was not seen for longer than it is remembered is new again', () => {
  const judge = remembering(RULE)
  at(judge, 0, model('small'))
  expect(at(judge, 7 * DAY, model('small'))).toEqual([])
  expect(at(judge, 14 * DAY, model('small'))).toEqual([])
  expect(at(judge, 21 * DAY + 1, model('small'))).toHaveLength(1)
})

test('what is forgotten frees its room', () => {
  const judge = remembering(NO_LEARNING)
  at(judge, 0, model('a'))
  at(judge, HOUR, model('b'))
  expect(judge.keys().held).toBe(2)
  at(judge, 7 * DAY + 1, model('c'))
  expect(judge.keys().held).toBe(2)
})

test('an event that is not selected teaches nothing', () => {
  const judge = remembering(NO_LEARNING)
  judge.judge(event({ at: BEGIN, fields: { a: 2, model: 'small' } }))
  expect(at(judge, HOUR, model('small'))).toHaveLength(1)
})

test('an event that lacks one of the fields counts for nothing, not even as the begin of learning', () => {
  const judge = remembering(RULE)
  expect(at(judge, 0, { fields: { model: 'small' } })).toEqual([])
  expect(at(judge, 0, { principal: 'key:1' })).toEqual([])
  at(judge, DAY, model('small'))
  expect(at(judge, DAY + HOUR, model('large'))).toEqual([])
})

test('a field with several values is new where one of them is', () => {
  const judge = remembering(NO_LEARNING)
  at(judge, 0, model(['read', 'write']))
  expect(at(judge, HOUR, model(['write']))).toEqual([])
  expect(at(judge, HOUR, model(['write', 'admin']))).toMatchObject([{ matched: { model: 'admin' } }])
})

test('of very many values a stated number is looked at', () => {
  const judge = remembering(NO_LEARNING)
  at(judge, 0, model(Array.from({ length: MOST_TUPLES + 50 }, (_, place) => place)))
  expect(judge.keys().held).toBe(MOST_TUPLES)
})

test('values run into each other in no way', () => {
  const judge = remembering('first_seen: {fields: [x, y], learning: 0s, remember: 7d}')
  expect(at(judge, 0, { fields: { x: 'ab', y: 'c' } })).toHaveLength(1)
  expect(at(judge, 0, { fields: { x: 'a', y: 'bc' } })).toHaveLength(1)
})

test('ECS fields can be asked for where the record has no such field', () => {
  const judge = remembering('first_seen: {fields: [gen_ai.request.model], learning: 0s, remember: 7d}')
  const ecs = { 'gen_ai.request.model': 'small' }
  expect(at(judge, 0, { ecs })).toHaveLength(1)
  expect(at(judge, 1, { ecs })).toEqual([])
})

test('a record whose clock runs ahead makes nothing old', () => {
  const judge = remembering(NO_LEARNING)
  at(judge, 0, model('small'))
  judge.judge({ ...event({ at: BEGIN + 400 * DAY, fields: { a: 1, model: 'odd' } }), receivedAt: BEGIN + HOUR })
  expect(at(judge, 2 * HOUR, model('small'))).toEqual([])
})

test('late events teach, and are not new where a later one was seen', () => {
  const judge = remembering(NO_LEARNING)
  at(judge, 30 * DAY, model('small'))
  expect(at(judge, 2 * DAY, model('small'))).toEqual([])
  expect(at(judge, 36 * DAY, model('small'))).toEqual([])
})

test('after a restart it goes on, learning included, and nothing clear was stored', () => {
  const judge = remembering(RULE)
  at(judge, 0, model('tell-nobody'))
  const stored = [...judge.state()]
  expect(stored).toHaveLength(2)
  for (const { key, value } of stored) expect(`${key} ${Buffer.from(value ?? []).toString()}`).not.toContain('tell')
  const next = restored(judge, RULE)
  expect(at(next, HOUR, model('large'))).toEqual([])
  expect(at(next, DAY, model('tell-nobody'))).toEqual([])
  expect(at(next, DAY, model('other'))).toHaveLength(1)
})

test('what moved is stored once', () => {
  const judge = remembering(RULE)
  at(judge, 0, model('small'))
  expect(judge.changes()).toHaveLength(2)
  expect(judge.changes()).toEqual([])
  at(judge, HOUR, model('small'))
  expect(judge.changes()).toHaveLength(1)
})

test('where there is no more room, what was left alone longest is new again', () => {
  const judge = remembering(NO_LEARNING, 2)
  for (const name of ['a', 'b', 'a', 'c']) at(judge, 0, model(name))
  expect(judge.keys()).toEqual({ held: 2, cap: 2, evicted: 1 })
  expect(at(judge, 1, model('a'))).toEqual([])
  expect(at(judge, 1, model('b'))).toHaveLength(1)
})
