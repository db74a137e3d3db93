import { createHmac } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { isEven } from '../../src/app/status.ts'
import { eventually } from '../support/daemon.ts'
import { ecsProblems } from '../support/ecs.ts'
import { runDaemon, type Running } from '../support/in-process.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
})

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A receiver that refuses the first posts with the given statuses and takes the rest. */
async function receiver(
  refusals: readonly number[] = [],
): Promise<{ readonly port: number; readonly received: Received[] }> {
  const received: Received[] = []
  const left = [...refusals]
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const refusal = left.shift()
      if (refusal === undefined) received.push({ headers: request.headers, body })
      response.writeHead(refusal ?? 204).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  open.push({ stop: () => void server.close() })
  return { port: (server.address() as AddressInfo).port, received }
}

async function start(config: string, folder?: string): Promise<Running> {
  const running = await runDaemon(config, folder === undefined ? {} : { folder })
  open.push(running)
  return running
}

function stopLogging(user: string): string {
  return JSON.stringify({
    eventVersion: '1.08',
    eventID: '6f1c2d3e-0000-4000-8000-000000000001',
    eventTime: new Date().toISOString(),
    eventSource: 'cloudtrail.amazonaws.com',
    eventName: 'StopLogging',
    awsRegion: 'us-east-1',
    sourceIPAddress: '198.51.100.7',
    userIdentity: {
      type: 'IAMUser',
      arn: `arn:aws:iam::123456789012:user/${user}`,
      userName: user,
      accountId: '123456789012',
    },
    requestParameters: { name: 'organisation-trail' },
    eventType: 'AwsApiCall',
  })
}

test('file -> CloudTrail -> rule -> alert -> outbox -> file and webhook, once each, explained and signed', async () => {
  process.env['STRAIGHT_LINE_SECRET'] = SECRET
  const { port, received } = await receiver([503])
  const running = await start(`
collect:
  - {kind: file, paths: [FOLDER/logs/*.json], pollMs: 20}
alert: {group_wait: 0s}
deliver:
  - {kind: file, path: out.ndjson}
  - kind: webhook
    url: http://127.0.0.1:${port}/alerts
    secret: "\${env:STRAIGHT_LINE_SECRET}"
    ports: [${port}]
    allowAddresses: [127.0.0.1/32]
    allowPlainHttp: true
`)
  appendFileSync(join(running.folder, 'logs/trail.json'), `${stopLogging('eve')}\n`)
  await eventually(
    'the webhook took the alert',
    () => received.length,
    (count) => count === 1,
  )
  const out = join(running.folder, 'data/out.ndjson')
  const lines = await eventually(
    'the file has the alert',
    () => readFileSync(out, 'utf8').trim().split('\n'),
    (found) => found.length === 1 && found[0] !== '',
  )

  const document = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>
  expect(ecsProblems(document)).toEqual([])
  expect(document).toMatchObject({
    event: { kind: 'alert', severity: 73, reason: expect.stringContaining('StopLogging') as string },
    rule: { name: 'CloudTrail stopped or deleted' },
    modelward: { control: expect.anything() as unknown },
  })
  expect(lines[0]).not.toMatch(/\beve\b/)
  expect(document).toMatchObject({ modelward: { detail: { eventName: 'StopLogging' } } })

  const post = received[0]
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = post?.headers ?? {}
  const key = Buffer.from(SECRET.slice(6), 'base64')
  expect(signature).toBe(
    `v1,${createHmac('sha256', key)
      .update(`${String(id)}.${String(at)}.${post?.body ?? ''}`)
      .digest('base64')}`,
  )
  const [alert] = running.daemon.desk.alerts({})
  expect(JSON.parse(post?.body ?? '{}')).toMatchObject({
    type: 'alert.firing',
    data: { alerts: [{ event: { id: alert?.id } }] },
  })
  expect(alert?.evidence[0]?.event).toMatchObject({ file: join(running.folder, 'logs/trail.json'), index: 0 })
  // The receiver has the alert a moment before the daemon has its answer.
  const sent = 'modelward_component_sent_events_total{component_id="webhook",outcome="sent"} 1'
  const metrics = await eventually(
    'the webhook has had its answer',
    () => running.daemon.desk.metrics(),
    (told) => told.includes(sent),
  )
  expect(metrics).toContain('modelward_records_unaccounted 0')
  expect(metrics).toContain('modelward_alerts_active 1')
  expect(running.daemon.desk.status().balance).toEqual({
    received: 1,
    committed: 1,
    quarantined: {},
    dropped: {},
    inFlight: 0,
  })
})

