import type { SinkStatus, SourceStatus } from '../../contract/desk.ts'
import type { ParkedRow } from '../../contract/deliver.ts'
import type { Answer } from '../http/answer.ts'
import { type Html, html } from '../markup/html.ts'
import { bytesOf, numberOf, timeOf } from '../markup/words.ts'
import type { Ask } from '../routing/router.ts'
import { firstSteps } from './alert-list.ts'
import { balanceOf, budgetOf, daemonFacts, detectorsOf } from './balance.ts'
import { quarantineOf } from './quarantine.ts'
import { type PageParts, pageOf, sessionOf } from './shell.ts'

const MOST_STREAMS = 5
const MOST_PARKED = 50

/** `/sources`: what comes in, what goes out, what could not be read, and whether it all adds up. */
export function sourcesPage(parts: PageParts, ask: Ask): Answer {
  const { desk, clock } = parts
  const now = clock.now()
  const status = desk.status()
  return pageOf(parts, ask, {
    title: 'Sources',
    section: 'sources',
    isList: true,
    main: html`<div class="head"><h1>Sources and receivers</h1></div>
      ${
        status.degraded.length === 0
          ? html`<p class="notice">All is well: nothing is degraded.</p>`
          : html`<div class="trouble" role="alert">
              <strong>Degraded</strong>
              <ul>
                ${status.degraded.map((reason) => html`<li>${reason}</li>`)}
              </ul>
            </div>`
      }
      ${status.balance.received === 0 && firstSteps()} ${balanceOf(status.balance)} ${sourceTable(desk.sources(), now)}
      ${sinkTable(desk.sinks(), now)} ${parkedList(desk.parked(), now)}
      ${quarantineOf(desk.quarantined(1000), sessionOf(ask), now)} ${detectorsOf(status.detectors)}
      ${budgetOf(status.budget, now)} ${daemonFacts(status, now)}`,
  })
}

function sourceTable(sources: readonly SourceStatus[], now: number): Html {
  if (sources.length === 0)
    return html`<section class="panel" aria-labelledby="sources">
      <h2 id="sources">Sources</h2>
      <p>None are configured. Add one under <code>collect:</code> in the config.</p>
    </section>`
  return html`<section aria-labelledby="sources">
    <h2 id="sources">Sources</h2>
    <div class="sheet">
      <table>
        <caption class="hidden">
          Sources
        </caption>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">State</th>
            <th scope="col" class="num">Received</th>
            <th scope="col">Last record</th>
            <th scope="col">Behind</th>
          </tr>
        </thead>
        <tbody>
          ${sources.map((source) => sourceRow(source, now))}
        </tbody>
      </table>
    </div>
  </section>`
}

function sourceRow(
  { name, kind, state, address, lag, received, lastRecordAt, problem }: SourceStatus,
  now: number,
): Html {
  const behind = lag.reduce((sum, { bytes }) => sum + bytes, 0)
  const worst = lag.toSorted((a, b) => b.bytes - a.bytes).slice(0, MOST_STREAMS)
  return html`<tr>
    <th scope="row">
      ${name}
      <span class="quiet">${kind}</span
      >${address !== undefined && html`<br /><span class="mono quiet">${address}</span>`}
    </th>
    <td data-label="State">
      <div>
        <span class="tag ${state === 'reading' ? 'good' : 'wait'}">${state}</span
        >${problem !== undefined && html`<div>${problem}</div>`}
      </div>
    </td>
    <td class="num" data-label="Received">${numberOf(received)}</td>
    <td data-label="Last record">
      <span>${lastRecordAt === undefined ? html`<span class="quiet">none yet</span>` : timeOf(lastRecordAt, now)}</span>
    </td>
    <td data-label="Behind">
      <div>
        ${behind === 0 ? 'nothing' : bytesOf(behind)}${
          behind > 0 &&
          html`<ul class="plain">
            ${worst.filter(({ bytes }) => bytes > 0).map((each) => html`<li><span class="mono">${each.file ?? each.stream}</span> ${bytesOf(each.bytes)}</li>`)}
          </ul>`
        }${lag.length > MOST_STREAMS && html`<span class="quiet">${numberOf(lag.length)} streams</span>`}
      </div>
    </td>
  </tr> `
}

function sinkTable(sinks: readonly SinkStatus[], now: number): Html {
  if (sinks.length === 0)
    return html`<section class="panel" aria-labelledby="sinks">
      <h2 id="sinks">Receivers</h2>
      <p>
        None are configured: alerts are seen here only. Add one under <code>deliver:</code> in the config, for example
        <code>- kind: webhook</code>.
      </p>
    </section>`
  return html`<section aria-labelledby="sinks">
    <h2 id="sinks">Receivers</h2>
    <div class="sheet">
      <table>
        <caption class="hidden">
          Receivers
        </caption>
        <thead>
          <tr>
            <th scope="col">Receiver</th>
            <th scope="col">State</th>
            <th scope="col" class="num">Waiting</th>
            <th scope="col">Oldest</th>
            <th scope="col" class="num">Sent</th>
            <th scope="col" class="num">Parked</th>
          </tr>
        </thead>
        <tbody>
          ${sinks.map(
            (sink) =>
              html`<tr>
                <th scope="row">${sink.name} <span class="quiet">${sink.kind}</span></th>
                <td data-label="State">
                  <div>
                    <span class="tag ${sink.state === 'retrying' ? 'wait' : 'good'}">${sink.state}</span
                    >${sink.problem !== undefined && html`<div>${sink.problem}</div>`}
                  </div>
                </td>
                <td class="num" data-label="Waiting">${numberOf(sink.waiting)}</td>
                <td data-label="Oldest">
                  <span
                    >${sink.oldestAt === undefined ? html`<span class="quiet">none</span>` : timeOf(sink.oldestAt, now)}</span
                  >
                </td>
                <td class="num" data-label="Sent">${numberOf(sink.sent)}</td>
                <td class="num" data-label="Parked">
                  ${sink.parked === 0 ? '0' : html`<a href="#parked">${numberOf(sink.parked)}</a>`}
                </td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

function parkedList(parked: readonly ParkedRow[], now: number): Html | undefined {
  if (parked.length === 0) return undefined
  return html`<section aria-labelledby="parked">
    <h2 id="parked" tabindex="-1">Parked: a receiver would not take them</h2>
    <ul class="plain panel">
      ${parked.slice(0, MOST_PARKED).map(
        ({ consumer, at, reason, notification }) =>
          html`<li>
            <strong>${consumer}</strong> ${timeOf(at, now)} ${reason}
            <div class="quiet">
              ${notification.alerts.map(({ rule }) => rule.title).join(', ')}, notification
              <span class="mono">${notification.id}</span>
            </div>
          </li>`,
      )}
    </ul>
  </section>`
}
