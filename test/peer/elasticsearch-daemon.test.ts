import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lifetime } from '../../src/runtime/lifetime.ts'
import { modelward } from '../support/command.ts'
import { type DaemonHouse, eventually, pause } from '../support/daemon.ts'
import { absent, noElasticsearch, realElasticsearch } from '../support/elasticsearch.ts'
import type { ElasticsearchUser, RealElasticsearch } from '../support/elasticsearch.ts'
import { markedHouse, toldIds, trailLine } from '../support/marked.ts'
import { proxyTo, type Proxy } from './elasticsearch-proxy.ts'

const templateFolder = join(import.meta.dirname, '../../dashboards/templates')
const stream = 'logs-modelward.alerts-default'
const setupUser = user('setup', 'modelward_setup')
const writerUser = user('writer', 'modelward_writer')
const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const OUTAGE_MS = 120_000

const reason = noElasticsearch()
if (reason !== undefined) process.stderr.write(`skipping the daemon with a real Elasticsearch: ${reason}\n`)

const life = new Lifetime()
let node: RealElasticsearch

describe.skipIf(reason !== undefined)('a daemon before Elasticsearch 9.5', () => {
  beforeAll(async () => {
    node = life.add('node', await realElasticsearch(roles(), [setupUser, writerUser]))
  })
  afterAll(() => life[Symbol.asyncDispose]())

  test('the command line sets it up under the role for that', async () => {
    process.env['MODELWARD_TEST_SETUP'] = setupUser.password
    const answer = await modelward([
      'setup',
      'elasticsearch',
      '--json',
      `--node=${node.url}`,
      `--user=${setupUser.name}`,
      '--password=${env:MODELWARD_TEST_SETUP}',
      ...Object.entries(absent).flatMap(([from, to]) => ['--substitute', `${from}=${to}`]),
    ])
    expect([answer.code, answer.err]).toEqual([0, ''])
    expect(answer.lines.map(({ name, result }) => `${String(name)}: ${String(result)}`)).toContain(
      'index template logs-modelward.alerts: made',
    )
    expect(`${answer.out}${answer.err}`).not.toContain(setupUser.password)
    await wantNumbers('modelward@mappings')
    // This build has no API to make a data stream: the first write does, here one that is refused and leaves nothing.
    const refused = '{"create":{}}\n{"message":"no time"}\n'
    await node.call(node.superuser, 'POST', `/${stream}/_bulk?require_data_stream=true`, refused)
  })

  test('alerts before, during and after an outage of two minutes and a lost answer arrive once; the others are not held up', async () => {
    const proxy = life.add('proxy', await proxyTo(node.port))
    const receiver = await openReceiver()
    const house = await startDaemon(proxy, receiver)
    const marks = new Marks(house, receiver)

    marks.write(20)
    await marks.stored(20)

    await node.stop()
    const stoppedAt = Date.now()
    while (Date.now() - stoppedAt < OUTAGE_MS) {
      marks.write(5)
      await marks.toldElsewhere(5_000)
      await pause(3_000)
    }
    const during = (await house.sinks()).find(({ name }) => name === 'siem')
    expect(during).toMatchObject({ state: 'retrying', parked: 0 })
    expect(during?.waiting).toBe(marks.written - 20)
    expect((await house.status()).degraded.join()).toContain('sink siem: ')
    await node.start()
    await marks.stored(marks.written)

    proxy.mode = 'lose the answer'
    marks.write(3)
    await marks.stored(marks.written)
    expect((await house.sinks()).find(({ name }) => name === 'siem')?.waiting).toBe(3)
    proxy.mode = 'pass'
    await marks.taken()
    const duplicates = 'modelward_elasticsearch_documents_total{sink="siem",result="duplicate"}'
    expect(await house.metric(duplicates)).toBeGreaterThanOrEqual(3)

    marks.write(5)
    appendFileSync(house.path('logs/trail.ndjson'), trailLine('words'))
    marks.write(5)
    await marks.stored(marks.written)
    await marks.taken()
    const parked = (await (await house.api('/api/v1/parked')).json()) as {
      parked: { consumer: string; reason: string }[]
    }
    expect(parked.parked).toMatchObject([
      {
        consumer: 'siem',
        reason: expect.stringMatching(/document_parsing_exception.*modelward\.record\.id/) as string,
      },
    ])

    await marks.toldElsewhere(5_000)
    expect(receiver.marks.has('words')).toBe(true)
    expect((await house.end()).code).toBe(0)
    await marks.expectOnceEach()
  }, 600_000)
})

/** Numbered marked alerts, and where they have arrived. */
class Marks {
  readonly #house: DaemonHouse
  readonly #receiver: Receiver
  written = 0

  constructor(house: DaemonHouse, receiver: Receiver) {
    this.#house = house
    this.#receiver = receiver
  }

