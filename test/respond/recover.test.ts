import { describe, expect, test } from 'vitest'
import { StoreFullError } from '../../src/runtime/errors.ts'
import { alert, deny, Disk, Fate, HOUR, mark, playbook, SpyAction, world } from './world.ts'

const UNDER_WAY = ['approved', 'applying', 'applied', 'reverting']
const noAbort = new AbortController().signal
const steps = [mark, deny, { action: 'spy', with: { for: '3h' } }]

interface Life {
  readonly disk: Disk
  readonly outside: Map<string, string>
  readonly applied: string[]
}

/** One life of the daemon that plans, approves and takes back, and dies at a step; how far it came is on disk. */
async function live(life: Life, dieAt: number, work: 'approve' | 'revert'): Promise<boolean> {
  const fate = new Fate()
  const at = await world({ disk: life.disk, fate, spy: spyOf(life, fate), playbooks: [playbook({ steps })] })
  const [plan] = await at.responder.consider(alert())
  if (!plan) throw new Error('nothing planned')
  try {
    if (work === 'approve') fate.dieAt(dieAt)
    await at.responder.approve(plan.id, plan.digest, 'ada')
    if (work === 'revert') fate.dieAt(dieAt)
    if (work === 'revert') await at.responder.revert(plan.id, 'ada')
  } catch (error) {
    expect(String(error)).toContain('the process died')
  }
  return fate.isDead
}

function spyOf(life: Life, fate: Fate): SpyAction {
  const spy = new SpyAction(life.outside, fate)
  spy.onApply = ({ claimId }) => void life.applied.push(claimId)
  return spy
}

/** What is true outside is what the plan says, and nothing was applied twice. */
async function checkAfterRestart(life: Life): Promise<string[]> {
  const at = await world({ disk: life.disk, spy: spyOf(life, new Fate()), playbooks: [playbook({ steps })] })
  await at.responder.recover(noAbort)
  const [plan] = at.responder.plans()
  const states = plan?.states.map(({ state }) => state) ?? []
  for (const state of states) expect(UNDER_WAY).not.toContain(state)
  const inForce = [states[0], states[2]].filter((state) => state === 'effective').length
  expect(life.outside.size).toBe(inForce)
  expect(at.responder.claims()).toHaveLength(states[1] === 'effective' ? 1 : 0)
  expect(at.responder.check('key:attacker').effect).toBe(states[1] === 'effective' ? 'deny' : 'allow')
  expect(new Set(life.applied).size).toBe(life.applied.length)
  return states
}

