import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Log, LogFields } from '../../../src/contract/plugin.ts'
import { Secret } from '../../../src/runtime/secret.ts'
import { FakeDesk } from '../fake-desk.ts'
import { BEARER, opened } from '../opened.ts'

const HASH = 'ab'.repeat(32)

function contained(): FakeDesk {
  const desk = new FakeDesk()
  desk.decisions.set('stolen', { effect: 'deny', reason: 'last-layer stealing', claims: ['c1'] })
  desk.decisions.set('greedy', { effect: 'throttle', limit: 10, retryAfterMs: 5_400, claims: ['c2'] })
  desk.decisions.set(HASH, { effect: 'deny', claims: ['c3'] })
  desk.decisions.set('key:77', { effect: 'deny', claims: ['c4'] })
  return desk
}

describe('decisions for gateways', () => {
  test('allow is 200, deny 403, throttle 429 with the seconds to wait', async () => {
    const { ask } = await opened(contained())
    const allow = await ask('/decide', { headers: { authorization: 'Bearer good' } })
    expect([allow.status, allow.headers.get('x-modelward-effect')]).toEqual([200, 'allow'])
    const deny = await ask('/decide', { headers: { authorization: 'Bearer stolen' } })
    expect([deny.status, deny.headers.get('x-modelward-effect')]).toEqual([403, 'deny'])
    expect(await deny.json()).toEqual({ effect: 'deny', reason: 'last-layer stealing', claims: ['c1'] })
    const throttle = await ask('/decide', { headers: { authorization: 'Bearer greedy' } })
    expect([throttle.status, throttle.headers.get('retry-after')]).toEqual([429, '6'])
  })

  test('nginx gets a 403 for a throttle when it asks for that', async () => {
    const { ask } = await opened(contained())
    const reply = await ask('/decide?throttle=403', { headers: { 'api-key': 'greedy' } })
    expect([reply.status, reply.headers.get('x-modelward-effect')]).toEqual([403, 'throttle'])
  })

  test.each([
    ['authorization', 'stolen'],
    ['authorization', 'bearer   stolen'],
    ['x-api-key', 'stolen'],
    ['api-key', 'stolen'],
    ['x-modelward-key-sha256', HASH.toUpperCase()],
    ['x-modelward-principal', 'key:77'],
  ])('takes the caller from %s: %s', async (name, value) => {
    const { ask } = await opened(contained())
    expect((await ask('/decide', { headers: { [name]: value } })).status).toBe(403)
  })

  test('any method and any path below it will do', async () => {
    const { ask } = await opened(contained())
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])
      expect((await ask('/decide/v1/chat/completions', { method, headers: { 'x-api-key': 'stolen' } })).status).toBe(
        403,
      )
    expect((await ask('/decided', { headers: { 'x-api-key': 'stolen' } })).status).not.toBe(403)
  })

  test('a contained caller cannot talk its way out with a second header', async () => {
    const { ask, console } = await opened(contained())
    for (const extra of [
      { 'x-modelward-principal': 'key:innocent' },
      { 'x-api-key': 'good' },
      { 'x-modelward-key-sha256': '0'.repeat(64) },
    ])
      expect((await ask('/decide', { headers: { authorization: 'Bearer stolen', ...extra } })).status).toBe(403)
    expect(await statusOf(console.address, ['x-api-key', 'good', 'x-api-key', 'stolen'])).toBe(403)
    expect(await statusOf(console.address, ['x-api-key', 'stolen, good'])).toBe(403)
    expect(await statusOf(console.address, ['authorization', 'Bearer good', 'authorization', 'Bearer stolen'])).toBe(
      403,
    )
    const flood = Array.from({ length: 40 }, () => ['x-api-key', 'good']).flat()
    expect(await statusOf(console.address, [...flood, 'x-api-key', 'stolen'])).toBe(400)
  })

  test('without any key everybody passes, unless the gateway requires one', async () => {
    const { ask } = await opened(contained())
    expect((await ask('/decide')).status).toBe(200)
    expect((await ask('/decide?require=1')).status).toBe(400)
    expect((await ask('/decide?require=1', { headers: { 'x-api-key': 'good' } })).status).toBe(200)
  })

  test('a hash that is none is a 400', async () => {
    const { ask } = await opened(contained())
    expect((await ask('/decide', { headers: { 'x-modelward-key-sha256': 'abc' } })).status).toBe(400)
  })

  test('where they are not open, a gateway needs its own token', async () => {
    const { ask } = await opened(contained(), { decisionsOpen: false }, { gatewayToken: new Secret('for-gateways') })
    expect((await ask('/decide', { headers: { 'x-api-key': 'good' } })).status).toBe(401)
    expect((await ask('/decide', { headers: { 'x-modelward-gateway-token': 'wrong' } })).status).toBe(401)
    expect((await ask('/decide', { headers: { 'x-modelward-gateway-token': 'for-gateways' } })).status).toBe(200)
    expect((await ask('/api/v1/status', { headers: { authorization: 'Bearer for-gateways' } })).status).toBe(401)
  })

  test('keys are neither logged nor sent back, also when the desk fails', async () => {
    const desk = contained()
    desk.decide = () => {
      throw new Error('broken')
    }
    const lines: string[] = []
    const write = (message: string, fields?: LogFields): void => void lines.push(message + JSON.stringify(fields))
    const log: Log = { debug: write, info: write, warn: write, error: write }
    const { ask } = await opened(desk, {}, { log })
    const reply = await ask('/decide', { headers: { authorization: 'Bearer sk-secret-key' } })
    expect(reply.status).toBe(500)
    expect(lines).toHaveLength(1)
    expect(lines.join() + (await reply.text())).not.toContain('sk-secret-key')
  })

  test('are counted by effect', async () => {
    const { ask, given } = await opened(contained())
    await ask('/decide', { headers: { 'x-api-key': 'stolen' } })
    await ask('/decide', { headers: BEARER })
    const values = await given.metrics.values('modelward_decisions_total')
    expect(values.map(({ labels, value }) => [labels['effect'], value])).toEqual([
      ['deny', 1],
      ['allow', 1],
    ])
  })
})

/** With headers as they are written, repeated ones too. */
function statusOf(address: string, headers: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${address}/decide`, { headers: ['host', new URL(address).host, ...headers] })
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
    request.end()
  })
}
