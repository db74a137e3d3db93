import { makeBaseline, type Baseline } from '../../app/baseline.ts'
import { commandWorld } from '../../app/command-world.ts'
import { loadConfig } from '../../app/config/load.ts'
import { UsageError } from '../../runtime/errors.ts'
import { printable } from '../call/io.ts'
import { textFlag, type Io, type Verb } from '../call/verb.ts'

/** `baseline FILES…`: freezes references and measures false alarms on principals that were held out. */
export const baseline: Verb = {
  name: 'baseline',
  summary: 'freezes what is normal from benign logs; prints the measured false-alarm rate beside the promised one',
  usage: 'PATH… [--format NAME] [--seed NUMBER]',
  examples: [
    'modelward baseline /var/log/litellm --data /var/lib/modelward',
    'modelward baseline last-month.ndjson.gz',
  ],
  options: { format: { type: 'string' }, seed: { type: 'string' } },
  async run(call) {
    const { io, words, signal } = call
    if (words.length === 0) throw new UsageError('modelward baseline PATH…: which files or folders of benign traffic?')
    const data = textFlag(call, 'data')
    const format = textFlag(call, 'format')
    const seed = seedOf(textFlag(call, 'seed'))
    const made = await makeBaseline(
      {
        config: loadConfig(textFlag(call, 'config'), data === undefined ? {} : { data }),
        world: commandWorld(),
        paths: words,
        by: `command line (uid ${process.getuid?.() ?? '-'})`,
        progress: (text) => io.progress(text),
        ...(format === undefined ? {} : { format }),
        ...(seed === undefined ? {} : { seed }),
      },
      signal,
    )
    ;(io.asJson ? printLines : printText)(io, made)
    return 0
  },
}

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--seed ${text}: a whole number of at most nine digits`)
  return Number(text)
}

function printLines(io: Io, { frozen, refused, budget, rate, principals }: Baseline): void {
  for (const { detector, sha256, madeAt, notes } of frozen)
    io.json({ kind: 'reference', detector, sha256, '@timestamp': new Date(madeAt).toISOString(), notes })
  for (const { detector, reason } of refused) io.json({ kind: 'reference', detector, sha256: null, reason })
  io.json({
    kind: 'summary',
    principals,
    looks: budget.looks,
    promised_per_week: budget.perWeek,
    alarms: rate.alarms,
    weeks: rate.weeks,
    share: rate.share,
    measured_per_week: rate.perWeek,
    measured_at_least: rate.atLeast,
    measured_at_most: rate.atMost,
  })
}

function printText(io: Io, { frozen, refused, budget, rate, principals }: Baseline): void {
  for (const { detector, sha256, notes } of frozen) {
    io.line(`${detector}  sha256 ${sha256.slice(0, 16)}…`)
    for (const note of notes) io.line(`  ${printable(note)}`)
  }
  for (const { detector, reason } of refused) io.line(`${detector}  no reference: ${printable(reason)}`)
  const { refer, calibrate, measure } = principals
  io.line(`\nPrincipals: ${refer} made the references, ${calibrate} calibrated them, ${measure} were measured on.`)
  io.line(`False alarms promised:  at most ${budget.perWeek} a week.`)
  io.line(
    `False alarms measured:  ${shown(rate.perWeek)} a week (95 % limits ${shown(rate.atLeast)} to ${shown(rate.atMost)}): ${rate.alarms} in ${shown(rate.weeks)} weeks on ${Math.round(100 * rate.share)} % of the principals, ${budget.looks} looks.`,
  )
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)))
}
