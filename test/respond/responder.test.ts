import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../src/contract/respond.ts'
import { RefusedError, TransientError } from '../../src/runtime/errors.ts'
import { planDigest } from '../../src/respond/record.ts'
import { Traffic } from '../../src/respond/traffic/traffic.ts'
import { alert, deny, HOUR, mark, playbook, world, type World } from './world.ts'

async function planned(at: World, about = alert()): Promise<Plan> {
  const [plan] = await at.responder.consider(about)
  if (!plan) throw new Error('nothing was planned')
  return plan
}

function statesOf(plan: Plan | undefined): string[] {
  return (plan?.states ?? []).map(({ state }) => state)
}

/** Lets everything happen that does not wait for the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve()
}

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
    expect(await at.responder.plan('contain-key', alert(), 'ada')).toEqual(first)
    at.spy.state = 'changed'
    const second = await at.responder.plan('contain-key', alert(), 'ada')
    expect(second.id).not.toBe(first.id)
    expect(at.responder.plans().map(({ rejectedBy }) => rejectedBy)).toEqual([undefined, 'ada'])
    await at.responder.approve(second.id, second.digest, 'ada')
    const third = await at.responder.plan('contain-key', alert(), 'ada')
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
    expect((await live.responder.plan('contain-key', alert(), 'ada')).dryRun).toBe(false)
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

describe('doing', () => {
  test('the intent is on disk before an action is called, and the outcome after it', async () => {
    const at = await world()
    const plan = await planned(at)
    await at.responder.approve(plan.id, plan.digest, 'ada')
    const steps = at.spy.fate.trace.filter((name) => name !== 'before commit')
    expect(steps).toEqual([
      'commit plan.create',
      'commit plan.approve',
      'commit step.applying',
      'apply',
      'applied',
      'commit step.applied',
      'verify',
      'commit step.effective',
    ])
    expect(at.disk.audit[1]).toMatchObject({ actor: 'ada', subject: plan.id, detail: { digest: plan.digest } })
    expect(at.disk.audit[2]?.detail['request']).toMatch(/^[0-9a-f]{64}$/)
  })

  test('only a transient error is tried again, three times in all', async () => {
    const at = await world()
    at.spy.onApply = () => {
      throw new TransientError('busy')
    }
    const plan = await planned(at)
    const done = at.responder.approve(plan.id, plan.digest, 'ada')
    for (let wait = 0; wait < 3; wait++) {
      await settle()
      at.given.clock.advanceTo(at.given.clock.now() + 20_000)
    }
    expect((await done).states[0]).toMatchObject({ state: 'failed', detail: 'busy' })
    expect(at.spy.fate.trace.filter((name) => name === 'apply')).toHaveLength(3)

    const hard = await world()
    hard.spy.verdict = 'unknown'
    hard.spy.onApply = () => {
      throw new Error('forbidden')
    }
    const other = await planned(hard)
    expect((await hard.responder.approve(other.id, other.digest, 'ada')).states[0]?.detail).toBe('forbidden')
    expect(hard.spy.fate.trace.filter((name) => name === 'apply')).toHaveLength(1)
  })

  test('what may have been done although nobody answered is asked for, and unknown stays revertible', async () => {
    const at = await world({ playbooks: [playbook({ steps: [mark, deny] })] })
    at.spy.verdict = 'unknown'
    at.spy.onApply = ({ claimId, target }) => {
      at.spy.outside.set(claimId, target.principal)
      throw new TransientError('no answer')
    }
    const plan = await planned(at)
    const done = at.responder.approve(plan.id, plan.digest, 'ada')
    for (let wait = 0; wait < 3; wait++) {
      await settle()
      at.given.clock.advanceTo(at.given.clock.now() + 20_000)
    }
    expect(statesOf(await done)).toEqual(['unknown', 'failed'])
    expect(statesOf(await at.responder.revert(plan.id, 'ada'))).toEqual(['reverted', 'failed'])
    expect(at.spy.outside.size).toBe(0)
  })

  test('a step that does not take effect in time is ineffective and stops the rest', async () => {
    const at = await world({ playbooks: [playbook({ steps: [mark, deny] })], verifyWithinMs: 5_000 })
    at.spy.verdict = 'ineffective'
    const plan = await planned(at)
    const done = at.responder.approve(plan.id, plan.digest, 'ada')
    for (let wait = 0; wait < 10; wait++) {
      await settle()
      at.given.clock.advanceTo(at.given.clock.now() + 1_000)
    }
    const { states } = await done
    expect(states.map(({ state, detail }) => [state, detail])).toEqual([
      ['ineffective', 'looked: ineffective'],
      ['failed', 'not done, because step 1 did not work'],
    ])
    expect(at.responder.claims()).toEqual([])
  })

  test('an effect that comes late is waited for', async () => {
    const at = await world()
    at.spy.verdict = 'ineffective'
    const plan = await planned(at)
    const done = at.responder.approve(plan.id, plan.digest, 'ada')
    await settle()
    at.spy.verdict = 'effective'
    at.given.clock.advanceTo(at.given.clock.now() + 500)
    expect(statesOf(await done)).toEqual(['effective'])
  })

  test('an action that never answers is given up after three times half a minute', async () => {
    const at = await world()
    at.spy.apply = () => new Promise(() => undefined)
    const plan = await planned(at)
    const done = at.responder.approve(plan.id, plan.digest, 'ada')
    for (let wait = 0; wait < 8; wait++) {
      await settle()
      at.given.clock.advanceTo(at.given.clock.now() + 15_000)
    }
    expect((await done).states[0]).toMatchObject({ state: 'failed', detail: 'no answer within 30000 ms' })
  })

  test('a slow action holds up nobody else', async () => {
    const at = await world({ playbooks: [playbook(), playbook({ id: 'other', steps: [deny] })] })
    at.spy.apply = () => new Promise(() => undefined)
    const slow = await planned(at)
    const stuck = at.responder.approve(slow.id, slow.digest, 'ada')
    const quick = await at.responder.plan('other', alert(), 'ada')
    expect(statesOf(await at.responder.approve(quick.id, quick.digest, 'ada'))).toEqual(['effective'])
    await at.responder.tick(at.given.clock.now())
    await Promise.all([expect(stuck).rejects.toThrow('stopping'), at.responder[Symbol.asyncDispose]()])
  })

  test('an approval whose plan was changed on disk is refused', async () => {
    const at = await world()
    const plan = await planned(at)
    const plans = at.disk.kinds.get('plan')
    plans?.set(plan.id, (plans.get(plan.id) ?? '').replaceAll('key:attacker', 'key:victim'))
    const again = await world({ disk: at.disk })
    await expect(again.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('read the plan again')
  })

  test('an action that never answers does not keep the daemon from closing', async () => {
    const at = await world()
    at.spy.apply = () => new Promise(() => undefined)
    const plan = await planned(at)
    const done = at.responder.approve(plan.id, plan.digest, 'ada')
    await settle()
    await Promise.all([expect(done).rejects.toThrow('stopping'), at.responder[Symbol.asyncDispose]()])
    expect(statesOf(at.responder.plans()[0])).toEqual(['applying'])
  })
})

describe('taking back', () => {
  test('a denied caller is denied until the plan is taken back by hand', async () => {
    const at = await world({ playbooks: [playbook({ steps: [deny] })] })
    const plan = await planned(at)
    await at.responder.approve(plan.id, plan.digest, 'ada')
    expect(at.responder.check('key:attacker').effect).toBe('deny')
    expect(at.responder.check('key:other').effect).toBe('allow')
    expect(statesOf(await at.responder.revert(plan.id, 'bob'))).toEqual(['reverted'])
    expect(at.responder.check('key:attacker').effect).toBe('allow')
    expect(at.disk.audit.slice(-2).map(({ actor, action }) => [actor, action])).toEqual([
      ['bob', 'step.reverting'],
      ['bob', 'step.reverted'],
    ])
    await expect(at.responder.revert(plan.id, 'bob')).rejects.toThrow('nothing in force')
  })

  test('steps are taken back in reverse, and only those that were applied', async () => {
    const steps = [mark, { action: 'spy', with: { for: '3h' } }, { action: 'spy', with: { for: '4h' } }]
    const at = await world({ playbooks: [playbook({ steps })] })
    at.spy.onApply = ({ parameters }) => {
      if (parameters['for'] === '4h') throw new Error('forbidden')
    }
    const undone: unknown[] = []
    at.spy.onUndo = ({ parameters }) => void undone.push(parameters['for'])
    const plan = await planned(at)
    expect(statesOf(await at.responder.approve(plan.id, plan.digest, 'ada'))).toEqual([
      'effective',
      'effective',
      'failed',
    ])
    expect(statesOf(await at.responder.revert(plan.id, 'ada'))).toEqual(['reverted', 'reverted', 'failed'])
    expect(undone).toEqual(['3h', '2h'])
  })

  test('what somebody else changed is left as it is', async () => {
    const at = await world({ playbooks: [playbook({ steps: [deny] })] })
    const plan = await planned(at)
    await at.responder.approve(plan.id, plan.digest, 'ada')
    const [claim] = at.responder.claims()
    if (!claim) throw new Error('no claim')
    await at.decisions.put({ ...claim, owner: 'bob', endsAt: claim.endsAt + HOUR })
    expect((await at.responder.revert(plan.id, 'ada')).states[0]).toMatchObject({
      state: 'drifted',
      detail: 'somebody changed the claim; it was left as it is',
    })
    expect(at.responder.check('key:attacker').effect).toBe('deny')
  })

  test('a containment ends by itself, and an earlier end does not lift a later one', async () => {
    const at = await world({ playbooks: [playbook({ steps: [deny] })] })
    const start = at.given.clock.now()
    const first = await planned(at)
    await at.responder.approve(first.id, first.digest, 'ada')
    at.given.clock.advanceTo(start + HOUR / 2)
    const second = await planned(at, alert({ id: 'alert-2' }))
    await at.responder.approve(second.id, second.digest, 'ada')
    at.given.clock.advanceTo(start + HOUR)
    await at.responder.tick(start + HOUR)
    expect(at.responder.plans().map(statesOf)).toEqual([['effective'], ['reverted']])
    expect(at.responder.check('key:attacker').effect).toBe('deny')
    at.given.clock.advanceTo(start + 1.5 * HOUR)
    expect(at.responder.check('key:attacker').effect).toBe('allow')
    await at.responder.tick(start + 1.5 * HOUR)
    expect(at.responder.plans().map(statesOf)).toEqual([['reverted'], ['reverted']])
    expect(at.disk.kinds.get('claim')?.size).toBe(0)
  })

  test('an end that fails is tried again later, not at once', async () => {
    const at = await world()
    const plan = await planned(at)
    await at.responder.approve(plan.id, plan.digest, 'ada')
    at.spy.onUndo = () => {
      throw new Error('forbidden')
    }
    const end = at.given.clock.now() + 2 * HOUR
    at.given.clock.advanceTo(end)
    await at.responder.tick(end)
    expect(at.responder.plans()[0]?.states[0]).toMatchObject({
      state: 'unknown',
      detail: 'taking it back failed: forbidden',
    })
    at.spy.onUndo = () => undefined
    await at.responder.tick(end + 1)
    expect(at.spy.fate.trace.filter((name) => name === 'undo')).toHaveLength(1)
    await at.responder.tick(end + HOUR)
    expect(statesOf(at.responder.plans()[0])).toEqual(['reverted'])
  })
})
