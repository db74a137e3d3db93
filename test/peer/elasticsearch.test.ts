import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Alert, Notification } from '../../src/contract/alert.ts'
import type { Outcome, Sink } from '../../src/contract/deliver.ts'
import { elasticsearch } from '../../src/deliver/elasticsearch/elasticsearch.ts'
import { setupElasticsearch } from '../../src/deliver/elasticsearch/setup.ts'
import type { SetupReport } from '../../src/deliver/elasticsearch/setup.ts'
import { readTemplates } from '../../src/deliver/elasticsearch/templates.ts'
import { Lifetime } from '../../src/runtime/lifetime.ts'
import { Backoff } from '../../src/runtime/retry.ts'
import { SecretRef } from '../../src/runtime/secret.ts'
import { alert, evidence, notification, sinkContext } from '../deliver/alerts.ts'
import { absent, noElasticsearch, realElasticsearch } from '../support/elasticsearch.ts'
import type { ElasticsearchUser, RealElasticsearch } from '../support/elasticsearch.ts'
import { proxyTo } from './elasticsearch-proxy.ts'
import type { Proxy } from './elasticsearch-proxy.ts'

const templateFolder = join(import.meta.dirname, '../../dashboards/templates')
const stream = 'logs-modelward.alerts-default'
const running = new AbortController().signal

const setupUser = user('setup', 'modelward_setup')
const writerUser = user('writer', 'modelward_writer')
const viewerUser = user('viewer', 'modelward_viewer')

const reason = noElasticsearch()
if (reason !== undefined) process.stderr.write(`skipping the tests with a real Elasticsearch: ${reason}\n`)

let node: RealElasticsearch
let life = new Lifetime()

afterEach(async () => {
  await life[Symbol.asyncDispose]()
  life = new Lifetime()
})

