import { resolve } from 'node:path'
import { commandWorld } from '../../app/command-world.ts'
import { loadConfig } from '../../app/config/load.ts'
import { Daemon, type Onlooker } from '../../app/daemon.ts'
import { firstMinuteConfig, firstMinuteFolder } from '../../app/first-minute/config.ts'
import { playFirstMinute, type Stage } from '../../app/first-minute/play.ts'
import type { World } from '../../app/wiring.ts'
import type { Alert } from '../../contract/alert.ts'
import { UsageError } from '../../runtime/errors.ts'
import { paint } from '../call/io.ts'
import { textFlag, type Io, type Verb } from '../call/verb.ts'
import { levelColour, reasonAlone } from './alerts.ts'
import { describePlan } from './playbook.ts'

/** `run`: the daemon, until a signal ends it. */
export const run: Verb = {
  name: 'run',
  summary: 'the daemon',
  usage: '[-c FILE] [--data DIR] [--scenario first-minute]',
  examples: ['modelward run -c modelward.yaml', 'modelward run --scenario first-minute'],
  options: { scenario: { type: 'string' } },
  async run(call) {
    const file = textFlag(call, 'config')
    // `npm start -- -c FILE` comes with the scenario's flag; a config of one's own means one's own logs.
    const scenario = file === undefined ? textFlag(call, 'scenario') : undefined
    if (scenario !== undefined && scenario !== 'first-minute')
      throw new UsageError(`--scenario ${scenario}: there is first-minute`)
    const data = resolve(textFlag(call, 'data') ?? loadConfig(file).data)
    const config = scenario ? firstMinuteConfig(data) : loadConfig(file, { data })
    const world = commandWorld(scenario ? 'warn' : config.shape.log.level)
    let daemon: Daemon | undefined
    // From the beginning: without a listener the signal would end a daemon that is still opening.
    const hangUp = (): void => void daemon?.reload('SIGHUP')
    process.on('SIGHUP', hangUp)
    try {
      daemon = await Daemon.open(config, world, onlooker(call.io))
      greet(call.io, daemon, data, scenario !== undefined)
      const playing = scenario
        ? playFirstMinute(stage(daemon, data, world), call.signal).then(() => whatNext(call.io))
        : undefined
      await daemon.run(call.signal)
      await playing
    } finally {
      process.off('SIGHUP', hangUp)
      await daemon?.[Symbol.asyncDispose]()
    }
    return 0
  },
}

function stage(daemon: Daemon, data: string, { clock, random, log }: World): Stage {
  return { collector: () => daemon.addressOf('push'), folder: firstMinuteFolder(data), clock, random, log }
}

function greet(io: Io, daemon: Daemon, data: string, isScenario: boolean): void {
  if (io.asJson) return
  io.line(`modelward watches. Data directory: ${data}`)
  io.line(`  page   ${paint(io, 'bold', `${daemon.consoleAddress}/login?token=${daemon.consoleToken}`)}`)
  if (isScenario)
    io.line(
      '  feed   a small scenario of our own: three applications at work, one key that steals, one administrator gone rogue',
    )
  io.line()
}

/** Prints an alert when it begins, and each plan as it is made. */
function onlooker(io: Io): Onlooker {
  const seen = new Set<string>()
  return {
    alert(alert) {
      if (seen.has(alert.id) || alert.state !== 'firing') return
      if (seen.size > 10_000) seen.clear()
      seen.add(alert.id)
      if (io.asJson)
        io.json({
          kind: 'alert',
          id: alert.id,
          level: alert.level,
          title: alert.rule.title,
          principal: alert.principal,
          principals: alert.principals,
        })
      else io.line(alertLines(io, alert))
    },
    plan(plan) {
      if (io.asJson) io.json({ kind: 'plan', ...plan })
      else io.line(`${paint(io, 'green', 'CONTAINMENT')} ${describePlan(plan)}\n`)
    },
  }
}

function alertLines(io: Io, alert: Alert): string {
  const techniques = [...alert.rule.atlas, ...alert.rule.attack].map(({ id }) => id).join(' ')
  const level = paint(io, levelColour(alert.level), alert.level.toUpperCase())
  return `${level}  ${paint(io, 'bold', alert.rule.title)}\n  ${reasonAlone(alert)}\n  ${alert.rule.controls.join(' ')} ${techniques}  alert ${alert.id}\n`
}

function whatNext(io: Io): void {
  if (io.asJson) return
  io.line(`The scenario has been played; the daemon goes on watching. Next, point it at your own logs: write modelward.yaml

  collect:
    - kind: file
      paths: [/var/log/cloudtrail/**/*.json.gz]

and start it with: npm start -- -c modelward.yaml`)
}
