import { expect, test } from 'vitest'
import type { Finding } from '../../../src/contract/rules.ts'
import type { RuleJudge } from '../../../src/rules/judge.ts'
import { HANDOVER_MS } from '../../../src/rules/remember/absence.ts'
import { event } from '../../support/events.ts'
import { at, BEGIN, DAY, HOUR, remembering, restored } from './judging.ts'

const ONE = 'absence: {timespan: 1h}'
const EACH = 'absence: {timespan: 1h, group-by: [endpoint]}'
const endpoint = (name: string) => ({ fields: { endpoint: name } })
const tick = (judge: RuleJudge, ms: number): readonly Finding[] => judge.tick(BEGIN + ms)
const groups = (findings: readonly Finding[]): unknown[] => findings.map(({ event: { fields } }) => fields['endpoint'])

/** A judge whose clock runs since the begin. */
function listening(extension: string): RuleJudge {
  const judge = remembering(extension)
  tick(judge, 0)
  return judge
}

test('what was never heard is not missing', () => {
  expect(tick(listening(ONE), 30 * DAY)).toEqual([])
})

test('a heartbeat itself makes no finding; its absence makes one, once, until it comes back', () => {
  const judge = listening(ONE)
  expect(at(judge, 0)).toEqual([])
  expect(tick(judge, HOUR - 1)).toEqual([])
  expect(tick(judge, HOUR)).toHaveLength(1)
  expect(tick(judge, 2 * HOUR)).toEqual([])
  at(judge, 3 * HOUR)
  expect(tick(judge, 4 * HOUR - 1)).toEqual([])
  expect(tick(judge, 4 * HOUR)).toHaveLength(1)
})

test('each group has a heartbeat of its own, known from its first event on', () => {
  const judge = listening(EACH)
  at(judge, 0, endpoint('a'))
  at(judge, HOUR / 2, endpoint('b'))
  at(judge, HOUR / 2, {})
  expect(groups(tick(judge, HOUR))).toEqual(['a'])
  expect(groups(tick(judge, 2 * HOUR))).toEqual(['b'])
})

test('group_by is the same as group-by', () => {
  const judge = listening('absence: {timespan: 1h, group_by: [endpoint]}')
  at(judge, 0, endpoint('a'))
  expect(groups(tick(judge, HOUR))).toEqual(['a'])
})

test('the finding says what is missing, since when, and after how many seconds that counts', () => {
  const judge = listening('absence: {timespan: 1h, group-by: [principal, endpoint]}')
  at(judge, 0, { principal: 'key:1', ...endpoint('a') })
  const [finding] = tick(judge, HOUR)
  const fields = { principal: 'key:1', endpoint: 'a', last_seen: '2026-01-05T00:00:00.000Z', timespan: 3600 }
  expect(finding).toMatchObject({
    event: { at: BEGIN + HOUR, principal: 'key:1', fields, logsource: { product: 'modelward', category: 'absence' } },
    matched: { ...fields, group: finding?.event.fields['group'] },
  })
  expect(finding?.event.id).toMatch(/^[a-z2-7]{26}$/)
})

test('groups make alerts of their own', () => {
  const judge = listening(EACH)
  expect(judge.rules[0]?.groupBy).toEqual(['group'])
  at(judge, 0, endpoint('a'))
  at(judge, 0, endpoint('b'))
  const findings = tick(judge, HOUR)
  expect(new Set(findings.map((one) => one.event.fields['group'])).size).toBe(2)
  expect(new Set(findings.map((one) => one.event.id)).size).toBe(2)
})

test('a clear identity of the record is not shown', () => {
  const judge = listening('absence: {timespan: 1h, group-by: [who.mail, endpoint]}')
  const fields = { a: 1, who: [{ mail: 'eve@example.org' }], endpoint: 'a' }
  judge.judge(event({ at: BEGIN, fields, sealed: { identity: ['who.0.mail'], text: [] } }))
  const [finding] = tick(judge, HOUR)
  expect(finding?.event.fields).toMatchObject({ endpoint: 'a' })
  expect(JSON.stringify(finding)).not.toContain('eve@')
})

test('a daemon that was down does not find everything missing: it counts from its first tick on', () => {
  const judge = listening(EACH)
  at(judge, 0, endpoint('a'))
  at(judge, 1, endpoint('b'))
  const next = restored(judge, EACH)
  at(next, DAY, endpoint('b'))
  expect(tick(next, DAY)).toEqual([])
  expect(tick(next, DAY + HOUR - 1)).toEqual([])
  const findings = tick(next, DAY + HOUR)
  expect(findings).toHaveLength(2)
  // Clear values are not stored, so a restored group has only its key until it is heard again.
  expect(groups(findings)).toEqual([undefined, 'b'])
  expect(findings[0]?.event.fields['group']).toEqual(expect.any(String))
})

test('a group that was found missing before a restart is not told of again', () => {
  const judge = listening(ONE)
  at(judge, 0)
  judge.changes()
  tick(judge, HOUR)
  expect(judge.changes()).toMatchObject([{ value: null }])
  const next = restored(judge, ONE)
  tick(next, HOUR)
  expect(tick(next, DAY)).toEqual([])
})

test.each([
  ['goes on with the count where it takes over at once', HANDOVER_MS, 1],
  ['counts anew where nobody listened for longer', HANDOVER_MS + 1, 0],
])('at a reload the new judge %s', (_, gap, found) => {
  const judge = listening(ONE)
  at(judge, 0)
  tick(judge, HOUR / 2)
  const next = remembering(ONE)
  next.restore(judge.state())
  tick(next, HOUR / 2 + gap)
  expect(tick(next, HOUR)).toHaveLength(found)
})

test('the clock is in no change, so that it outlives no restart', () => {
  const judge = listening(ONE)
  at(judge, 0)
  tick(judge, 1000)
  expect(judge.changes()).toHaveLength(1)
  expect([...judge.state()]).toHaveLength(2)
})

test('in the daemon a heartbeat counts when it was taken, however old its own time is', () => {
  const judge = listening(ONE)
  tick(judge, 2 * HOUR)
  judge.judge({ ...event({ at: BEGIN, fields: { a: 1 } }), receivedAt: BEGIN + 2 * HOUR })
  expect(tick(judge, 3 * HOUR - 1)).toEqual([])
  expect(tick(judge, 3 * HOUR)).toHaveLength(1)
})

test('a record whose clock runs ahead keeps nothing quiet', () => {
  const judge = listening(ONE)
  judge.judge({ ...event({ at: BEGIN + 400 * DAY, fields: { a: 1 } }), receivedAt: BEGIN })
  expect(tick(judge, HOUR)).toHaveLength(1)
})

test('in a replay event time is the clock, whenever the records are received', () => {
  const judge = listening(ONE)
  const replayed = (ms: number): readonly Finding[] =>
    judge.judge({ ...event({ at: BEGIN + ms, fields: { a: 1 } }), receivedAt: BEGIN + 400 * DAY })
  replayed(30_000)
  expect(tick(judge, HOUR)).toEqual([])
  expect(tick(judge, HOUR + 60_000)).toHaveLength(1)
})

test('where there is no more room, what was left alone longest is forgotten and not told of', () => {
  const judge = remembering(EACH, 2)
  tick(judge, 0)
  for (const name of ['a', 'b', 'c']) at(judge, 0, endpoint(name))
  expect(groups(tick(judge, HOUR))).toEqual(['b', 'c'])
})
