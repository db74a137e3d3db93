import { userInfo } from 'node:os'
import type { PlaybookFacts } from '../../contract/desk.ts'
import type { Plan } from '../../contract/respond.ts'
import { RemoteDesk } from '../../app/remote.ts'
import { UsageError } from '../../runtime/errors.ts'
import { printable, table } from '../call/io.ts'
import { textsGiven, type Io, type Verb } from '../call/verb.ts'
import { dataOf } from './alerts.ts'

const WORDS = 'list, plan PLAYBOOK ALERT, status [PLAN], approve PLAN DIGEST, reject PLAN, revert PLAN'

/** `playbook`: containment through the running daemon. */
export const playbook: Verb = {
  name: 'playbook',
  summary: 'containment: list, plan, approve, status, revert',
  usage: `list | plan PLAYBOOK ALERT [--principal P] | status [PLAN] | approve PLAN DIGEST | reject PLAN | revert PLAN`,
  examples: [
    'modelward playbook list',
    'modelward playbook plan contain-key k3jq…',
    'modelward playbook status',
    'modelward playbook approve p7x2… 9b1f…',
    'modelward playbook revert p7x2…',
  ],
  options: { principal: { type: 'string' } },
  async run(call) {
    const { io } = call
    const [word = 'list', first, second] = call.words
    const desk = RemoteDesk.find(dataOf(call), userInfo().username)
    const one = (): string => {
      if (first === undefined) throw new UsageError(`modelward playbook ${word} PLAN: which plan?`)
      return encodeURIComponent(first)
    }
    switch (word) {
      case 'list':
        return showPlaybooks(io, await desk.get<{ playbooks: readonly PlaybookFacts[] }>('/api/v1/playbooks'))
      case 'status':
        return showPlans(io, (await desk.get<{ plans: readonly Plan[] }>('/api/v1/plans')).plans, first)
      case 'plan':
        if (first === undefined || second === undefined) throw new UsageError('modelward playbook plan PLAYBOOK ALERT')
        return showMade(
          io,
          await desk.post<MadePlan>('/api/v1/plans', {
            playbook: first,
            alert: second,
            ...textsGiven(call, 'principal'),
          }),
        )
      case 'approve':
        if (second === undefined)
          throw new UsageError('modelward playbook approve PLAN DIGEST: the digest says which plan you have read')
        return showPlan(io, await desk.post<Plan>(`/api/v1/plans/${one()}/approve`, { digest: second }))
      case 'reject':
      case 'revert':
        return showPlan(io, await desk.post<Plan>(`/api/v1/plans/${one()}/${word}`))
      default:
        throw new UsageError(`there is no "playbook ${word}"; use one of: ${WORDS}`)
    }
  },
}

function showPlaybooks(io: Io, { playbooks }: { readonly playbooks: readonly PlaybookFacts[] }): number {
  if (io.asJson) for (const facts of playbooks) io.json({ kind: 'playbook', ...facts })
  else
    io.line(
      table([
        ['ID', 'APPROVAL', 'ACTIONS', 'TITLE'],
        ...playbooks.map((p) => [p.id, p.approval, p.actions.join(', '), p.title]),
      ]),
    )
  return 0
}

function showPlans(io: Io, plans: readonly Plan[], id: string | undefined): number {
  const wanted = id === undefined ? plans : plans.filter((plan) => plan.id.startsWith(id))
  if (io.asJson) for (const plan of wanted) io.json({ kind: 'plan', ...plan })
  else if (wanted.length === 0) io.line(id === undefined ? 'No plans.' : `There is no plan ${id}.`)
  else for (const plan of wanted) io.line(describePlan(plan))
  return id !== undefined && wanted.length === 0 ? 1 : 0
}

/** Of an alert about several principals: the plan for the first, and those for the others. */
type MadePlan = Plan & { readonly others?: readonly Plan[] }

function showMade(io: Io, { others = [], ...plan }: MadePlan): number {
  for (const each of [plan, ...others]) showPlan(io, each)
  return 0
}

function showPlan(io: Io, plan: Plan): number {
  if (io.asJson) io.json({ kind: 'plan', ...plan })
  else io.line(describePlan(plan))
  return 0
}

/** A plan for a person: what would be done to whom, what it would hit, how it is taken back. */
export function describePlan(plan: Plan): string {
  const { blastRadius: blast } = plan
  const last = plan.states.at(-1)
  return [
    `plan ${plan.id}  ${plan.playbook}${plan.dryRun ? ' (dry run)' : ''}  for alert ${plan.alert}`,
    `  target  ${plan.target.principal}`,
    ...plan.steps.flatMap((step, index) => [
      `  step ${index + 1}  ${printable(step.summary)}`,
      `          undo: ${printable(step.undo)}`,
    ]),
    `  hits    ${blast.targetRequests} requests of the target and ${blast.otherRequests} of ${blast.otherPrincipals} others in the last ${blast.hours} h`,
    `  state   ${plan.rejectedBy ? `rejected by ${plan.rejectedBy}` : (last?.state ?? 'planned')}${last?.detail ? `: ${printable(last.detail)}` : ''}`,
    `  digest  ${plan.digest}`,
  ].join('\n')
}
