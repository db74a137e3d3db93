import { describe, expect, test } from 'vitest'
import { Group, groupKeyOf, needsNotification, notificationsOf } from '../../src/alert/group.ts'
import type { Member } from '../../src/alert/group.ts'
import type { Alert } from '../../src/contract/alert.ts'
import { HOUR, MINUTE, NOON, SECOND, config } from './findings.ts'

const REPEAT = 4 * HOUR

describe('needsNotification, row by row as in Alertmanager', () => {
  const told = (firing: string[], resolved: string[], ago = 0): Parameters<typeof needsNotification>[0] => ({
    at: NOON - ago,
    firing: new Set(firing),
    resolved: new Set(resolved),
  })

  test.each([
    ['never told, something fires', undefined, ['a'], [], 'firing'],
    ['never told, only resolved', undefined, [], ['a'], undefined],
    ['never told, nothing', undefined, [], [], undefined],
    ['nothing changed', told(['a'], []), ['a'], [], undefined],
    ['one more fires', told(['a'], []), ['a', 'b'], [], 'update'],
    ['one fires after all had been resolved', told([], ['a']), ['b'], [], 'firing'],
    ['another fires instead', told(['a'], []), ['b'], ['a'], 'update'],
    ['fewer fire, none is resolved', told(['a', 'b'], []), ['a'], [], undefined],
    ['all are resolved', told(['a', 'b'], []), [], ['a', 'b'], 'resolved'],
    ['fired and resolved in between, unknown to receivers', told([], ['a']), [], ['a', 'b'], undefined],
    ['one is newly resolved', told(['a', 'b'], []), ['a'], ['b'], 'update'],
    ['one is resolved, as was told', told(['a'], ['b']), ['a'], ['b'], undefined],
    ['the repeat interval has just passed', told(['a'], [], REPEAT), ['a'], [], 'repeat'],
    ['the repeat interval has almost passed', told(['a'], [], REPEAT - 1), ['a'], [], undefined],
    ['the repeat interval has passed, but nothing fires', told([], ['a'], REPEAT), [], ['a'], undefined],
    ['new and due for a repeat is new', told(['a'], [], REPEAT), ['a', 'b'], [], 'update'],
  ] as const)('%s', (_name, entry, firing, resolved, expected) => {
    expect(needsNotification(entry, new Set(firing), new Set(resolved), NOON, REPEAT)).toBe(expected)
  })
})

interface TestMember extends Member {
  isFiring: boolean
  acknowledgedBy: string | undefined
}

function member(id: string): TestMember {
  return { id, isFiring: true, acknowledgedBy: undefined }
}

function nobody(): boolean {
  return false
}

