import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Endpoints } from '../inspect/tls-posture/endpoints.ts'
import { eventually } from '../support/daemon.ts'
import { ecsProblems } from '../support/ecs.ts'
import { runDaemon, type Running } from '../support/in-process.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
})

async function start(config: string, folder?: string): Promise<Running> {
  const running = await runDaemon(config, folder === undefined ? {} : { folder })
  open.push(running)
  return running
}

test('a daemon with nothing but a scheduled look tells of an expiring certificate, once for the endpoint that has it', async () => {
  const endpoints = new Endpoints()
  open.push({ stop: () => endpoints[Symbol.asyncDispose]() })
  const expiring = await endpoints.tls(endpoints.identity(-80, 9))
  const fresh = await endpoints.tls(endpoints.identity(-1, 300))
  const running = await start(`
inspect:
  - {kind: tls-posture, schedule: "0 6 * * *", endpoints: ["${expiring}", "${fresh}"], ca: "${endpoints.ca}"}
alert: {group_wait: 0s}
deliver:
  - {kind: file, path: out.ndjson}
`)
  const { desk } = running.daemon
  const [alert] = await eventually(
    'an alert',
    () => desk.alerts({}),
    (alerts) => alerts.length > 0,
    10_000,
  )
  expect(alert).toMatchObject({
    level: 'high',
    state: 'firing',
    rule: { title: 'Certificate of an endpoint expired, expiring or not trusted', controls: ['DP-2'] },
    labels: { endpoint: expiring },
  })
  expect(alert?.evidence[0]?.matched).toMatchObject({ certificateExpiresSoon: true })
  expect(desk.alerts({})).toHaveLength(1)
  expect(desk.status()).toMatchObject({ ready: true, degraded: [] })

  const out = await eventually(
    'it was told',
    () => readFileSync(join(running.folder, 'data/out.ndjson'), 'utf8').trim().split('\n'),
    (lines) => lines.length === 1 && lines[0] !== '',
  )
  const document = JSON.parse(out[0] ?? '{}') as Record<string, unknown>
  expect(ecsProblems(document)).toEqual([])
  expect(await running.world.metrics.values('modelward_check_runs_total')).toEqual([
    { value: 1, labels: { check: 'tls-posture', outcome: 'done' } },
  ])
  // What people ask of it works without a source too.
  expect(await desk.acknowledge(alert?.id ?? '', 'ana')).toMatchObject({ acknowledgedBy: 'ana' })
})

test('a look that is not due is not taken again after a restart', async () => {
  const endpoints = new Endpoints()
  open.push({ stop: () => endpoints[Symbol.asyncDispose]() })
  const expiring = await endpoints.tls(endpoints.identity(-80, 9))
  const config = `
inspect:
  - {kind: tls-posture, schedule: "@yearly", endpoints: ["${expiring}"], ca: "${endpoints.ca}"}
`
  const folder = mkdtempSync(join(tmpdir(), 'modelward-posture-'))
  open.push({ stop: () => rmSync(folder, { recursive: true, force: true }) })
  const first = await start(config, folder)
  await eventually(
    'an alert',
    () => first.daemon.desk.alerts({}),
    (alerts) => alerts.length === 1,
    10_000,
  )
  await eventually(
    'the run was noted',
    () => first.world.metrics.values('modelward_check_runs_total'),
    (values) => values.length === 1,
  )
  await first.stop()
  open.splice(open.indexOf(first), 1)
  const again = await start(config, folder)
  await eventually(
    'the daemon witnessed its start',
    () => again.daemon.desk.verifyAudit().entries,
    (entries) => entries >= 3,
  )
  expect(await again.world.metrics.values('modelward_check_runs_total')).toEqual([])
  expect(again.daemon.desk.alerts({})).toMatchObject([{ count: 1 }])
})
