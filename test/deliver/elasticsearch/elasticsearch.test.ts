import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Sink } from '../../../src/contract/deliver.ts'
import type { Log } from '../../../src/contract/plugin.ts'
import { elasticsearch } from '../../../src/deliver/elasticsearch/elasticsearch.ts'
import { Lifetime } from '../../../src/runtime/lifetime.ts'
import { silentLog } from '../../../src/runtime/log.ts'
import { alert, evidence, notification, sinkContext } from '../alerts.ts'
import type { TestSinkContext } from '../alerts.ts'
import { answerJson, fakeElasticsearch } from './fake-elasticsearch.ts'
import type { FakeElasticsearch } from './fake-elasticsearch.ts'

const running = new AbortController().signal
let life: Lifetime
let fake: FakeElasticsearch

beforeEach(async () => {
  life = new Lifetime()
  fake = life.add('fake', await fakeElasticsearch())
})
afterEach(() => life[Symbol.asyncDispose]())

async function sink(parts: Record<string, unknown> = {}, context: TestSinkContext = sinkContext()): Promise<Sink> {
  const config = elasticsearch.config.parse({ nodes: [fake.url], ...parts })
  return life.add('sink', await elasticsearch.open(config, context))
}

function alerts(...ids: readonly string[]): ReturnType<typeof alert>[] {
  return ids.map((id) => alert({ id }))
}

function storedAlerts(): unknown[] {
  return [...fake.stored.values()].map((document) => (document['event'] as { id: string }).id)
}

function loudContext(): { context: TestSinkContext; errors: unknown[] } {
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (message, fields) => void errors.push({ message, ...fields }) }
  return { context: sinkContext('/nonexistent', { log }), errors }
}

describe('the way of a notification', () => {
  test('each alert becomes one document of the data stream', async () => {
    const context = sinkContext()
    const outcomes = await (await sink({}, context)).send([notification({ alerts: alerts('a', 'b') })], running)
    expect(outcomes).toEqual([{ done: true }])
    expect(storedAlerts()).toEqual(['a', 'b'])
    const [request] = fake.requests
    expect(request?.path).toBe('/logs-modelward.alerts-default/_bulk?require_data_stream=true')
    expect(request?.documents[0]).toMatchObject({
      event: { ingested: new Date(context.clock.now()).toISOString() },
      data_stream: { namespace: 'default' },
    })
  })

  test('told again, it is a duplicate and one document', async () => {
    const writer = await sink()
    await writer.send([notification()], running)
    const again = [notification({ id: 'n-2', kind: 'repeat' })]
    expect(await writer.send(again, running)).toEqual([{ done: true, duplicate: true }])
    expect(fake.stored.size).toBe(1)
  })

  test('the end of an alert is a document of its own', async () => {
    const writer = await sink({ namespace: 'prod' })
    await writer.send([notification()], running)
    const resolved = alert({ state: 'resolved', endedAt: alert().lastAt })
    expect(await writer.send([notification({ kind: 'resolved', alerts: [resolved] })], running)).toEqual([
      { done: true },
    ])
    expect(fake.stored.size).toBe(2)
    expect(fake.requests[1]?.path).toContain('/logs-modelward.alerts-prod/_bulk')
  })

  test('an answer that was lost costs nothing: the next attempt finds the document there', async () => {
    fake.behaviour = { mangle: (reply) => reply.slice(0, reply.length / 2) }
    const writer = await sink()
    expect(await writer.send([notification()], running)).toEqual([{ retry: expect.any(String) as string }])
    fake.behaviour = {}
    expect(await writer.send([notification()], running)).toEqual([{ done: true, duplicate: true }])
    expect(fake.stored.size).toBe(1)
  })

  test('nothing to tell is done', async () => {
    expect(await (await sink()).send([notification({ alerts: [] })], running)).toEqual([{ done: true }])
    expect(fake.requests).toHaveLength(0)
  })
})

