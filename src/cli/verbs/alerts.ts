import { userInfo } from 'node:os'
import type { Alert, Matcher, Silence } from '../../contract/alert.ts'
import { readAlerts } from '../../app/offline.ts'
import { RemoteDesk } from '../../app/remote.ts'
import { loadConfig } from '../../app/config/load.ts'
import { principalsOf } from '../../runtime/alert-principals.ts'
import { UsageError } from '../../runtime/errors.ts'
import { paint, printable, table } from '../call/io.ts'
import { textFlag, textFlags, type Call, type Io, type Verb } from '../call/verb.ts'

/** `alerts`: what is open, one alert with its evidence; ack, silence and resolve through the running daemon. */
export const alerts: Verb = {
  name: 'alerts',
  summary: 'open alerts, or one alert with its evidence; ack, resolve, silence',
  usage: '[ID | ack ID | resolve ID | silence] [--all] [--principal P] [--rule ID]',
  examples: [
    'modelward alerts',
    'modelward alerts --json --all',
    'modelward alerts k3jq…',
    'modelward alerts ack k3jq…',
    'modelward alerts silence --match rule=3f0c… --for 2h --comment "load test until noon"',
  ],
  options: {
    all: { type: 'boolean' },
    principal: { type: 'string' },
    rule: { type: 'string' },
    match: { type: 'string', multiple: true },
    for: { type: 'string' },
    comment: { type: 'string' },
  },
  async run(call) {
    const [first, id] = call.words
    const data = dataOf(call)
    if (first === 'ack' || first === 'resolve') return change(call, data, first, id)
    if (first === 'silence') return silence(call, data)
    if (call.words.length > 1) throw new UsageError('one alert at a time: modelward alerts ID')
    return first === undefined ? list(call, data) : show(call, data, first)
  },
}

/** The data directory that a call is about: `--data`, else the config's, else the default. */
export function dataOf(call: Call): string {
  return textFlag(call, 'data') ?? loadConfig(textFlag(call, 'config')).data
}

function list(call: Call, data: string): number {
  const { io } = call
  const principal = textFlag(call, 'principal')
  const rule = textFlag(call, 'rule')
  const found = readAlerts(data, {
    ...(call.flags['all'] ? {} : { states: ['pending', 'firing'] as const }),
    ...(principal === undefined ? {} : { principal }),
    ...(rule === undefined ? {} : { rule }),
  })
  if (io.asJson) for (const { document } of found) io.json({ kind: 'alert', ...document })
  else if (found.length === 0) io.line('No open alerts.')
  else
    io.line(table([['ID', 'LEVEL', 'SINCE', 'COUNT', 'PRINCIPAL', 'TITLE'], ...found.map(({ alert }) => row(alert))]))
  return 0
}

function row(alert: Alert): readonly string[] {
  const since = new Date(alert.startedAt).toISOString().slice(0, 19)
  return [alert.id, alert.level, since, String(alert.count), whoOf(alert), printable(alert.rule.title)]
}

function show(call: Call, data: string, id: string): number {
  const { io } = call
  const found = readAlerts(data, {}).find(({ alert }) => alert.id === id || alert.id.startsWith(id))
  if (!found) {
    io.message(`modelward: there is no alert ${id} in ${data}`)
    return 1
  }
  if (io.asJson) io.json({ kind: 'alert', ...found.document })
  else io.line(describeAlert(io, found.alert))
  return 0
}

/** One alert for a person: what, who, why, what to do. */
function describeAlert(io: Io, alert: Alert): string {
  const { rule } = alert
  const lines = [
    `${paint(io, levelColour(alert.level), alert.level.toUpperCase())}  ${paint(io, 'bold', rule.title)}`,
    `  ${reasonAlone(alert)}`,
    '',
    `  alert      ${alert.id} (${alert.state}, ${alert.count} findings, risk ${Math.round(alert.risk)})`,
    ...principalLines(alert),
    `  from       ${new Date(alert.startedAt).toISOString()} to ${new Date(alert.lastAt).toISOString()}`,
    `  control    ${rule.controls.join(', ')}`,
    `  technique  ${[...rule.atlas, ...rule.attack].map((technique) => `${technique.id} ${technique.name ?? ''}`.trim()).join(', ') || '-'}`,
    '',
    '  evidence',
    ...alert.evidence.map((evidence) => `    ${evidenceLine(evidence)}`),
    '',
    '  runbook',
    ...rule.runbook
      .trimEnd()
      .split('\n')
      .map((line) => `    ${printable(line)}`),
  ]
  return lines.join('\n')
}

