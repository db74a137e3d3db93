import { loadConfig } from '../../app/config/load.ts'
import { replay as replayLogs, type Emitted } from '../../app/replay.ts'
import { commandWorld } from '../../app/command-world.ts'
import { UsageError } from '../../runtime/errors.ts'
import { paint, table } from '../call/io.ts'
import { textFlag, textFlags, type Call, type Verb } from '../call/verb.ts'
import { levelColour, whoOf } from './alerts.ts'

const KINDS: readonly Emitted[] = ['score', 'finding', 'alert']

/** `replay PATH…`: past logs through the real way, in event time. */
export const replay: Verb = {
  name: 'replay',
  summary: 'past logs through the real way, in event time, into a throw-away store',
  usage: 'PATH… [--rules DIR]… [--format NAME] [--emit score,finding,alert] [--reveal]',
  examples: [
    'modelward replay /var/log/cloudtrail --json',
    'zcat audit.json.gz | modelward replay - --format kubernetes',
    'modelward replay gateway.ndjson --emit score --reveal --json',
  ],
  options: {
    rules: { type: 'string', multiple: true },
    format: { type: 'string' },
    emit: { type: 'string' },
    reveal: { type: 'boolean' },
  },
  async run(call) {
    const { io } = call
    if (call.words.length === 0)
      throw new UsageError('modelward replay PATH…: which files or folders? (- is standard input)')
    const emit = emitted(call)
    const format = textFlag(call, 'format')
    const data = textFlag(call, 'data')
    const config = loadConfig(textFlag(call, 'config'), {
      ruleFolders: textFlags(call, 'rules'),
      ...(data === undefined ? {} : { data }),
    })
    const result = await replayLogs(
      {
        config,
        world: commandWorld(),
        paths: call.words,
        emit,
        reveal: call.flags['reveal'] === true,
        line: (value) => {
          if (io.asJson) io.json(value)
          else if (value['kind'] !== 'alert') io.line(JSON.stringify(value))
        },
        progress: (text) => io.progress(text),
        ...(format === undefined ? {} : { format }),
      },
      call.signal,
    )
    const { balance } = result
    if (!io.asJson && emit.has('alert') && result.alerts.length > 0)
      io.line(
        table(
          result.alerts.map((alert) => [
            new Date(alert.startedAt).toISOString().slice(0, 19),
            alert.level,
            String(alert.count).padStart(6),
            alert.rule.controls.join(','),
            whoOf(alert),
            alert.rule.title,
          ]),
        ),
      )
    const summary = {
      kind: 'summary',
      received: balance.received,
      committed: balance.committed,
      quarantined: balance.quarantined,
      dropped: balance.dropped,
      in_flight: balance.inFlight,
      alerts: result.alerts.length,
      seconds: Math.round(result.seconds * 1000) / 1000,
    }
    if (io.asJson) io.json(summary)
    else io.line(`\n${sentence(summary, result.alerts.length)}`)
    if (!io.asJson && result.alerts.some((alert) => alert.level === 'critical'))
      io.line(paint(io, levelColour('critical'), 'There are critical alerts.'))
    return 0
  },
}

function sentence(
  summary: { received: number; committed: number; quarantined: Readonly<Record<string, number>>; seconds: number },
  alerts: number,
): string {
  const set = Object.entries(summary.quarantined).map(([reason, count]) => `${count} ${reason}`)
  const aside = set.length > 0 ? `, in quarantine: ${set.join(', ')}` : ''
  return `${summary.received} records received, ${summary.committed} committed${aside}; ${alerts} alerts; ${summary.seconds.toFixed(1)} s`
}

function emitted(call: Call): ReadonlySet<Emitted> {
  const asked = (textFlag(call, 'emit') ?? 'alert').split(',')
  const wrong = asked.find((kind) => !KINDS.some((known) => known === kind))
  if (wrong !== undefined) throw new UsageError(`--emit ${wrong}: use ${KINDS.join(', ')}`)
  return new Set(KINDS.filter((kind) => asked.includes(kind)))
}
