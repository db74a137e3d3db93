import { createServer } from 'node:net'
import { connect } from 'node:net'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { http } from '../../../src/collect/http/http.ts'
import { localDisk } from '../../../src/collect/journal/disk.ts'
import { StoreError, TransientError } from '../../../src/runtime/errors.ts'
import { Serving, identity, problem, serving, text } from './serving.ts'

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
