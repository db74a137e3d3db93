import { connect } from 'node:net'
import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ConsoleConfig } from '../../src/console/config.ts'
import { openConsole } from '../../src/console/console.ts'
import { Listener } from '../../src/console/listener.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { Secret } from '../../src/runtime/secret.ts'
import { given } from '../support/given.ts'
import { FakeDesk } from './fake-desk.ts'
import { BEARER, TOKEN, browser, opened } from './opened.ts'

describe('health', () => {
  test('is healthy while the loop answers; readiness says why not', async () => {
    const { ask, desk } = await opened()
    expect((await ask('/-/healthy')).status).toBe(200)
    expect((await ask('/-/ready')).status).toBe(200)
    desk.state = { ...desk.state, ready: false, degraded: ['source azure: no such directory'] }
    const reply = await ask('/-/ready')
    expect([reply.status, await reply.text()]).toEqual([503, 'not ready\n- source azure: no such directory\n'])
  })

  test('metrics are for programs on this machine, and for everybody with the token', async () => {
    const { ask, console } = await opened()
    expect(await (await ask('/metrics')).text()).toContain('modelward_up 1')
    expect((await ask('/metrics', { headers: { 'x-forwarded-for': '198.51.100.7' } })).status).toBe(401)
    expect((await ask('/metrics', { headers: { 'x-forwarded-for': '198.51.100.7', ...BEARER } })).status).toBe(200)
    expect(await statusWithHost(console.address, 'rebound.example.org')).toBe(401)
    expect(await statusWithHost(console.address, 'localhost:8687')).toBe(200)
  })
})