describe('a group', () => {
  function group(): Group<TestMember> {
    return new Group<TestMember>('{}', {}, config(), NOON)
  }

  test('is first due when group_wait has passed, and then stays quiet until something changes or a repeat is due', () => {
    const told = group()
    told.members.add(member('a'))
    told.changed(NOON)
    expect(told.dueAt).toBe(NOON + 30 * SECOND)
    expect(told.flush(NOON + 30 * SECOND, nobody)?.kind).toBe('firing')
    expect(told.dueAt).toBe(NOON + 30 * SECOND + 4 * HOUR)
  })

  test('is looked at on its grid of group_interval, wherever in it the change came', () => {
    const told = group()
    told.members.add(member('a'))
    told.changed(NOON)
    const first = NOON + 30 * SECOND
    told.flush(first, nobody)
    told.changed(first)
    expect(told.dueAt).toBe(first + 5 * MINUTE)
    told.flush(first + 5 * MINUTE, nobody)
    told.changed(first + 17 * MINUTE)
    expect(told.dueAt).toBe(first + 20 * MINUTE)
  })

  test('does not wait when urgent', () => {
    const told = group()
    told.members.add(member('a'))
    told.changed(NOON + SECOND, true)
    expect(told.dueAt).toBe(NOON + SECOND)
  })

  test('is not repeated once all that fires is acknowledged, and is again when something new fires', () => {
    const told = group()
    const a = member('a')
    told.members.add(a)
    told.flush(NOON, nobody)
    a.acknowledgedBy = 'eve'
    expect(told.flush(NOON + 4 * HOUR, nobody)).toBeUndefined()
    expect(told.dueAt).toBeGreaterThan(NOON + 4 * HOUR)
    told.members.add(member('b'))
    expect(told.flush(NOON + 5 * HOUR, nobody)?.kind).toBe('update')
  })

  test('tells of a resolve even while its alert is muted, since receivers think that it fires', () => {
    const told = group()
    const a = member('a')
    told.members.add(a)
    told.flush(NOON, nobody)
    expect(told.flush(NOON + 5 * MINUTE, () => true)).toBeUndefined()
    a.isFiring = false
    expect(told.flush(NOON + 10 * MINUTE, () => true)).toMatchObject({ kind: 'resolved', members: [a] })
  })

  test('says nothing of an alert that came and went muted', () => {
    const told = group()
    const a = member('a')
    told.members.add(a)
    expect(told.flush(NOON, () => true)).toBeUndefined()
    a.isFiring = false
    expect(told.flush(NOON + 5 * MINUTE, nobody)).toBeUndefined()
  })

  test('tells anew of an alert that was muted and is free again', () => {
    const told = group()
    told.members.add(member('a'))
    told.flush(NOON, nobody)
    told.flush(NOON + 5 * MINUTE, () => true)
    expect(told.flush(NOON + 10 * MINUTE, nobody)?.kind).toBe('firing')
  })

  test('tells again of an alert that somebody has joined, also when it was muted meanwhile', () => {
    const told = group()
    const [a, b] = [member('a'), member('b')]
    told.members.add(a)
    told.members.add(b)
    told.flush(NOON, nobody)
    told.grew('a', NOON + MINUTE)
    expect(told.flush(NOON + 5 * MINUTE, ({ id }) => id === 'a')).toBeUndefined()
    told.grew('b', NOON + 6 * MINUTE)
    expect(told.flush(NOON + 10 * MINUTE, ({ id }) => id === 'a')).toMatchObject({ kind: 'update', members: [b] })
    expect(told.flush(NOON + 15 * MINUTE, nobody)).toMatchObject({ kind: 'update', members: [a, b] })
    expect(told.stored()).not.toHaveProperty('grown')
    expect(told.flush(NOON + 20 * MINUTE, nobody)).toBeUndefined()
  })

  test('comes back from its document as it was', () => {
    const told = group()
    const a = member('a')
    told.members.add(a)
    told.changed(NOON)
    told.flush(NOON + 30 * SECOND, nobody)
    told.grew('a', NOON + MINUTE)
    const back = Group.restore<TestMember>('{}', structuredClone(told.stored()), config())
    back.members.add(a)
    expect(back.stored()).toEqual(told.stored())
    expect(back.dueAt).toBe(told.dueAt)
    expect(back.flush(NOON + HOUR, nobody)?.kind).toBe('update')
    expect(back.flush(NOON + 2 * HOUR, nobody)).toBeUndefined()
  })
})

describe('notifications', () => {
  const alert = (id: string, startedAt: number): Alert => ({ id, startedAt, state: 'firing' }) as Alert

  test('of many alerts are cut into parts of fifty, oldest first, each with its own id', () => {
    const alerts = Array.from({ length: 120 }, (_, at) => alert(`a${at}`, NOON - at))
    const parts = notificationsOf(new Group('{}', {}, config(), NOON), 'firing', alerts, NOON)
    expect(parts.map((part) => part.alerts.length)).toEqual([50, 50, 20])
    expect(parts.flatMap((part) => part.alerts).map(({ id }) => id)).toEqual(alerts.map(({ id }) => id).toReversed())
    expect(new Set(parts.map(({ id }) => id)).size).toBe(3)
    expect(parts[0]?.id).toMatch(/^[a-z2-7]{26}$/)
  })

  test('have the same id for the same telling, and another for another', () => {
    const group = new Group<TestMember>('{}', {}, config(), NOON)
    const first = notificationsOf(group, 'firing', [alert('a', 1)], NOON)[0]?.id
    expect(notificationsOf(group, 'firing', [alert('a', 1)], NOON + 9)[0]?.id).toBe(first)
    expect(notificationsOf(group, 'repeat', [alert('a', 1)], NOON)[0]?.id).not.toBe(first)
    expect(notificationsOf(group, 'firing', [alert('b', 1)], NOON)[0]?.id).not.toBe(first)
    group.members.add(member('a'))
    group.flush(NOON, nobody)
    expect(notificationsOf(group, 'firing', [alert('a', 1)], NOON)[0]?.id).not.toBe(first)
  })

  test('carry a key that cannot be forged by a value', () => {
    expect(groupKeyOf({ rule: 'r', principal: 'key:a' })).toBe('{principal="key:a",rule="r"}')
    expect(groupKeyOf({ a: '1",b="2' })).not.toBe(groupKeyOf({ a: '1', b: '2' }))
  })
})
