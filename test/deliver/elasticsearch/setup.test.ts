import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { setupElasticsearch } from '../../../src/deliver/elasticsearch/setup.ts'
import type { SetupReport } from '../../../src/deliver/elasticsearch/setup.ts'
import { readTemplates, withSubstitutes } from '../../../src/deliver/elasticsearch/templates.ts'
import { Lifetime } from '../../../src/runtime/lifetime.ts'

type Answer = readonly [status: number, body: unknown]

let life = new Lifetime()
afterEach(async () => {
  await life[Symbol.asyncDispose]()
  life = new Lifetime()
})

/** A cluster with every API, as far as setup asks; what is put is kept. `wins`: a foreign template takes precedence. */
class FakeCluster {
  readonly kept = new Map<string, unknown>()
  readonly calls: string[] = []
  wins = false
  refuses: string | undefined

  answer(method: string, path: string, body: unknown): Answer {
    this.calls.push(`${method} ${path}`)
    if (this.refuses !== undefined && path.includes(this.refuses))
      return [403, { error: { type: 'security_exception', reason: 'no' }, status: 403 }]
    if (method === 'PUT') {
      this.kept.set(path, body)
      return [200, { acknowledged: true }]
    }
    if (path.includes('_simulate_index')) return [200, this.#trial()]
    if (path.startsWith('/_resolve/index/')) return this.#stream(path.slice('/_resolve/index/'.length))
    if (path.endsWith('/_rollover')) return [200, { rolled_over: true }]
    const found = this.kept.get(path)
    const [list, one] = path.startsWith('/_component')
      ? ['component_templates', 'component_template']
      : ['index_templates', 'index_template']
    return found === undefined ? [404, {}] : [200, { [list]: [{ [one]: found }] }]
  }

  #trial(): unknown {
    const properties = this.wins ? { message: { type: 'text' } } : { modelward: { properties: { control: {} } } }
    return { template: { settings: { index: { mode: 'logsdb' } }, mappings: { properties } } }
  }

  #stream(name: string): Answer {
    return this.kept.has(`/_data_stream/${name}`) ? [200, { data_streams: [{ name }] }] : [404, {}]
  }
}

async function listening(cluster: FakeCluster): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const path = decodeURIComponent(request.url ?? '')
      const [status, body] = cluster.answer(request.method ?? '', path, text === '' ? undefined : JSON.parse(text))
      response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  life.defer('server', () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function setup(node: string, retention = '365d'): Promise<SetupReport> {
  const templates = await readTemplates(join(import.meta.dirname, '../../../dashboards/templates'))
  const indexes = new Map(
    [...templates.indexes].map(([name, body]) => [
      name,
      { ...body, template: { lifecycle: { data_retention: retention } } },
    ]),
  )
  const connection = { nodes: [node], compatibility: 9, timeoutMs: 5000, allowPlainHttp: false } as const
  return setupElasticsearch(
    { ...connection, nodes: [node] },
    { templates: { ...templates, indexes }, namespace: 'prod' },
  )
}

function results(report: SetupReport): readonly string[] {
  return report.steps.map(({ name, result }) => `${result} ${name}`)
}

describe('setup on a cluster with every API', () => {
  test('installs pipeline, templates and stream, and again keeps them', async () => {
    const cluster = new FakeCluster()
    const node = await listening(cluster)
    expect(results(await setup(node))).toEqual([
      'made pipeline modelward@ingest',
      'made component template modelward-alerts@settings',
      'made component template modelward-ecs@mappings',
      'made component template modelward-ingest@settings',
      'made component template modelward@mappings',
      'made index template logs-modelward.alerts',
      'made data stream logs-modelward.alerts-prod',
      'kept trial of the templates for logs-modelward.alerts-prod',
    ])
    const again = await setup(node)
    expect(again.ready).toBe(true)
    expect(results(again).slice(1)).toEqual(
      results(again)
        .slice(1)
        .map((line) => line.replace(/^\w+/, 'kept')),
    )
    expect(cluster.calls.filter((call) => call.includes('_rollover'))).toEqual([])
  })

  test('a changed template is put and gives the stream a new backing index', async () => {
    const cluster = new FakeCluster()
    const node = await listening(cluster)
    await setup(node)
    const report = await setup(node, '30d')
    expect(results(report)).toContain('changed index template logs-modelward.alerts')
    expect(results(report)).toContain('changed data stream logs-modelward.alerts-prod')
    expect(cluster.calls).toContain('POST /logs-modelward.alerts-prod/_rollover')
  })

  test('somebody else’s template of that name is replaced, and that counts as a change', async () => {
    const cluster = new FakeCluster()
    cluster.kept.set('/_component_template/modelward@mappings', { template: {} })
    expect(results(await setup(await listening(cluster)))).toContain('changed component template modelward@mappings')
  })

  test('another template that wins over ours is found', async () => {
    const cluster = new FakeCluster()
    cluster.wins = true
    const report = await setup(await listening(cluster))
    expect(report.ready).toBe(false)
    expect(report.steps.at(-1)?.detail).toContain('another index template wins')
  })

  test('ends at the step that is refused, and says which', async () => {
    const cluster = new FakeCluster()
    cluster.refuses = '_index_template/logs'
    const report = await setup(await listening(cluster))
    expect(results(report).at(-1)).toBe('failed index template logs-modelward.alerts')
    expect(cluster.calls.some((call) => call.includes('_data_stream'))).toBe(false)
  })

  test('a cluster that is not there is a failed step, not an exception', async () => {
    const report = await setup('http://127.0.0.1:1')
    expect(report).toMatchObject({ ready: false, steps: [{ result: 'failed' }] })
  })
})

describe('substitutes', () => {
  test('replace the type of a field wherever it stands, and nothing else called type', () => {
    const template = {
      mappings: {
        properties: {
          type: { type: 'wildcard', ignore_above: 10 },
          a: { properties: { b: { type: 'match_only_text' }, type: { type: 'ip' } } },
        },
      },
      type: 'wildcard',
    }
    expect(withSubstitutes(template, { wildcard: 'keyword', match_only_text: 'text' })).toEqual({
      mappings: {
        properties: {
          type: { type: 'keyword' },
          a: { properties: { b: { type: 'text' }, type: { type: 'ip' } } },
        },
      },
      type: 'wildcard',
    })
  })
})