describe.skipIf(reason !== undefined)('Elasticsearch 9.5', () => {
  beforeAll(async () => {
    node = await realElasticsearch(roles(), [setupUser, writerUser, viewerUser])
  })
  afterAll(() => node?.[Symbol.asyncDispose]())

  test('setup installs the templates with its own role, and again changes nothing', async () => {
    const first = await setup(setupUser)
    expect(first, JSON.stringify(first)).toMatchObject({ ready: true })
    expect(resultsOf(first)).toEqual([
      ['pipeline modelward@ingest', 'left out'],
      ['component template modelward-alerts@settings', 'made'],
      ['component template modelward-ecs@mappings', 'made'],
      ['component template modelward@mappings', 'made'],
      ['index template logs-modelward.alerts', 'made'],
      [`data stream ${stream}`, 'left out'],
      [`trial of the templates for ${stream}`, 'kept'],
    ])
    await makeStream()
    const second = await setup(setupUser)
    expect(second.ready).toBe(true)
    expect(
      new Set(
        resultsOf(second)
          .slice(1)
          .map(([, result]) => result),
      ),
    ).toEqual(new Set(['kept']))
  })

  test('a changed template reaches the stream with a new backing index', async () => {
    const changed = await setup(setupUser, (text) => text.replace('"365d"', '"30d"'))
    expect(resultsOf(changed)).toContainEqual(['index template logs-modelward.alerts', 'changed'])
    expect(resultsOf(changed)).toContainEqual([`data stream ${stream}`, 'changed'])
    expect((await setup(setupUser)).ready).toBe(true)
  })

  test('setup as somebody without the rights says at which step it ended', async () => {
    const report = await setup(writerUser)
    expect(report.ready).toBe(false)
    expect(report.steps.at(-1)).toMatchObject({
      result: 'failed',
      detail: expect.stringContaining('security_exception') as string,
    })
  })

  test('alerts arrive once, whole, from a writer who can only add', async () => {
    const sink = await writer(node.url)
    const resolved = alert({ id: 'once', state: 'resolved', endedAt: alert().lastAt })
    const told = [
      notification({ id: 'n-1', alerts: [alert({ id: 'once' })] }),
      notification({ id: 'n-2', kind: 'update', alerts: [alert({ id: 'once', count: 9 })] }),
      notification({ id: 'n-3', kind: 'repeat', alerts: [alert({ id: 'once' })] }),
      notification({ id: 'n-4', kind: 'resolved', alerts: [resolved] }),
    ]
    const outcomes = await sink.send(told, running)
    expect(outcomes.every((outcome) => 'done' in outcome)).toBe(true)
    const found = await search({ query: { term: { 'event.id': 'once' } } })
    expect(found.map(({ modelward }) => modelward.alert.state).toSorted()).toEqual(['firing', 'resolved'])
    expect(found[0]).toMatchObject({ event: { kind: 'alert', severity: 73 }, threat: { framework: 'MITRE ATLAS' } })
  })

  test('the writer can neither read nor change nor delete what it wrote', async () => {
    const document = '{"@timestamp":"2026-01-01T00:00:00Z"}'
    const tried = [
      ['GET', `/${stream}/_search`, undefined],
      ['GET', `/${stream}/_doc/1`, undefined],
      ['POST', `/${stream}/_update/1`, `{"doc":${document}}`],
      ['DELETE', `/${stream}/_doc/1`, undefined],
      ['DELETE', `/${stream}`, undefined],
      ['PUT', '/_index_template/logs-modelward.alerts', '{"index_patterns":["logs-modelward.alerts-*"]}'],
      ['PUT', '/logs-modelward.alerts-other/_create/1', document],
      ['PUT', '/logs-other-default/_create/1', document],
    ] as const
    const statuses = await Promise.all(
      tried.map(async ([method, path, body]) => node.call(writerUser, method, path, body)),
    )
    expect(statuses.map(({ status }, at) => [...(tried[at] ?? []).slice(0, 2), status])).toEqual(
      tried.map(([method, path]) => [method, path, 403]),
    )
  })

  test('an answer that is lost on the way makes no second document', async () => {
    const proxy = life.add('proxy', await proxyTo(node.port))
    proxy.mode = 'lose the answer'
    const sink = await writer(proxy.url)
    const lost = notification({ id: 'n-lost', alerts: [alert({ id: 'lost-a' }), alert({ id: 'lost-b' })] })
    expect(await sink.send([lost], running)).toEqual([{ retry: expect.any(String) as string }])
    expect(await countOf('lost-*')).toBe(2)
    proxy.mode = 'pass'
    expect(await sink.send([lost], running)).toEqual([{ done: true, duplicate: true }])
    expect(await countOf('lost-*')).toBe(2)
  })

  test('two minutes without a connection lose nothing and double nothing', async () => {
    const proxy = life.add('proxy', await proxyTo(node.port))
    proxy.mode = 'refuse'
    const told = Array.from({ length: 24 }, (_, index) =>
      notification({ id: `n-out-${index}`, alerts: [alert({ id: `outage-${index}` })] }),
    )
    const { outcomes, attempts } = await tellUntilDone(await writer(proxy.url), told, (elapsedMs) => {
      if (elapsedMs >= 120_000) proxy.mode = 'pass'
    })
    expect(attempts).toBeGreaterThan(5)
    expect(outcomes).toEqual(told.map(() => ({ done: true })))
    expect(await countOf('outage-*')).toBe(24)
  })

  test('an overloaded cluster is given the time it asks for', async () => {
    const proxy = life.add('proxy', await proxyTo(node.port))
    proxy.mode = 'busy'
    const sink = await writer(proxy.url)
    const told = [notification({ id: 'n-busy', alerts: [alert({ id: 'busy' })] })]
    expect(await sink.send(told, running)).toEqual([{ retry: expect.stringContaining('429') as string, afterMs: 2000 }])
    proxy.mode = 'pass'
    expect(await sink.send(told, running)).toEqual([{ done: true }])
  })

  test('a node that is stopped and started again has everything once', async () => {
    const sink = await writer(node.url)
    const before = notification({ id: 'n-before', alerts: [alert({ id: 'restart-before' })] })
    const during = notification({ id: 'n-during', alerts: [alert({ id: 'restart-during' })] })
    expect(await sink.send([before], running)).toEqual([{ done: true }])
    await node.stop()
    expect(await sink.send([during], running)).toEqual([{ retry: expect.any(String) as string }])
    await node.start()
    const { outcomes } = await tellUntilDone(sink, [before, during], () => undefined)
    expect(outcomes).toEqual([{ done: true, duplicate: true }, { done: true }])
    expect(await countOf('restart-*')).toBe(2)
  })

  test('an alert that the mapping refuses is parked with the reason, its neighbours are stored', async () => {
    const sink = await writer(node.url)
    const year275760 = alert({ id: 'refused', startedAt: 8.64e15, lastAt: 8.64e15 })
    const told = [
      notification({ id: 'n-good', alerts: [alert({ id: 'neighbour-1' })] }),
      notification({ id: 'n-bad', alerts: [alert({ id: 'neighbour-2' }), year275760] }),
    ]
    expect(await sink.send(told, running)).toEqual([
      { done: true },
      {
        park: expect.stringMatching(
          /^1 of 2 alerts refused: item status 400: document_parsing_exception: .*@timestamp/,
        ) as string,
      },
    ])
    expect(await countOf('neighbour-*')).toBe(2)
    expect(await countOf('refused')).toBe(0)
  })

  test('odd evidence costs no alert', async () => {
    const matched = {
      '': 1,
      'a.b': 'x',
      a: { b: { c: { d: { e: { f: 'deep' } } } } },
      text: '\ud800 lone \u0000 zero',
      long: 'x'.repeat(100_000),
      big: 10n ** 30n,
      none: null,
      list: [[1], { two: 2 }],
    }
    const ecs = {
      'source.ip': 'garbage',
      'source.port': 'many',
      'http.response.status_code': 1e300,
      'user.roles': ['a', 'b'],
    }
    const odd = alert({ id: 'odd', risk: 12.5, evidence: [evidence({ matched, ecs })] })
    expect(await (await writer(node.url)).send([notification({ alerts: [odd] })], running)).toEqual([{ done: true }])
    expect(await countOf('odd')).toBe(1)
  })

  test('a data stream that is not there is loud and worth another try', async () => {
    const sink = await writer(node.url, { namespace: 'elsewhere' })
    const [outcome] = await sink.send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringMatching(/item status (403|404)/) as string })
  })

  test('wrong credentials are worth another try', async () => {
    const sink = await writer(node.url, {
      auth: { username: 'writer', password: secretOf({ ...writerUser, password: 'wrong' }) },
    })
    expect(await sink.send([notification()], running)).toEqual([{ retry: expect.stringContaining('401') as string }])
  })

  test('the REST API of version 8 is spoken where that is asked for', async () => {
    const sink = await writer(node.url, { compatibility: 8 })
    expect(await sink.send([notification({ alerts: [alert({ id: 'eight' })] })], running)).toEqual([{ done: true }])
    expect(await countOf('eight')).toBe(1)
  })

  test('every field that the dashboard groups, counts or filters by can be asked of the stored alerts', async () => {
    const aggregations = dashboardAggregations()
    expect(Object.keys(aggregations).length).toBeGreaterThan(12)
    const { status, body } = await node.call(
      viewerUser,
      'POST',
      `/${stream}/_search`,
      JSON.stringify({ size: 0, aggs: aggregations }),
    )
    expect(status, JSON.stringify(body)).toBe(200)
    const empty = Object.entries((body as { aggregations: Record<string, AggregationAnswer> }).aggregations)
      .filter(([, answer]) => (answer.buckets ?? [answer.value]).length === 0 || answer.value === null)
      .map(([name]) => name)
    expect(empty).toEqual([])
  })
})

