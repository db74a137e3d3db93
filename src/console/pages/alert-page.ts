import type { Alert } from '../../contract/alert.ts'
import type { Claim, Plan } from '../../contract/respond.ts'
import { principalsOf } from '../../runtime/alert-principals.ts'
import { alertOf } from '../api/lookup.ts'
import type { Answer } from '../http/answer.ts'
import { factList, mono } from '../markup/facts.ts'
import { type Html, html } from '../markup/html.ts'
import { counted, levelTag, numberOf, saidOf, stateTags, timeOf } from '../markup/words.ts'
import type { Ask } from '../routing/router.ts'
import { planAside, silenceAside } from './alert-aside.ts'
import { seenAgainstExpected, techniqueLink, timeline } from './alert-evidence.ts'
import { isWaiting } from './plan-state.ts'
import { type PageParts, csrfField, pageOf, sessionOf } from './shell.ts'

const MOST_RELATED = 10

/** `/alerts/:id`: what happened, why it is one, what to do, and the buttons to do it. */
export function alertPage(parts: PageParts, ask: Ask): Answer {
  const alert = alertOf(parts.desk, ask.part('id'))
  const now = parts.clock.now()
  return pageOf(parts, ask, {
    title: alert.rule.title,
    section: 'alerts',
    main: html`<p><a href="/">Alerts</a></p>
      <p class="row">
        ${levelTag(alert.level)} <span>${stateTags(alert)}</span>
        <span class="quiet">risk ${Math.round(alert.risk)} of 100, ${counted(alert.count, 'finding')}</span>
      </p>
      <h1>${alert.rule.title}</h1>
      <p>${saidOf(alert)}</p>
      ${buttons(parts, alert, ask)}
      <div class="split">
        <div>${seenAgainstExpected(alert)} ${runbook(alert)} ${timeline(alert)} ${related(parts, alert, now)}</div>
        <div>${facts(parts, alert, now)} ${planAside(parts, alert, ask)} ${silenceAside(alert, ask, now)}</div>
      </div>`,
  })
}

function buttons({ desk, clock }: PageParts, alert: Alert, ask: Ask): Html {
  const { id, state, acknowledgedBy, resolvedBy } = alert
  const path = `/alerts/${encodeURIComponent(id)}`
  const csrf = csrfField(sessionOf(ask))
  const waiting = desk.plans().filter((plan) => plan.alert === id && isWaiting(plan, clock.now()))
  if (state === 'resolved')
    return html`<p class="panel">
      ${resolvedBy === undefined ? 'It ended by itself.' : `Resolved by ${resolvedBy}.`}${acknowledgedBy !== undefined && ` Acknowledged by ${acknowledgedBy}.`}
    </p>`
  return html`<div class="row panel">
    ${acknowledgedBy === undefined ? html`<form method="post" action="${path}/ack">${csrf}<button class="main">Acknowledge</button></form>` : html`<span>Acknowledged by ${acknowledgedBy}.</span>`}
    <form method="post" action="${path}/resolve">${csrf}<button>Resolve</button></form>
    ${waitingLink(waiting)}
    <a href="#silence">Silence</a>
    <a href="/api/v1/alerts/${encodeURIComponent(id)}">ECS document (JSON)</a>
  </div>`
}

function waitingLink(plans: readonly Plan[]): Html {
  const [first, second] = plans
  if (!first) return html`<a href="#plan">Plan a playbook</a>`
  if (!second)
    return html`<a class="button" href="/playbooks#${first.id}">A plan waits for approval: ${first.playbook}</a>`
  return html`<a class="button" href="#plan">${plans.length} plans wait for approval</a>`
}

function runbook({ rule }: Alert): Html {
  return html`<section class="panel" aria-labelledby="runbook">
    <h2 id="runbook">Runbook</h2>
    <pre>${rule.runbook.trim() === '' ? 'The rule has no runbook.' : rule.runbook.trimEnd()}</pre>
    ${
      rule.falsePositives.length > 0 &&
      html`<h3>When it is a false alarm</h3>
        <ul>
          ${rule.falsePositives.map((each) => html`<li>${each}</li>`)}
        </ul>`
    }
    <h3>What the rule looks for</h3>
    <p>${rule.description}</p>
    ${
      rule.references.length > 0 &&
      html`<ul>
        ${rule.references.map((each) => html`<li>${reference(each)}</li>`)}
      </ul>`
    }
  </section>`
}

