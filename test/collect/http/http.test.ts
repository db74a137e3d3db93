import { createServer } from 'node:net'
import { connect } from 'node:net'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { http } from '../../../src/collect/http/http.ts'
import { localDisk } from '../../../src/collect/journal/disk.ts'
import { StoreError, TransientError } from '../../../src/runtime/errors.ts'
import { haveSharedData, sharedData } from '../../support/shared-data.ts'
import { Serving, identity, text } from './serving.ts'

const open: Serving[] = []
afterEach(async () => {
  for (const serving of open.splice(0)) await serving.close()
})

async function serving(...parts: Parameters<typeof Serving.open>): Promise<Serving> {
  const server = await Serving.open(...parts)
  open.push(server)
  return server
}

async function problem(response: Response): Promise<{ status: number; code: string; record?: number }> {
  const { error } = (await response.json()) as { error: { code: string; message: string; record?: number } }
  const { code, record } = error
  return { status: response.status, code, ...(record === undefined ? {} : { record }) }
}

describe('bodies', () => {
  test.each([
    ['one object', '{"a":1}', ['{"a":1}']],
    ['one object over several lines', '{\n "a": 1\n}', ['{\n "a": 1\n}']],
    ['lines', '{"a":1}\n{"a":2}\r\n\n{"a":3}', ['{"a":1}', '{"a":2}', '{"a":3}']],
    ['an array', ' [{"a":1}, {"a":2}]', ['{"a":1}', '{"a":2}']],
    ['an envelope', '{"records":[{"a":1},{"a":2}]}', ['{"a":1}', '{"a":2}']],
    ['__proto__ as any other name', '{"__proto__":{"x":1}}', ['{"__proto__":{"x":1}}']],
    ['a byte order mark', '\ufeff{"a":1}', ['{"a":1}']],
  ])('hold %s', async (_name, body, records) => {
    const server = await serving()
    const response = await server.post(body, { 'content-type': 'text/plain' })
    expect([response.status, await response.json()]).toEqual([202, { accepted: records.length }])
    expect((await server.records(records.length)).map(text)).toEqual(records)
  })

  test('with one broken record among good ones are taken whole: the broken one is for the quarantine', async () => {
    const server = await serving()
    const response = await server.post('{"a":1}\n{"a":\n{"a":3}\n')
    expect(await response.json()).toEqual({ accepted: 3 })
    expect((await server.records(3)).map(text)).toEqual(['{"a":1}', '{"a":', '{"a":3}'])
  })

  test.each([
    ['nothing', '', 'MW_EMPTY', undefined],
    ['blanks', ' \n\n', 'MW_EMPTY', undefined],
    ['an empty array', '[]', 'MW_EMPTY', undefined],
    ['text', 'hello', 'MW_NOT_JSON', 0],
    ['an object that is cut off', '{"a":1', 'MW_NOT_JSON', 0],
    ['a good line and a line of text', '{"a":1}\n{"a":2}\nhello\n', 'MW_NOT_JSON', 2],
    ['a number in a list', '[{"a":1},5]', 'MW_NOT_JSON', 1],
  ])('of %s are refused, and nothing of them is taken', async (_name, body, code, record) => {
    const server = await serving()
    const response = await server.post(body)
    expect(await problem(response)).toEqual({ status: 400, code, ...(record === undefined ? {} : { record }) })
    await server.post('{"next":true}')
    expect((await server.records(1)).map(text)).toEqual(['{"next":true}'])
  })

  test('as LiteLLM sends them, NDJSON under application/json, keep every record', async ({ skip }) => {
    skip(!haveSharedData(), 'public test data is missing: set MODELWARD_DATA')
    const body = await readFile(sharedData('telemetry', 'litellm-1.106.2.ndjson'))
    const lines = body.toString().trimEnd().split('\n')
    const server = await serving()
    const response = await server.post(body, { 'content-type': 'application/json' }, '/ingest/litellm')
    expect(await response.json()).toEqual({ accepted: 7 })
    const records = await server.records(7)
    expect(records.map(text)).toEqual(lines)
    expect(new Set(records.map(({ format }) => format))).toEqual(new Set(['litellm']))
  })

  test.each([
    ['gzip', gzipSync('{"a":1}')],
    ['x-gzip', gzipSync('{"a":1}')],
    ['deflate', deflateSync('{"a":1}')],
    ['deflate', deflateRawSync('{"a":1}')],
    ['identity', Buffer.from('{"a":1}')],
  ])('are taken under content-encoding %s', async (encoding, body) => {
    const server = await serving()
    expect((await server.post(body, { 'content-encoding': encoding })).status).toBe(202)
    expect((await server.records(1)).map(text)).toEqual(['{"a":1}'])
  })

  test('under any other content-encoding are refused with what is taken', async () => {
    const server = await serving()
    const response = await server.post(zstdCompressSync('{"a":1}'), { 'content-encoding': 'zstd' })
    expect(response.headers.get('accept-encoding')).toBe('gzip, deflate')
    expect(await problem(response)).toEqual({ status: 415, code: 'MW_ENCODING' })
  })

  test('that are not what their content-encoding says are refused', async () => {
    const server = await serving()
    const cut = gzipSync('{"a":1}').subarray(0, 15)
    for (const body of [Buffer.from('{"a":1}'), cut])
      expect(await problem(await server.post(body, { 'content-encoding': 'gzip' }))).toEqual({
        status: 400,
        code: 'MW_ENCODING',
      })
  })
})

