import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Outcome, Sink } from '../../../src/contract/deliver.ts'
import type { Log } from '../../../src/contract/plugin.ts'
import { Lifetime } from '../../../src/runtime/lifetime.ts'
import { silentLog } from '../../../src/runtime/log.ts'
import { Secret } from '../../../src/runtime/secret.ts'
import { webhookSignature } from '../../../src/runtime/webhook-signature.ts'
import { verdictOf } from '../../../src/deliver/webhook/verdict.ts'
import { webhook } from '../../../src/deliver/webhook/webhook.ts'
import { alert, notification, sinkContext } from '../alerts.ts'
import type { TestSinkContext } from '../alerts.ts'
import { rawReceiver, receiver } from './receiver.ts'
import type { Receiver } from './receiver.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef')
const running = new AbortController().signal
let folder = ''
let life = new Lifetime()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelward-webhook-'))
  await writeFile(join(folder, 'key'), `whsec_${key.toString('base64')}\n`)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  await life[Symbol.asyncDispose]()
  life = new Lifetime()
})

async function sinkTo(port: number, context: TestSinkContext = sinkContext(), host = '127.0.0.1'): Promise<Sink> {
  const config = webhook.config.parse({
    url: `http://${host}:${port}/hook?tenant=1`,
    secret: `\${file:${join(folder, 'key')}}`,
    allowPlainHttp: true,
    allowAddresses: ['127.0.0.1/32'],
    ports: [port],
  })
  return life.add('sink', await webhook.open(config, context))
}

async function listening(server: Promise<Receiver>): Promise<Receiver> {
  return life.add('receiver', await server)
}

async function outcomeOfStatus(status: number, headers: Record<string, string> = {}): Promise<Outcome | undefined> {
  const server = await listening(receiver((response) => void response.writeHead(status, headers).end('body')))
  const [outcome] = await (await sinkTo(server.port)).send([notification()], running)
  return outcome
}

describe('a delivery', () => {
  test('is signed so that the receiver can verify it', async () => {
    const server = await listening(receiver((response) => void response.end()))
    const context = sinkContext()
    const sink = await sinkTo(server.port, context)
    expect(await sink.send([notification()], running)).toEqual([{ done: true }])
    const [request] = server.requests
    const timestamp = String(context.clock.now() / 1000)
    expect(request?.headers).toMatchObject({ 'webhook-id': 'n-1', 'webhook-timestamp': timestamp })
    expect(request?.path).toBe('/hook?tenant=1')
    const expected = createHmac('sha256', key).update(`n-1.${timestamp}.${request?.body}`).digest('base64')
    expect(request?.headers['webhook-signature']).toBe(`v1,${expected}`)
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      type: 'alert.firing',
      data: { notification: { id: 'n-1', kind: 'firing' }, alerts: [{ event: { kind: 'alert' } }] },
    })
  })

  test('is the same body at every attempt', async () => {
    const server = await listening(receiver((response) => void response.end()))
    const context = sinkContext()
    const sink = await sinkTo(server.port, context)
    await sink.send([notification()], running)
    context.clock.advanceTo(context.clock.now() + 60_000)
    await sink.send([notification()], running)
    const [first, second] = server.requests
    expect(second?.body).toBe(first?.body)
    expect(second?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp'])
  })

  test('keeps order: what stands behind a refusal waits, with the same pause', async () => {
    const server = await listening(
      receiver((response, { headers }) =>
        headers['webhook-id'] === 'b' ? response.writeHead(503, { 'retry-after': '7' }).end() : response.end(),
      ),
    )
    const sink = await sinkTo(server.port)
    const three = ['a', 'b', 'c'].map((id) => notification({ id }))
    expect(await sink.send(three, running)).toEqual([
      { done: true },
      { retry: 'the receiver answered 503', afterMs: 7000 },
      { retry: 'an earlier notification has to be delivered first', afterMs: 7000 },
    ])
    expect(server.requests).toHaveLength(2)
  })

  test('goes on after one that is parked', async () => {
    const server = await listening(
      receiver((response, { headers }) => void response.writeHead(headers['webhook-id'] === 'a' ? 400 : 204).end()),
    )
    const sink = await sinkTo(server.port)
    const broken = notification({ id: 'broken', alerts: [alert({ startedAt: Number.NaN })] })
    const outcomes = await sink.send([notification({ id: 'a' }), broken, notification({ id: 'c' })], running)
    expect(outcomes).toEqual([
      { park: 'the receiver answered 400' },
      { park: expect.stringContaining('cannot be written') as string },
      { done: true },
    ])
  })
})