interface StoredAlert {
  readonly event: Record<string, unknown>
  readonly modelward: { readonly alert: { readonly state: string } }
}

interface AggregationAnswer {
  readonly buckets?: readonly unknown[]
  readonly value?: unknown
}

/** One aggregation for each field and operation in the dashboard's charts and controls, as Lens would ask. */
function dashboardAggregations(): Record<string, unknown> {
  const text = readFileSync(join(templateFolder, '../kibana.ndjson'), 'utf8').replaceAll('\\"', '"')
  const found: Record<string, unknown> = {}
  for (const [, operation = '', field = ''] of text.matchAll(/"operationType":"(\w+)"[^}]*?"sourceField":"([^"]+)"/g))
    found[`${operation} of ${field}`.replaceAll('.', '_')] = aggregationOf(operation, field)
  for (const [, field = ''] of text.matchAll(/"fieldName":"([^"]+)"/g))
    found[`control of ${field}`.replaceAll('.', '_')] = aggregationOf('terms', field)
  return found
}

function aggregationOf(operation: string, field: string): unknown {
  switch (operation) {
    case 'unique_count':
      return { cardinality: { field } }
    case 'date_histogram':
      return { date_histogram: { field, fixed_interval: '1d', min_doc_count: 1 } }
    case 'last_value':
    case 'terms':
      return { terms: { field } }
    default:
      return { [operation]: { field } }
  }
}