describe('limits', () => {
  test('200 MB of zeros in a 194 KB gzip are refused with memory flat', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000))
    const server = await serving()
    const before = process.memoryUsage().rss
    expect(await problem(await server.post(bomb, { 'content-encoding': 'gzip' }))).toEqual({
      status: 413,
      code: 'MW_RATIO',
    })
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
    expect((await server.post('{"a":1}')).status).toBe(202)
  })

  test('a body beyond the limit is refused, by its stated length, as it comes, and decompressed', async () => {
    const server = await serving({ limits: { bodyBytes: 2048 } })
    const body = JSON.stringify({ a: 'x'.repeat(3000) })
    async function* pieces() {
      for (let at = 0; at < body.length; at += 500) yield Buffer.from(body.slice(at, at + 500))
    }
    const streamed = { method: 'POST', body: pieces(), duplex: 'half' } as unknown as RequestInit
    expect(await problem(await server.post(body))).toEqual({ status: 413, code: 'MW_TOO_LARGE' })
    expect(await problem(await fetch(server.url(), streamed))).toEqual({ status: 413, code: 'MW_TOO_LARGE' })
    expect(await problem(await server.post(gzipSync(body), { 'content-encoding': 'gzip' }))).toEqual({
      status: 413,
      code: 'MW_TOO_LARGE',
    })
  })

  test.each([
    ['arrays', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['arrays in an object', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    ['objects in a line', `{"a":1}\n${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}\n`],
  ])('100,000 levels of %s are refused at once', async (_name, body) => {
    const server = await serving()
    expect(await problem(await server.post(body))).toMatchObject({ status: 400, code: 'MW_DEPTH' })
  })

  test('exactly 64 levels are taken and 65 are not', async () => {
    const server = await serving()
    const nested = (levels: number) => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1)
    expect((await server.post(nested(64))).status).toBe(202)
    expect((await server.post(nested(65))).status).toBe(400)
  })

  test('a record longer than the limit is refused by its number', async () => {
    const server = await serving({ limits: { recordBytes: 1000 } })
    const body = `{"a":1}\n{"a":"${'x'.repeat(1000)}"}\n{"a":3}\n`
    expect(await problem(await server.post(body))).toEqual({ status: 413, code: 'MW_RECORD_TOO_LARGE', record: 1 })
  })

  test('a body of too many records is refused', async () => {
    const server = await serving({ limits: { records: 3 } })
    expect((await server.post('{}\n{}\n{}\n')).status).toBe(202)
    expect(await problem(await server.post('{}\n{}\n{}\n{}\n'))).toEqual({ status: 413, code: 'MW_TOO_MANY_RECORDS' })
  })

  test('a sender that stalls is cut off', async () => {
    const server = await serving({ limits: { requestTimeoutMs: 200, headersTimeoutMs: 150 } })
    const [host = '', port = ''] = server.collector.address?.split(':') ?? []
    const ends = await Promise.all(
      ['POST / HTTP/1.1\r\nHost: x\r\n', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a":'].map(
        (start) =>
          new Promise<string>((resolve) => {
            let answer = ''
            const socket = connect(Number(port), host, () => socket.write(start))
            socket.on('data', (bytes) => (answer += String(bytes)))
            socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''))
            socket.on('error', () => undefined)
          }),
      ),
    )
    expect(ends).toEqual(['HTTP/1.1 408 Request Timeout', 'HTTP/1.1 408 Request Timeout'])
  })

  test('a client beyond maxConnections is turned away, and let in when another leaves', async () => {
    const server = await serving({ limits: { maxConnections: 1 } })
    const [host = '', port = ''] = server.collector.address?.split(':') ?? []
    const first = connect(Number(port), host)
    await new Promise((resolve) => first.once('connect', resolve))
    await expect(server.post('{"a":1}')).rejects.toThrow('fetch failed')
    first.destroy()
    await expect.poll(async () => (await server.post('{"a":1}').catch(() => undefined))?.status).toBe(202)
  })
})

