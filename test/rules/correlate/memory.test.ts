import { describe, expect, test } from 'vitest'
import type { Finding } from '../../../src/contract/rules.ts'
import { LATENESS_MS } from '../../../src/rules/correlate/memory.ts'
import { MOST_ENTRIES, MOST_REFS } from '../../../src/rules/correlate/entries.ts'
import { RuleJudge } from '../../../src/rules/judge.ts'
import { Room } from '../../../src/rules/state/groups.ts'
import { BEGIN, correlationText, documents, happens, heard, judgeOf, linked } from './given.ts'

const COUNT = 'type: event_count\nrules: a\ngroup-by: user\ntimespan: 10s\ncondition: {gte: 3}'

/** `a` at 0 s, `b` at 1 s, … and the same with `+` for a correlation that held. */
function spoken(body: string, names: string): string {
  const events = names.split(' ').map((name, at) => happens(at, name.split('')))
  return heard(body, events)
    .map((title, at) => `${names.split(' ')[at]}${title === '' ? '' : '+'}`)
    .join(' ')
}

describe('when it holds', () => {
  test('a window slides: its begin is not in it, and no bucket cuts it', () => {
    const at = (...seconds: number[]): readonly string[] =>
      heard(
        COUNT,
        seconds.map((second) => happens(second, 'a')),
      )
    expect(at(0, 5, 9)).toEqual(['', '', 'C'])
    expect(at(0, 5, 10)).toEqual(['', '', ''])
    expect(at(59, 61, 68, 71)).toEqual(['', '', 'C', ''])
  })

  test('it answers at every event that meets the condition', () => {
    expect(spoken(COUNT, 'a a a a')).toBe('a a a+ a+')
  })

  test('temporal wants all rules, not any (rsigma fires at any one)', () => {
    expect(spoken('type: temporal\nrules: [a, b, c]\ntimespan: 1m', 'a a c b')).toBe('a a c b+')
  })

  test('temporal with a number counts different rules', () => {
    expect(spoken('type: temporal\nrules: [a, b, c]\ntimespan: 1m\ncondition: {gte: 2}', 'a a c b')).toBe('a a c+ b+')
  })

  test('temporal_ordered wants every rule at its place (hayabusa #1810 looked at the first only)', () => {
    const body = 'type: temporal_ordered\nrules: [a, b, c]\ntimespan: 1m'
    expect(spoken(body, 'a c b c')).toBe('a c b c+')
    expect(spoken(body, 'c b a')).toBe('c b a')
  })

  test('one event stands for one place of an order', () => {
    const body = 'type: temporal_ordered\nrules: [a, b]\ntimespan: 1m'
    expect(spoken(body, 'ab')).toBe('ab')
    expect(spoken(body, 'ab ab')).toBe('ab ab+')
    expect(spoken('type: temporal_ordered\nrules: [a, a]\ntimespan: 1m', 'a a')).toBe('a a+')
  })

  test('a condition in words', () => {
    const body = 'type: temporal\nrules: [a, b, c]\ntimespan: 1m\ncondition: a and (b or not c)'
    expect(spoken(body, 'a c a b')).toBe('a+ c a b+')
  })

  test('in order and in words: what was seen was seen in the order of rules', () => {
    const body = 'type: temporal_ordered\nrules: [a, b, c]\ntimespan: 1m\ncondition: a and (b or c)'
    expect(spoken(body, 'a c')).toBe('a c+')
    expect(spoken(body, 'c a')).toBe('c a')
    expect(spoken(body, 'b c a')).toBe('b c a')
  })

  test('an event that several rules feed is one event', () => {
    expect(spoken(COUNT.replace('rules: a', 'rules: [a, b]'), 'ab ab ab')).toBe('ab ab ab+')
  })

  test('values are told apart as text, whatever their type; a list is one value', () => {
    const body = 'type: value_count\nrules: a\ntimespan: 1m\ncondition: {field: x, gte: 2}'
    const values = [1, '1', 1, null, undefined, ['1', 1], 'one']
    const events = values.map((x, at) => happens(at, 'a', { x }))
    expect(heard(body, events)).toEqual(['', '', '', '', '', 'C', 'C'])
  })

  test('several fields are one value', () => {
    const body = 'type: value_count\nrules: a\ntimespan: 1m\ncondition: {field: [x, y], gte: 3}'
    const events = [[1, 1], [1, 2], [1, 2], [1], [2, 1]].map(([x, y], at) => happens(at, 'a', { x, y }))
    expect(heard(body, events)).toEqual(['', '', '', '', 'C'])
  })

  test('numbers may be text; what is no number is not reckoned with', () => {
    const body = 'type: value_sum\nrules: a\ntimespan: 1m\ncondition: {field: x, gte: 10}'
    const events = [4, '5', 'many', '', '1e400', 1].map((x, at) => happens(at, 'a', { x }))
    expect(heard(body, events)).toEqual(['', '', '', '', '', 'C'])
  })

  test('a sum forgets what has left the window, to the last digit', () => {
    const body = 'type: value_sum\nrules: a\ntimespan: 3s\ncondition: {field: x, eq: 0.75}'
    const numbers = [1e16, 0.1, 1e200, 0.2, 0.1, 0.3, 0.25, 0.25, 0.25]
    expect(
      heard(
        body,
        numbers.map((x, at) => happens(at, 'a', { x })),
      ).indexOf('C'),
    ).toBe(8)
    expect(
      heard(
        body,
        [1e16, 0.1, 0.75].map((x, at) => happens(at * 3, 'a', { x })),
      ),
    ).toEqual(['', '', 'C'])
  })
})