function reference(address: string): Html {
  return /^https?:\/\//.test(address) ? html`<a href="${address}" rel="noreferrer">${address}</a>` : html`${address}`
}

function facts({ desk }: PageParts, alert: Alert, now: number): Html {
  const { rule, endedAt, silencedBy } = alert
  const principals = principalsOf(alert)
  const claims = desk.claims().filter((claim) => principals.includes(claim.target.principal))
  return html`<section class="panel" aria-labelledby="facts">
    <h2 id="facts">Facts</h2>
    ${factList([
      [principals.length > 1 ? 'Principals' : 'Principal', principalLinks(alert)],
      ['Contained', claims.length > 0 && claims.map((claim) => containment(claim, now, principals.length > 1))],
      ['Began', timeOf(alert.startedAt, now)],
      ['Last seen', timeOf(alert.lastAt, now)],
      ['Ended', endedAt !== undefined && timeOf(endedAt, now)],
      ['Silenced by', silencedBy !== undefined && html`<a class="mono" href="/silences">${silencedBy}</a>`],
      ...Object.entries(alert.labels)
        .filter(([name]) => name !== 'principal')
        .map(([name, value]) => [name, mono(value)] as const),
      ['Control', rule.controls.join(', ') || 'none'],
      ['Technique', techniqueList(rule)],
      ['Rule', html`${allOf('rule', rule.id)}<br /><span class="mono quiet">${rule.file}</span>`],
      ['Alert', mono(alert.id)],
    ])}
  </section>`
}

function principalLinks(alert: Alert): Html {
  const links = principalsOf(alert).map((principal) => allOf('principal', principal))
  if (links.length <= 1) return links[0] ?? html`none`
  return html`<ul class="plain">
    ${links.map((link) => html`<li>${link}</li>`)}
    ${alert.unnamed !== undefined && html`<li class="quiet">and others, with ${counted(alert.unnamed, 'finding')}, who are not named and not planned for</li>`}
  </ul>`
}

/** A link to all alerts of the same principal or rule. */
function allOf(name: 'principal' | 'rule', value: string): Html {
  return html`<a class="mono" href="/?state=all&amp;${name}=${encodeURIComponent(value)}">${value}</a>`
}

function containment({ effect, endsAt, target }: Claim, now: number, isNamed: boolean): Html {
  return html`<span class="tag wait">${effect}</span> ${isNamed && html`${mono(target.principal)} `}until
    ${timeOf(endsAt, now)} `
}

function techniqueList({ atlas, attack }: Alert['rule']): Html | string {
  const techniques = [...atlas, ...attack]
  if (techniques.length === 0) return 'none'
  return html`<ul class="plain">
    ${techniques.map((each) => html`<li>${techniqueLink(each)}</li>`)}
  </ul>`
}

function related({ desk }: PageParts, alert: Alert, now: number): Html | undefined {
  const principals = principalsOf(alert)
  if (principals.length === 0) return undefined
  const found = principals.flatMap((principal) => desk.alerts({ principal, limit: MOST_RELATED + 1 }))
  const others = [...new Map(found.map((other) => [other.id, other])).values()]
    .filter(({ id }) => id !== alert.id)
    .toSorted((a, b) => b.lastAt - a.lastAt)
  return html`<section aria-labelledby="related">
    <h2 id="related">Other alerts of ${principals.length > 1 ? 'these principals' : 'this principal'}</h2>
    ${
      others.length === 0
        ? html`<p class="quiet">None.</p>`
        : html`<ul class="plain panel">
            ${others.slice(0, MOST_RELATED).map((other) => html`<li>${levelTag(other.level)} <a href="/alerts/${encodeURIComponent(other.id)}">${other.rule.title}</a> ${stateTags(other)} <span class="quiet">${numberOf(other.count)} ×,</span> ${timeOf(other.lastAt, now)}</li>`)}
          </ul>`
    }
  </section>`
}