/** Who an alert is about, in a table: of several the first and how many more. */
export function whoOf(alert: Alert): string {
  const [first = '-', ...others] = principalsOf(alert)
  return others.length === 0 ? first : `${first} +${others.length}`
}

function principalLines({ principal, principals, unnamed }: Alert): readonly string[] {
  if (principals === undefined) return [`  principal  ${principal ?? '-'}`]
  const rest = unnamed === undefined ? [] : [`             and others, with ${unnamed} findings, who are not named`]
  return [...principals.map((each, index) => `  ${index === 0 ? 'principals' : '          '} ${each}`), ...rest]
}

/** The reason without the title that it begins with, for where the title stands above it. */
export function reasonAlone({ reason, rule }: Alert): string {
  return printable(reason.startsWith(`${rule.title}: `) ? reason.slice(rule.title.length + 2) : reason)
}

function evidenceLine(evidence: Alert['evidence'][number]): string {
  const { event, score, matched } = evidence
  const place = event.file === undefined ? event.source : `${event.file}#${event.index ?? 0}`
  const said = score ? score.text : JSON.stringify(matched)
  return printable(`${new Date(event.at).toISOString()}  ${event.id}  ${place}  ${said}`)
}

/** The colour of a level on a terminal. */
export function levelColour(level: Alert['level']): 'red' | 'yellow' | 'blue' | 'grey' {
  if (level === 'critical' || level === 'high') return 'red'
  if (level === 'medium') return 'yellow'
  return level === 'low' ? 'blue' : 'grey'
}

async function change(call: Call, data: string, verb: 'ack' | 'resolve', id: string | undefined): Promise<number> {
  if (id === undefined) throw new UsageError(`modelward alerts ${verb} ID: which alert?`)
  const desk = RemoteDesk.find(data, userInfo().username)
  const alert = await desk.post<Alert>(`/api/v1/alerts/${encodeURIComponent(id)}/${verb}`)
  if (call.io.asJson) call.io.json(alert)
  else call.io.line(verb === 'ack' ? `${id} acknowledged.` : `${id} resolved.`)
  return 0
}

async function silence(call: Call, data: string): Promise<number> {
  const comment = textFlag(call, 'comment')
  const matchers = textFlags(call, 'match').map(matcher)
  if (comment === undefined || matchers.length === 0)
    throw new UsageError('a silence needs --match NAME=VALUE, --for DURATION and --comment TEXT')
  const endsAt = Date.now() + durationMs(textFlag(call, 'for') ?? '')
  const desk = RemoteDesk.find(data, userInfo().username)
  const made = await desk.post<Silence>('/api/v1/silences', { comment, matchers, endsAt })
  if (call.io.asJson) call.io.json(made)
  else call.io.line(`Silence ${made.id} until ${new Date(made.endsAt).toISOString()}.`)
  return 0
}

function matcher(text: string): Matcher {
  const parts = /^([^=!]+)(!?=)(.*)$/.exec(text)
  if (!parts) throw new UsageError(`--match ${text}: write NAME=VALUE or NAME!=VALUE`)
  return { name: parts[1] ?? '', equal: parts[2] === '=', value: parts[3] ?? '' }
}

function durationMs(text: string): number {
  const parts = /^(\d+)(m|h|d)$/.exec(text)
  if (!parts) throw new UsageError('--for takes minutes, hours or days: 30m, 2h, 1d')
  return Number(parts[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[parts[2] as 'm' | 'h' | 'd']
}
