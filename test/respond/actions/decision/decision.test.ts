import { describe, expect, test } from 'vitest'
import type { Action, ActionStep } from '../../../../src/contract/respond.ts'
import { decision } from '../../../../src/respond/actions/decision/decision.ts'
import { Decisions } from '../../../../src/respond/claims/decisions.ts'
import { given, type TestGiven } from '../../../support/given.ts'
import { alert, Disk, HOUR } from '../../world.ts'

const signal = new AbortController().signal

async function open(): Promise<{ action: Action; list: Decisions; own: TestGiven }> {
  const own = given()
  const list = new Decisions(new Disk().memory())
  const post = (): Promise<never> => Promise.reject(new Error('nothing is posted here'))
  return { action: await decision.open({}, { ...own, decisions: list, post }), list, own }
}

function step(own: TestGiven, parts: Partial<ActionStep> = {}): ActionStep {
  return {
    claimId: 'claim-1',
    target: { principal: 'key:a' },
    parameters: { effect: 'deny', for: '1h' },
    reason: 'contain-key for alert alert-1',
    alert: alert(),
    endsAt: own.clock.now() + HOUR,
    ...parts,
  }
}

describe('the decision action', () => {
  test('says what it would do and does nothing of it', async () => {
    const { action, list, own } = await open()
    const plan = await action.plan(step(own, { parameters: { effect: 'throttle', limit: 10, for: '4h' } }), signal)
    expect(plan).toMatchObject({
      action: 'decision',
      summary: 'throttle to 10 requests a minute: key:a, for 4h',
      undo: 'remove the claim claim-1; other claims on key:a stay',
      reversible: true,
    })
    expect(list.claims(own.clock.now())).toEqual([])
  })

  test('rests on the other claims on its target, and on nothing else', async () => {
    const { action, own } = await open()
    const fingerprint = async (): Promise<string> => (await action.plan(step(own), signal)).stateFingerprint
    const before = await fingerprint()
    await action.apply(step(own), signal)
    await action.apply(step(own, { claimId: 'claim-2', target: { principal: 'key:b' } }), signal)
    expect(await fingerprint()).toBe(before)
    await action.apply(step(own, { claimId: 'claim-3' }), signal)
    expect(await fingerprint()).not.toBe(before)
  })

  test('applied twice it is one claim with its first start, and it is read back', async () => {
    const { action, list, own } = await open()
    const start = own.clock.now()
    expect((await action.verify(step(own), signal)).state).toBe('ineffective')
    const intent = step(own)
    await action.apply(intent, signal)
    own.clock.advanceTo(start + 1_000)
    await action.apply(intent, signal)
    expect(list.claims(own.clock.now())).toMatchObject([{ id: 'claim-1', startsAt: start, endsAt: start + HOUR }])
    expect((await action.verify(intent, signal)).state).toBe('effective')
    own.clock.advanceTo(start + HOUR)
    expect(await action.verify(intent, signal)).toEqual({ state: 'ineffective', detail: 'the claim has ended' })
  })

  test('undo takes its own claim away, leaves others, and never one that somebody changed or removed', async () => {
    const { action, list, own } = await open()
    const intent = step(own)
    await action.apply(intent, signal)
    await action.apply(step(own, { claimId: 'claim-2' }), signal)
    expect(await action.undo(intent, signal)).toEqual({
      state: 'reverted',
      detail: 'claim removed; 1 other claims remain',
    })
    expect((await action.undo(intent, signal)).state).toBe('drifted')
    const [other] = list.claims(own.clock.now())
    if (!other) throw new Error('no claim')
    await list.put({ ...other, effect: 'throttle', limit: 5 })
    expect((await action.undo(step(own, { claimId: 'claim-2' }), signal)).state).toBe('drifted')
    expect(list.check('key:a', own.clock.now()).limit).toBe(5)
  })
})
