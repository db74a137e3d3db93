import type { Balance, BudgetStatus, DaemonStatus, DetectorStatus } from '../../contract/desk.ts'
import { factList, mono } from '../markup/facts.ts'
import { type Html, html } from '../markup/html.ts'
import { bytesOf, numberOf, timeOf } from '../markup/words.ts'

/** received = committed + quarantined + dropped + in flight, with a tick when it holds. */
export function balanceOf({ received, committed, quarantined, dropped, inFlight }: Balance): Html {
  const aside = sumOf(quarantined)
  const lost = sumOf(dropped)
  const difference = received - committed - aside - lost - inFlight
  const reasons = [...reasonsOf(quarantined, 'quarantined'), ...reasonsOf(dropped, 'dropped')]
  return html`<section class="panel" aria-labelledby="balance">
    <h2 id="balance">Every record is accounted for${difference === 0 ? '' : '?'}</h2>
    <p class="sum">
      <strong>${numberOf(received)}</strong> received = <strong>${numberOf(committed)}</strong> committed +
      <strong>${numberOf(aside)}</strong> quarantined + <strong>${numberOf(lost)}</strong> dropped +
      <strong>${numberOf(inFlight)}</strong> in flight
      ${difference === 0 ? html`<span class="tag good">✓ it holds</span>` : html`<span class="tag bad">✗ ${numberOf(Math.abs(difference))} ${difference > 0 ? 'missing' : 'too many'}: a fault of ours, please report it</span>`}
    </p>
    ${reasons.length > 0 && html`<p class="quiet">Why: ${reasons.join(', ')}</p>`}
  </section>`
}

/** How much each detector remembers; one that is full forgets the callers it has not seen for longest. */
export function detectorsOf(detectors: readonly DetectorStatus[]): Html {
  if (detectors.length === 0)
    return html`<section class="panel" aria-labelledby="detectors">
      <h2 id="detectors">Detectors</h2>
      <p>None are switched on. Add one under <code>detect:</code> in the config.</p>
    </section>`
  return html`<section aria-labelledby="detectors">
    <h2 id="detectors">Detectors</h2>
    <div class="sheet">
      <table>
        <caption class="hidden">
          Detectors
        </caption>
        <thead>
          <tr>
            <th scope="col">Detector</th>
            <th scope="col" class="num">Keys</th>
            <th scope="col" class="num">At most</th>
            <th scope="col" class="num">Forgotten</th>
          </tr>
        </thead>
        <tbody>
          ${detectors.map(
            ({ name, keys, cap, evicted }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="num" data-label="Keys">
                  <span>${numberOf(keys)}${keys >= cap && html` <span class="tag wait">full</span>`}</span>
                </td>
                <td class="num" data-label="At most">${numberOf(cap)}</td>
                <td class="num" data-label="Forgotten">${numberOf(evicted)}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`
}

/** What false alarms were promised, and what the last baseline measured. */
export function budgetOf({ perWeek, looks, alarms, measured }: BudgetStatus, now: number): Html {
  const rounded = (value: number): string => String(Number(value.toPrecision(3)))
  const seen = measured
    ? `${rounded(measured.perWeek)} a week, at most ${rounded(measured.atMost)} (95 %), on callers that were held out`
    : html`not yet: <code>modelward baseline</code> measures it on benign logs`
  return html`<section class="panel" aria-labelledby="budget">
    <h2 id="budget">False alarms of the evidence on callers</h2>
    ${factList([
      ['Promised', `at most ${rounded(perWeek)} a week`],
      ['Measured', seen],
      ...(measured ? [['Baseline', timeOf(measured.at, now)] as const] : []),
      ['Last seven days', `${numberOf(alarms)} alarms in ${numberOf(looks)} looks`],
    ])}
  </section>`
}

const PROGRAM_LINKS = html`<a href="/metrics">metrics</a>, <a href="/-/ready">readiness</a>,
  <a href="/api/v1/openapi.json">API description</a>, <a href="/api/v1/audit/verify">verify the audit log</a>`

export function daemonFacts(
  { version, startedAt, dataDirectory, rules, storeBytes, freeBytes }: DaemonStatus,
  now: number,
): Html {
  return html`<section class="panel" aria-labelledby="daemon">
    <h2 id="daemon">This daemon</h2>
    ${factList([
      ['Version', version],
      ['Started', timeOf(startedAt, now)],
      ['Rules', numberOf(rules)],
      ['Data directory', mono(dataDirectory)],
      ['Store', `${bytesOf(storeBytes)}, ${bytesOf(freeBytes)} free on its disk`],
      ['For programs', PROGRAM_LINKS],
    ])}
  </section>`
}

function sumOf(reasons: Readonly<Record<string, number>>): number {
  return Object.values(reasons).reduce((sum, count) => sum + count, 0)
}

function reasonsOf(reasons: Readonly<Record<string, number>>, what: string): readonly string[] {
  return Object.entries(reasons).map(([reason, count]) => `${numberOf(count)} ${what} for ${reason}`)
}