describe('groups', () => {
  test('group-by keeps apart; 1 and "1" are one', () => {
    const events = ['u', 'v', 1, '1', 'u', 1].map((user, at) => happens(at, 'a', { user }))
    expect(heard(COUNT, events)).toEqual(['', '', '', '', '', 'C'])
  })

  test('an event without a group-by field is not counted, and that is counted', () => {
    const { remembering } = linked(documents(correlationText(COUNT)))
    const [one] = remembering
    const judge = new RuleJudge(documents().rules, { remembering })
    for (let at = 0; at < 5; at++) expect(judge.judge(happens(at, 'a', { user: null }))).toHaveLength(1)
    expect(one?.memory.counters).toMatchObject({ ungrouped: 5, late: 0, valueless: 0 })
  })

  test('principal is who acted', () => {
    const body = COUNT.replace('user', 'principal')
    expect(
      heard(
        body,
        [0, 1, 2].map((at) => happens(at, 'a')),
      ),
    ).toEqual(['', '', 'C'])
  })

  test('an alias stands for a field of each rule', () => {
    const body =
      'type: temporal\nrules: [a, b]\ngroup-by: ip\ntimespan: 1m\naliases:\n  ip: {a: src, b: destination.ip}'
    const judge = judgeOf(documents(correlationText(body)))
    judge.judge(happens(0, 'a', { src: '10.0.0.1', ip: 'x' }))
    expect(judge.judge(happens(1, 'b', { destination: { ip: '10.0.0.2' }, ip: 'x' }))).toEqual([])
    const [finding] = judge.judge(happens(2, 'b', { destination: { ip: '10.0.0.1' }, ip: 'y' }))
    expect(finding?.groupFields).toEqual({ ip: 'destination.ip' })
    expect(finding?.matched).toMatchObject({ 'destination.ip': '10.0.0.1', rules: ['a', 'b'] })
  })

  test('there is room for so many groups; the one left alone longest is forgotten', () => {
    const room = new Room(2)
    const users = ['u', 'v', 'u', 'w', 'v', 'v', 'u']
    const events = users.map((user, at) => happens(at, 'a', { user }))
    expect(heard(COUNT.replace('3', '2'), events, { room })).toEqual(['', '', 'C', '', '', 'C', ''])
    expect(room).toMatchObject({ held: 2, evicted: 3 })
  })

  test('what was left alone for a day longer than the timespan takes no room', () => {
    const room = new Room(10)
    const day = 24 * 3_600
    heard(COUNT, [happens(0, 'a'), happens(day, 'a', { user: 'v' })], { room })
    expect(room.held).toBe(2)
    heard(COUNT, [happens(0, 'a'), happens(day + 400, 'a', { user: 'v' })], { room })
    expect(room.held).toBe(3)
    expect(room.evicted).toBe(0)
  })
})

test('groups that are forgotten when another speaks again take nothing of it with them', () => {
  const day = 24 * 3_600
  const later = [0, 1, 2].map((second) => happens(day + 400 + second, 'a', { user: 'v' }))
  expect(heard(COUNT, [happens(0, 'a'), happens(1, 'a'), ...later])).toEqual(['', '', '', '', 'C'])
})

describe('time', () => {
  test('a late event counts in the windows that it belongs to', () => {
    const events = [0, 30, 2, 4].map((second) => happens(second, 'a'))
    expect(heard(COUNT, events)).toEqual(['', '', '', 'C'])
  })

  test('an event that is too late is ignored and counted', () => {
    const { remembering } = linked(documents(correlationText(COUNT)))
    const judge = new RuleJudge(documents().rules, { remembering })
    const late = LATENESS_MS / 1_000
    const titles = [late, 0, 0, 0, -1, -1, -1].map((second) =>
      judge.judge(happens(second, 'a')).map(({ rule }) => rule.title),
    )
    expect(titles.map((spoke) => spoke.includes('C'))).toEqual([false, false, false, true, false, false, false])
    expect(remembering[0]?.memory.counters.late).toBe(3)
  })

  test('a clock that is years ahead makes nothing else late', () => {
    const judge = judgeOf(documents(correlationText(COUNT)))
    judge.judge({ ...happens(1e9, 'a'), receivedAt: BEGIN })
    judge.judge(happens(1, 'a'))
    expect(judge.judge(happens(2, 'a'))).toHaveLength(1)
  })
})