describe('statuses', () => {
  test.each([200, 201, 202, 204, 299])('%i is done', async (status) => {
    expect(await outcomeOfStatus(status)).toEqual({ done: true })
  })

  test.each([408, 425, 429, 500, 502, 503, 504, 599])('%i is worth another try', async (status) => {
    expect(await outcomeOfStatus(status)).toEqual({ retry: `the receiver answered ${status}` })
  })

  test.each([400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 451])('%i needs a person', async (status) => {
    expect(await outcomeOfStatus(status)).toEqual({ park: expect.stringContaining(String(status)) as string })
  })

  test.each([300, 301, 302, 303, 304, 307, 308])('%i is never followed', async (status) => {
    const outcome = await outcomeOfStatus(status, { location: 'http://169.254.169.254/latest/meta-data/' })
    expect(outcome).toEqual({ park: expect.stringContaining('never followed') as string })
  })

  test('every status has exactly one verdict', () => {
    for (let status = 200; status < 600; status++) expect(Object.keys(verdictOf(status, undefined, 0))).toHaveLength(1)
  })
})

describe('the signature', () => {
  test('is that of the vector in the Standard Webhooks specification', () => {
    const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    const signature = webhookSignature(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  test.each([
    ['no prefix', key.toString('base64')],
    ['too short', `whsec_${key.subarray(0, 23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['no base64', 'whsec_***'],
  ])('a secret with %s is named as wrong and never shown', (_, text) => {
    expect(() => webhookSignature(new Secret(text), 'id', 1, 'body')).toThrow(/signing secret/)
    expect(() => webhookSignature(new Secret(text), 'id', 1, 'body')).not.toThrow(text)
  })
})

describe('a receiver that behaves badly', () => {
  test('never answers: the attempt ends after 15 seconds', async () => {
    const server = await listening(rawReceiver(() => undefined))
    const context = sinkContext()
    const sending = (await sinkTo(server.port, context)).send([notification()], running)
    expect(await endsAfter(sending, context, 15_000)).toEqual([
      { retry: expect.stringContaining('15000 ms') as string },
    ])
  })

  test('drips its body: the status counts, the body is dropped after a second', async () => {
    const server = await listening(
      rawReceiver((socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\nx')),
    )
    const context = sinkContext()
    const sending = (await sinkTo(server.port, context)).send([notification()], running)
    expect(await endsAfter(sending, context, 1000)).toEqual([{ done: true }])
  })

  test('sends headers without end: the attempt fails within 16 KiB', async () => {
    let sent = 0
    const server = await listening(
      rawReceiver((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const line = `x-filler: ${'y'.repeat(1000)}\r\n`
        const more = (): void => {
          if (socket.destroyed) return
          sent += line.length
          if (socket.write(line)) setImmediate(more)
          else socket.once('drain', more)
        }
        more()
      }),
    )
    const [outcome] = await (await sinkTo(server.port)).send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringMatching(/header/i) as string })
    expect(sent).toBeLessThan(20_000_000)
  })

  test.each([
    ['announced', 'content-length: 10000000000\r\n'],
    ['unannounced', ''],
  ])('sends 10 GB, %s: almost nothing of it is read', async (_, header) => {
    let sent = 0
    const server = await listening(
      rawReceiver((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n`)
        const chunk = Buffer.alloc(64 * 1024)
        const more = (): void => {
          if (socket.destroyed || sent > 10e9) return
          sent += chunk.length
          if (socket.write(chunk)) setImmediate(more)
          else socket.once('drain', more)
        }
        more()
      }),
    )
    expect(await (await sinkTo(server.port)).send([notification()], running)).toEqual([{ done: true }])
    expect(sent).toBeLessThan(20_000_000)
  })

  test.each([
    ['hangs up', (): string => ''],
    ['speaks something else', (): string => 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['hangs up within its headers', (): string => 'HTTP/1.1 200 OK\r\ncontent-'],
  ])('%s: worth another try', async (_, text) => {
    const server = await listening(rawReceiver((socket) => void socket.end(text())))
    const [outcome] = await (await sinkTo(server.port)).send([notification()], running)
    expect(outcome).toHaveProperty('retry')
  })

  test('is not there: worth another try', async () => {
    const server = await receiver(() => undefined)
    await server[Symbol.asyncDispose]()
    const [outcome] = await (await sinkTo(server.port)).send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringContaining('ECONNREFUSED') as string })
  })

  test('nothing of an answer shows in an outcome', async () => {
    const server = await listening(receiver((response) => void response.writeHead(400).end('internal secret')))
    const outcomes = await (await sinkTo(server.port)).send([notification()], running)
    expect(JSON.stringify(outcomes)).not.toContain('internal')
  })
})

