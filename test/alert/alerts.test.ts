import { describe, expect, test } from 'vitest'
import { Alerts } from '../../src/alert/alerts.ts'
import type { AlertConfig } from '../../src/alert/config.ts'
import { event } from '../support/events.ts'
import {
  DAY,
  HOUR,
  MINUTE,
  Memory,
  NOON,
  SECOND,
  config,
  finding,
  rule,
  score,
  kinds,
  started,
  told,
} from './findings.ts'

describe('an alert', () => {
  test('is opened by the first finding, fires at once and counts the others', () => {
    const alerts = started()
    alerts.take([finding({ id: 'e1', at: NOON })], NOON)
    alerts.take([finding({ at: NOON + SECOND }), finding({ at: NOON + 2 * SECOND })], NOON + 2 * SECOND)
    expect(alerts.open()).toMatchObject([
      {
        state: 'firing',
        startedAt: NOON,
        lastAt: NOON + 2 * SECOND,
        count: 3,
        principal: 'key:a',
        labels: { principal: 'key:a' },
        level: 'medium',
        risk: 20,
        revision: 1,
      },
    ])
    expect(alerts.open()[0]?.evidence).toHaveLength(3)
    expect(alerts.open()[0]?.rule).not.toHaveProperty('logsource')
  })

  test('is one for each rule and value of its group-by fields', () => {
    const alerts = started()
    const other = rule({ id: 'rule-2' })
    alerts.take([finding(), finding({ principal: 'key:b' }), finding({ rule: other }), finding({ rule: other })], NOON)
    expect(
      alerts
        .open()
        .map(({ count }) => count)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 1, 2])
  })

  test('keeps the first ten and the last ten of its evidence', () => {
    const alerts = started()
    for (let at = 0; at < 35; at++) alerts.take([finding({ id: `e${at}`, at: NOON + at })], NOON + at)
    const [alert] = alerts.open()
    const kept = [...Array(10).keys(), ...Array.from({ length: 10 }, (_, at) => 25 + at)]
    expect(alert?.evidence.map((item) => item.event.id)).toEqual(kept.map((at) => `e${at}`))
    expect(alert?.count).toBe(35)
  })

  test('ends when nothing was found for resolve_after, and the next finding opens another', () => {
    const alerts = started()
    alerts.take([finding({ id: 'e1' })], NOON)
    const first = alerts.open()[0]
    alerts.advance(NOON + 5 * MINUTE - 1)
    expect(alerts.open()).toHaveLength(1)
    alerts.advance(NOON + 5 * MINUTE)
    expect(alerts.open()).toHaveLength(0)
    const ended = alerts.changes().alerts[0]
    expect(ended).toMatchObject({ id: first?.id, state: 'resolved', endedAt: NOON + 5 * MINUTE })
    expect(ended).not.toHaveProperty('resolvedBy')
    alerts.take([finding({ id: 'e2' })], NOON + 5 * MINUTE)
    expect(alerts.open()[0]).toMatchObject({ fingerprint: first?.fingerprint, count: 1 })
    expect(alerts.open()[0]?.id).not.toBe(first?.id)
  })

  test('ends although nobody advanced in between: a finding after the quiet time opens another', () => {
    const alerts = started()
    alerts.take([finding({ id: 'e1' })], NOON)
    alerts.take([finding({ id: 'e2' })], NOON + 5 * MINUTE)
    expect(alerts.changes().alerts.map(({ state, count }) => [state, count])).toEqual([
      ['resolved', 1],
      ['firing', 1],
    ])
  })

  test('is not kept open by late events, but counts them', () => {
    const alerts = started()
    alerts.take([finding({ at: NOON })], NOON)
    alerts.take([finding({ at: NOON - HOUR })], NOON + 4 * MINUTE)
    expect(alerts.open()[0]).toMatchObject({ count: 2, startedAt: NOON, lastAt: NOON })
    alerts.advance(NOON + 5 * MINUTE)
    expect(alerts.open()).toHaveLength(0)
  })

  test('is kept open by events of now although one claimed to come from the future', () => {
    const alerts = started()
    alerts.take([finding({ at: NOON + HOUR })], NOON)
    for (let minute = 1; minute < 20; minute++)
      alerts.take([finding({ at: NOON + minute * MINUTE })], NOON + minute * MINUTE)
    expect(alerts.open()).toMatchObject([{ count: 20 }])
  })

  test('of old records that are read now stays open while they are read', () => {
    const alerts = started()
    for (let minute = 0; minute < 20; minute++)
      alerts.take([finding({ at: NOON - DAY + minute * SECOND })], NOON + minute * MINUTE)
    expect(alerts.open()).toMatchObject([{ count: 20 }])
  })

  test('gives as reason its strongest score, whenever it came', () => {
    const alerts = started()
    const on = event({ at: NOON, principal: 'key:a' })
    const say = (text: string, p: number | null): ReturnType<typeof finding> =>
      finding({ event: on, score: score(on, { p, explain: { feature: 'f', seen: 1, expected: 0, text } }) })
    alerts.take([say('weak', 0.01), say('strong', 0.0001), say('later', 0.001), say('learning', null)], NOON)
    expect(alerts.open()[0]?.reason).toBe('Something odd: strong (key:a)')
  })

  test('takes on the risk of its principal', () => {
    const alerts = started()
    const rules = ['a', 'b', 'c'].map((id) => rule({ id, level: 'high' }))
    for (const each of rules) alerts.take([finding({ rule: each })], NOON)
    expect(
      alerts
        .open()
        .map(({ risk }) => risk)
        .toSorted((a, b) => a - b),
    ).toEqual([45, 69.8, 83.4])
  })
})

