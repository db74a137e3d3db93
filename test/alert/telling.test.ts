import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, NOON, SECOND, finding, rule, kinds, started, told } from './findings.ts'

describe('telling, with the times of Alertmanager', () => {
  test('first after group_wait, then at group_interval when more fire, then resolved', () => {
    const alerts = started({ group_by: ['rule'], resolve_after: '7m' })
    alerts.take([finding()], NOON)
    expect(alerts.nextDueAt()).toBe(NOON + 30 * SECOND)
    expect(told(alerts, NOON + 29 * SECOND)).toEqual([])
    expect(kinds(told(alerts, NOON + 30 * SECOND))).toEqual([[NOON + 30 * SECOND, 'firing', 1]])
    alerts.take([finding({ principal: 'key:b', at: NOON + MINUTE })], NOON + MINUTE)
    expect(kinds(told(alerts, NOON + 5 * MINUTE))).toEqual([])
    const second = NOON + 5 * MINUTE + 30 * SECOND
    expect(kinds(told(alerts, second))).toEqual([[second, 'update', 2]])
    const third = NOON + 10 * MINUTE + 30 * SECOND
    const last = told(alerts, NOON + HOUR)
    expect(kinds(last)).toEqual([[third, 'resolved', 2]])
    expect(last[0]?.alerts.every(({ state }) => state === 'resolved')).toBe(true)
    expect(alerts.nextDueAt()).toBeUndefined()
    expect(alerts.figures()).toMatchObject({ open: 0, groups: 0 })
  })

  test('a critical alert does not wait, neither in a new group nor in an old one', () => {
    const alerts = started({ group_by: ['principal'] })
    const critical = rule({ id: 'rule-2', level: 'critical' })
    alerts.take([finding()], NOON)
    expect(kinds(told(alerts, NOON + 30 * SECOND))).toHaveLength(1)
    alerts.take([finding({ rule: critical })], NOON + MINUTE)
    expect(kinds(alerts.changes().notifications)).toEqual([[NOON + MINUTE, 'update', 2]])
    const fresh = started()
    fresh.take([finding({ rule: critical })], NOON)
    expect(kinds(fresh.changes().notifications)).toEqual([[NOON, 'firing', 1]])
  })

  test('what still fires is repeated after repeat_interval', () => {
    const alerts = started({ resolve_after: '1d' })
    alerts.take([finding()], NOON)
    told(alerts, NOON + MINUTE)
    expect(kinds(told(alerts, NOON + 4 * HOUR + 29 * SECOND))).toEqual([])
    expect(kinds(told(alerts, NOON + 4 * HOUR + 30 * SECOND))).toEqual([[NOON + 4 * HOUR + 30 * SECOND, 'repeat', 1]])
  })

  test('an acknowledged alert is not repeated', () => {
    const alerts = started({ resolve_after: '1d' })
    alerts.take([finding()], NOON)
    told(alerts, NOON + MINUTE)
    alerts.acknowledge(alerts.open()[0]?.id ?? '', 'eve', NOON + MINUTE)
    expect(told(alerts, NOON + 23 * HOUR)).toEqual([])
  })

  test('an alert that ends before its group may be told is told of first: nothing ends unheard', () => {
    const alerts = started({ group_by: ['rule'], resolve_after: '10s' })
    alerts.take([finding()], NOON)
    expect(kinds(told(alerts, NOON + HOUR))).toEqual([
      [NOON + 10 * SECOND, 'firing', 1],
      [NOON + 30 * SECOND, 'resolved', 1],
    ])
  })

  test('after a sleep of ten hours tells what happened meanwhile once, in its order', () => {
    const alerts = started({ resolve_after: '1d' })
    alerts.take([finding()], NOON)
    const notifications = told(alerts, NOON + 10 * HOUR)
    expect(kinds(notifications)).toEqual([
      [NOON + 30 * SECOND, 'firing', 1],
      [NOON + 8 * HOUR + 30 * SECOND, 'repeat', 1],
    ])
  })

  test('alerts that end together are resolved in one telling', () => {
    const alerts = started({ group_by: ['rule'] })
    alerts.take([finding(), finding({ principal: 'key:b' }), finding({ principal: 'key:c' })], NOON)
    expect(kinds(told(alerts, NOON + HOUR))).toEqual([
      [NOON + 30 * SECOND, 'firing', 3],
      [NOON + 5 * MINUTE + 30 * SECOND, 'resolved', 3],
    ])
  })

  test('groups carry their labels and key', () => {
    const alerts = started()
    alerts.take([finding()], NOON)
    expect(told(alerts, NOON + MINUTE)[0]).toMatchObject({
      groupKey: '{principal="key:a",rule="rule-1"}',
      labels: { principal: 'key:a', rule: 'rule-1' },
    })
  })
})