describe('findings', () => {
  test('say the events, oldest first, the group and what was compared', () => {
    const judge = judgeOf(documents(correlationText(COUNT)))
    const events = [2, 0, 1].map((at) => ({ ...happens(at, 'a'), file: 'f.log', index: at }))
    const [finding] = events.flatMap((one) => judge.judge(one))
    expect(finding?.event).toBe(events[2])
    expect(finding?.events).toEqual(
      [events[1], events[2], events[0]].map((one) => ({
        id: one?.id,
        at: one?.at,
        source: 'test',
        file: 'f.log',
        index: one?.index,
      })),
    )
    expect(finding?.matched).toMatchObject({ user: 'u', count: 3, condition: 'gte 3', timespan: '10s' })
    expect(finding?.groupFields).toBeUndefined()
  })

  test('name the newest hundred events', () => {
    const judge = judgeOf(documents(correlationText(COUNT.replace('10s', '1h').replace('3}', '150}'))))
    const events = Array.from({ length: 150 }, (_, at) => happens(at, 'a'))
    const [finding] = events.flatMap((one) => judge.judge(one))
    expect(finding?.events?.map(({ id }) => id)).toEqual(events.slice(-MOST_REFS).map(({ id }) => id))
    expect(finding?.matched).toMatchObject({ count: 150 })
  })

  test('rules that feed are silent unless generate says otherwise', () => {
    expect(judgeOf(documents(correlationText(COUNT))).judge(happens(0, 'a'))).toEqual([])
    const loud = judgeOf(documents(correlationText(`${COUNT}\ngenerate: true`)))
    expect(loud.judge(happens(0, 'a')).map(({ rule }) => rule.id)).toEqual(['id-a'])
  })

  test('a chain passes its events on', () => {
    const body = 'type: temporal_ordered\nrules: [C, b]\ngroup-by: user\ntimespan: 1m'
    const chained = correlationText(body, 'title: D\nid: id-D')
    const judge = judgeOf(documents(chained, correlationText(COUNT)))
    const events = ['a', 'a', 'a', 'b'].map((is, at) => happens(at, is))
    const findings: readonly Finding[] = events.flatMap((one) => judge.judge(one))
    expect(findings.map(({ rule }) => rule.title)).toEqual(['D'])
    expect(findings[0]?.events?.map(({ id }) => id)).toEqual(events.map(({ id }) => id))
  })
})

describe('bounds and state', () => {
  test('a group holds so many events; the oldest are dropped and counted', () => {
    const body = COUNT.replace('10s', '1d').replace('3}', `${MOST_ENTRIES + 1}}`)
    const { remembering } = linked(documents(correlationText(body)))
    const judge = new RuleJudge(documents().rules, { remembering, silent: new Set(['id-a']) })
    for (let at = 0; at < MOST_ENTRIES + 5; at++) expect(judge.judge(happens(at, 'a'))).toEqual([])
    expect(remembering[0]?.memory.counters.dropped).toBe(5)
  })

  test.each([
    'type: temporal_ordered\nrules: [a, b]\ntimespan: 1d',
    'type: value_count\nrules: [a, b]\ntimespan: 1d\ncondition: {field: x, lt: 10}',
  ])('where events were dropped, a restored state still answers the same: %s', (body) => {
    const read = documents(correlationText(body))
    const whole = judgeOf(read)
    whole.judge(happens(0, 'a', { x: -1 }))
    for (let at = 1; at < MOST_ENTRIES + 50; at++) whole.judge(happens(at, 'b', { x: at % 9 }))
    const restored = judgeOf(read)
    restored.restore(whole.state())
    for (let at = MOST_ENTRIES + 50; at < MOST_ENTRIES + 60; at++) {
      const one = happens(at, 'b', { x: at % 9 })
      expect(restored.judge(one)).toEqual(
        whole.judge(one).map((finding) => ({ ...finding, matched: expect.anything() as unknown })),
      )
    }
  })

  test('state that is damaged is forgotten and taken out of the store', () => {
    const read = documents(correlationText(COUNT))
    const judge = judgeOf(read)
    for (let at = 0; at < 2; at++) judge.judge(happens(at, 'a'))
    const [change] = judge.changes()
    const bytes = change?.value
    if (!change || !bytes) throw new Error('nothing was stored')
    for (let length = 0; length < bytes.length; length++) {
      const other = judgeOf(read)
      other.restore([{ key: change.key, value: bytes.subarray(0, length) }])
      expect(other.judge(happens(2, 'a'))).toEqual([])
    }
    const good = judgeOf(read)
    good.restore([change])
    expect(good.judge(happens(2, 'a'))).toHaveLength(1)
    expect(bytes.length).toBeLessThan(120)
  })

  test('nothing clear is stored but where to find the events', () => {
    const body = 'type: value_count\nrules: a\ngroup-by: user\ntimespan: 1m\ncondition: {field: x, gte: 2}'
    const judge = judgeOf(documents(correlationText(body)))
    judge.judge(happens(0, 'a', { user: 'alice', x: 'secret' }))
    const stored = judge.changes().map(({ key, value }) => key + Buffer.from(value ?? []).toString('latin1'))
    expect(stored.join()).not.toMatch(/alice|secret/)
  })
})