describe('the limit of open alerts', () => {
  test('puts what a rule finds beyond it into one overflow alert and loses no finding', () => {
    const alerts = started({ max_open_per_rule: 3 })
    for (let at = 0; at < 50; at++) alerts.take([finding({ principal: `key:${at % 10}` })], NOON)
    alerts.take([finding({ rule: rule({ id: 'rule-2' }), principal: 'key:9' })], NOON)
    const open = alerts.open()
    expect(open).toHaveLength(5)
    expect(open.reduce((sum, alert) => sum + alert.count, 0)).toBe(51)
    const overflow = open.find((alert) => alert.labels['overflow'] === 'true')
    expect(overflow).toMatchObject({ count: 35, risk: 20 })
    expect(overflow).not.toHaveProperty('principal')
    expect(overflow?.reason).toBe('Something odd: more than 3 alerts are open; 35 further findings are counted here')
  })

  test('does not count the overflow alert itself', () => {
    const alerts = started({ max_open_per_rule: 1 })
    alerts.take([finding({ principal: 'key:a' }), finding({ principal: 'key:b' })], NOON)
    alerts.resolve(alerts.open().find(({ principal }) => principal === 'key:a')?.id ?? '', 'eve', NOON)
    alerts.take([finding({ principal: 'key:c' })], NOON)
    expect(alerts.open().map(({ principal, count }) => [principal, count])).toEqual(
      expect.arrayContaining([
        [undefined, 1],
        ['key:c', 1],
      ]),
    )
  })

  test('makes room again when alerts end', () => {
    const alerts = started({ max_open_per_rule: 1 })
    alerts.take([finding({ principal: 'key:a' }), finding({ principal: 'key:b' })], NOON)
    alerts.take([finding({ principal: 'key:b', at: NOON + HOUR })], NOON + HOUR)
    expect(alerts.open()).toMatchObject([{ principal: 'key:b' }])
  })
})

describe('changes', () => {
  test('are the same empty thing while nothing happens', () => {
    const alerts = started()
    expect(alerts.changes()).toBe(alerts.changes())
    alerts.take([finding()], NOON)
    expect(alerts.changes().alerts).toHaveLength(1)
    alerts.advance(NOON + SECOND)
    alerts.take([], NOON + SECOND)
    expect(alerts.changes()).toEqual({ alerts: [], notifications: [], documents: [] })
  })

  test('leave nothing behind in the store once an alert has ended and been told, but the alert and the risk', () => {
    const alerts = started()
    const store = new Memory()
    alerts.take([finding()], NOON)
    store.commit(alerts.changes())
    expect(Object.keys(store.everything().documents)).toHaveLength(3)
    alerts.advance(NOON + HOUR)
    store.commit(alerts.changes())
    expect(Object.keys(store.everything().documents)).toEqual(['risk\nkey:a'])
    expect(store.alerts({})).toHaveLength(1)
  })

  test('alerts whose life or group the store has lost go on from their last event', () => {
    const alerts = started()
    const store = new Memory()
    alerts.take([finding()], NOON)
    const { alerts: kept } = alerts.changes()
    store.commit({ alerts: kept, notifications: [], documents: [] })
    const again = started()
    again.restore(store)
    expect(again.open()).toEqual(kept)
    expect(kinds(told(again, NOON + HOUR))).toEqual([
      [NOON + 30 * SECOND, 'firing', 1],
      [NOON + 5 * MINUTE + 30 * SECOND, 'resolved', 1],
    ])
  })
})

test('a hundred thousand findings into a few alerts take less than two seconds', () => {
  const alerts = new Alerts(config() satisfies AlertConfig)
  const findings = Array.from({ length: 100_000 }, (_, at) =>
    finding({
      id: `e${at}`,
      at: NOON + at,
      principal: `key:${at % 5}`,
      fields: { action: 'list', at },
      matched: { at },
    }),
  )
  const startedAt = performance.now()
  for (let at = 0; at < findings.length; at += 1_000) {
    for (const one of findings.slice(at, at + 1_000)) alerts.take([one], NOON + at)
    alerts.changes()
  }
  const ms = performance.now() - startedAt
  expect(alerts.open().map(({ count }) => count)).toEqual(Array(5).fill(20_000))
  if (process.env['SHOW_FIGURES'])
    process.stdout.write(`take: ${((ms * 1_000) / findings.length).toFixed(2)} us a finding\n`)
  expect(ms).toBeLessThan(2_000)
})