describe('after a crash', () => {
  test.each(['approve', 'revert'] as const)('at any point of %s, plan and world agree again', async (work) => {
    const ends = new Set<string>()
    let point = 0
    for (let died = true; died;) {
      const life = { disk: new Disk(), outside: new Map<string, string>(), applied: [] }
      died = await live(life, ++point, work)
      ends.add((await checkAfterRestart(life)).join(' '))
    }
    expect(point).toBeGreaterThan(15)
    expect([...ends]).toContain(work === 'approve' ? 'effective effective effective' : 'reverted reverted reverted')
  })

  test('an apply that was interrupted before its effect is not done again', async () => {
    const life = { disk: new Disk(), outside: new Map<string, string>(), applied: [] }
    const fate = new Fate()
    const at = await world({ disk: life.disk, fate, spy: spyOf(life, fate) })
    const [plan] = await at.responder.consider(alert())
    if (!plan) throw new Error('nothing planned')
    fate.dieAt(5)
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('the process died')
    expect(fate.trace.at(-1)).toBe('commit step.applying')
    const again = await world({ disk: life.disk, spy: spyOf(life, new Fate()) })
    await again.responder.recover(noAbort)
    expect(again.responder.plans()[0]?.states[0]).toMatchObject({ state: 'failed' })
    expect(life.applied).toEqual([])
  })

  test('what nobody can tell stays unknown, and can be taken back', async () => {
    const fate = new Fate()
    const disk = new Disk()
    const outside = new Map<string, string>()
    const at = await world({ disk, fate, spy: new SpyAction(outside, fate) })
    const [plan] = await at.responder.consider(alert())
    if (!plan) throw new Error('nothing planned')
    fate.dieAt(6)
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('the process died')
    const spy = new SpyAction(outside)
    spy.verdict = 'unknown'
    const again = await world({ disk, spy })
    await again.responder.recover(noAbort)
    expect(again.responder.plans()[0]?.states[0]?.state).toBe('unknown')
    expect((await again.responder.revert(plan.id, 'ada')).states[0]?.state).toBe('reverted')
    expect(outside.size).toBe(0)
  })

  test('what a person takes back before it went on does not go on', async () => {
    const life = { disk: new Disk(), outside: new Map<string, string>(), applied: [] }
    const fate = new Fate()
    const playbooks = [playbook({ steps })]
    const at = await world({ disk: life.disk, fate, spy: spyOf(life, fate), playbooks })
    const [plan] = await at.responder.consider(alert())
    if (!plan) throw new Error('nothing planned')
    fate.dieAt(8)
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('the process died')
    const again = await world({ disk: life.disk, spy: spyOf(life, new Fate()), playbooks })
    await again.responder.revert(plan.id, 'ada')
    await again.responder.recover(noAbort)
    expect(again.responder.plans()[0]?.states.map(({ state }) => state)).toEqual(['reverted', 'failed', 'failed'])
    expect(again.responder.claims()).toEqual([])
    expect(life.outside.size).toBe(0)
  })

  test('a daemon that is told to stop while it recovers goes on at the next start', async () => {
    const disk = new Disk()
    const fate = new Fate()
    const at = await world({ disk, fate })
    const [plan] = await at.responder.consider(alert())
    if (!plan) throw new Error('nothing planned')
    fate.dieAt(3)
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('the process died')
    const stopped = await world({ disk })
    await stopped.responder.recover(AbortSignal.abort(new Error('stopping')))
    const again = await world({ disk })
    await again.responder.recover(noAbort)
    expect(again.responder.plans()[0]?.states[0]?.state).toBe('effective')
  })

  test('claims are in force again before anything else, until their own end', async () => {
    const disk = new Disk()
    const at = await world({ disk, playbooks: [playbook({ steps: [deny] })] })
    const [plan] = await at.responder.consider(alert())
    if (!plan) throw new Error('nothing planned')
    await at.responder.approve(plan.id, plan.digest, 'ada')
    const again = await world({ disk })
    expect(again.responder.check('key:attacker').effect).toBe('deny')
    const late = await world({ disk, now: at.given.clock.now() + HOUR })
    expect(late.responder.check('key:attacker').effect).toBe('allow')
    await late.responder.tick(late.given.clock.now())
    expect(late.responder.plans()[0]?.states[0]?.state).toBe('reverted')
  })

  test('what was approved goes on when a full disk has room again', async () => {
    const disk = new Disk()
    const memory = disk.memory()
    let isFull = false
    const at = await world({
      disk,
      memory: {
        ...memory,
        commit: (changes) => {
          if (isFull) throw new StoreFullError('the disk is full')
          return memory.commit(changes)
        },
      },
    })
    const [plan] = await at.responder.consider(alert())
    if (!plan) throw new Error('nothing planned')
    at.spy.onApply = () => {
      isFull = true
    }
    await expect(at.responder.approve(plan.id, plan.digest, 'ada')).rejects.toThrow('the disk is full')
    expect(at.responder.plans()[0]?.states[0]?.state).toBe('applying')
    isFull = false
    await at.responder.tick(at.given.clock.now())
    expect(at.responder.plans()[0]?.states[0]?.state).toBe('effective')
    expect(at.spy.fate.trace.filter((name) => name === 'apply')).toHaveLength(1)
  })
})
