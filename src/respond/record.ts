import type { Alert } from '../contract/alert.ts'
import type { ActionStep, Plan, StepPlan, StepState, StepStatus } from '../contract/respond.ts'
import { base32 } from '../runtime/base32.ts'
import { digestOf } from './playbook/canonical.ts'
import { parseDuration } from '../runtime/duration.ts'

/** A plan as it is kept, with what its steps need to be done, checked and undone once playbook and alert are gone. */
export interface PlanRecord {
  readonly plan: Plan
  /** Without its evidence. */
  readonly alert: Alert
  readonly playbookDigest: string
  /** The how-manieth plan of this alert, playbook and principal, from 0. */
  readonly generation: number
}

/** The end of a step that has none: the last time that a date can hold. */
const NEVER = 8_640_000_000_000_000

/** States in which a step may have an effect outside. */
const IN_FORCE: ReadonlySet<StepState> = new Set([
  'applying',
  'applied',
  'effective',
  'ineffective',
  'unknown',
  'reverting',
])
/** States that are left by finishing what was begun. */
const INTERRUPTED: ReadonlySet<StepState> = new Set(['approved', 'applying', 'applied', 'reverting'])

export function isWaiting({ plan }: PlanRecord): boolean {
  return plan.approval === undefined && plan.rejectedBy === undefined
}

export function isInterrupted({ plan }: PlanRecord): boolean {
  return plan.states.some(({ state }) => INTERRUPTED.has(state))
}

/** The steps that hold something in force which can be taken back, by number. */
export function stepsInForce({ plan }: PlanRecord): readonly number[] {
  return [...plan.steps.keys()].filter(
    (index) => plan.steps[index]?.reversible === true && IN_FORCE.has(plan.states[index]?.state ?? 'planned'),
  )
}

/** Epoch ms; counted from the approval. */
export function endOf({ plan }: PlanRecord, index: number): number {
  return endAfter(plan.approval?.at ?? plan.createdAt, stepOf(plan, index).parameters)
}

/** When something that begins at `at` ends, by its `for`. */
export function endAfter(at: number, parameters: StepPlan['parameters']): number {
  const text = parameters['for']
  return typeof text === 'string' ? at + parseDuration(text) : NEVER
}

export function actionStepOf(record: PlanRecord, index: number): ActionStep {
  const { plan, alert } = record
  const { action, parameters } = stepOf(plan, index)
  return {
    claimId: claimIdOf(plan.id, action, plan.target, parameters),
    target: plan.target,
    parameters,
    reason: reasonFor(plan.playbook, alert),
    alert,
    endsAt: endOf(record, index),
  }
}

/** The same intent of the same plan is the same claim, also after a crash; two plans never share one. */
export function claimIdOf(plan: string, action: string, target: Plan['target'], parameters: object): string {
  return base32(Buffer.from(digestOf([plan, action, target, parameters]), 'hex'), 26)
}

/** For gateways and receivers: nothing in it that the caller could learn from. */
export function reasonFor(playbook: string, alert: Alert): string {
  return `${playbook} for alert ${alert.id}`
}

export function stepOf(plan: Plan, index: number): StepPlan {
  const step = plan.steps[index]
  if (step === undefined) throw new RangeError(`plan ${plan.id} has no step ${index}`)
  return step
}

/** Over everything but what changes: states, approval and rejection. */
export function planDigest(plan: Omit<Plan, 'digest'> & { readonly digest?: string }): string {
  const { digest: _digest, states: _states, approval: _approval, rejectedBy: _rejectedBy, ...fixed } = plan
  return digestOf(fixed)
}

export function withState(record: PlanRecord, index: number, status: StepStatus): PlanRecord {
  return { ...record, plan: { ...record.plan, states: record.plan.states.with(index, status) } }
}