  write(count: number): void {
    const lines = Array.from({ length: count }, () => trailLine(String(this.written++)))
    appendFileSync(this.#house.path('logs/trail.ndjson'), lines.join(''))
  }

  /** Waits until Elasticsearch holds so many. */
  async stored(count: number): Promise<void> {
    await eventually(
      `${count} stored`,
      async () => (await storedAlerts()).length,
      (found) => found >= count,
      180_000,
    )
  }

  /** Waits until nothing waits for the sink. */
  async taken(): Promise<void> {
    await eventually(
      'nothing waits',
      () => this.#house.sinks(),
      (sinks) => sinks.every(({ waiting }) => waiting === 0),
      120_000,
    )
  }

  /** The webhook and the file have everything that was written, within so long. */
  async toldElsewhere(withinMs: number): Promise<void> {
    await eventually(
      'the webhook and the file have it',
      () => [this.#missing(this.#receiver.marks), this.#missing(toldIds(this.#house))],
      (missing) => missing.every((marks) => marks.length === 0),
      withinMs,
    )
  }

  async expectOnceEach(): Promise<void> {
    const stored = await storedAlerts()
    expect(stored.map(({ mark }) => Number(mark)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: this.written }, (_, n) => n),
    )
    expect(new Set(stored.map(({ document }) => document)).size).toBe(this.written)
    expect(new Set(stored.map(({ event }) => event)).size).toBe(this.written)
    const told = toldIds(this.#house)
    expect(stored.filter(({ mark, event }) => !told.get(mark)?.has(event))).toEqual([])
  }

  #missing(found: { has(mark: string): boolean }): string[] {
    return Array.from({ length: this.written }, (_, n) => String(n)).filter((mark) => !found.has(mark))
  }
}

/** An operator's change that brings about a conflict: record ids (our marks) are to be numbers. */
async function wantNumbers(template: string): Promise<void> {
  const path = `/_component_template/${template}`
  const { body } = await node.call(node.superuser, 'GET', path)
  const [found] = (body as { component_templates: { component_template: { template: object } }[] }).component_templates
  const text = JSON.stringify({ template: found?.component_template.template })
  const changed = text.replace(
    /"record":\{"properties":\{"id":\{[^}]*\}/,
    '"record":{"properties":{"id":{"type":"long","ignore_malformed":false}',
  )
  expect(changed).not.toBe(text)
  expect(await node.call(node.superuser, 'PUT', path, changed)).toMatchObject({ status: 200 })
}

interface StoredAlert {
  readonly document: string
  readonly event: string
  readonly mark: string
}

async function storedAlerts(): Promise<readonly StoredAlert[]> {
  await node.call(node.superuser, 'POST', `/${stream}/_refresh`)
  const query = JSON.stringify({ size: 2_000, query: { match_all: {} } })
  const { body } = await node.call(node.superuser, 'POST', `/${stream}/_search`, query)
  const { hits } = (
    body as { hits: { hits: { _id: string; _source: { event: { id: string }; labels: { mark: string } } }[] } }
  ).hits
  return hits.map(({ _id, _source }) => ({ document: _id, event: _source.event.id, mark: _source.labels.mark }))
}

interface Receiver {
  readonly port: number
  readonly marks: ReadonlySet<string>
}

/** A webhook receiver that notes the marks it is told of. */
async function openReceiver(): Promise<Receiver> {
  const marks = new Set<string>()
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { data } = JSON.parse(body) as { data: { alerts: { labels?: { mark?: string } }[] } }
      for (const { labels } of data.alerts) marks.add(labels?.mark ?? '')
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  life.defer('receiver', () => server.close())
  return { port: (server.address() as AddressInfo).port, marks }
}

async function startDaemon(proxy: Proxy, { port }: Receiver): Promise<DaemonHouse> {
  const house = markedHouse({
    deliver: `
  - kind: elasticsearch
    name: siem
    nodes: ["${proxy.url}"]
    auth: {username: ${writerUser.name}, password: "\${env:MODELWARD_TEST_WRITER}"}
    timeoutMs: 5000
  - kind: webhook
    name: people
    url: http://127.0.0.1:${port}/alerts
    secret: "\${env:MODELWARD_TEST_WEBHOOK}"
    ports: [${port}]
    allowAddresses: [127.0.0.1/32]
    allowPlainHttp: true
`,
  })
  life.defer('house', () => house.remove())
  house.start({ MODELWARD_TEST_WRITER: writerUser.password, MODELWARD_TEST_WEBHOOK: secret })
  expect(await house.ready()).toBe(true)
  return house
}

/** The shipped roles, as Elasticsearch's roles.yml wants them. */
function roles(): Record<string, unknown> {
  const names = ['modelward_setup', 'modelward_writer']
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(templateFolder, `role-${name}.json`), 'utf8')) as unknown]),
  )
}

function user(name: string, role: string): ElasticsearchUser {
  return { name, password: `password-of-${name}`, roles: [role] }
}
