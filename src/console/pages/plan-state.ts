import type { Plan, StepState } from '../../contract/respond.ts'

/** How far a plan is, in one word. */
export function planState({ rejectedBy, approval, states }: Plan): StepState | 'rejected' {
  if (rejectedBy !== undefined) return 'rejected'
  return states.at(-1)?.state ?? (approval ? 'approved' : 'planned')
}

/** Somebody has to decide. */
export function isWaiting(plan: Plan, now: number): boolean {
  return planState(plan) === 'planned' && !plan.approval && plan.expiresAt > now
}

/** Was not decided in time. */
export function isLapsed(plan: Plan, now: number): boolean {
  return planState(plan) === 'planned' && !plan.approval && plan.expiresAt <= now
}

/** It has changed something outside, or may have. */
export function isInForce(plan: Plan): boolean {
  const state = planState(plan)
  if (state === 'reverted' || state === 'rejected' || state === 'failed' || state === 'drifted') return false
  return plan.approval !== undefined
}

/** Something is there to be taken back. */
export function isRevertible(plan: Plan): boolean {
  return isInForce(plan) && !plan.dryRun && plan.steps.some(({ reversible }) => reversible)
}