describe('routes', () => {
  test('name the format, or leave it to the config, or to the record', async () => {
    const plain = await serving()
    await plain.post('{"n":1}')
    await plain.post('{"n":2}', {}, '/ingest')
    await plain.post('{"n":3}', {}, '/ingest/cloudtrail?x=1')
    expect((await plain.records(3)).map(({ format }) => format)).toEqual([undefined, undefined, 'cloudtrail'])
    const named = await serving({ format: 'litellm' })
    await named.post('{"n":1}')
    await named.post('{"n":2}', {}, '/ingest/kserve')
    expect((await named.records(2)).map(({ format }) => format)).toEqual(['litellm', 'kserve'])
  })

  test.each(['/v1/traces', '/v1/logs', '/v1/metrics'])(
    '%s takes OTLP as JSON and answers as OTLP does',
    async (path) => {
      const server = await serving()
      const response = await server.post('{"resourceSpans":[]}', { 'content-type': 'application/json' }, path)
      expect([response.status, await response.json()]).toEqual([200, {}])
      expect((await server.records(1)).map(({ format }) => format)).toEqual(['otlp'])
    },
  )

  test('OTLP as protobuf is refused with the cure, in words an exporter looks for', async () => {
    const server = await serving()
    const response = await server.post(Buffer.from([10, 0]), { 'content-type': 'application/x-protobuf' }, '/v1/traces')
    expect(response.status).toBe(415)
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('http/json') as string })
  })

  test('an OTLP export may be one record of 4 MiB', async () => {
    const server = await serving()
    const big = JSON.stringify({ resourceSpans: ['x'.repeat(3_000_000)] })
    expect((await server.post(big, {}, '/v1/traces')).status).toBe(200)
    expect((await server.post(big)).status).toBe(413)
    expect((await server.records(1)).map((record) => record.bytes.length)).toEqual([big.length])
  })

  test('unknown paths are 404 and wrong methods 405 with the right one', async () => {
    const server = await serving()
    for (const path of ['/nothing', '/ingest/', '/ingest/Not-A-Name', '/ingest/../x%2f'])
      expect(await problem(await server.post('{}', {}, path))).toEqual({ status: 404, code: 'MW_NOT_FOUND' })
    const response = await fetch(server.url('/ingest'))
    expect(response.headers.get('allow')).toBe('POST')
    expect(await problem(response)).toEqual({ status: 405, code: 'MW_METHOD' })
  })

  test('the health page answers without authentication', async () => {
    const server = await serving({ auth: { bearer: ['${env:PATH}'] } })
    const response = await fetch(server.url('/-/healthy'))
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  })
})

