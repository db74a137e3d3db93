import type { PlaybookFacts } from '../../contract/desk.ts'
import type { Claim, Plan } from '../../contract/respond.ts'
import type { Answer } from '../http/answer.ts'
import { type Html, html } from '../markup/html.ts'
import { counted, timeOf } from '../markup/words.ts'
import type { Ask } from '../routing/router.ts'
import { isInForce, isLapsed, isWaiting, planState } from './plan-state.ts'
import { planCard } from './plan-view.ts'
import { type PageParts, pageOf, sessionOf } from './shell.ts'

const MOST_PAST = 30

/** `/playbooks`: what waits for a decision, what is in force, what was, and which playbooks there are. */
export function playbooksPage(parts: PageParts, ask: Ask): Answer {
  const { desk, clock } = parts
  const now = clock.now()
  const plans = desk.plans().toSorted((a, b) => b.createdAt - a.createdAt)
  const waiting = plans.filter((plan) => isWaiting(plan, now))
  const inForce = plans.filter(isInForce)
  const past = plans.filter((plan) => !waiting.includes(plan) && !inForce.includes(plan))
  const card = (plan: Plan): Html => planCard(plan, desk.alert(plan.alert), sessionOf(ask), now)
  return pageOf(parts, ask, {
    title: 'Playbooks',
    section: 'playbooks',
    isList: true,
    main: html`<div class="head">
        <div>
          <h1>Playbooks</h1>
          <p class="quiet">
            ${counted(waiting.length, 'plan waits', 'plans wait')} for approval,
            ${counted(inForce.length, 'approved plan')}, ${counted(desk.claims().length, 'containment')} in force
          </p>
        </div>
      </div>
      ${desk.status().dryRun && html`<p class="warning"><strong>Dry run.</strong> Plans show what would be done, and none can be approved. Set <code>respond: {mode: live}</code> in the config to let them act.</p>`}
      <section aria-labelledby="waiting">
        <h2 id="waiting">Waiting for approval</h2>
        ${waiting.length === 0 ? html`<p class="panel quiet">Nothing waits. A plan is made when an alert fires whose rule names a playbook, or by hand on the alert's page.</p>` : waiting.map(card)}
      </section>
      ${
        inForce.length > 0 &&
        html`<section aria-labelledby="approved">
          <h2 id="approved">Approved</h2>
          ${inForce.map(card)}
        </section>`
      }
      ${claimsOf(desk.claims(), now)}
      ${
        past.length > 0 &&
        html`<section aria-labelledby="past">
          <h2 id="past">Past</h2>
          <div class="panel">${past.slice(0, MOST_PAST).map((plan) => folded(plan, card(plan), now))}</div>
          ${past.length > MOST_PAST && html`<p class="quiet">${past.length - MOST_PAST} older plans: <code>modelward playbook status</code></p>`}
        </section>`
      }
      ${catalogue(desk.playbooks())}`,
  })
}

function folded(plan: Plan, card: Html, now: number): Html {
  const state = isLapsed(plan, now) ? 'lapsed' : planState(plan)
  return html`<details class="fold">
    <summary>
      ${plan.playbook} for <span class="mono">${plan.target.principal}</span>
      <span class="tag">${state}</span> ${timeOf(plan.createdAt, now)}
    </summary>
    ${card}
  </details>`
}

function claimsOf(claims: readonly Claim[], now: number): Html {
  return html`<section aria-labelledby="claims">
    <h2 id="claims">Containments in force</h2>
    ${
      claims.length === 0
        ? html`<p class="panel quiet">
            None. Gateways that ask <code>/decide</code> are told to let everybody through.
          </p>`
        : html`<div class="sheet">
            <table>
              <caption class="hidden">
                Containments in force
              </caption>
              <thead>
                <tr>
                  <th scope="col">Principal</th>
                  <th scope="col">Effect</th>
                  <th scope="col">Ends</th>
                  <th scope="col">Since</th>
                  <th scope="col">Reason</th>
                  <th scope="col">By</th>
                </tr>
              </thead>
              <tbody>
                ${claims.map(
                  (claim) =>
                    html`<tr>
                      <th scope="row"><span class="mono">${claim.target.principal}</span></th>
                      <td data-label="Effect">
                        <span
                          ><span class="tag ${claim.effect === 'deny' ? 'bad' : 'wait'}">${claim.effect}</span
                          >${claim.limit !== undefined && ` ${claim.limit} a minute`}</span
                        >
                      </td>
                      <td data-label="Ends"><span>${timeOf(claim.endsAt, now)}</span></td>
                      <td data-label="Since"><span>${timeOf(claim.startsAt, now)}</span></td>
                      <td data-label="Reason">${claim.reason}</td>
                      <td data-label="By"><span class="mono">${claim.owner}</span></td>
                    </tr> `,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`
}

function catalogue(playbooks: readonly PlaybookFacts[]): Html {
  return html`<section aria-labelledby="catalogue">
    <h2 id="catalogue">All playbooks</h2>
    ${
      playbooks.length === 0
        ? html`<p class="panel quiet">
            There are none. Name the folder with their files as <code>respond.playbooks</code> in the config.
          </p>`
        : html`<ul class="plain panel">
            ${playbooks.map(
              (playbook) =>
                html`<li>
                  <strong>${playbook.title}</strong>
                  <span class="tag">${playbook.approval === 'human' ? 'a person approves' : 'approves itself'}</span>
                  <p>${playbook.description}</p>
                  <span class="quiet"
                    ><span class="mono">${playbook.id}</span>, actions: ${playbook.actions.join(', ')},
                    <span class="mono">${playbook.file}</span></span
                  >
                </li>`,
            )}
          </ul>`
    }
  </section>`
}
