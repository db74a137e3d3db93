import type { Alert, AlertState } from '../../contract/alert.ts'
import type { AlertQuery } from '../../contract/store.ts'
import { type Html, html } from '../markup/html.ts'
import { LEVELS } from '../markup/words.ts'

/** What the list is narrowed to. Words that are none fall back to the widest. */
export interface AlertFilter {
  readonly state: 'open' | 'all' | AlertState
  /** The mildest level shown. */
  readonly level: string
  readonly control: string
  readonly principal: string
  readonly rule: string
}

const STATES: Readonly<Record<AlertFilter['state'], string>> = {
  open: 'Open',
  firing: 'Firing',
  pending: 'Pending',
  resolved: 'Resolved',
  all: 'All',
}
const MOST = 1000

export function filterOf(query: URLSearchParams): AlertFilter {
  const state = query.get('state') ?? ''
  const word = (name: string): string => (query.get(name) ?? '').trim().slice(0, 200)
  return {
    state: isState(state) ? state : 'open',
    level: LEVELS.find((level) => level === query.get('level')) ?? '',
    control: word('control'),
    principal: word('principal'),
    rule: word('rule'),
  }
}

/** The part of a filter that the store can answer. */
export function queryOf({ state, principal, rule }: AlertFilter): AlertQuery {
  return {
    limit: MOST,
    ...(state === 'all' ? {} : { states: state === 'open' ? ['firing', 'pending'] : [state] }),
    ...(principal === '' ? {} : { principal }),
    ...(rule === '' ? {} : { rule }),
  }
}

/** The rest of it, and the order: open before over, then the gravest, then the latest. */
export function narrowed(alerts: readonly Alert[], { level, control }: AlertFilter): readonly Alert[] {
  const mildest = LEVELS.findIndex((each) => each === level)
  return alerts
    .filter((alert) => LEVELS.indexOf(alert.level) >= mildest)
    .filter(({ rule }) => control === '' || rule.controls.includes(control))
    .toSorted(
      (a, b) =>
        ORDER[a.state] - ORDER[b.state] ||
        LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) ||
        b.risk - a.risk ||
        b.lastAt - a.lastAt,
    )
}

export function isNarrowed(filter: AlertFilter): boolean {
  return filter.level !== '' || filter.control !== '' || filter.principal !== '' || filter.rule !== ''
}

/** A GET form: its address can be kept and sent to a colleague. */
export function filterForm(filter: AlertFilter, controls: readonly string[]): Html {
  const known = [...new Set([...controls, ...(filter.control === '' ? [] : [filter.control])])].toSorted()
  return html`<form class="panel filters" method="get" action="/" role="search" aria-label="Filter alerts">
    <div>
      <label for="state">State</label
      ><select id="state" name="state" data-filter>
        ${Object.entries(STATES).map(([value, text]) => option(value, text, filter.state))}
      </select>
    </div>
    <div>
      <label for="level">Severity</label
      ><select id="level" name="level">
        ${option('', 'Any', filter.level)}${LEVELS.toReversed().map((level) => option(level, level === 'critical' ? level : `${level} and above`, filter.level))}
      </select>
    </div>
    <div>
      <label for="control">Control</label
      ><select id="control" name="control">
        ${option('', 'Any', filter.control)}${known.map((control) => option(control, control, filter.control))}
      </select>
    </div>
    <div>
      <label for="principal">Principal</label
      ><input
        id="principal"
        name="principal"
        type="search"
        value="${filter.principal}"
        placeholder="key:…"
        autocomplete="off"
      />
    </div>
    ${filter.rule !== '' && html`<div><label for="rule">Rule</label><input id="rule" name="rule" type="search" value="${filter.rule}" autocomplete="off" /></div>`}
    <div class="go">
      <button class="main">Filter</button
      >${(isNarrowed(filter) || filter.state !== 'open') && html`<a class="button" href="/">Clear</a>`}
    </div>
  </form>`
}

const ORDER: Readonly<Record<AlertState, number>> = { firing: 0, pending: 1, resolved: 2 }

function option(value: string, text: string, chosen: string): Html {
  return html`<option value="${value}" ${value === chosen ? html` selected` : ''}>${text}</option> `
}

function isState(word: string): word is AlertFilter['state'] {
  return Object.hasOwn(STATES, word)
}
