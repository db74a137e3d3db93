import { describe, expect, test } from 'vitest'
import { Alerts } from '../../src/alert/alerts.ts'
import type { Alert, Matcher } from '../../src/contract/alert.ts'
import type { Finding } from '../../src/contract/rules.ts'
import { HOUR, MINUTE, Memory, NOON, SECOND, config, finding, kinds, rule, score, started, told } from './findings.ts'
import { event } from '../support/events.ts'

const clusters = rule({ groupBy: ['cluster'] })

/** A finding on a member of one cluster. */
function by(principal: string, parts: Parameters<typeof finding>[0] = {}): Finding {
  return finding({ rule: clusters, fields: { cluster: 'c1' }, principal, ...parts })
}

/** A finding on nobody: of a score over a window that names no principal. */
function byNobody(): Finding {
  const on = event({ at: NOON, principal: 'key:bystander', fields: { cluster: 'c1' } })
  return finding({ rule: clusters, event: on, score: score(on, { window: { from: NOON, to: NOON, events: 9 } }) })
}

const names = ({ principal, principals }: Partial<Alert> = {}): unknown => ({ principal, principals })

describe('an alert about several principals', () => {
  test('names everyone who had a finding, in the order they came, once', () => {
    const alerts = started()
    alerts.take([by('key:b')], NOON)
    expect(names(alerts.open()[0])).toEqual({ principal: 'key:b', principals: undefined })
    alerts.take([by('key:b'), by('key:a'), by('key:b'), by('key:c'), by('key:a')], NOON)
    expect(alerts.open()).toMatchObject([{ count: 6, labels: { cluster: 'c1' } }])
    expect(names(alerts.open()[0])).toEqual({ principal: undefined, principals: ['key:b', 'key:a', 'key:c'] })
  })

  test('does not name a partner whom a score names', () => {
    const alerts = started()
    const on = event({ at: NOON, principal: 'key:a', fields: { cluster: 'c1' } })
    const explain = { feature: 'f', seen: 9, expected: 1, text: 'like key:b', partners: ['key:b'] }
    alerts.take([finding({ rule: clusters, event: on, score: score(on, { principal: 'key:a', explain }) })], NOON)
    expect(names(alerts.open()[0])).toEqual({ principal: 'key:a', principals: undefined })
  })

  test('a finding on nobody adds nobody, whether it comes first or later', () => {
    const alerts = started()
    alerts.take([byNobody()], NOON)
    expect(names(alerts.open()[0])).toEqual({ principal: undefined, principals: undefined })
    alerts.take([by('key:a'), byNobody()], NOON)
    expect(names(alerts.open()[0])).toEqual({ principal: 'key:a', principals: undefined })
  })

  test('names 32 at most; findings of those who come after them are counted', () => {
    const alerts = started()
    const many = Array.from({ length: 40 }, (_, n) => by(`key:${n}`))
    alerts.take(many.slice(0, 32), NOON)
    expect(alerts.open()[0]).not.toHaveProperty('unnamed')
    alerts.take([...many.slice(32), ...many.slice(30)], NOON)
    const [alert] = alerts.open()
    expect(alert).toMatchObject({ count: 50, unnamed: 16 })
    expect(alert?.principals).toEqual(Array.from({ length: 32 }, (_, n) => `key:${n}`))
  })

  test('an overflow alert names nobody', () => {
    const alerts = started({ max_open_per_rule: 1 })
    alerts.take([by('key:a'), by('key:b', { fields: { cluster: 'c2' } }), by('key:c', { fields: {} })], NOON)
    const overflow = alerts.open().find(({ labels }) => labels['overflow'])
    expect(overflow).toMatchObject({ count: 2 })
    expect(names(overflow)).toEqual({ principal: undefined, principals: undefined })
  })

  test('comes back after a restart, also from a store that knew only one', () => {
    const [before, store] = [started(), new Memory()]
    before.take([by('key:a')], NOON)
    store.commit(before.changes())
    const after = new Alerts(config())
    after.restore(store)
    after.take(
      Array.from({ length: 33 }, (_, n) => by(`key:${n}`)),
      NOON,
    )
    store.commit(after.changes())
    const again = new Alerts(config())
    again.restore(store)
    expect(again.open()).toEqual(after.open())
    expect(again.open()[0]).toMatchObject({ principals: { length: 32, 0: 'key:a' }, unnamed: 2 })
  })

  test('raises the risk of each, and has that of the most suspect', () => {
    const alerts = started()
    const high = rule({ id: 'r', level: 'high' })
    alerts.take([finding({ rule: high, principal: 'key:b' })], NOON)
    alerts.take([by('key:a')], NOON)
    expect(alerts.open().find(({ labels }) => labels['cluster'])?.risk).toBe(20)
    // 100 (1 - 0.55 * 0.8)
    alerts.take([by('key:b'), by('key:b')], NOON)
    expect(alerts.open().find(({ labels }) => labels['cluster'])?.risk).toBe(56)
    alerts.take([by('key:a', { fields: { cluster: 'c2' } })], NOON)
    expect(alerts.open().find(({ labels }) => labels['cluster'] === 'c2')?.risk).toBe(36)
  })
})

