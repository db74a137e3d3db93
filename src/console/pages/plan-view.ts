import type { Alert } from '../../contract/alert.ts'
import type { Plan, StepPlan } from '../../contract/respond.ts'
import type { Session } from '../access/sessions.ts'
import { factList, mono } from '../markup/facts.ts'
import { type Html, html } from '../markup/html.ts'
import { counted, levelTag, numberOf, saidOf, spanOf, timeOf } from '../markup/words.ts'
import { isLapsed, isRevertible, isWaiting, planState } from './plan-state.ts'
import { csrfField } from './shell.ts'

const LOOK: Readonly<Record<string, string>> = {
  planned: 'wait',
  approved: 'wait',
  applying: 'wait',
  applied: 'wait',
  effective: 'good',
  reverted: 'good',
  reverting: 'wait',
  ineffective: 'bad',
  unknown: 'bad',
  drifted: 'bad',
  failed: 'bad',
}

/** One plan: whom it hits, what exactly it would do, how that is taken back, and the forms to decide. */
export function planCard(plan: Plan, alert: Alert | undefined, session: Session, now: number): Html {
  const state = isLapsed(plan, now) ? 'lapsed' : planState(plan)
  return html`<article class="panel" id="${plan.id}" tabindex="-1" aria-labelledby="${plan.id}-head">
    <h3 id="${plan.id}-head" class="row">
      <span>${plan.playbook} for <span class="mono">${plan.target.principal}</span></span>
      <span class="tag ${LOOK[state] ?? ''}">${state}</span
      >${plan.dryRun && html` <span class="tag wait">dry run</span>`}
    </h3>
    <p>
      ${alert ? html`${levelTag(alert.level)} <a href="/alerts/${encodeURIComponent(alert.id)}">${alert.rule.title}</a>: ${saidOf(alert)}` : html`<span class="quiet">Alert ${plan.alert} is no longer kept.</span>`}
    </p>
    <h4 class="hidden">Steps</h4>
    <ol class="steps">
      ${plan.steps.map(stepOf)}
    </ol>
    ${factList([
      ['Would have hit', blastOf(plan)],
      ['Planned', timeOf(plan.createdAt, now)],
      ['Approved', plan.approval && html`by ${plan.approval.by}, ${timeOf(plan.approval.at, now)}`],
      ['Approve before', isWaiting(plan, now) && timeOf(plan.expiresAt, now)],
      ['Lapsed', isLapsed(plan, now) && timeOf(plan.expiresAt, now)],
      ['Rejected', plan.rejectedBy !== undefined && `by ${plan.rejectedBy}`],
      ['Digest', mono(plan.digest)],
      ['Plan', mono(plan.id)],
    ])}
    ${history(plan, now)} ${decision(plan, session, now)}
  </article>`
}

function stepOf({ action, summary, request, undo, reversible }: StepPlan, index: number): Html {
  return html`<li>
    <strong>${index + 1}. ${summary}</strong> <span class="quiet">(${action})</span>
    ${request !== undefined && html`<pre aria-label="The exact request of step ${index + 1}">${request}</pre>`}
    <div>
      <span class="quiet">Undo:</span> ${undo}${!reversible && html` <span class="tag bad">cannot be taken back</span>`}
    </div>
  </li>`
}

function blastOf({ blastRadius }: Plan): Html {
  const { hours, targetRequests, otherRequests, otherPrincipals } = blastRadius
  const others =
    otherRequests === 0 && otherPrincipals === 0
      ? 'nobody else'
      : html`<strong>${counted(otherRequests, 'request')} of ${counted(otherPrincipals, 'other caller')}</strong>`
  return html`${counted(targetRequests, 'request')} of this caller and ${others}, in the last ${numberOf(hours)} h`
}

function history({ states }: Plan, now: number): Html | undefined {
  if (states.length === 0) return undefined
  const first = states[0]?.at ?? now
  return html`<details${states.length > 1 && html` open`}><summary>History</summary><ol class="history">${states.map(
    ({ state, at, detail }) =>
      html`<li>
        <span class="tag ${LOOK[state] ?? ''}">${state}</span>
        ${timeOf(at, now)}${at > first && html` <span class="quiet">+${spanOf(at - first)}</span>`} ${detail}
      </li>`,
  )}</ol></details>`
}

function decision(plan: Plan, session: Session, now: number): Html | undefined {
  const path = `/plans/${encodeURIComponent(plan.id)}`
  const csrf = csrfField(session)
  if (isWaiting(plan, now))
    return html`<div class="decide">
      ${
        !plan.dryRun &&
        html`<form method="post" action="${path}/approve">
          ${csrf}
          <label class="check"
            ><input type="checkbox" name="digest" value="${plan.digest}" required />
            <span
              >I have read these steps; I approve the plan with digest <code>${plan.digest.slice(0, 12)}…</code></span
            ></label
          >
          <button class="main">Approve</button>
        </form>`
      }
      <form method="post" action="${path}/reject">${csrf}<button>Reject</button></form>
    </div>`
  if (!isRevertible(plan)) return undefined
  return html`<div class="decide">
    <form method="post" action="${path}/revert">${csrf}<button>Take it back now</button></form>
  </div>`
}
