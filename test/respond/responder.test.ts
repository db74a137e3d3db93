import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RefusedError } from '../../src/runtime/errors.ts'
import { planDigest } from '../../src/respond/record.ts'
import { Traffic } from '../../src/respond/traffic/traffic.ts'
import { alert, askedFor, deny, HOUR, mark, playbook, planned, statesOf, world } from './world.ts'

describe('planning', () => {
  test('an alert is planned once for the playbook that its rule names, and nothing is done', async () => {
    const at = await world()
    const plan = await planned(at)
    expect(plan).toMatchObject({ playbook: 'contain-key', alert: 'alert-1', target: { principal: 'key:attacker' } })
    expect(statesOf(plan)).toEqual(['planned'])
    expect(await at.responder.consider(alert({ revision: 2, count: 9 }))).toEqual([])
    expect(at.responder.plans()).toEqual([plan])
    expect(at.spy.fate.trace.filter((name) => !name.includes('commit'))).toEqual([])
    expect(at.disk.actions()).toEqual(['plan.create'])
  })

  test('two daemons that see the same make the same plan, and any difference makes another digest', async () => {
    const [one, two, later] = [await world(), await world(), await world({ now: Date.UTC(2026, 0, 6) })]
    const plan = await planned(one)
    expect(await planned(two)).toEqual(plan)
    const other = await planned(later)
    expect(other.id).toBe(plan.id)
    expect(other.digest).not.toBe(plan.digest)
    expect(planDigest(plan)).toBe(plan.digest)
    expect(planDigest({ ...plan, target: { principal: 'key:other' } })).not.toBe(plan.digest)
    expect(planDigest({ ...plan, rejectedBy: 'ada' })).toBe(plan.digest)
  })

  test('alerts considered at the same time are planned once', async () => {
    const at = await world()
    const both = await Promise.all([at.responder.consider(alert()), at.responder.consider(alert())])
    expect(both.flat()).toHaveLength(1)
  })

  test('an alert that is silenced, pending, resolved or for no playbook plans nothing', async () => {
    const at = await world()
    expect(await at.responder.consider(alert({ silencedBy: 'silence-1' }))).toEqual([])
    expect(await at.responder.consider(alert({ state: 'resolved' }))).toEqual([])
    expect(await at.responder.consider(alert({ state: 'pending' }))).toEqual([])
    const { playbook: _, ...rule } = alert().rule
    expect(await at.responder.consider(alert({ rule }))).toEqual([])
    expect(at.disk.audit).toEqual([])
  })

  test('a protected principal, a missing one and a missing playbook are refused, audited once each', async () => {
    const at = await world({ playbooks: [playbook({ limits: { protected: ['service:billing*'] } })] })
    const { principal: _, ...nobody } = alert({ id: 'alert-2' })
    const unknown = alert({ id: 'alert-3', rule: { ...alert().rule, playbook: 'gone' } })
    for (const about of [alert({ principal: 'service:billing-7' }), nobody, unknown]) {
      expect(await at.responder.consider(about)).toEqual([])
      expect(await at.responder.consider(about)).toEqual([])
    }
    expect(at.disk.audit.map(({ action, detail }) => [action, detail['reason']])).toEqual([
      ['plan.refuse', 'service:billing-7 is protected by contain-key'],
      ['plan.refuse', 'alert alert-2 names no principal to contain'],
      ['plan.refuse', 'there is no playbook gone'],
    ])
  })

  test('a person gets the open plan again, and a new one once it is stale, rejected or done', async () => {
    const at = await world()
    const first = await planned(at)
    expect(await at.responder.plan('contain-key', alert(), 'ada')).toEqual([first])
    at.spy.state = 'changed'
    const second = await askedFor(at, 'contain-key')
    expect(second.id).not.toBe(first.id)
    expect(at.responder.plans().map(({ rejectedBy }) => rejectedBy)).toEqual([undefined, 'ada'])
    await at.responder.approve(second.id, second.digest, 'ada')
    const third = await askedFor(at, 'contain-key')
    expect(new Set([first.id, second.id, third.id]).size).toBe(3)
    expect(at.responder.plans().map(({ rejectedBy }) => rejectedBy)).toEqual([undefined, undefined, 'ada'])
  })

  test('the blast radius is measured on our own traffic', async () => {
    const traffic = new Traffic()
    const at = await world({ traffic })
    for (let request = 0; request < 7; request++) at.responder.saw('key:attacker', at.given.clock.now() - 2 * HOUR)
    at.responder.saw('key:other', at.given.clock.now())
    const plan = await planned(at)
    expect(plan.blastRadius).toEqual({ hours: 3, targetRequests: 7, otherRequests: 0, otherPrincipals: 0 })
  })
})

