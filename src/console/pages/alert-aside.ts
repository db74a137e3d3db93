import type { Alert, Matcher } from '../../contract/alert.ts'
import type { SilenceRequest } from '../../contract/desk.ts'
import type { Plan } from '../../contract/respond.ts'
import { principalsOf } from '../../runtime/alert-principals.ts'
import { badInput } from '../http/request-error.ts'
import { type Html, html } from '../markup/html.ts'
import { stampOf } from '../markup/words.ts'
import type { Ask } from '../routing/router.ts'
import { isLapsed, planState } from './plan-state.ts'
import { type PageParts, csrfField, sessionOf } from './shell.ts'

const HOUR = 3_600_000

/** How long a silence may be made from a page, in hours. */
const SPANS: readonly { readonly hours: number; readonly text: string }[] = [
  { hours: 1, text: '1 hour' },
  { hours: 4, text: '4 hours' },
  { hours: 12, text: '12 hours' },
  { hours: 24, text: '1 day' },
  { hours: 168, text: '7 days' },
]

/** The plans of an alert, and a form that makes one more. */
export function planAside({ desk, clock }: PageParts, alert: Alert, ask: Ask): Html {
  const plans = desk.plans().filter((plan) => plan.alert === alert.id)
  const playbooks = desk.playbooks()
  const principals = principalsOf(alert)
  const now = clock.now()
  return html`<section class="panel" id="plan" tabindex="-1" aria-labelledby="plan-head">
    <h2 id="plan-head">Containment</h2>
    ${principals.length > 1 ? planned(plans, principals, now) : plans.length > 0 && planList(plans, now)}
    ${
      playbooks.length === 0
        ? html`<p class="quiet">
            There are no playbooks. Name their folder as <code>respond.playbooks</code> in the config.
          </p>`
        : html`<form method="post" action="/alerts/${encodeURIComponent(alert.id)}/plan">
            ${csrfField(sessionOf(ask))}
            <div class="field">
              <label for="playbook">Playbook</label
              ><select id="playbook" name="playbook">
                ${playbooks.map(({ id, title }) => html`<option value="${id}" ${id === alert.rule.playbook ? html` selected` : ''}>${title}</option>`)}
              </select>
            </div>
            <button>Plan it</button>
            <span class="quiet">${principals.length > 1 && 'For each of them. '}Changes nothing yet.</span>
          </form>`
    }
  </section>`
}

/** Each principal of an alert with the plans about it. */
function planned(plans: readonly Plan[], principals: readonly string[], now: number): Html {
  const own = (principal: string): readonly Plan[] => plans.filter(({ target }) => target.principal === principal)
  return html`${principals.map(
    (principal) =>
      html`<h3 class="mono">${principal}</h3>
        ${own(principal).length > 0 ? planList(own(principal), now) : html`<p class="quiet">No plan.</p>`}`,
  )}`
}

function planList(plans: readonly Plan[], now: number): Html {
  return html`<ul class="plain">
    ${plans.map((plan) => html`<li><a href="/playbooks#${plan.id}">${plan.playbook}</a> <span class="tag">${isLapsed(plan, now) ? 'lapsed' : planState(plan)}</span></li>`)}
  </ul>`
}

/** A form that mutes what is like this alert. */
export function silenceAside(alert: Alert, ask: Ask, now: number): Html {
  return html`<section class="panel" id="silence" tabindex="-1" aria-labelledby="silence-head">
    <h2 id="silence-head">Silence</h2>
    <form method="post" action="/alerts/${encodeURIComponent(alert.id)}/silence">
      ${csrfField(sessionOf(ask))}
      <fieldset class="field">
        <legend class="hidden">What to silence</legend>
        ${scopesOf(alert).map(({ word, text }, index) => html`<label class="check"><input type="radio" name="scope" value="${word}" ${index === 0 ? html` checked` : ''} /> <span>${text}</span></label>`)}
      </fieldset>
      ${spanField(now)}
      <div class="field">
        <label for="comment">Why (required)</label
        ><textarea id="comment" name="comment" rows="2" required maxlength="1000"></textarea>
      </div>
      <button>Silence</button>
    </form>
  </section>`
}

/** How long, with the end in UTC. */
export function spanField(now: number): Html {
  return html`<div class="field">
    <label for="hours">Until</label
    ><select id="hours" name="hours">
      ${SPANS.map(({ hours, text }) => html`<option value="${hours}" ${hours === 4 ? html` selected` : ''}>${text}, until ${stampOf(now + hours * HOUR).replace(/^\d+-(.*):\d\d UTC$/, '$1 UTC')}</option>`)}
    </select>
  </div>`
}

/** What a form of `spanField` and a comment ask for. Throws RequestError 400. */
export function silenceRequest(form: URLSearchParams, matchers: readonly Matcher[], now: number): SilenceRequest {
  const comment = (form.get('comment') ?? '').trim()
  if (comment === '') throw badInput('comment: say why this is silenced; your colleagues will ask')
  const span = SPANS.find(({ hours }) => String(hours) === form.get('hours'))
  if (!span) throw badInput('hours: choose one of the times offered')
  return { comment, matchers, endsAt: now + span.hours * HOUR }
}

/** The matchers of the scope that was chosen. Throws RequestError 400. */
export function matchersOf(alert: Alert, form: URLSearchParams): readonly Matcher[] {
  const scope = scopesOf(alert).find(({ word }) => word === form.get('scope'))
  if (!scope) throw badInput('scope: choose what to silence')
  return scope.matchers
}

interface Scope {
  readonly word: string
  readonly text: string
  readonly matchers: readonly Matcher[]
}

function scopesOf({ rule, principal, principals, labels }: Alert): readonly Scope[] {
  const ofRule: Matcher = { name: 'rule', value: rule.id, equal: true }
  const everybody: Scope = { word: 'rule', text: 'This rule, for everybody', matchers: [ofRule] }
  if (principals !== undefined) {
    const same = Object.entries(labels).map(([name, value]): Matcher => ({ name, value, equal: true }))
    const words = same.map(({ name, value }) => `${name} ${value}`).join(', ')
    if (same.length > 0)
      return [{ word: 'group', text: `This rule, for ${words}`, matchers: [ofRule, ...same] }, everybody]
  }
  if (principal === undefined) return [everybody]
  const ofPrincipal: Matcher = { name: 'principal', value: principal, equal: true }
  return [
    { word: 'both', text: 'This rule, for this principal', matchers: [ofRule, ofPrincipal] },
    everybody,
    { word: 'principal', text: 'Every rule, for this principal', matchers: [ofPrincipal] },
  ]
}