describe('answers for single documents', () => {
  test.each([429, 500, 502, 503, 504])('%i: only what is not stored yet is sent again', async (status) => {
    fake.behaviour = { item: (_, document) => (idOf(document) === 'b' ? { status } : undefined) }
    const writer = await sink()
    const three = notification({ alerts: alerts('a', 'b', 'c') })
    expect(await writer.send([three], running)).toEqual([{ retry: `item status ${status}` }])
    fake.behaviour = {}
    expect(await writer.send([three], running)).toEqual([{ done: true }])
    expect(fake.requests[1]?.documents.map(idOf)).toEqual(['b'])
    expect(storedAlerts()).toEqual(['a', 'c', 'b'])
  })

  test('a mapping conflict parks its notification once the rest is stored, and holds up no other', async () => {
    const error = { type: 'document_parsing_exception', reason: "failed to parse field [source.ip] of type [ip]: 'x'" }
    fake.behaviour = {
      item: (_, document) =>
        idOf(document) === 'bad' ? { status: 400, error } : idOf(document) === 'late' ? { status: 429 } : undefined,
    }
    const writer = await sink()
    const mixed = notification({ alerts: alerts('bad', 'good', 'late') })
    expect(await writer.send([mixed, notification({ id: 'other' })], running)).toEqual([
      { retry: 'item status 429' },
      { done: true },
    ])
    fake.behaviour = {}
    const [outcome] = await writer.send([mixed], running)
    expect(outcome).toEqual({
      park: expect.stringMatching(/^1 of 3 alerts refused: item status 400: document_parsing/) as string,
    })
    expect(fake.requests[1]?.documents.map(idOf)).toEqual(['late'])
  })

  test('rights that are missing are worth another try, loudly', async () => {
    const error = { type: 'security_exception', reason: 'action [indices:data/write/bulk[s]] is unauthorized' }
    fake.behaviour = { item: () => ({ status: 403, error }) }
    const { context, errors } = loudContext()
    const [outcome] = await (await sink({}, context)).send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringContaining('is unauthorized') as string })
    expect(errors).toHaveLength(1)
  })

  test('what went to the failure store is counted', async () => {
    fake.behaviour = { item: () => ({ status: 201, failure_store: 'used' }) }
    const context = sinkContext()
    expect(await (await sink({}, context)).send([notification()], running)).toEqual([{ done: true }])
    const counts = await context.metrics.values('modelward_elasticsearch_documents_total')
    expect(counts).toContainEqual({ value: 1, labels: { sink: 'under-test', result: 'stored' } })
    expect(counts).toContainEqual({ value: 1, labels: { sink: 'under-test', result: 'failure_store_used' } })
  })

  test.each([
    ['no items', (): string => '{"took":1,"errors":false}'],
    ['too few items', (): string => '{"took":1,"errors":false,"items":[]}'],
    ['items that are null', (): string => '{"items":[null]}'],
    ['the items of somebody else', (): string => '{"items":[{"create":{"_id":"other","status":201}}]}'],
    ['another operation', (reply: string): string => reply.replace('"create"', '"index"')],
    ['a list', (): string => '[]'],
    ['null', (): string => 'null'],
  ])('a reply with %s is not believed', async (_, mangle) => {
    fake.behaviour = { mangle }
    expect(await (await sink()).send([notification()], running)).toEqual([{ retry: expect.any(String) as string }])
  })
})

describe('answers for a whole request', () => {
  test('413: halves are sent until it fits', async () => {
    fake.behaviour = {
      answer: (response, { ids, documents }) => {
        if (ids.length > 2) return answerJson(response, 413, {})
        for (const [at, id] of ids.entries()) fake.stored.set(id, documents[at] ?? {})
        answerJson(response, 200, { items: ids.map((_id) => ({ create: { _id, status: 201 } })) })
      },
    }
    const five = notification({ alerts: alerts('a', 'b', 'c', 'd', 'e') })
    expect(await (await sink()).send([five], running)).toEqual([{ done: true }])
    expect(fake.requests.map(({ ids }) => ids.length)).toEqual([5, 3, 2, 1, 2])
    expect(storedAlerts()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('413 for one document parks it', async () => {
    fake.behaviour = {
      answer: (response, { ids, documents }) =>
        documents.some((document) => idOf(document) === 'huge')
          ? answerJson(response, 413, {})
          : answerJson(response, 200, { items: ids.map((_id) => ({ create: { _id, status: 201 } })) }),
    }
    const outcomes = await (
      await sink()
    ).send([notification({ alerts: alerts('huge') }), notification({ id: 'n-2', alerts: alerts('b') })], running)
    expect(outcomes).toEqual([{ park: expect.stringContaining('413') as string }, { done: true }])
  })

  test('429 waits as long as it is asked to, and sends nothing more', async () => {
    fake.behaviour = {
      answer: (response) => {
        response.setHeader('retry-after', '9')
        answerJson(response, 429, {})
      },
    }
    const big = alert({ evidence: [evidence({ matched: { text: 'x'.repeat(1000) } })] })
    const many = Array.from({ length: 10 }, (_, index) =>
      notification({ id: `n-${index}`, alerts: [{ ...big, id: `${index}` }] }),
    )
    const outcomes = await (await sink({ maxBatchBytes: 10_000 })).send(many, running)
    expect(fake.requests).toHaveLength(1)
    for (const outcome of outcomes) expect(outcome).toMatchObject({ afterMs: 9000 })
  })

  test('401 is loud, and the secret is read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelward-elasticsearch-'))
    life.defer('folder', () => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'key'), 'old')
    fake.behaviour = {
      answer: (response, { headers, ids }) =>
        headers.authorization === 'ApiKey new'
          ? answerJson(response, 200, { items: ids.map((_id) => ({ create: { _id, status: 201 } })) })
          : answerJson(response, 401, { error: { type: 'security_exception', reason: 'unable to authenticate' } }),
    }
    const { context, errors } = loudContext()
    const writer = await sink({ auth: { apiKey: `\${file:${join(folder, 'key')}}` } }, context)
    const [outcome] = await writer.send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringContaining('401') as string })
    expect(errors).toMatchObject([{ sink: 'under-test' }])
    expect(JSON.stringify([outcome, errors])).not.toContain('old')
    await writeFile(join(folder, 'key'), 'new')
    expect(await writer.send([notification()], running)).toEqual([{ done: true }])
  })

  test.each([500, 502, 503, 504])('%i is worth another try', async (status) => {
    fake.behaviour = { answer: (response) => answerJson(response, status, {}) }
    expect(await (await sink()).send([notification()], running)).toEqual([
      { retry: expect.stringContaining(String(status)) as string },
    ])
    expect(fake.requests).toHaveLength(1)
  })

  test.each([
    ['an answer that does not come', (): undefined => undefined],
    ['a connection that is cut', (response: { destroy(): unknown }): void => void response.destroy()],
  ])('%s is worth another try', async (_, answer) => {
    fake.behaviour = { answer }
    const outcomes = await (await sink({ timeoutMs: 150 })).send([notification()], running)
    expect(outcomes).toEqual([{ retry: expect.any(String) as string }])
    expect(fake.requests).toHaveLength(1)
  })

  test('something that is not Elasticsearch is not believed, loudly', async () => {
    fake.behaviour = {
      answer: (response, { ids }) => {
        response.removeHeader('x-elastic-product')
        answerJson(response, 200, { items: ids.map((_id) => ({ create: { _id, status: 201 } })) })
      },
    }
    const { context, errors } = loudContext()
    const [outcome] = await (await sink({}, context)).send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringContaining('does not say that it is Elasticsearch') as string })
    expect(errors).toHaveLength(1)
  })

  test('nobody there is worth another try', async () => {
    const writer = await sink()
    await fake[Symbol.asyncDispose]()
    expect(await writer.send([notification()], running)).toEqual([
      { retry: expect.stringContaining('ECONNREFUSED') as string },
    ])
  })

  test('stopping ends a request that is under way', async () => {
    fake.behaviour = { answer: () => undefined }
    const stop = new AbortController()
    const sending = (await sink()).send([notification()], stop.signal)
    setTimeout(() => stop.abort(), 30)
    expect(await sending).toEqual([{ retry: expect.any(String) as string }])
  })
})