describe('approval', () => {
  test('in dry run nothing outside is touched and the refusal names the setting', async () => {
    const at = await world({ mode: 'dry-run' })
    const plan = await planned(at)
    expect(plan.dryRun).toBe(true)
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow(
      'this daemon runs playbooks dry; set respond.mode: live',
    )
    expect(at.spy.fate.trace.filter((name) => name.startsWith('appl'))).toEqual([])
    expect(at.disk.actions()).toEqual(['plan.create', 'plan.refuse'])
  })

  test('a plan made in dry run is not approved by a live daemon', async () => {
    const dry = await world({ mode: 'dry-run' })
    const plan = await planned(dry)
    const live = await world({ disk: dry.disk })
    await expect(live.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('made in dry run; plan again')
    expect((await askedFor(live, 'contain-key')).dryRun).toBe(false)
  })

  test('another digest, nobody, a second approval, an unknown and a rejected plan are refused', async () => {
    const at = await world()
    const plan = await planned(at)
    await expect(at.responder.approve(plan.id, 'f'.repeat(64), 'ada')).rejects.toThrow('read the plan again')
    await expect(at.responder.approve(plan.id, plan.digest, ' ')).rejects.toThrow('names who gives it')
    await expect(at.responder.approve('nope', plan.digest, 'ada')).rejects.toThrow(RefusedError)
    await at.responder.approve(plan.id, plan.digest, 'ada')
    await expect(at.responder.approve(plan.id, plan.digest, 'bob')).rejects.toThrow('approved by ada already')
    await expect(at.responder.reject(plan.id, 'bob')).rejects.toThrow('does not wait')
    const other = await planned(at, alert({ id: 'alert-2' }))
    expect((await at.responder.reject(other.id, 'bob')).rejectedBy).toBe('bob')
    await expect(at.responder.approve(other.id, other.digest, 'ada')).rejects.toThrow('rejected by bob')
  })

  test('of two approvals at the same time one is given', async () => {
    const at = await world()
    const plan = await planned(at)
    const both = await Promise.allSettled([
      at.responder.approve(plan.id, plan.digest, 'ada'),
      at.responder.approve(plan.id, plan.digest, 'bob'),
    ])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(at.spy.fate.trace.filter((name) => name === 'apply')).toHaveLength(1)
  })

  test('an approval comes too late once the plan expired, before and after the tick that notes it', async () => {
    const at = await world({ playbooks: [playbook({ expires: '1h' })] })
    const plan = await planned(at)
    at.given.clock.advanceTo(plan.expiresAt)
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow(
      'expired at 2026-01-05T13:00:00.000Z',
    )
    await at.responder.tick(plan.expiresAt)
    expect(at.responder.plans()[0]?.rejectedBy).toBe('modelward (expired)')
    expect(at.disk.actions()).toEqual(['plan.create', 'plan.refuse', 'plan.expire'])
  })

  test('a changed outside state and a changed playbook ask for another plan', async () => {
    const at = await world()
    const plan = await planned(at)
    at.spy.state = 'changed'
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('has changed since it was planned')
    const changed = await world({ disk: at.disk, playbooks: [playbook({ steps: [mark, deny] })] })
    await expect(changed.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow(
      'the playbook contain-key has changed',
    )
  })

  test('the kill switch stops approvals and steps, and lets containment be taken back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'modelward-respond-'))
    try {
      const killSwitch = join(folder, 'no-containment')
      const at = await world({ killSwitch, playbooks: [playbook({ steps: [mark, deny] })] })
      at.spy.onApply = () => writeFileSync(killSwitch, '')
      const plan = await planned(at)
      const done = await at.responder.approve(plan.id, plan.digest, 'ada')
      expect(statesOf(done)).toEqual(['effective', 'failed'])
      expect(done.states[1]?.detail).toBe(`containment is switched off by the file ${killSwitch}; remove it to go on`)
      const other = await planned(at, alert({ id: 'alert-2' }))
      await expect(at.responder.approve(other.id, other.digest, 'ada')).rejects.toThrow('switched off by the file')
      expect(statesOf(await at.responder.revert(plan.id, 'ada'))).toEqual(['reverted', 'failed'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('limits hold across approvals that come at the same time, and each refusal is audited', async () => {
    const limits = { maxTargets: 2, maxActionsPerHour: 3 }
    const at = await world({ playbooks: [playbook({ limits })] })
    const plans = []
    for (const name of ['a', 'b', 'c'])
      plans.push(await planned(at, alert({ id: `alert-${name}`, principal: `key:${name}` })))
    const outcomes = await Promise.allSettled(plans.map((plan) => at.responder.approve(plan.id, plan.digest, 'ada')))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(at.disk.audit.filter(({ action }) => action === 'plan.refuse')[0]?.detail['reason']).toBe(
      'contain-key allows 2 targets at a time, and holds 2; revert one first',
    )
    const [first, , third] = plans
    if (!first || !third) throw new Error('no plans')
    await at.responder.revert(first.id, 'ada')
    await at.responder.approve(third.id, third.digest, 'ada')
    const fourth = await planned(at, alert({ id: 'alert-d', principal: 'key:c' }))
    await expect(at.responder.approve(fourth.id, fourth.digest, 'ada')).rejects.toThrow('allows 3 actions an hour')
    at.given.clock.advanceTo(at.given.clock.now() + HOUR)
    expect(statesOf(await at.responder.approve(fourth.id, fourth.digest, 'ada'))).toEqual(['effective'])
  })

  test('an automatic playbook acts at once when live, within its limits, and only plans in dry run', async () => {
    const auto = playbook({ approval: 'auto', limits: { maxTargets: 1 } })
    const live = await world({ playbooks: [auto] })
    expect(statesOf(await planned(live))).toEqual(['effective'])
    const second = await planned(live, alert({ id: 'alert-2', principal: 'key:second' }))
    expect(statesOf(second)).toEqual(['planned'])
    expect(live.disk.actions().at(-1)).toBe('plan.refuse')
    const dry = await world({ playbooks: [auto], mode: 'dry-run' })
    expect(statesOf(await planned(dry))).toEqual(['planned'])
  })
})