/** The act loop in small, on a clock of its own: sends what is not done, waits as long as the backoff says, tries again. */
async function tellUntilDone(
  sink: Sink,
  told: readonly Notification[],
  meanwhile: (elapsedMs: number) => void,
): Promise<{ outcomes: readonly Outcome[]; attempts: number }> {
  const { clock, random } = sinkContext()
  const backoff = new Backoff(random, 200, 60_000)
  const startedAt = clock.now()
  const outcomes = new Map<string, Outcome>()
  for (let attempts = 1; attempts < 200; attempts++) {
    const open = told.filter(({ id }) => !outcomes.has(id))
    const answers = await sink.send(open, running)
    for (const [at, { id }] of open.entries()) {
      const answer = answers[at]
      if (answer && !('retry' in answer)) outcomes.set(id, answer)
    }
    if (outcomes.size === told.length)
      return { outcomes: told.map(({ id }) => outcomes.get(id) ?? { retry: '' }), attempts }
    clock.advanceTo(clock.now() + backoff.failed())
    meanwhile(clock.now() - startedAt)
  }
  throw new Error('200 attempts were not enough')
}

async function writer(url: Proxy['url'], parts: Record<string, unknown> = {}): Promise<Sink> {
  const auth = { username: writerUser.name, password: secretOf(writerUser) }
  const config = elasticsearch.config.parse({ nodes: [url], auth, timeoutMs: 10_000, ...parts })
  return life.add('sink', await elasticsearch.open(config, sinkContext()))
}

async function setup(as: ElasticsearchUser, change: (text: string) => string = (text) => text): Promise<SetupReport> {
  const found = await readTemplates(templateFolder)
  const indexes = new Map(
    [...found.indexes].map(([name, body]) => [name, JSON.parse(change(JSON.stringify(body))) as typeof body]),
  )
  const [, place = ''] = /^\$\{exec:(.*)\}$/.exec(secretOf(as)) ?? []
  return setupElasticsearch(
    {
      nodes: [node.url],
      auth: { username: as.name, password: new SecretRef('exec', place) },
      compatibility: 9,
      timeoutMs: 30_000,
      allowPlainHttp: false,
    },
    { templates: { ...found, indexes }, namespace: 'default', absent },
  )
}

/** This build has no API to make a data stream: the first write does, here one that is then refused and leaves nothing. */
async function makeStream(): Promise<void> {
  const body = '{"create":{}}\n{"message":"no time"}\n'
  await node.call(node.superuser, 'POST', `/${stream}/_bulk?require_data_stream=true`, body)
}

async function search(query: Record<string, unknown>): Promise<readonly StoredAlert[]> {
  await node.call(node.superuser, 'POST', `/${stream}/_refresh`)
  const { body } = await node.call(viewerUser, 'POST', `/${stream}/_search`, JSON.stringify({ size: 100, ...query }))
  return (body as { hits: { hits: { _source: StoredAlert }[] } }).hits.hits.map(({ _source }) => _source)
}

async function countOf(idPattern: Alert['id']): Promise<number> {
  const kind = idPattern.endsWith('*')
    ? { prefix: { 'event.id': idPattern.slice(0, -1) } }
    : { term: { 'event.id': idPattern } }
  return (await search({ query: kind })).length
}

function resultsOf(report: SetupReport): readonly (readonly [string, string])[] {
  return report.steps.map(({ name, result }) => [name, result] as const)
}

/** The shipped roles, as Elasticsearch's roles.yml wants them. */
function roles(): Record<string, unknown> {
  const names = ['modelward_setup', 'modelward_viewer', 'modelward_writer']
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(templateFolder, `role-${name}.json`), 'utf8')) as unknown]),
  )
}

function user(name: string, role: string): ElasticsearchUser {
  return { name, password: `password-of-${name}`, roles: [role] }
}

function secretOf({ password }: ElasticsearchUser): string {
  return `\${exec:echo ${password}}`
}
