import { isProtected, type Playbook } from './playbook/playbook.ts'
import { endOf, stepsInForce, type PlanRecord } from './record.ts'

const HOUR_MS = 3_600_000

/** Why a playbook's own limits forbid this plan just now, in words; undefined when they allow it. */
export function limitRefusal(
  playbook: Playbook,
  record: PlanRecord,
  all: readonly PlanRecord[],
  now: number,
): string | undefined {
  const { maxTargets, maxActionsPerHour, maxCollateralPercent } = playbook.limits
  const { target, steps, id } = record.plan
  if (isProtected(playbook, target.principal)) return `${target.principal} is protected by ${playbook.id}`
  const siblings = all.filter(({ plan }) => plan.playbook === playbook.id && plan.id !== id)
  const recent = siblings.filter(({ plan }) => plan.approval !== undefined && plan.approval.at > now - HOUR_MS)
  const done = recent.reduce((sum, { plan }) => sum + plan.steps.length, 0)
  if (done + steps.length > maxActionsPerHour)
    return `${playbook.id} allows ${maxActionsPerHour} actions an hour, and ${done} were approved in the last`
  const targets = new Set(siblings.filter((other) => isHolding(other, now)).map(({ plan }) => plan.target.principal))
  if (!targets.has(target.principal) && targets.size >= maxTargets)
    return `${playbook.id} allows ${maxTargets} targets at a time, and holds ${targets.size}; revert one first`
  const collateral = collateralPercent(record)
  if (collateral > maxCollateralPercent)
    return `${collateral.toFixed(1)} % of the requests that it hits are not the target's; ${playbook.id} allows ${maxCollateralPercent} %`
  return undefined
}

/** Approved counts: it will hold in a moment. */
function isHolding(record: PlanRecord, now: number): boolean {
  const { states } = record.plan
  return (
    states.some(({ state }) => state === 'approved') || stepsInForce(record).some((index) => endOf(record, index) > now)
  )
}

function collateralPercent({ plan }: PlanRecord): number {
  const { targetRequests, otherRequests } = plan.blastRadius
  const all = targetRequests + otherRequests
  return all === 0 ? 0 : (100 * otherRequests) / all
}
