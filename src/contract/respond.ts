import type { Alert } from './alert.ts'

/** Whom a containment is about. */
export interface Target {
  /** A pseudonym with its kind: `key:…`. */
  readonly principal: string
}

export type Effect = 'throttle' | 'deny'

/** One containment in force on one target, with a reason and an end. The effect on a target is the strongest of its claims. */
export interface Claim {
  readonly id: string
  readonly target: Target
  readonly effect: Effect
  /** For `throttle`: requests a minute. */
  readonly limit?: number
  readonly reason: string
  /** The plan, or the person, that put it there. */
  readonly owner: string
  readonly startsAt: number
  readonly endsAt: number
}

/** What a gateway is told about a caller. */
export interface Decision {
  readonly effect: 'allow' | Effect
  readonly limit?: number
  readonly retryAfterMs?: number
  readonly reason?: string
  readonly claims: readonly string[]
}

/** planned -> approved -> applying -> applied -> effective | ineffective | unknown -> reverting -> reverted | drifted. */
export type StepState =
  | 'planned'
  | 'approved'
  | 'applying'
  | 'applied'
  | 'effective'
  | 'ineffective'
  | 'unknown'
  | 'reverting'
  | 'reverted'
  | 'drifted'
  | 'failed'

/** What one step would do, worked out without doing it. */
export interface StepPlan {
  readonly action: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** In words, and as the exact request where there is one (secrets as ***). */
  readonly summary: string
  readonly request?: string
  readonly undo: string
  readonly reversible: boolean
  /** A hash of the outside state the plan rests on; another state at approval time means: plan again. */
  readonly stateFingerprint: string
}

/** A playbook worked out for one alert. The digest covers everything but the states; an approval names it. */
export interface Plan {
  readonly id: string
  readonly playbook: string
  readonly alert: string
  readonly target: Target
  readonly steps: readonly StepPlan[]
  readonly digest: string
  readonly createdAt: number
  /** An approval after this is refused. */
  readonly expiresAt: number
  readonly blastRadius: BlastRadius
  readonly dryRun: boolean
  readonly approval?: Approval
  readonly states: readonly StepStatus[]
  readonly rejectedBy?: string
}

export interface StepStatus {
  readonly state: StepState
  readonly at: number
  readonly detail: string
}

export interface Approval {
  readonly by: string
  readonly at: number
  readonly digest: string
}

/** What would have been hit on our own traffic of the last `hours`. */
export interface BlastRadius {
  readonly hours: number
  readonly targetRequests: number
  readonly otherRequests: number
  readonly otherPrincipals: number
}

/**
 * Changes something outside, and can say so before, check it after, and take it back. Every call may be repeated:
 * `apply` is keyed by `claimId`. Undo never overwrites somebody else's change: it answers `drifted` instead.
 */
export interface Action extends AsyncDisposable {
  plan(step: ActionStep, signal: AbortSignal): Promise<StepPlan>
  apply(step: ActionStep, signal: AbortSignal): Promise<string>
  verify(
    step: ActionStep,
    signal: AbortSignal,
  ): Promise<{ readonly state: 'effective' | 'ineffective' | 'unknown'; readonly detail: string }>
  undo(
    step: ActionStep,
    signal: AbortSignal,
  ): Promise<{ readonly state: 'reverted' | 'drifted'; readonly detail: string }>
}

export interface ActionStep {
  /** H(plan, action, target, parameters): the same intent is the same claim, and no two plans share one. */
  readonly claimId: string
  readonly target: Target
  readonly parameters: Readonly<Record<string, unknown>>
  readonly reason: string
  readonly alert: Alert
  readonly endsAt: number
}
