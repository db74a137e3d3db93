import type { Alert, Evidence, EvidenceScore } from '../../contract/alert.ts'
import type { Technique } from '../../contract/rules.ts'
import { type Html, html } from '../markup/html.ts'
import { counted, numberOf, stampOf } from '../markup/words.ts'

const MOST_FIELDS = 12

/** What the detectors saw against what they expected: the latest score of each feature. */
export function seenAgainstExpected({ evidence }: Alert): Html | undefined {
  const latest = new Map<string, EvidenceScore>()
  for (const { score } of evidence) if (score) latest.set(`${score.detector} ${score.feature}`, score)
  if (latest.size === 0) return undefined
  return html`<section class="panel" aria-labelledby="seen">
    <h2 id="seen">Seen against expected</h2>
    ${[...latest.values()].map(scoreOf)}
  </section>`
}

function scoreOf(score: EvidenceScore): Html {
  const { seen, expected, p, e, exemplars = [] } = score
  return html`<p>${score.text}</p>
    <div class="measure">
      <div><strong>${numberOf(seen)}</strong><span class="quiet">seen</span></div>
      <div>
        <strong>${expected === null ? 'none yet' : numberOf(expected)}</strong><span class="quiet">expected</span>
      </div>
      <div>
        <strong>${expected === null || expected === 0 ? '–' : `${numberOf(seen / expected)} ×`}</strong
        ><span class="quiet">seen / expected</span>
      </div>
      <div>
        <strong>${p === null ? 'learning' : numberOf(p)}</strong
        ><span class="quiet">p: chance of this while nothing is wrong</span>
      </div>
      ${e !== undefined && html`<div><strong>${numberOf(e)}</strong><span class="quiet">e: weight of evidence, 1 is none</span></div>`}
    </div>
    <dl class="facts">
      <dt>Detector</dt>
      <dd class="mono">${score.detector}</dd>
      <dt>Feature</dt>
      <dd class="mono">${score.feature}, ${score.direction}</dd>
      ${
        exemplars.length > 0 &&
        html`<dt>Weigh most</dt>
          <dd class="mono">${exemplars.slice(0, 5).join(' ')}</dd>`
      }
    </dl>`
}

/** The events, as they came: when, which, where they stand in the records, which fields decided. */
export function timeline(alert: Alert): Html {
  const { evidence, count } = alert
  const left = count - evidence.length
  return html`<section aria-labelledby="evidence">
    <h2 id="evidence">Evidence</h2>
    <p class="quiet">
      ${counted(count, 'finding')}${left > 0 && `; ${evidence.length} are kept, the first and the last, and ${numberOf(left)} between them are only counted`}.
      Identities are pseudonyms, prompts are left out.
    </p>
    <div class="sheet">
      <table>
        <caption class="hidden">
          Evidence as it came in
        </caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">What decided</th>
            <th scope="col">Record</th>
          </tr>
        </thead>
        <tbody>
          ${evidence.map(evidenceRow)}
        </tbody>
      </table>
    </div>
  </section>`
}

function evidenceRow({ event, matched, score }: Evidence): Html {
  const fields = fieldList(matched)
  return html`<tr>
    <th scope="row">${stampOf(event.at)}</th>
    <td data-label="Decided">
      <div>
        ${score && html`${score.text}`}
        ${
          score && fields
            ? html`<details>
                <summary>Matched fields</summary>
                ${fields}
              </details>`
            : fields
        }
        ${!score && !fields && html`<span class="quiet">the event as such</span>`}
      </div>
    </td>
    <td data-label="Record">
      <div>
        <span class="mono">${event.file ?? event.source}</span
        >${event.index !== undefined && html`, record ${numberOf(event.index)}`} <br /><span class="quiet"
          >${event.format}, event <span class="mono">${event.id}</span></span
        >
      </div>
    </td>
  </tr> `
}

function fieldList(matched: Evidence['matched']): Html | undefined {
  const fields = Object.entries(matched)
  if (fields.length === 0) return undefined
  return html`<dl class="facts">
      ${fields.slice(0, MOST_FIELDS).map(
        ([name, value]) =>
          html`<dt class="mono">${name}</dt>
            <dd class="mono">${valueOf(value)}</dd>`,
      )}
    </dl>
    ${fields.length > MOST_FIELDS && html`<p class="quiet">and ${fields.length - MOST_FIELDS} more fields</p>`}`
}

function valueOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** MITRE's own page of a technique; an id of another shape is text. */
export function techniqueLink({ id, name }: Technique): Html {
  const text = name === undefined ? id : `${id} ${name}`
  const attack = /^(T\d{4})(?:\.(\d{3}))?$/.exec(id)
  if (attack) {
    const path = [attack[1], attack[2]].filter(Boolean).join('/')
    return html`<a href="https://attack.mitre.org/techniques/${path}/" rel="noreferrer">${text}</a>`
  }
  if (/^AML\.T\d{4}(?:\.\d{3})?$/.test(id))
    return html`<a href="https://atlas.mitre.org/techniques/${id}" rel="noreferrer">${text}</a>`
  return html`${text}`
}