test('an alert goes on across a restart: counted on, told once, its audit chain whole', async () => {
  const config = `
collect:
  - {kind: file, paths: [FOLDER/logs/*.json], pollMs: 20}
alert: {group_wait: 0s}
deliver:
  - {kind: file, path: out.ndjson}
`
  const first = await start(config)
  const log = join(first.folder, 'logs/trail.json')
  appendFileSync(log, `${stopLogging('eve')}\n`)
  const [before] = await eventually(
    'an alert',
    () => first.daemon.desk.alerts({}),
    (alerts) => alerts.length === 1,
  )
  await first.stop().catch(() => undefined)
  open.length = 0
  const again = await runDaemon(config, { folder: `${first.folder}-again` })
  open.push(again)
  appendFileSync(join(again.folder, 'logs/trail.json'), `${stopLogging('eve')}\n`)
  await eventually(
    'the first alert',
    () => again.daemon.desk.alerts({}),
    (alerts) => alerts.length === 1,
  )
  await again.stop()
  open.length = 0
  appendFileSync(join(again.folder, 'logs/trail.json'), `${stopLogging('eve')}\n`)
  const third = await start(config, again.folder)
  const [after] = await eventually(
    'it counts on',
    () => third.daemon.desk.alerts({}),
    ([alert]) => alert?.count === 2,
  )
  expect(after?.id).not.toBe(before?.id)
  expect(after?.state).toBe('firing')
  expect(third.daemon.desk.verifyAudit()).toMatchObject({ intact: true })
  expect(readFileSync(join(third.folder, 'data/out.ndjson'), 'utf8').trim().split('\n')).toHaveLength(1)
})

test('what cannot be read is kept with its reason, and read again when it can be', async () => {
  const config = `
collect:
  - {kind: file, paths: [FOLDER/logs/*.json], pollMs: 20}
`
  const first = await start(config)
  writeFileSync(join(first.folder, 'logs/odd.json'), '{"who":"svc-7","did":"export"}\nnot json\n')
  await eventually(
    'two in quarantine',
    () => first.daemon.desk.quarantined(10),
    (records) => records.length === 2,
  )
  expect(first.daemon.desk.status().balance.quarantined).toEqual({ unknown_format: 1, not_json: 1 })
  expect(await first.daemon.desk.replayQuarantine('tester')).toEqual({ read: 0, kept: 2 })
  expect(isEven(first.daemon.desk.status().balance)).toBe(true)
})

test('silence, acknowledgement and resolution are committed before they are answered, and audited', async () => {
  const running = await start(`
collect:
  - {kind: file, paths: [FOLDER/logs/*.json], pollMs: 20}
`)
  const { desk } = running.daemon
  appendFileSync(join(running.folder, 'logs/trail.json'), `${stopLogging('eve')}\n`)
  const [alert] = await eventually(
    'an alert',
    () => desk.alerts({}),
    (alerts) => alerts.length === 1,
  )
  const id = alert?.id ?? ''
  expect(await desk.acknowledge(id, 'ana')).toMatchObject({ acknowledgedBy: 'ana' })
  expect(desk.alerts({})[0]).toMatchObject({ acknowledgedBy: 'ana' })
  const silence = await desk.silence(
    {
      comment: 'known',
      endsAt: Date.now() + 60_000,
      matchers: [{ name: 'rule', value: alert?.rule.id ?? '', equal: true }],
    },
    'ana',
  )
  expect(desk.silences()).toEqual([silence])
  expect(await desk.resolve(id, 'ana')).toMatchObject({ state: 'resolved', resolvedBy: 'ana' })
  await expect(desk.resolve('no-such-alert', 'ana')).rejects.toThrow('no-such-alert')
  expect(desk.verifyAudit().entries).toBeGreaterThanOrEqual(4)
})
