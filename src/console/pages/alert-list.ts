import type { Alert } from '../../contract/alert.ts'
import { principalsOf } from '../../runtime/alert-principals.ts'
import type { Answer } from '../http/answer.ts'
import { type Html, html } from '../markup/html.ts'
import { counted, levelTag, numberOf, saidOf, stateTags, timeOf } from '../markup/words.ts'
import type { Ask } from '../routing/router.ts'
import { type AlertFilter, filterForm, filterOf, isNarrowed, narrowed, queryOf } from './alert-filter.ts'
import { type PageParts, pageOf } from './shell.ts'
import { sparkline } from './sparkline.ts'

const MOST_ROWS = 200
const DAY = 86_400_000

/** `/`: what is open, the gravest first. */
export function alertList(parts: PageParts, ask: Ask): Answer {
  const { desk, clock } = parts
  const now = clock.now()
  const filter = filterOf(ask.query)
  const found = desk.alerts(queryOf(filter))
  const shown = narrowed(found, filter)
  const controls = found.flatMap(({ rule }) => rule.controls)
  const recent = desk.alerts({ since: now - DAY, limit: 1000 })
  return pageOf(parts, ask, {
    title: 'Alerts',
    section: 'alerts',
    isList: true,
    main: html`<div class="head">
        <div>
          <h1>Alerts</h1>
          <p class="quiet">${summaryOf(shown, filter)}</p>
        </div>
        ${sparkline(recent, now)}
      </div>
      ${filterForm(filter, controls)}
      ${shown.length === 0 ? nothingHere(parts, filter) : tableOf(shown.slice(0, MOST_ROWS), now)}
      ${shown.length > MOST_ROWS && html`<p class="warning">The first ${MOST_ROWS} of ${numberOf(shown.length)} are shown. Narrow the list with the filter; the command <code>modelward alerts --json --all</code> gives them all.</p>`}`,
  })
}

function summaryOf(alerts: readonly Alert[], { state }: AlertFilter): string {
  const grave = alerts.filter(({ level }) => level === 'critical' || level === 'high').length
  const unseen = alerts.filter((alert) => alert.state !== 'resolved' && alert.acknowledgedBy === undefined).length
  const kind = state === 'all' ? 'alert' : `${state} alert`
  return `${counted(alerts.length, kind)}: ${numberOf(grave)} high or critical, ${numberOf(unseen)} not acknowledged`
}

/** A table of alerts; each row is one link. */
function tableOf(alerts: readonly Alert[], now: number): Html {
  return html`<div class="sheet">
    <table>
      <caption class="hidden">
        Alerts, open ones first, then by severity and risk
      </caption>
      <thead>
        <tr>
          <th scope="col">Severity</th>
          <th scope="col">Alert</th>
          <th scope="col">Principal</th>
          <th scope="col" class="num">Count</th>
          <th scope="col" class="num">Risk</th>
          <th scope="col">Since</th>
          <th scope="col">State</th>
          <th scope="col">Control</th>
        </tr>
      </thead>
      <tbody>
        ${alerts.map((alert) => rowOf(alert, now))}
      </tbody>
    </table>
  </div>`
}

function rowOf(alert: Alert, now: number): Html {
  const { id, rule } = alert
  return html`<tr>
    <td>${levelTag(alert.level)}</td>
    <th scope="row">
      <a href="/alerts/${encodeURIComponent(id)}" data-row>${rule.title}</a><span class="said">${saidOf(alert)}</span>
    </th>
    <td data-label="Principal">${who(alert)}</td>
    <td class="num brief" data-label="Count">${numberOf(alert.count)}</td>
    <td class="num brief" data-label="Risk">${Math.round(alert.risk)}</td>
    <td class="tight" data-label="Since"><span>${timeOf(alert.startedAt, now)}</span></td>
    <td class="tight brief" data-label="State"><span>${stateTags(alert)}</span></td>
    <td class="brief" data-label="Control">
      ${rule.controls.map((control) => html`<span class="whole">${control}</span> `)}
    </td>
  </tr> `
}

/** Of several the first, and how many more. */
function who(alert: Alert): Html {
  const principals = principalsOf(alert)
  const [first] = principals
  if (first === undefined) return html`<span class="quiet">none</span>`
  return html`<span class="mono who" title="${principals.join('\n')}">${first}</span>${
      principals.length > 1 && html` <span class="quiet">and ${numberOf(principals.length - 1)} more</span>`
    }`
}

function nothingHere({ desk }: PageParts, filter: AlertFilter): Html {
  if (isNarrowed(filter))
    return html`<div class="panel">
      <h2>Nothing matches this filter</h2>
      <p>
        <a href="/?state=${filter.state}">Show all with state ${filter.state}</a>, or
        <a href="/?state=all">everything</a>.
      </p>
    </div>`
  if (filter.state !== 'open' && filter.state !== 'all')
    return html`<div class="panel">
      <h2>No ${filter.state} alerts</h2>
      <p><a href="/?state=all">Show all alerts</a>.</p>
    </div>`
  const { balance, rules } = desk.status()
  if (balance.received === 0) return firstSteps()
  return html`<div class="panel">
    <h2>${filter.state === 'all' ? 'No alerts yet' : 'No open alerts'}</h2>
    <p>
      ${counted(balance.received, 'record')} came in and ${counted(rules, 'rule')} look at them.
      ${filter.state === 'open' && html`<a href="/?state=resolved">Resolved alerts</a> are kept.`}
    </p>
    <p class="quiet">
      Quiet because nothing happens, or because nothing is read? <a href="/sources">Sources</a> shows how far behind
      each one is.
    </p>
  </div>`
}

/** For a daemon that has not been given anything to read. */
export function firstSteps(): Html {
  return html`<div class="panel">
    <h2>Nothing has come in yet</h2>
    <p>Point modelward at your own logs: write three lines into <code>modelward.yaml</code>,</p>
    <pre tabindex="0">
collect:
  - kind: file
    paths: [/var/log/cloudtrail/**/*.json.gz]</pre>
    <p></p>
    <p>
      and start it with <code>modelward run -c modelward.yaml</code>. The format is recognised: CloudTrail, Bedrock,
      Azure Monitor, Kubernetes audit, LiteLLM, nginx, HAProxy, OpenTelemetry or plain JSON lines. To see it at work
      first: <code>modelward run --scenario first-minute</code>.
    </p>
  </div>`
}
