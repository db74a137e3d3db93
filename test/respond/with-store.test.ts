import { expect, test } from 'vitest'
import type { Memory } from '../../src/respond/memory/memory.ts'
import { openStore } from '../../src/store/store.ts'
import { given } from '../support/given.ts'
import { alert, deny, mark, playbook, world } from './world.ts'

test('over the real store the audit chain holds and a restart finds plans and claims as they were', async () => {
  const store = openStore({ ...given(), memory: true })
  const memory: Memory = {
    commit: (changes) => store.commit(changes),
    documents: <T>(kind: string) => store.documents<T>(kind),
  }
  const playbooks = [playbook({ steps: [deny, mark] })]
  const { responder, spy } = await world({ memory, playbooks })
  const [plan] = await responder.consider(alert())
  if (!plan) throw new Error('nothing planned')
  await expect(responder.approve(plan.id, 'another', 'ada')).rejects.toThrow('read the plan again')
  await responder.approve(plan.id, plan.digest, 'ada')
  const again = (await world({ memory, playbooks, spy })).responder
  expect(again.plans()).toEqual(responder.plans())
  expect(again.claims()).toEqual(responder.claims())
  expect(again.claims()).toHaveLength(1)
  await again.revert(plan.id, 'bob')
  expect(store.audit.verify()).toMatchObject({ intact: true })
  expect(store.audit.entries(1, 100).map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    'modelward plan.create',
    'ada plan.refuse',
    'ada plan.approve',
    'modelward step.applying',
    'modelward step.applied',
    'modelward step.effective',
    'modelward step.applying',
    'modelward step.applied',
    'modelward step.effective',
    'bob step.reverting',
    'bob step.reverted',
    'bob step.reverting',
    'bob step.reverted',
  ])
  store[Symbol.dispose]()
})