describe('commands', () => {
  const ask = { author: 'eve', comment: 'pen test', endsAt: NOON + HOUR } as const
  const ofA = [{ name: 'principal', value: 'key:a', equal: true }]

  test('a person resolves an alert; it is told and the next finding opens another', () => {
    const alerts = started()
    alerts.take([finding({ id: 'e1' })], NOON)
    const id = alerts.open()[0]?.id ?? ''
    told(alerts, NOON + 30 * SECOND)
    expect(alerts.resolve(id, 'eve', NOON + MINUTE)).toMatchObject({
      state: 'resolved',
      resolvedBy: 'eve',
      endedAt: NOON + MINUTE,
    })
    alerts.take([finding({ id: 'e2' })], NOON + 2 * MINUTE)
    expect(kinds(told(alerts, NOON + 5 * MINUTE + 30 * SECOND))).toEqual([
      [NOON + 5 * MINUTE + 30 * SECOND, 'update', 2],
    ])
  })

  test('are refused in words for what is not there or not in its state', () => {
    const alerts = started()
    alerts.take([finding()], NOON)
    const id = alerts.open()[0]?.id ?? ''
    expect(() => alerts.acknowledge('nope', 'eve', NOON)).toThrow('there is no open alert nope')
    expect(() => alerts.acknowledge(id, ' ', NOON)).toThrow('say who')
    expect(alerts.acknowledge(id, 'eve', NOON).acknowledgedBy).toBe('eve')
    expect(alerts.acknowledge(id, 'eve', NOON).revision).toBe(2)
    expect(() => alerts.acknowledge(id, 'bob', NOON)).toThrow('already acknowledged by eve')
    alerts.resolve(id, 'eve', NOON)
    expect(() => alerts.resolve(id, 'eve', NOON)).toThrow('already resolved')
    expect(() => alerts.expireSilence('x', 'eve', NOON)).toThrow('there is no silence x')
  })

  test('a silenced alert is shown and not told, and told when the silence has ended and it still fires', () => {
    const alerts = started({ resolve_after: '1d' })
    const silence = alerts.silence({ ...ask, matchers: ofA }, NOON)
    alerts.take([finding(), finding({ principal: 'key:b' })], NOON)
    expect(alerts.open().map(({ silencedBy }) => silencedBy)).toEqual(expect.arrayContaining([silence.id, undefined]))
    expect(kinds(told(alerts, NOON + HOUR - 1))).toHaveLength(1)
    const later = told(alerts, NOON + HOUR + 5 * MINUTE)
    expect(later).toMatchObject([{ kind: 'firing', labels: { principal: 'key:a' } }])
    expect(later[0]?.alerts[0]).not.toHaveProperty('silencedBy')
  })

  test('a silence also mutes what already fires, and may be ended early', () => {
    const alerts = started({ resolve_after: '1d' })
    alerts.take([finding()], NOON)
    const silence = alerts.silence({ ...ask, matchers: ofA, endsAt: NOON + 20 * HOUR }, NOON + SECOND)
    expect(alerts.open()[0]?.silencedBy).toBe(silence.id)
    expect(told(alerts, NOON + 10 * MINUTE)).toEqual([])
    expect(alerts.expireSilence(silence.id, 'bob', NOON + 11 * MINUTE).endsAt).toBe(NOON + 11 * MINUTE)
    expect(alerts.open()[0]).not.toHaveProperty('silencedBy')
    expect(told(alerts, NOON + 20 * MINUTE)).toHaveLength(1)
    expect(() => alerts.expireSilence(silence.id, 'bob', NOON + HOUR)).toThrow('already ended')
  })

  test('a silence for one principal does not hide an alert that turns out to be about another as well', () => {
    const byAddress = rule({ groupBy: ['ip'] })
    const alerts = started()
    alerts.silence({ ...ask, matchers: ofA }, NOON)
    alerts.take([finding({ rule: byAddress, fields: { ip: '::1' } })], NOON)
    expect(alerts.open()[0]).toHaveProperty('silencedBy')
    alerts.take([finding({ rule: byAddress, fields: { ip: '::1' }, principal: 'key:b' })], NOON)
    expect(alerts.open()[0]).not.toHaveProperty('silencedBy')
  })
})

