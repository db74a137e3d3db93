import { describe, expect, test } from 'vitest'
import { TransientError } from '../../src/runtime/errors.ts'
import { alert, askedFor, deny, HOUR, mark, playbook, planned, settle, statesOf, world } from './world.ts'

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
    const quick = await askedFor(at, 'other')
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
