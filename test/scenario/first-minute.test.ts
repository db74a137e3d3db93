import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { firstMinuteConfig, firstMinuteFolder } from '../../src/app/first-minute/config.ts'
import { playFirstMinute } from '../../src/app/first-minute/play.ts'
import { Daemon } from '../../src/app/daemon.ts'
import { isEven } from '../../src/app/status.ts'
import { commandWorld } from '../../src/app/command-world.ts'
import type { Plan } from '../../src/contract/respond.ts'
import { eventually } from '../support/daemon.ts'

test('the first minute: the thief and the rogue administrator are told of, the applications at work are not', async () => {
  const data = mkdtempSync(join(tmpdir(), 'modelward-first-minute-'))
  const plans: Plan[] = []
  const world = commandWorld('error')
  const config = firstMinuteConfig(data, { collector: '127.0.0.1:0', console: '127.0.0.1:0' })
  const daemon = await Daemon.open(config, world, { plan: (plan) => plans.push(plan) })
  const stop = new AbortController()
  const running = daemon.run(stop.signal)
  try {
    const { clock, random, log } = world
    const collector = (): string | undefined => daemon.addressOf('push')
    await playFirstMinute({ collector, folder: firstMinuteFolder(data), clock, random, log, beatMs: 10 }, stop.signal)
    const { desk } = daemon
    await eventually(
      'everything is committed',
      () => desk.status().balance,
      (balance) => balance.committed === 300 && balance.inFlight === 0,
    )
    const titles = desk.alerts({}).map(({ rule }) => rule.title)
    expect(titles.toSorted()).toEqual([
      'Access keys listed in Azure',
      'Azure diagnostic setting deleted',
      'Azure resource allows TLS 1.0 or 1.1',
      'Azure storage account accepts plain HTTP',
      'Last-layer stealing through logit_bias and logprobs',
    ])
    expect(new Set(desk.alerts({}).map(({ principal }) => principal)).size).toBe(2)
    await eventually(
      'a plan',
      () => plans,
      (made) => made.length === 1,
    )
    expect(plans[0]).toMatchObject({ playbook: 'contain-key', dryRun: true })
    expect(isEven(desk.status().balance)).toBe(true)
    await eventually(
      'the file sink has them all',
      () => readFileSync(join(data, 'alerts.ndjson'), 'utf8').trim().split('\n').length,
      (lines) => lines >= 5,
    )
  } finally {
    stop.abort(new Error('the test is over'))
    await running
    await daemon[Symbol.asyncDispose]()
    rmSync(data, { recursive: true, force: true })
  }
})
