/** What the sigma-correlations bench is run on: events made from the lane, and five correlations of each type. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { CorrelationType } from '../../src/rules/parse/syntax.ts'
import { sharedData } from '../support/shared-data.ts'

export const EVENTS = 400_000
/** Five timespans: the shorter ones slide over the events' 80 minutes, the longer ones hold most of them. */
const TIMESPANS = ['30m', '45m', '60m', '90m', '120m'] as const
const STEP_MS = 12
const BEGIN = Date.UTC(2026, 0, 5, 12)

/** Conditions by type, for the five timespans: each holds at one event of a hundred or fewer. */
const CONDITIONS: Readonly<Record<CorrelationType, readonly string[]>> = {
  event_count: each([6, 7, 8, 10, 11], (least) => `{gte: ${least}}`),
  value_count: each([6, 7, 8, 9, 10], (least) => `{field: SourceIP, gte: ${least}}`),
  temporal: each([3, 3, 3, 3, 3], (least) => `{gte: ${least}}`),
  temporal_ordered: each([3, 3, 3, 3, 3], (least) => `{gte: ${least}}`),
  value_sum: each([18_000, 22_000, 26_000, 30_000, 34_000], (least) => `{field: BytesOut, gte: ${least}}`),
  value_avg: each([4_960, 4_965, 4_970, 4_975, 4_980], (least) => `{field: BytesOut, gte: ${least}}`),
  value_percentile: each([4_980, 4_982, 4_984, 4_986, 4_988], (n) => `{field: BytesOut, percentile: 90, gte: ${n}}`),
  value_median: each([4_960, 4_965, 4_970, 4_975, 4_980], (least) => `{field: BytesOut, gte: ${least}}`),
}

export const TYPES = Object.keys(CONDITIONS) as readonly CorrelationType[]

/** Ids, because rsigma's `--no-detections` knows the rules of a correlation by nothing else. */
const RULES = [
  ['failure', 'EventType: authentication_failure'],
  ['success', 'EventType: authentication_success'],
  ['large', 'BytesOut|gte: 4900'],
] as const

export function rulesText(types: readonly CorrelationType[]): string {
  const isTemporal = types.some((type) => type.startsWith('temporal'))
  const rules = (isTemporal ? RULES : RULES.slice(0, 2)).map(
    ([name, selection], at) => `title: ${name}\nid: ${idOf(1, at)}\nstatus: test\nlevel: low
logsource: {category: authentication, product: windows}
detection:\n  selection: {${selection}}\n  condition: selection\n`,
  )
  const correlations = types.flatMap((type) =>
    TIMESPANS.map((timespan, at) => {
      const feeds = RULES.slice(0, type.startsWith('temporal') ? 3 : 2).map((_, place) => idOf(1, place))
      return `title: ${type} ${timespan}\nid: ${idOf(2 + TYPES.indexOf(type), at)}\nstatus: test\nlevel: high
correlation:\n  type: ${type}\n  generate: false\n  rules: [${feeds.join(', ')}]\n  group-by: [User]
  timespan: ${timespan}\n  condition: ${CONDITIONS[type][at] ?? ''}\n`
    }),
  )
  return [...rules, ...correlations].join('---\n')
}

/** The lane's events over and over with an id and a time; users are drawn evenly from `groups`, at first each once. */
export function writeEvents(path: string, groups: number): void {
  const lane = gunzipSync(readFileSync(sharedData('sigma', 'lanes', 'correlation.ndjson.gz')))
  const events = lane.toString().trimEnd().split('\n')
  const fields = events.map((line) => line.slice(1).replace(/"User":"[^"]*",/, ''))
  const next = randomOf(20_261_121)
  const file = openSync(path, 'w')
  let text = ''
  for (let at = 0; at < EVENTS; at++) {
    const user = at < groups ? (at * 7_919) % groups : next() % groups
    const id = `${next().toString(32).padStart(7, '0')}${at.toString(32).padStart(19, '0')}`
    const time = new Date(BEGIN + at * STEP_MS).toISOString()
    text += `{"id":"${id}","timestamp":"${time}","User":"user-${String(user).padStart(6, '0')}",${fields[next() % fields.length]}\n`
    if (text.length < 2 ** 20) continue
    writeSync(file, text)
    text = ''
  }
  writeSync(file, text)
  closeSync(file)
}

/** A linear congruential generator (Numerical Recipes), high bits first: the same numbers in every run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state ^ (state >>> 15)) >>> 0
  }
}

function idOf(kind: number, at: number): string {
  return `${kind}1111111-1111-4111-8111-11111111111${at}`
}

function each(numbers: readonly number[], write: (number: number) => string): readonly string[] {
  return numbers.map(write)
}
