import type { Quarantined } from '../../contract/store.ts'
import type { Session } from '../access/sessions.ts'
import { type Html, html } from '../markup/html.ts'
import { bytesOf, counted, numberOf, timeOf } from '../markup/words.ts'
import { csrfField } from './shell.ts'

const MOST_PLACES = 5

/** What could not be read, by reason, with the places to look at. The bytes themselves stay in the store: they may hold secrets. */
export function quarantineOf(records: readonly Quarantined[], session: Session, now: number): Html {
  if (records.length === 0)
    return html`<section class="panel" aria-labelledby="quarantine">
      <h2 id="quarantine">Quarantine</h2>
      <p class="quiet">Empty: every record could be read.</p>
    </section>`
  const groups = Map.groupBy(records, ({ reason, source }) => `${reason} ${source}`)
  return html`<section aria-labelledby="quarantine">
    <h2 id="quarantine">Quarantine</h2>
    <div class="panel">
      <div class="row">
        <span
          >${counted(records.length, 'record')} could not be read. Once the cause is mended, for example by an update or
          a format named in the config, read them again.</span
        >
        <form method="post" action="/quarantine/replay">${csrfField(session)}<button>Read them again</button></form>
      </div>
    </div>
    <div class="sheet">
      <table>
        <caption class="hidden">
          Quarantined records by reason
        </caption>
        <thead>
          <tr>
            <th scope="col">Reason</th>
            <th scope="col" class="num">Records</th>
            <th scope="col">Source</th>
            <th scope="col">Latest</th>
            <th scope="col">What and where</th>
          </tr>
        </thead>
        <tbody>
          ${[...groups.values()].toSorted((a, b) => b.length - a.length).map((group) => groupRow(group, now))}
        </tbody>
      </table>
    </div>
  </section>`
}

function groupRow(group: readonly Quarantined[], now: number): Html | undefined {
  const latest = group.toSorted((a, b) => b.at - a.at)
  const [newest] = latest
  if (!newest) return undefined
  return html`<tr>
    <th scope="row">${newest.reason}</th>
    <td class="num" data-label="Records">${numberOf(group.length)}</td>
    <td data-label="Source">${newest.source}</td>
    <td data-label="Latest"><span>${timeOf(newest.at, now)}</span></td>
    <td data-label="Where">
      <div>
        ${newest.detail}
        <details>
          <summary>
            ${group.length > MOST_PLACES ? `The latest ${MOST_PLACES}` : counted(group.length, 'place')}
          </summary>
          <ul class="plain">
            ${latest.slice(0, MOST_PLACES).map((record) => html`<li><span class="mono">${record.file ?? record.stream}</span>, byte ${numberOf(record.offset)}${record.index !== undefined && `, record ${record.index}`}, ${bytesOf(record.bytes.byteLength)}: ${record.detail}</li>`)}
          </ul>
        </details>
      </div>
    </td>
  </tr> `
}
