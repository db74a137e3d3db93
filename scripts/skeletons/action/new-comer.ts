import { z } from 'zod'
import type { Action, ActionStep, StepPlan } from '../../../src/contract/respond.ts'
import type { ActionPlugin } from '../../../src/respond/context/action-context.ts'

const parameters = z.strictObject({
  note: z.string().min(1).max(500).describe('What to say with it.'),
})

/** What new-comer changes outside, in one sentence, and how it is taken back. */
export const newComer: ActionPlugin<Record<string, never>> = {
  kind: 'new-comer',
  summary: 'What it does, in one line for the help.',
  needs: ['the permission it needs outside'],
  config: z.strictObject({}),
  parameters,
  examples: [{}],
  open: () => Promise.resolve(new NewComerAction()),
}

/** Every call may be repeated: `step.claimId` is the same for the same intent. */
class NewComerAction implements Action {
  plan({ target, parameters: given }: ActionStep): Promise<StepPlan> {
    return Promise.resolve({
      action: newComer.kind,
      parameters: parameters.parse(given),
      summary: `nothing yet: ${target.principal}`,
      undo: 'nothing to take back',
      reversible: true,
      stateFingerprint: 'hash of the outside state that the plan rests on',
    })
  }

  apply(): Promise<string> {
    return Promise.reject(new Error('new-comer cannot do anything yet'))
  }

  verify(): ReturnType<Action['verify']> {
    return Promise.resolve({ state: 'unknown', detail: 'nothing was done' })
  }

  undo(): ReturnType<Action['undo']> {
    return Promise.resolve({ state: 'reverted', detail: 'nothing was done' })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