describe('requests of every kind', () => {
  test('HEAD is GET without a body', async () => {
    const { ask } = await opened()
    const reply = await ask('/api/v1/status', { method: 'HEAD', headers: BEARER })
    expect([reply.status, await reply.text()]).toEqual([200, ''])
    expect(Number(reply.headers.get('content-length'))).toBeGreaterThan(10)
  })

  test('OPTIONS names the methods and grants no other site anything', async () => {
    const { ask } = await opened()
    const reply = await ask('/api/v1/silences', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
    expect([reply.status, reply.headers.get('allow')]).toEqual([204, 'GET, POST, HEAD, OPTIONS'])
    expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('another method is a 405 that names the right ones', async () => {
    const { ask } = await opened()
    const reply = await ask('/api/v1/status', { method: 'DELETE', headers: BEARER })
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  test.each([
    ['/../../etc/passwd', 404],
    ['/api/v1/alerts/..%2f..%2fetc%2fpasswd', 404],
    ['/api/v1/alerts/%00', 404],
    ['/api/v1/alerts/%ff', 400],
    ['/api/v1/%2e%2e/status', 404],
    ['//evil.example/', 404],
    ['/api/v1//status', 404],
    ['http://evil.example/api/v1/status', 400],
    ['/api/v1/alerts/' + 'x'.repeat(300), 404],
    ['/__proto__', 404],
    ['/api/v1/constructor', 404],
  ])('%s finds nothing', async (path, status) => {
    const { console } = await opened()
    expect(
      await rawStatus(console.address, `GET ${path} HTTP/1.1\r\nhost: a\r\n${auth()}\r\nconnection: close\r\n\r\n`),
    ).toBe(status)
  })

  test('every answer forbids sniffing, framing, keeping and telling others', async () => {
    const open = await opened()
    const { cookie } = await browser(open)
    for (const path of ['/', '/login', '/nothing', '/api/v1/status', '/-/healthy', '/alerts/alert1']) {
      const { headers } = await open.ask(path, { headers: { cookie } })
      expect([
        path,
        headers.get('x-content-type-options'),
        headers.get('x-frame-options'),
        headers.get('cache-control'),
        headers.get('referrer-policy'),
      ]).toEqual([path, 'nosniff', 'DENY', 'no-store', 'no-referrer'])
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
    }
  })

  test('what was not served is counted by its code', async () => {
    const { ask, given } = await opened()
    await ask('/api/v1/status')
    expect(await given.metrics.values('modelward_console_refused_total')).toEqual([
      { value: 1, labels: { code: 'MW_UNAUTHENTICATED' } },
    ])
  })
})

describe('signing in', () => {
  test('by the printed link: a cookie, and an address without the token', async () => {
    const { ask } = await opened()
    const reply = await ask(`/login?token=${TOKEN}`)
    expect([reply.status, reply.headers.get('location')]).toEqual([303, '/'])
    expect(reply.headers.get('set-cookie')).toMatch(
      /^modelward-\d+=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    )
  })

  test('a wrong token signs nobody in', async () => {
    const { ask } = await opened()
    for (const init of [{}, { method: 'POST', body: new URLSearchParams({ token: 'wrong' }) }]) {
      const reply = await ask('/login?token=wrong', init)
      expect([reply.status, reply.headers.get('set-cookie')]).toEqual([401, null])
    }
  })

  test('leads on to the page that was wanted, and never to another site', async () => {
    const { ask } = await opened()
    expect((await ask('/alerts/a1?x=1')).headers.get('location')).toBe('/login?next=%2Falerts%2Fa1%3Fx%3D1')
    for (const [next, location] of [
      ['/alerts/a1', '/alerts/a1'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
      ['https://evil.example', '/'],
      ['javascript:alert(1)', '/'],
      ['/\r\nset-cookie: a=b', '/'],
    ])
      expect((await ask(`/login?token=${TOKEN}&next=${encodeURIComponent(next ?? '')}`)).headers.get('location')).toBe(
        location,
      )
  })

  test('a link from a chat reaches the page: it asks once more from its own site, where the cookie comes along', async () => {
    const { ask } = await opened()
    const reply = await ask('/alerts/a1', { headers: { 'sec-fetch-site': 'cross-site' } })
    expect([reply.status, await reply.text()]).toEqual([200, expect.stringContaining('content="0;url=/alerts/a1"')])
  })

  test('signing out ends the session, not only the cookie', async () => {
    const open = await opened()
    const { get, submit } = await browser(open)
    expect((await get('/')).status).toBe(200)
    expect((await submit('/logout')).headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await get('/')).status).toBe(303)
  })

  test('a session ends after its hours', async () => {
    const open = await opened(new FakeDesk(), { sessionHours: 1 })
    const { get } = await browser(open)
    open.given.clock.advanceTo(open.given.clock.now() + 3_600_000)
    expect((await get('/')).status).toBe(303)
  })
})

describe('the socket', () => {
  test('a client that sends its head too slowly is cut off', async () => {
    const config = ConsoleConfig.parse({ listen: '127.0.0.1:0' })
    const listener = await Listener.open(config, (_, response) => response.end(), systemClock, {
      headersMs: 120,
      requestMs: 200,
    })
    const said = await rawText(listener.address, 'GET / HTTP/1.1\r\nhost: a\r\nx-slow: ')
    expect(said).toContain('408')
    await listener[Symbol.asyncDispose]()
  })

  test('a head that is too large is refused', async () => {
    const { console } = await opened()
    expect(
      await rawStatus(console.address, `GET / HTTP/1.1\r\nhost: a\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`),
    ).toBe(431)
  })

  test('an address in use is said in words, with the cure', async () => {
    const { console } = await opened()
    const config = ConsoleConfig.parse({ listen: new URL(console.address).host })
    await expect(openConsole(config, { ...given(), desk: new FakeDesk(), token: new Secret('t') })).rejects.toThrow(
      'set console.listen',
    )
  })

  test('a TLS file that is missing is said in words', async () => {
    const config = ConsoleConfig.parse({ listen: '127.0.0.1:0', tls: { cert: '/none.pem', key: '/none.pem' } })
    await expect(openConsole(config, { ...given(), desk: new FakeDesk(), token: new Secret('t') })).rejects.toThrow(
      'console.tls',
    )
  })

  test('closing ends connections that are kept alive', async () => {
    const console = await openConsole(ConsoleConfig.parse({ listen: '127.0.0.1:0' }), {
      ...given(),
      desk: new FakeDesk(),
      token: new Secret('t'),
    })
    await (await fetch(`${console.address}/-/healthy`)).text()
    await console[Symbol.asyncDispose]()
    await expect(fetch(`${console.address}/-/healthy`)).rejects.toThrow()
  })

  test('two consoles in one process know nothing of each other', async () => {
    const one = await opened()
    const two = await opened()
    const { cookie } = await browser(one)
    expect((await two.ask('/', { headers: { cookie } })).status).toBe(303)
  })
})

function auth(): string {
  return `authorization: ${BEARER.authorization}`
}

function statusWithHost(address: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${address}/metrics`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
    request.end()
  })
}

async function rawStatus(address: string, bytes: string): Promise<number> {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await rawText(address, bytes))?.[1])
}

/** What comes back for these bytes until the other side closes. */
function rawText(address: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.on('data', (part) => (said += part.toString('latin1')))
    socket.on('close', () => resolve(said))
    socket.on('error', reject)
  })
}
