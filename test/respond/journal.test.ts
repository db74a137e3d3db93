import { describe, expect, test } from 'vitest'
import type { Plan, StepState } from '../../src/contract/respond.ts'
import { Journal } from '../../src/respond/journal.ts'
import type { PlanRecord } from '../../src/respond/record.ts'
import { ManualClock } from '../../src/runtime/clock.ts'
import { alert, Disk, Fate } from './world.ts'

const deed = { actor: 'ada', action: 'plan.create' }

function record(id: string, state: StepState, parts: Partial<Plan> = {}): PlanRecord {
  const step = { action: 'spy', parameters: {}, summary: '', undo: '', reversible: true, stateFingerprint: '' }
  return {
    plan: {
      id,
      playbook: 'contain-key',
      alert: `alert-${id}`,
      target: { principal: 'key:a' },
      steps: [step],
      digest: 'd',
      createdAt: Number(id),
      expiresAt: 100,
      blastRadius: { hours: 0, targetRequests: 0, otherRequests: 0, otherPrincipals: 0 },
      dryRun: false,
      states: [{ state, at: 0, detail: '' }],
      ...parts,
    },
    alert: alert(),
    playbookDigest: 'p',
    generation: 0,
  }
}

const over = { rejectedBy: 'ada' }

describe('the journal', () => {
  test('when it is full the oldest plan that is over gives way, also on disk; open ones never do', async () => {
    const disk = new Disk()
    const journal = new Journal(disk.memory(), new ManualClock(), 3)
    await journal.write(record('1', 'effective', { approval: { by: 'ada', at: 0, digest: 'd' } }), deed)
    await journal.write(record('2', 'planned', over), deed)
    await journal.write(record('3', 'planned'), deed)
    await journal.write(record('4', 'planned'), deed)
    expect(journal.all().map(({ plan }) => plan.id)).toEqual(['1', '3', '4'])
    expect([...(disk.kinds.get('plan')?.keys() ?? [])]).toEqual(['1', '3', '4'])
    expect(journal.latest('alert-2', 'contain-key', 'key:a')).toBeUndefined()
    await expect(journal.write(record('5', 'planned'), deed)).rejects.toThrow('3 plans are open, which is the most')
    await journal.write(record('3', 'planned', over), deed)
    await journal.write(record('5', 'planned'), deed)
    expect(journal.all().map(({ plan }) => plan.id)).toEqual(['1', '4', '5'])
  })

  test('what could not be written is not true in memory either', async () => {
    const fate = new Fate()
    const disk = new Disk()
    const journal = new Journal(disk.memory(fate), new ManualClock())
    await journal.write(record('1', 'planned'), deed)
    fate.dieAt(1)
    const move = journal.move('1', 0, { state: 'applying', detail: '', actor: 'ada' })
    await expect(move).rejects.toThrow('the process died')
    expect(journal.get('1').plan.states[0]?.state).toBe('planned')
  })

  test('another journal over the same disk holds the same plans in the same order', async () => {
    const disk = new Disk()
    const journal = new Journal(disk.memory(), new ManualClock())
    for (const id of ['2', '1', '3']) await journal.write(record(id, 'planned'), deed)
    const again = new Journal(disk.memory(), new ManualClock())
    expect(again.all().map(({ plan }) => plan.id)).toEqual(['1', '2', '3'])
    expect(again.get('2')).toEqual(journal.get('2'))
  })
})