describe('inhibition', () => {
  const inhibit = {
    inhibit_rules: [{ source_matchers: ['level=critical'], target_matchers: ['level=medium'], equal: ['principal'] }],
  }

  test('a target is not told while its source fires, and is told once the source has ended', () => {
    const alerts = started({ ...inhibit, resolve_after: '1d' })
    const critical = rule({ id: 'rule-2', level: 'critical' })
    alerts.take([finding({ rule: critical }), finding(), finding({ principal: 'key:b' })], NOON)
    const first = [...alerts.changes().notifications, ...told(alerts, NOON + HOUR)]
    expect(first.map(({ labels }) => [labels['rule'], labels['principal']])).toEqual([
      ['rule-2', 'key:a'],
      ['rule-1', 'key:b'],
    ])
    const source = alerts.open().find(({ level }) => level === 'critical')
    alerts.resolve(source?.id ?? '', 'eve', NOON + HOUR)
    const second = told(alerts, NOON + HOUR + 5 * MINUTE)
    expect(second.map(({ kind, labels }) => [kind, labels['rule']])).toEqual(
      expect.arrayContaining([
        ['firing', 'rule-1'],
        ['resolved', 'rule-2'],
      ]),
    )
  })
})

describe('a clock that jumps', () => {
  test('a year ahead ends what was open, told once each, and no more', () => {
    const alerts = started()
    for (let at = 0; at < 20; at++) alerts.take([finding({ principal: `key:${at}` })], NOON)
    expect(told(alerts, NOON + 365 * DAY)).toHaveLength(40)
    expect(alerts.nextDueAt()).toBeUndefined()
  })

  test('a year ahead with alerts that stay open repeats each once', () => {
    const alerts = started({ resolve_after: '30d' })
    alerts.take([finding()], NOON)
    expect(told(alerts, NOON + 29 * DAY).map(({ kind }) => kind)).toEqual(['firing', 'repeat'])
  })

  test('back by a year does not hold up alerts, tellings or ends until that time comes again', () => {
    const alerts = started()
    alerts.take([finding({ at: NOON + 365 * DAY })], NOON + 365 * DAY)
    alerts.take([finding({ at: NOON }), finding({ principal: 'key:b', at: NOON })], NOON)
    expect(alerts.nextDueAt()).toBeLessThanOrEqual(NOON + 5 * MINUTE)
    const notifications = told(alerts, NOON + 20 * MINUTE)
    expect(notifications.map(({ kind }) => kind).sort()).toEqual(['firing', 'firing', 'resolved', 'resolved'])
    expect(alerts.open()).toEqual([])
  })
})