describe('somebody who joins an alert', () => {
  test('is told of at the next tick, once, with all whom it names', () => {
    const alerts = started({ resolve_after: '1d' })
    alerts.take([by('key:a')], NOON)
    expect(kinds(told(alerts, NOON + 30 * SECOND))).toEqual([[NOON + 30 * SECOND, 'firing', 1]])
    alerts.take([by('key:a'), by('key:b'), by('key:c')], NOON + MINUTE)
    const tick = NOON + 30 * SECOND + 5 * MINUTE
    expect(told(alerts, tick - 1)).toEqual([])
    const update = told(alerts, tick)
    expect(kinds(update)).toEqual([[tick, 'update', 1]])
    expect(names(update[0]?.alerts[0])).toEqual({ principal: undefined, principals: ['key:a', 'key:b', 'key:c'] })
    alerts.take([by('key:b')], tick + MINUTE)
    expect(told(alerts, tick + HOUR)).toEqual([])
  })

  test('is told of also when the alert is acknowledged, and after a restart', () => {
    const [before, store] = [started({ resolve_after: '1d' }), new Memory()]
    before.take([by('key:a')], NOON)
    store.commit(before.changes())
    before.advance(NOON + 30 * SECOND)
    before.acknowledge(before.open()[0]?.id ?? '', 'eve', NOON + MINUTE)
    before.take([by('key:b')], NOON + MINUTE)
    store.commit(before.changes())
    const after = new Alerts(config({ resolve_after: '1d' }))
    after.restore(store)
    expect(told(after, NOON + HOUR).map(({ kind, alerts }) => [kind, alerts[0]?.principals])).toEqual([
      ['update', ['key:a', 'key:b']],
    ])
  })

  test('before the alert was first told is told with it', () => {
    const alerts = started({ resolve_after: '1d' })
    alerts.take([by('key:a')], NOON)
    alerts.take([by('key:b')], NOON + SECOND)
    expect(kinds(told(alerts, NOON + HOUR))).toEqual([[NOON + 30 * SECOND, 'firing', 1]])
  })
})

describe('what is asked of principals', () => {
  const ask = { author: 'eve', comment: 'pen test', endsAt: NOON + HOUR } as const
  const of = (value: string, equal = true): readonly Matcher[] => [
    { name: 'rule', value: clusters.id, equal: true },
    { name: 'principal', value, equal },
  ]

  test('a silence for one of them mutes their alert only while it is about nobody else', () => {
    const alerts = started()
    alerts.silence({ ...ask, matchers: of('key:a') }, NOON)
    alerts.take([by('key:a')], NOON)
    expect(alerts.open()[0]).toHaveProperty('silencedBy')
    alerts.take([by('key:b')], NOON)
    expect(alerts.open()[0]).not.toHaveProperty('silencedBy')
  })

  test('a silence for everybody but one mutes it until that one joins', () => {
    const alerts = started()
    alerts.silence({ ...ask, matchers: of('key:b', false) }, NOON)
    alerts.take([by('key:a'), by('key:c')], NOON)
    expect(alerts.open()[0]).toHaveProperty('silencedBy')
    alerts.take([by('key:b')], NOON)
    expect(alerts.open()[0]).not.toHaveProperty('silencedBy')
  })

  test('an alert that somebody joins is muted no longer by the alert of the first', () => {
    const inhibit = { source_matchers: ['level=critical'], target_matchers: ['level=medium'], equal: ['principal'] }
    const alerts = started({ inhibit_rules: [inhibit], resolve_after: '1d' })
    alerts.take([finding({ rule: rule({ id: 'r', level: 'critical' }) }), by('key:a')], NOON)
    const medium = (at: number): number => told(alerts, at).filter(({ labels }) => labels['rule'] === 'rule-1').length
    expect(medium(NOON + MINUTE)).toBe(0)
    alerts.take([by('key:b')], NOON + MINUTE)
    expect(medium(NOON + HOUR)).toBe(1)
  })
})
