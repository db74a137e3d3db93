import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { alternativeNames } from '../../../src/collect/http/guard.ts'
import { TransientError } from '../../../src/runtime/errors.ts'
import { Serving, text } from './serving.ts'

const folder = mkdtempSync(join(tmpdir(), 'guard-'))
const open: Serving[] = []
afterEach(async () => {
  for (const serving of open.splice(0)) await serving.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function serving(config: Record<string, unknown>): Promise<Serving> {
  const server = await Serving.open(config)
  open.push(server)
  return server
}

function secret(name: string, value: string): string {
  writeFileSync(join(folder, name), `${value}\n`, { mode: 0o600 })
  return `\${file:${join(folder, name)}}`
}

describe('bearer tokens', () => {
  test('are needed, each of them is taken, and nothing else is', async () => {
    const server = await serving({ auth: { bearer: [secret('one', 'token-one'), secret('two', 'token-two')] } })
    const answers: [string, number][] = []
    for (const authorization of [
      '',
      'Bearer token-one',
      'bearer token-two',
      'Bearer token',
      'Basic token-one',
      'Bearer ',
    ])
      answers.push([authorization, (await server.post('{"a":1}', authorization ? { authorization } : {})).status])
    expect(answers.map(([, status]) => status)).toEqual([401, 202, 202, 401, 401, 401])
    const refused = await server.post('{"a":1}')
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="modelward"')
    expect(await refused.json()).toMatchObject({ error: { code: 'MW_UNAUTHENTICATED' } })
  })

  test('are asked for before the body is read', async () => {
    const server = await serving({ auth: { bearer: [secret('one', 'token-one')] }, limits: { bodyBytes: 1024 } })
    expect((await server.post('x'.repeat(100_000))).status).toBe(401)
  })

  test('keep the idempotency keys of their senders apart', async () => {
    const server = await serving({ auth: { bearer: [secret('one', 'token-one'), secret('two', 'token-two')] } })
    const post = (token: string, body: string) =>
      server.post(body, { authorization: `Bearer ${token}`, 'idempotency-key': 'same' })
    expect((await post('token-one', '{"a":1}')).status).toBe(202)
    expect((await post('token-two', '{"a":2}')).status).toBe(202)
    expect((await post('token-two', '{"a":1}')).status).toBe(422)
    expect((await server.records(2)).map(text)).toEqual(['{"a":1}', '{"a":2}'])
  })
})

describe('Standard Webhooks signatures', () => {
  const now = Date.UTC(2026, 0, 5, 12) / 1000
  const key = Buffer.from('a signing key of 32 random bytes')

  function signed(body: string, parts: { id?: string; at?: number; key?: Buffer } = {}): Record<string, string> {
    const { id = 'msg_1', at = now, key: with_ = key } = parts
    const signature = createHmac('sha256', with_).update(`${id}.${at}.${body}`).digest('base64')
    return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` }
  }

  async function signing(): Promise<Serving> {
    return serving({ auth: { hmac: [secret('hmac', `whsec_${key.toString('base64')}`)] } })
  }

  test('agree with the vector of the reference libraries', async () => {
    const published = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const server = await serving({ auth: { hmac: [secret('published', published)] } })
    // The test's clock never goes back; the vector's time is in its past, so a clock of its own time is needed.
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    Object.defineProperty(server.given.clock, 'now', { value: () => 1_614_265_330_000 })
    expect((await server.post('{"test": 2432232314}', headers)).status).toBe(202)
    expect((await server.post('{"test": 2432232315}', headers)).status).toBe(401)
  })

  test('are taken when one of several matches one of several secrets', async () => {
    const other = Buffer.from('another signing key, 32 bytes ok')
    const refs = [key, other].map((each, at) => secret(`hmac-${at}`, `whsec_${each.toString('base64')}`))
    const server = await serving({ auth: { hmac: refs } })
    const headers = signed('{"a":1}', { key: other })
    headers['webhook-signature'] = `v1,bm90IHRoaXM= v1a,bm90IHRoaXM= ${headers['webhook-signature']}`
    expect((await server.post('{"a":1}', headers)).status).toBe(202)
  })

  test('are refused when body, id, time, secret or version differ', async () => {
    const server = await signing()
    const good = signed('{"a":1}')
    const tampered: Record<string, string>[] = [
      signed('{"a":2}'),
      { ...good, 'webhook-id': 'msg_2' },
      { ...good, 'webhook-timestamp': String(now + 1) },
      signed('{"a":1}', { key: Buffer.from('not the signing key, 32 bytes, ok') }),
      { ...good, 'webhook-signature': good['webhook-signature']?.replace('v1,', 'v2,') ?? '' },
      { ...good, 'webhook-signature': 'v1,' },
      {},
    ]
    for (const headers of tampered) expect((await server.post('{"a":1}', headers)).status).toBe(401)
    expect((await server.post('{"a":1}', good)).status).toBe(202)
  })

  test('are refused more than five minutes from now, either way', async () => {
    const server = await signing()
    const statuses: number[] = []
    for (const at of [now - 301, now - 299, now + 299, now + 301])
      statuses.push((await server.post('{"a":1}', signed('{"a":1}', { at, id: `m${at}` }))).status)
    expect(statuses).toEqual([401, 202, 202, 401])
  })

  test('make their id the idempotency key: a replayed request counts once', async () => {
    const server = await signing()
    for (let n = 0; n < 3; n++) expect((await server.post('{"a":1}', signed('{"a":1}'))).status).toBe(202)
    await server.post('{"end":1}', signed('{"end":1}', { id: 'msg_2' }))
    expect((await server.records(2)).map(text)).toEqual(['{"a":1}', '{"end":1}'])
  })

  test('need a secret that is one', async () => {
    for (const value of ['plain text', 'whsec_c2hvcnQ=', 'whsec_'])
      await expect(Serving.open({ auth: { hmac: [secret('bad', value)] } })).rejects.toThrow(TransientError)
  })
})

describe('without authentication', () => {
  test('a web page on this machine is turned away', async () => {
    const server = await serving({})
    const response = await server.post('{"a":1}', { origin: 'https://example.org', 'content-type': 'text/plain' })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { code: 'MW_BROWSER' } })
  })
})

describe('client certificates', () => {
  const pem = (name: string): string => join(folder, name)

  beforeAll(() => {
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    for (const name of ['ca', 'stranger'])
      openssl(
        'req',
        '-x509',
        ...key,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.crt`,
        '-subj',
        `/CN=${name}`,
        '-days',
        '2',
      )
    for (const [name, san, issuer] of [
      ['server', 'IP:127.0.0.1', 'ca'],
      ['gateway', 'DNS:gateway.example.org', 'ca'],
      ['other', 'DNS:other.example.org', 'ca'],
      ['forged', 'DNS:gateway.example.org', 'stranger'],
    ] as const) {
      const signer = ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`]
      const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`, '-days', '2']
      openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.crt`, ...names, ...signer)
    }
  })

  function status(server: Serving, client: string | undefined): Promise<number | string> {
    const own = client ? { cert: readFileSync(pem(`${client}.crt`)), key: readFileSync(pem(`${client}.key`)) } : {}
    return new Promise((resolve) => {
      const url = `https://${server.collector.address}/`
      const sent = request(
        url,
        { method: 'POST', ca: readFileSync(pem('ca.crt')), agent: false, ...own },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      sent.on('error', () => resolve('no connection'))
      sent.end('{"a":1}')
    })
  }

  test('of the authority and an allowed name send, others do not', async () => {
    const mtls = {
      ca: pem('ca.crt'),
      cert: pem('server.crt'),
      key: pem('server.key'),
      sans: ['DNS:gateway.example.org'],
    }
    const server = await serving({ auth: { mtls } })
    const statuses: (number | string)[] = []
    for (const client of ['gateway', 'other', 'forged', undefined]) statuses.push(await status(server, client))
    expect(statuses).toEqual([202, 403, 'no connection', 'no connection'])
  })

  test('of the authority all send when no names are listed', async () => {
    const mtls = { ca: pem('ca.crt'), cert: pem('server.crt'), key: pem('server.key') }
    expect(await status(await serving({ auth: { mtls } }), 'other')).toBe(202)
  })

  test('are not needed for plain TLS with a token', async () => {
    const tls = { cert: pem('server.crt'), key: pem('server.key') }
    expect(await status(await serving({ tls, auth: { bearer: [secret('one', 'x')] } }), undefined)).toBe(401)
  })

  test('name their holders one by one, and a comma inside a name makes no second one', () => {
    expect(alternativeNames('DNS:a.example, URI:spiffe://x/y, IP Address:10.0.0.1')).toEqual([
      'DNS:a.example',
      'URI:spiffe://x/y',
      'IP Address:10.0.0.1',
    ])
    expect(alternativeNames('URI:"http://x/, DNS:gateway.example.org"')).toEqual([
      'URI:http://x/, DNS:gateway.example.org',
    ])
    expect(alternativeNames('DNS:"a\\"b", email:c@d')).toEqual(['DNS:a"b', 'email:c@d'])
    expect(alternativeNames('')).toEqual([])
  })
})