describe('the answer', () => {
  test('comes only after the sync', async () => {
    const synced = Promise.withResolvers<void>()
    const server = await serving({}, { ...localDisk, sync: () => synced.promise })
    let answered = false
    const answer = server.post('{"a":1}').finally(() => (answered = true))
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(answered).toBe(false)
    synced.resolve()
    expect((await answer).status).toBe(202)
  })

  test('is 503 while the disk is full, and 202 again afterwards', async () => {
    let isFull = true
    const server = await serving(
      {},
      {
        ...localDisk,
        write: (...offer) =>
          isFull ? Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) : localDisk.write(...offer),
      },
    )
    const response = await server.post('{"a":1}')
    expect(response.headers.get('retry-after')).toBe('30')
    expect(await problem(response)).toEqual({ status: 503, code: 'MW_STORE_FULL' })
    isFull = false
    expect((await server.post('{"a":2}')).status).toBe(202)
    expect((await server.records(1)).map(text)).toEqual(['{"a":2}'])
  })

  test('is 503 before a write has to fail when little space is left', async () => {
    const server = await serving({ minFreeBytes: Number.MAX_SAFE_INTEGER })
    expect(await problem(await server.post('{"a":1}'))).toEqual({ status: 503, code: 'MW_STORE_FULL' })
  })

  test('after a failed sync is never 2xx again, and reading ends with StoreError', async () => {
    let broken = true
    const server = await serving(
      {},
      {
        ...localDisk,
        sync: (file) =>
          broken ? Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' })) : localDisk.sync(file),
      },
    )
    const reading = server.records(1)
    const outcome = expect(reading).rejects.toThrow(StoreError)
    expect(await problem(await server.post('{"a":1}'))).toEqual({ status: 503, code: 'MW_STORE' })
    broken = false
    expect(await problem(await server.post('{"a":2}'))).toEqual({ status: 503, code: 'MW_STORE' })
    expect((await fetch(server.url('/-/healthy'))).status).toBe(503)
    await outcome
  })

  test('is 429 when too much waits, and 202 when it has been committed', async () => {
    const server = await serving({ maxJournalBytes: 1024 })
    expect((await server.post(JSON.stringify({ a: 'x'.repeat(2000) }))).status).toBe(202)
    const response = await server.post('{"a":1}')
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await problem(response)).toEqual({ status: 429, code: 'MW_BACKLOG' })
    expect(server.collector.lag()[0]?.bytes).toBeGreaterThan(2000)
    for (const batch of await server.batches(1)) await server.commit(batch)
    expect(server.collector.lag()[0]?.bytes).toBe(0)
    expect((await server.post('{"a":1}')).status).toBe(202)
  })

  test('is 429 when too many bodies are in memory at once', async () => {
    const synced = Promise.withResolvers<void>()
    const server = await serving({ limits: { recordBytes: 20_000_000 } }, { ...localDisk, sync: () => synced.promise })
    const body = JSON.stringify({ a: 'x'.repeat(15_000_000) })
    const answers = Array.from({ length: 6 }, async () => (await server.post(body)).status)
    const first = await Promise.race(answers)
    synced.resolve()
    expect(first).toBe(429)
    expect((await Promise.all(answers)).filter((status) => status === 202).length).toBeGreaterThanOrEqual(1)
    expect((await server.post('{"a":1}')).status).toBe(202)
  })

  test('is not 429 because of bodies that were refused or broken off before', async () => {
    const server = await serving()
    const body = `{"a":"${'x'.repeat(6_000_000)}"}`
    const statuses = new Set<number>()
    for (let n = 0; n < 12; n++) statuses.add((await server.post(body)).status)
    expect(statuses).toEqual(new Set([413]))
    const [host = '', port = ''] = server.collector.address?.split(':') ?? []
    for (let n = 0; n < 12; n++)
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), host, () =>
          socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n\r\n${body}`, () => socket.destroy()),
        )
        socket.on('close', () => resolve())
      })
    await expect.poll(async () => (await server.post(body)).status).toBe(413)
    const aborted = async (): Promise<number | undefined> => {
      const values = await server.given.metrics.values('modelward_http_requests_total')
      return values.find(({ labels }) => labels['status'] === 'aborted')?.value
    }
    await expect.poll(aborted).toBe(12)
  })

  test('is given to requests under way when the listener closes', async () => {
    const synced = Promise.withResolvers<void>()
    const server = await serving({}, { ...localDisk, sync: () => synced.promise })
    const answer = server.post('{"a":1}')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const closed = server.restart()
    await expect(fetch(server.url('/-/healthy'))).rejects.toThrow('fetch failed')
    synced.resolve()
    expect((await answer).status).toBe(202)
    await closed
    expect((await server.records(1)).map(text)).toEqual(['{"a":1}'])
  })

  test('is counted by status, and bodies by bytes', async () => {
    const server = await serving()
    await server.post('{"a":1}')
    await server.post('hello')
    const values = await server.given.metrics.values('modelward_http_requests_total')
    expect(values.map(({ value, labels }) => [labels['status'], value])).toEqual([
      ['202', 1],
      ['400', 1],
    ])
    expect(await server.given.metrics.values('modelward_component_received_bytes_total')).toMatchObject([{ value: 12 }])
    expect((await server.given.metrics.values('modelward_journal_backlog_bytes'))[0]?.value).toBeGreaterThan(0)
  })

  test('to a body that asks first comes before the body is sent', async () => {
    const server = await serving({ minFreeBytes: Number.MAX_SAFE_INTEGER })
    const [host = '', port = ''] = server.collector.address?.split(':') ?? []
    const first = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), host, () =>
        socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n'),
      )
      socket.once('data', (bytes) => {
        resolve(String(bytes).split('\r\n')[0] ?? '')
        socket.destroy()
      })
    })
    expect(first).toBe('HTTP/1.1 503 Service Unavailable')
  })
})

describe('idempotency', () => {
  test('a repeat is answered like the first and counts once', async () => {
    const server = await serving()
    for (let n = 0; n < 3; n++)
      expect(await (await server.post('{"a":1}\n{"a":2}', { 'idempotency-key': 'k1' })).json()).toEqual({ accepted: 2 })
    await server.post('{"a":3}', { 'idempotency-key': 'k2' })
    expect((await server.records(3)).map(text)).toEqual(['{"a":1}', '{"a":2}', '{"a":3}'])
  })

  test('a repeat while the first is under way waits for it', async () => {
    const synced = Promise.withResolvers<void>()
    const server = await serving({}, { ...localDisk, sync: () => synced.promise })
    const answers = ['a', 'a', 'a'].map((key) => server.post('{"a":1}', { 'idempotency-key': key }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    synced.resolve()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([202, 202, 202])
    await server.post('{"end":1}')
    expect((await server.records(2)).map(text)).toEqual(['{"a":1}', '{"end":1}'])
  })

  test('the key of another body is refused', async () => {
    const server = await serving()
    await server.post('{"a":1}', { 'idempotency-key': 'k' })
    expect(await problem(await server.post('{"a":2}', { 'idempotency-key': 'k' }))).toEqual({
      status: 422,
      code: 'MW_KEY_REUSED',
    })
    expect((await server.post('{"a":1}', { 'idempotency-key': 'k' }, '/ingest/other')).status).toBe(422)
  })

  test('a key is remembered over a restart, also after its body was committed', async () => {
    const server = await serving()
    await server.post('{"a":1}', { 'idempotency-key': 'k' })
    for (const batch of await server.batches(1)) await server.commit(batch)
    await server.restart()
    expect((await server.post('{"a":1}', { 'idempotency-key': 'k' })).status).toBe(202)
    expect((await server.post('{"a":2}', { 'idempotency-key': 'k' })).status).toBe(422)
    await server.post('{"end":1}')
    expect((await server.records(1)).map(text)).toEqual(['{"end":1}'])
  })

  test('a key is forgotten after ten minutes', async () => {
    const server = await serving()
    await server.post('{"a":1}', { 'idempotency-key': 'k' })
    server.given.clock.advanceTo(server.given.clock.now() + 600_001)
    expect((await server.post('{"a":2}', { 'idempotency-key': 'k' })).status).toBe(202)
  })

  test('a key whose body was not taken may be used again', async () => {
    let isFull = true
    const server = await serving(
      {},
      {
        ...localDisk,
        write: (...offer) =>
          isFull ? Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) : localDisk.write(...offer),
      },
    )
    expect((await server.post('{"a":1}', { 'idempotency-key': 'k' })).status).toBe(503)
    isFull = false
    expect((await server.post('{"a":1}', { 'idempotency-key': 'k' })).status).toBe(202)
    expect((await server.records(1)).map(text)).toEqual(['{"a":1}'])
  })
})

describe('a restart', () => {
  test('without a commit gives the same records in the same order under the same offsets', async () => {
    const server = await serving()
    for (let n = 0; n < 20; n++) await server.post(`{"n":${n}}\n{"n":"${n}b"}`, {}, n % 2 ? '/ingest/litellm' : '/')
    const before = await server.records(40)
    await server.restart()
    const after = await server.records(40)
    expect(after.map(identity)).toEqual(before.map(identity))
    const offsets = after.map(({ offset }) => offset)
    expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b))
  })

  test('behind a commit goes on behind it, at offsets never used before', async () => {
    const server = await serving()
    await server.post('{"n":1}')
    const [first] = await server.batches(1)
    if (first) await server.commit(first)
    await server.restart()
    await server.post('{"n":2}')
    const [second] = await server.records(1)
    expect(second && text(second)).toBe('{"n":2}')
    expect(second?.offset).toBeGreaterThan(first?.records[0]?.offset ?? Infinity)
  })

  test('inside a body that was cut across batches goes on at the next record', async () => {
    const server = await serving()
    const lines = Array.from({ length: 2500 }, (_, n) => `{"n":${n}}`)
    await server.post(lines.join('\n'))
    const batches = await server.batches(2500)
    expect(batches.map(({ records }) => records.length)).toEqual([1000, 1000, 500])
    if (batches[0]) await server.commit(batches[0])
    await server.restart()
    const rest = await server.records(1500)
    expect(rest.map(identity)).toEqual(batches.slice(1).flatMap(({ records }) => records.map(identity)))
    expect(rest.map(text)).toEqual(lines.slice(1000))
  })

  test('with the end of the journal torn off tells the loss and keeps the rest', async () => {
    const server = await serving()
    await server.post('{"n":1}')
    await server.collector[Symbol.asyncDispose]()
    const [name = ''] = await readdir(join(server.directory, 'push'))
    await writeFile(join(server.directory, 'push', name), 'MWJ1 half an entry', { flag: 'a' })
    await server.start()
    const [batch] = await server.batches(1)
    expect(batch?.losses).toEqual([{ reason: 'journal_torn', detail: 'a write that a crash cut short', bytes: 18 }])
    expect(batch?.records.map(text)).toEqual(['{"n":1}'])
  })

  test('with a bit turned in the middle puts that body into quarantine and reads the rest', async () => {
    const server = await serving()
    for (let n = 0; n < 3; n++) await server.post(`{"n":${n}}`)
    await server.collector[Symbol.asyncDispose]()
    const [name = ''] = await readdir(join(server.directory, 'push'))
    const path = join(server.directory, 'push', name)
    const bytes = await readFile(path)
    const at = bytes.indexOf('{"n":1}')
    bytes[at + 5] = (bytes[at + 5] ?? 0) ^ 4
    await writeFile(path, bytes)
    await server.start()
    const records = await server.records(3)
    expect(records.map(({ refused }) => refused?.reason)).toEqual([undefined, 'journal_corrupt', undefined])
    expect([records[0], records[2]].map((record) => record && text(record))).toEqual(['{"n":0}', '{"n":2}'])
  })

  test('on a port that is taken says so', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' ? address?.port : 0
    await expect(Serving.open({ listen: `127.0.0.1:${port}` })).rejects.toThrow(TransientError)
    taken.close()
  })
})

test('many small bodies share a batch, up to a thousand records', async () => {
  const server = await serving()
  await Promise.all(Array.from({ length: 30 }, (_, n) => server.post(`{"n":${n}}\n`.repeat(40))))
  const batches = await server.batches(1200)
  expect(batches.map(({ records }) => records.length)).toEqual([1000, 200])
})

test('reading ends when the collector is closed, without spinning', async () => {
  const server = await serving()
  const reading = server.records(1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await server.restart()
  expect(await reading).toEqual([])
})

test('reading once ends where the journal ends', async () => {
  const server = await serving()
  await server.post('{"a":1}')
  await server.collector[Symbol.asyncDispose]()
  const context = { ...server.given, positions: server.positions, directory: join(server.directory, 'push') }
  server.collector = await http.open(http.config.parse({ listen: '127.0.0.1:0' }), { ...context, once: true })
  const seen: string[] = []
  for await (const { records } of server.collector.read(new AbortController().signal)) seen.push(...records.map(text))
  expect(seen).toEqual(['{"a":1}'])
})
