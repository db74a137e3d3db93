import { describe, expect, test } from 'vitest'
import type { Plan } from '../../src/contract/respond.ts'
import { alert, deny, HOUR, playbook, planned, shared, statesOf, world, type World } from './world.ts'

const targets = (plans: readonly Plan[]): readonly string[] => plans.map(({ target }) => target.principal)
const refusals = (at: World): readonly unknown[] =>
  at.disk.audit.filter(({ action }) => action === 'plan.refuse').map(({ detail }) => detail['reason'])

describe('an alert about several principals', () => {
  test('is planned once for each, with an id and a digest of its own', async () => {
    const at = await world()
    const plans = await at.responder.consider(shared(['key:a', 'key:b', 'key:c']))
    expect(targets(plans)).toEqual(['key:a', 'key:b', 'key:c'])
    expect(new Set(plans.map(({ id }) => id)).size).toBe(3)
    expect(new Set(plans.map(({ digest }) => digest)).size).toBe(3)
    expect(await at.responder.consider(shared(['key:a', 'key:b', 'key:c'], { revision: 2 }))).toEqual([])
    const other = await world()
    expect(await other.responder.consider(shared(['key:a', 'key:b', 'key:c']))).toEqual(plans)
  })

  test('about one its plan has the id that it always had', async () => {
    expect((await planned(await world())).id).toBe('k4bpjusipinfeqzme2cnm464hw')
  })

  test('who joins later is planned for when the alert is told again, and the first keeps its plan', async () => {
    const at = await world()
    const first = await planned(at, alert({ principal: 'key:a' }))
    const joined = await at.responder.consider(shared(['key:a', 'key:b']))
    expect(targets(joined)).toEqual(['key:b'])
    expect(at.responder.plans()).toEqual([...joined, first])
    const again = await world({ disk: at.disk })
    expect(targets(await again.responder.consider(shared(['key:a', 'key:b', 'key:c'])))).toEqual(['key:c'])
  })

  test('leaves out the protected with the reason, on record once, while the others are planned', async () => {
    const at = await world({ playbooks: [playbook({ limits: { protected: ['service:billing*'] } })] })
    const about = shared(['key:a', 'service:billing-7', 'key:b'])
    expect(targets(await at.responder.consider(about))).toEqual(['key:a', 'key:b'])
    expect(await at.responder.consider(about)).toEqual([])
    expect(refusals(at)).toEqual(['service:billing-7 is protected by contain-key'])
  })

  test('that does not name everybody says so, on record once', async () => {
    const at = await world()
    const about = shared(['key:a', 'key:b'], { unnamed: 7 })
    expect(await at.responder.consider(about)).toHaveLength(2)
    await at.responder.consider(shared(['key:a', 'key:b'], { unnamed: 9 }))
    expect(refusals(at)).toEqual(['alert alert-1 names 2 principals; for those who came after them nothing is planned'])
  })

  test('each is approved, held and taken back on its own', async () => {
    const at = await world({ playbooks: [playbook({ steps: [deny] })] })
    const [one, two] = await at.responder.consider(shared(['key:a', 'key:b']))
    if (!one || !two) throw new Error('not two plans')
    await expect(at.responder.approve(two.id, one.digest, 'ada')).rejects.toThrow('read the plan again')
    await at.responder.approve(one.id, one.digest, 'ada')
    const effects = (): readonly string[] => ['key:a', 'key:b'].map((who) => at.responder.check(who).effect)
    expect(effects()).toEqual(['deny', 'allow'])
    await at.responder.approve(two.id, two.digest, 'ada')
    expect(effects()).toEqual(['deny', 'deny'])
    await at.responder.revert(one.id, 'ada')
    expect(effects()).toEqual(['allow', 'deny'])
    at.given.clock.advanceTo(at.given.clock.now() + 2 * HOUR)
    await at.responder.tick(at.given.clock.now())
    expect(at.responder.plans().map(statesOf)).toEqual([['reverted'], ['reverted']])
  })

  test('counts against the limits as so many alerts would, also where nobody is asked', async () => {
    const limits = { maxTargets: 2 }
    const auto = await world({ playbooks: [playbook({ approval: 'auto', limits })] })
    expect((await auto.responder.consider(shared(['key:a', 'key:b', 'key:c']))).map(statesOf)).toEqual([
      ['effective'],
      ['effective'],
      ['planned'],
    ])
    expect(refusals(auto)).toEqual(['contain-key allows 2 targets at a time, and holds 2; revert one first'])
    const hourly = await world({ playbooks: [playbook({ limits: { maxActionsPerHour: 1 } })] })
    const [one, two] = await hourly.responder.consider(shared(['key:a', 'key:b']))
    if (!one || !two) throw new Error('not two plans')
    await hourly.responder.approve(one.id, one.digest, 'ada')
    await expect(hourly.responder.approve(two.id, two.digest, 'ada')).rejects.toThrow('allows 1 actions an hour')
  })
})

describe('a person who asks for a plan', () => {
  test('gets one for each, the open ones again and new ones for the others', async () => {
    const at = await world()
    const open = await at.responder.consider(alert({ principal: 'key:a' }))
    const plans = await at.responder.plan('contain-key', shared(['key:a', 'key:b']), 'ada')
    expect(targets(plans)).toEqual(['key:a', 'key:b'])
    expect(plans[0]).toEqual(open[0])
    const [, second] = plans
    if (!second) throw new Error('not two plans')
    await at.responder.reject(second.id, 'ada')
    const again = await at.responder.plan('contain-key', shared(['key:a', 'key:b']), 'ada')
    expect(again[0]).toEqual(open[0])
    expect(targets(again)).toEqual(['key:a', 'key:b'])
    expect(new Set([...plans, ...again].map(({ id }) => id)).size).toBe(3)
  })

  test('gets one for the principal alone that is named, who must have had a finding', async () => {
    const at = await world()
    expect(targets(await at.responder.plan('contain-key', shared(['key:a', 'key:b']), 'ada', 'key:b'))).toEqual([
      'key:b',
    ])
    await expect(at.responder.plan('contain-key', shared(['key:a', 'key:b']), 'ada', 'key:c')).rejects.toThrow(
      'alert alert-1 has no finding of key:c',
    )
    expect(at.responder.plans()).toHaveLength(1)
  })

  test('is refused only when nobody can be planned for; who is left out is on record with the reason', async () => {
    const at = await world({ playbooks: [playbook({ limits: { protected: ['service:*'] } })] })
    const plans = await at.responder.plan('contain-key', shared(['service:x', 'key:b']), 'ada')
    expect(targets(plans)).toEqual(['key:b'])
    expect(refusals(at)).toEqual(['service:x is protected by contain-key'])
    await expect(at.responder.plan('contain-key', shared(['service:x', 'service:y']), 'ada')).rejects.toThrow(
      'service:x is protected by contain-key; service:y is protected by contain-key',
    )
    const { principal: _, ...nobody } = alert()
    await expect(at.responder.plan('contain-key', nobody, 'ada')).rejects.toThrow('names no principal to contain')
  })
})