describe('guarding', () => {
  test('a name that leads to an address that is not allowed is never connected to', async () => {
    const server = await listening(receiver((response) => void response.end()))
    const errors: unknown[] = []
    const log: Log = { ...silentLog, error: (message, fields) => void errors.push([message, fields]) }
    const config = webhook.config.parse({
      url: `https://localhost:${server.port}/`,
      secret: `\${file:${join(folder, 'key')}}`,
      ports: [server.port],
    })
    const sink = life.add('sink', await webhook.open(config, sinkContext('/nonexistent', { log })))
    const [outcome] = await sink.send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringContaining('is loopback') as string })
    expect(errors).toHaveLength(1)
    expect(server.requests).toHaveLength(0)
  })

  test('a secret that cannot be read is worth another try', async () => {
    const config = webhook.config.parse({ url: 'https://receiver.example/', secret: '${file:/nonexistent/key}' })
    const sink = life.add('sink', await webhook.open(config, sinkContext()))
    const [outcome] = await sink.send([notification()], running)
    expect(outcome).toEqual({ retry: expect.stringContaining('reading the secret') as string })
  })

  test.each([
    [{ url: 'http://receiver.example/' }, 'must be https'],
    [{ url: 'http://8.8.8.8/', allowPlainHttp: true, ports: [80] }, 'not loopback'],
    [{ url: 'http://127.0.0.1/', allowPlainHttp: true, ports: [80] }, 'allowAddresses'],
    [{ url: 'https://user:pass@receiver.example/' }, 'credentials'],
    [{ url: 'https://receiver.example:22/' }, 'port 22'],
    [{ url: 'ftp://receiver.example/' }, 'Invalid URL'],
    [{ url: 'https://receiver.example/', allowAddresses: ['10.0.0.0/99'] }, 'not a network'],
    [{ url: 'https://receiver.example/', secret: 'whsec_written-into-the-config' }, 'by reference'],
    [{ url: 'https://receiver.example/', retries: 3 }, 'Unrecognized key'],
  ])('the config %j is an error', (part, message) => {
    const parsed = webhook.config.safeParse({ secret: '${env:KEY}', ...part })
    expect(parsed.error?.message).toContain(message)
  })

  test('its examples are valid', () => {
    for (const example of webhook.examples) expect(webhook.config.safeParse(example).success).toBe(true)
  })

  test('stopping ends the attempt', async () => {
    const server = await listening(rawReceiver(() => undefined))
    const stop = new AbortController()
    const sending = (await sinkTo(server.port)).send([notification()], stop.signal)
    stop.abort(new Error('stopping'))
    expect(await sending).toEqual([{ retry: expect.stringContaining('stopping') as string }])
  })
})

/** Moves the clock by `ms` once the request is under way, and again while it is not over: sockets need a moment. */
async function endsAfter<T>(sending: Promise<T>, context: TestSinkContext, ms: number): Promise<T> {
  const turn = setInterval(() => context.clock.advanceTo(context.clock.now() + ms), 20)
  try {
    return await sending
  } finally {
    clearInterval(turn)
  }
}
