import { connect } from 'node:net'
import { readFile } from 'node:fs/promises'
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { haveSharedData, sharedData } from '../../support/shared-data.ts'
import { problem, serving, text } from './serving.ts'

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
