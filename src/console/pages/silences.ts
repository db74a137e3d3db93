import type { Matcher, Silence } from '../../contract/alert.ts'
import type { Answer } from '../http/answer.ts'
import { badInput } from '../http/request-error.ts'
import { type Html, html } from '../markup/html.ts'
import { timeOf } from '../markup/words.ts'
import type { Ask } from '../routing/router.ts'
import { spanField } from './alert-aside.ts'
import { type PageParts, csrfField, pageOf, sessionOf } from './shell.ts'

/** `/silences`: what is muted, by whom, why and until when. */
export function silencesPage(parts: PageParts, ask: Ask): Answer {
  const { desk, clock } = parts
  const now = clock.now()
  const all = desk.silences().toSorted((a, b) => b.endsAt - a.endsAt)
  const active = all.filter(({ endsAt }) => endsAt > now)
  const over = all.filter(({ endsAt }) => endsAt <= now)
  return pageOf(parts, ask, {
    title: 'Silences',
    section: 'silences',
    main: html`<div class="head">
        <div>
          <h1>Silences</h1>
          <p class="quiet">A silenced alert is still found and listed; nobody is told about it.</p>
        </div>
      </div>
      <div class="split">
        <div>
          <section aria-labelledby="active">
            <h2 id="active">In force</h2>
            ${active.length === 0 ? html`<p class="panel quiet">Nothing is silenced. The quickest way to silence something is on the page of its alert.</p>` : tableOf(active, ask, now, true)}
          </section>
          ${
            over.length > 0 &&
            html`<section aria-labelledby="over">
              <h2 id="over">Ended</h2>
              ${tableOf(over, ask, now, false)}
            </section>`
          }
        </div>
        ${newSilence(ask, now)}
      </div>`,
  })
}

/** Lines such as `rule = 3f0c` or `principal != key:ab`. Throws RequestError 400 that names the line. */
export function writtenMatchers(text: string): readonly Matcher[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (lines.length === 0) throw badInput('matchers: write at least one line, for example: principal = key:3f9c')
  return lines.map((line) => {
    const parts = /^\s*([^\s=!]+)\s*(!?=)\s*(.*?)\s*$/.exec(line)
    if (!parts) throw badInput(`matchers: "${line.trim()}" is no matcher; write name = value or name != value`)
    return { name: parts[1] ?? '', equal: parts[2] === '=', value: parts[3] ?? '' }
  })
}

function tableOf(silences: readonly Silence[], ask: Ask, now: number, isActive: boolean): Html {
  return html`<div class="sheet">
    <table>
      <caption class="hidden">
        Silences
      </caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Why</th>
          <th scope="col">By</th>
          <th scope="col">${isActive ? 'Ends' : 'Ended'}</th>
          ${isActive && html`<th scope="col"><span class="hidden">End it</span></th>`}
        </tr>
      </thead>
      <tbody>
        ${silences.map(
          ({ id, matchers, comment, author, endsAt }) =>
            html`<tr>
              <th scope="row">
                ${matchers.map(({ name, equal, value }) => html`<div class="mono">${name} ${equal ? '=' : '!='} ${value}</div>`)}
              </th>
              <td data-label="Why">${comment}</td>
              <td data-label="By">${author}</td>
              <td data-label="${isActive ? 'Ends' : 'Ended'}"><span>${timeOf(endsAt, now)}</span></td>
              ${
                isActive &&
                html`<td>
                  <form method="post" action="/silences/${encodeURIComponent(id)}/expire">
                    ${csrfField(sessionOf(ask))}<button class="small">
                      End now<span class="hidden">: ${comment}</span>
                    </button>
                  </form>
                </td>`
              }
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`
}

function newSilence(ask: Ask, now: number): Html {
  return html`<section class="panel" aria-labelledby="new">
    <h2 id="new">New silence</h2>
    <form method="post" action="/silences">
      ${csrfField(sessionOf(ask))}
      <div class="field">
        <label for="matchers">What, one condition a line; all must hold</label
        ><textarea
          id="matchers"
          name="matchers"
          rows="3"
          required
          placeholder="principal = key:3f9c…&#10;level = medium"
          class="mono"
        ></textarea>
        <p class="quiet">
          Names: rule, principal, level, control, or a label of the alert. <code>=</code> or <code>!=</code>.
        </p>
      </div>
      ${spanField(now)}
      <div class="field">
        <label for="comment">Why (required)</label
        ><textarea id="comment" name="comment" rows="2" required maxlength="1000"></textarea>
      </div>
      <button class="main">Silence</button>
    </form>
  </section>`
}
