import type { Desk } from '../../contract/desk.ts'
import type { Clock } from '../../contract/plugin.ts'
import { type Guard, expectCsrf } from '../access/guard.ts'
import type { Session } from '../access/sessions.ts'
import { type Answer, redirect } from '../http/answer.ts'
import { readForm } from '../http/body.ts'
import { RequestError } from '../http/request-error.ts'
import { documentOf } from '../markup/document.ts'
import { type Html, html } from '../markup/html.ts'
import { counted } from '../markup/words.ts'
import type { Ask, Route } from '../routing/router.ts'
import { isWaiting } from './plan-state.ts'

export interface PageParts {
  readonly desk: Desk
  readonly clock: Clock
  readonly guard: Guard
}

/** What a page puts into the frame that all share. */
export interface View {
  readonly title: string
  readonly section: Section
  readonly main: Html
  /** Lists may load themselves anew, when the session has that switched on. */
  readonly isList?: boolean
}

type Section = 'alerts' | 'playbooks' | 'sources' | 'silences'

const REFRESH_SECONDS = 30
const MOST_OPEN = 1000

/** What a form has done, by the word in the address that it leads to. */
const DONE: Readonly<Record<string, string>> = {
  acknowledged: 'Acknowledged. Others now see that somebody looks at it.',
  resolved: 'Resolved. It opens again if the same thing is seen once more.',
  silenced: 'Silenced. It stays listed, but nobody is told about it until the silence ends.',
  expired: 'The silence has ended.',
  planned: 'Planned. Nothing has been changed yet: read the plan, then approve or reject it.',
  approved: 'Approved. Its steps are carried out and checked; this page shows how far they are.',
  rejected: 'Rejected. Nothing was changed.',
  reverted: 'Taking it back. This page shows when that is done.',
  replayed: 'The quarantine was read again.',
}

/** The frame of every page: skip link, sections with what waits in each, health, sign-out. */
export function pageOf(parts: PageParts, ask: Ask, view: View): Answer {
  const session = sessionOf(ask)
  const { degraded, dryRun } = parts.desk.status()
  const refreshes = view.isList === true && session.refreshes
  const done = DONE[ask.query.get('done') ?? '']
  return documentOf({
    title: view.title,
    ...(refreshes ? { refreshSeconds: REFRESH_SECONDS } : {}),
    body: html`<a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <a class="brand" href="/">modelward</a>
        <nav aria-label="Sections">
          <ul>
            ${sections(parts.desk, parts.clock.now(), degraded.length).map((section) => sectionLink(section, view.section))}
          </ul>
        </nav>
        <div class="tools">
          ${dryRun && html`<span class="tag wait" title="respond.mode is dry-run: playbooks are planned, and nothing is done">dry run</span>`}
          ${view.isList === true && refreshForm(session, ask)}
          <form method="post" action="/logout">${csrfField(session)}<button class="small">Sign out</button></form>
        </div>
      </header>
      <main id="main" tabindex="-1">
        ${done !== undefined && html`<p class="notice" role="status">${done}</p>`} ${view.main}
      </main>
      <footer>
        Times are UTC. Signed in as
        ${session.by}.${view.section === 'alerts' && view.isList === true && html` <span class="keys">Keys: <kbd>/</kbd> filter, <kbd>j</kbd> <kbd>k</kbd> next and previous row, <kbd>Enter</kbd> opens it.</span>`}
      </footer>`,
  })
}

/** A page that is read. */
export function pageRoute(path: string, handle: (ask: Ask) => Answer): Route {
  return { method: 'GET', path, access: 'page', handle }
}

/** A form that changes something: the session's own word is checked, then `change` says where to go on. */
export function formRoute(path: string, change: (form: URLSearchParams, ask: Ask) => Promise<string> | string): Route {
  return {
    method: 'POST',
    path,
    access: 'page',
    handle: async (ask) => {
      const form = await readForm(ask.request)
      expectCsrf(sessionOf(ask), form.get('csrf') ?? undefined)
      return redirect(await change(form, ask))
    },
  }
}

export function sessionOf({ caller }: Ask): Session {
  if (caller.kind === 'browser') return caller.session
  throw new RequestError(401, 'MW_UNAUTHENTICATED', 'sign in first')
}

export function csrfField({ csrf }: Session): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}" />`
}

interface SectionFacts {
  readonly id: Section
  readonly href: string
  readonly text: string
  readonly waits: number
  readonly look: 'hot' | 'warm'
  readonly meaning: string
}

function sections(desk: Desk, now: number, problems: number): readonly SectionFacts[] {
  const open = desk.alerts({ states: ['firing', 'pending'], limit: MOST_OPEN }).length
  const waiting = desk.plans().filter((plan) => isWaiting(plan, now)).length
  return [
    { id: 'alerts', href: '/', text: 'Alerts', waits: open, look: 'hot', meaning: 'open' },
    {
      id: 'playbooks',
      href: '/playbooks',
      text: 'Playbooks',
      waits: waiting,
      look: 'warm',
      meaning: 'waiting for approval',
    },
    {
      id: 'sources',
      href: '/sources',
      text: 'Sources',
      waits: problems,
      look: 'warm',
      meaning: problems === 1 ? 'problem' : 'problems',
    },
    { id: 'silences', href: '/silences', text: 'Silences', waits: 0, look: 'warm', meaning: '' },
  ]
}

function sectionLink({ id, href, text, waits, look, meaning }: SectionFacts, current: Section): Html {
  const here = id === current ? html` aria-current="page"` : ''
  const tally =
    waits > 0 &&
    html` <span class="tally ${look}" title="${counted(waits, meaning, meaning)}"
      >${waits >= MOST_OPEN ? `${MOST_OPEN}+` : waits}<span class="hidden"> ${meaning}</span></span
    >`
  return html`<li><a href="${href}" ${here}>${text}${tally}</a></li> `
}

function refreshForm(session: Session, { request }: Ask): Html {
  return html`<form method="post" action="/refresh">
    ${csrfField(session)}<input type="hidden" name="back" value="${request.url ?? '/'}" /><input
      type="hidden"
      name="on"
      value="${session.refreshes ? 0 : 1}"
    /><button class="small" aria-pressed="${session.refreshes ? 'true' : 'false'}">
      ${session.refreshes ? `Pause refresh (every ${REFRESH_SECONDS} s)` : 'Refresh by itself'}
    </button>
  </form>`
}
