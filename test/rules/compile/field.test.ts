import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/contract/event.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { event } from '../../support/events.ts'
import { holds, ruleWith } from '../one-rule.ts'

describe('where a field is looked for', () => {
  test('one key with dots wins, then the path', () => {
    expect(holds('a.b: x', { 'a.b': 'x', a: { b: 'y' } })).toBe(true)
    expect(holds('a.b: y', { 'a.b': 'x', a: { b: 'y' } })).toBe(false)
    expect(holds('a.b: y', { a: { b: 'y' } })).toBe(true)
  })

  test('the rest of a name may be one key inside an object', () => {
    expect(holds('attributes.gen_ai.request.model: m', { attributes: { 'gen_ai.request.model': 'm' } })).toBe(true)
    expect(holds('a.b.c: m', { a: { 'b.c': 'm' } })).toBe(true)
  })

  test('any element of an array on the way or at the end', () => {
    expect(holds('a.b: 2', { a: [{ b: 1 }, { b: 2 }] })).toBe(true)
    expect(holds('a.b: 2', { a: [{ b: [1, [2]] }] })).toBe(true)
    expect(holds('a.b: 3', { a: [{ b: 1 }, { b: 2 }] })).toBe(false)
    expect(holds('a|contains|all: [x, y]', { a: ['xa', 'yb'] })).toBe(true)
  })

  test('an object is its JSON text without spaces', () => {
    expect(holds(`policy|contains: '"Principal":"\\*"'`, { policy: { Principal: '*' } })).toBe(true)
    expect(holds('a: x', { a: { b: 'x' } })).toBe(false)
  })

  test('spaces in names are taken out', () => {
    expect(holds('New Value: x', { NewValue: 'x' })).toBe(true)
  })

  test("names of Object's own members are names like others", () => {
    for (const name of [
      'constructor',
      'toString',
      '__proto__',
      'hasOwnProperty',
      'constructor.name',
      'a.toString.length',
    ]) {
      expect(holds(`${name}|exists: true`, { a: {} }), name).toBe(false)
      expect(holds(`${name}: null`, { a: {} }), name).toBe(true)
    }
    const own: Record<string, unknown> = JSON.parse('{"__proto__":{"x":"1"},"constructor":"c"}')
    expect(holds('__proto__.x: 1', own)).toBe(true)
    expect(holds('constructor: c', own)).toBe(true)
  })

  test('text is no object: a path does not go into its characters', () => {
    expect(holds('a.length|exists: true', { a: 'text' })).toBe(false)
    expect(holds('a.0: t', { a: 'text' })).toBe(false)
  })
})

describe('the ECS view', () => {
  test('stands in for what the event has no own field for', () => {
    expect(holds('user.name: alice', {}, { 'user.name': 'Alice' })).toBe(true)
    expect(holds('user.name: alice', { user: { name: 'bob' } }, { 'user.name': 'alice' })).toBe(false)
    expect(holds('user.name: null', { user: { name: null } }, { 'user.name': 'alice' })).toBe(true)
    expect(holds('source.ip|cidr: 10.0.0.0/8', {}, { 'source.ip': '10.0.0.1' })).toBe(true)
    expect(holds('event.category: [iam]', {}, { 'event.category': ['authentication', 'iam'] })).toBe(true)
    expect(holds('user.name|exists: false', {}, { 'user.name': 'alice' })).toBe(false)
  })

  test('is not touched for fields that are no ECS name, nor where an own field answers, nor before cheaper lines say no', () => {
    const detection =
      'selection:\n  user.name: alice\n  eventName: [A, B]\n  count|gt: 3\n  requestParameters.x: y\ncondition: selection'
    const judge = new RuleJudge([ruleWith(detection)])
    let built = 0
    const watched = (fields: Record<string, unknown>): Event => {
      const plain = event({ fields })
      return Object.defineProperty({ ...plain }, 'ecs', {
        get: () => {
          built++
          return { 'user.name': 'alice' }
        },
      })
    }
    expect(judge.judge(watched({ eventName: 'C', count: 9 }))).toEqual([])
    expect(judge.judge(watched({ eventName: 'A', count: 1, requestParameters: { x: 'y' } }))).toEqual([])
    expect(
      judge.judge(watched({ eventName: 'A', count: 9, requestParameters: { x: 'y' }, user: { name: 'bob' } })),
    ).toEqual([])
    expect(built).toBe(0)
    expect(judge.judge(watched({ eventName: 'A', count: 9, requestParameters: { x: 'y' } }))).toHaveLength(1)
    expect(built).toBeGreaterThan(0)
  })
})