describe('limits and settings', () => {
  test('a request stays within its bytes, and a document larger than that goes alone', async () => {
    const big = alert({
      id: 'big',
      evidence: Array.from({ length: 20 }, () => evidence({ event: { ...evidence().event, id: 'x'.repeat(1000) } })),
    })
    const many = notification({ alerts: [...alerts('a', 'b'), big, ...alerts('c')] })
    expect(await (await sink({ maxBatchBytes: 10_000 })).send([many], running)).toEqual([{ done: true }])
    expect(fake.requests.map(({ documents }) => documents.map(idOf))).toEqual([['a', 'b'], ['big'], ['c']])
  })

  test.each([
    [8, 'application/vnd.elasticsearch+x-ndjson; compatible-with=8'],
    [9, 'application/vnd.elasticsearch+x-ndjson; compatible-with=9'],
  ])('compatibility %i speaks %s', async (compatibility, type) => {
    await (await sink({ compatibility })).send([notification()], running)
    expect(fake.requests[0]?.headers['content-type']).toBe(type)
    expect(fake.requests[0]?.headers.accept).toContain(`compatible-with=${compatibility}`)
  })

  test('an alert that cannot be written is parked and holds up no other', async () => {
    const broken = notification({ id: 'broken', alerts: [alert({ startedAt: Number.NaN })] })
    expect(await (await sink()).send([broken, notification()], running)).toEqual([
      { park: expect.stringContaining('cannot be written') as string },
      { done: true },
    ])
  })

  test('a secret that cannot be read is worth another try, loudly', async () => {
    const { context, errors } = loudContext()
    const writer = await sink({ auth: { bearer: '${file:/nonexistent/token}' } }, context)
    expect(await writer.send([notification()], running)).toEqual([
      { retry: expect.stringContaining('reading the secret') as string },
    ])
    expect(errors).toHaveLength(1)
  })

  test.each([
    [{ nodes: [] }, 'Too small'],
    [{ nodes: ['http://elasticsearch.example.org:9200'] }, 'plain http'],
    [{ nodes: ['https://elastic:changeme@elasticsearch.example.org:9200'] }, 'credentials'],
    [{ nodes: ['http://127.0.0.1:9200'], caFingerprint: 'aa'.repeat(32) }, 'caFingerprint needs https'],
    [{ nodes: ['https://es.example.org'], caFingerprint: 'aa' }, 'fingerprint'],
    [{ nodes: ['https://es.example.org'], namespace: 'Prod-1' }, 'lower-case'],
    [{ nodes: ['https://es.example.org'], auth: { apiKey: 'written-into-the-config' } }, 'by reference'],
    [{ nodes: ['https://es.example.org'], index: 'x' }, 'Unrecognized key'],
  ])('the config %j is an error', (config, message) => {
    expect(elasticsearch.config.safeParse(config).error?.message).toContain(message)
  })

  test('its examples are valid', () => {
    for (const example of elasticsearch.examples) expect(elasticsearch.config.safeParse(example).success).toBe(true)
  })
})

function idOf(document: Record<string, unknown>): string {
  return (document['event'] as { id: string }).id
}
