import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

describe('access logs', () => {
  test.each([
    ['nginx', 'nginx'],
    ['haproxy', 'haproxy'],
  ])('%s is its own product, category webserver', (name, product) => {
    expect(eventOf(sample(name)).logsource).toEqual({ product, category: 'webserver' })
  })

  test('a key’s hash and the key itself are one principal, and neither enters the view', () => {
    const key = 'sk-secret-key-1234567890'
    const sha = hash('sha256', key)
    const byHash = eventOf({ ...sample('nginx'), api_key_hash: sha })
    for (const raw of [{ http_authorization: `Bearer ${key}` }, { api_key: key }, { http_x_api_key: key }]) {
      const event = eventOf({ ...sample('nginx'), api_key_hash: '', ...raw })
      expect(event.principal).toBe(byHash.principal)
      expect(event.sealed.identity).toContain(Object.keys(raw)[0])
      expect(JSON.stringify(event.ecs)).not.toContain(key)
    }
  })

  test('without a key the authenticated user acts, and `-` is nobody', () => {
    const withUser = (remote_user: string): string | undefined =>
      eventOf({ ...sample('nginx'), api_key_hash: '-', remote_user }).principal
    expect(withUser('ann')).toBe(pseudonym('user', 'ann'))
    expect(withUser('-')).toBeUndefined()
  })

  test('the query of an address stays out of the view', () => {
    const { ecs } = eventOf({ ...sample('nginx'), request_uri: '/v1/models?api_key=hunter2' })
    expect(ecs['url.path']).toBe('/v1/models')
    expect(JSON.stringify(ecs)).not.toContain('hunter2')
  })

  test('a combined request line is as good as its parts', () => {
    const { request_method: _method, request_uri: _uri, ...rest } = sample('nginx')
    const { ecs } = eventOf({ ...rest, request: 'GET /health?x=1 HTTP/1.1' })
    expect([ecs['http.request.method'], ecs['url.path']]).toEqual(['GET', '/health'])
  })

  test.each([
    [{ time_iso8601: undefined, msec: '1767614400.500' }, 500],
    [{ time_iso8601: undefined, time_local: '05/Jan/2026:13:00:00 +0100' }, 0],
  ])('time is read from %j', (parts, ms) => {
    expect(eventOf({ ...sample('nginx'), ...parts }).at).toBe(Date.UTC(2026, 0, 5, 12) + ms)
  })

  test('a status from 400 on is an error and a failure', () => {
    expect(eventOf(sample('haproxy')).ecs).toMatchObject({
      'event.type': ['access', 'error'],
      'event.outcome': 'failure',
      'event.duration': 31_000_000,
      'service.name': 'models',
    })
    expect(eventOf({ ...sample('haproxy'), status: -1 }).ecs['event.outcome']).toBe('unknown')
  })

  test('the first of forwarded addresses is the client', () => {
    const { ecs } = eventOf({ ...sample('nginx'), remote_addr: '-', http_x_forwarded_for: '203.0.113.1, 10.0.0.1' })
    expect(ecs['source.ip']).toBe('203.0.113.1')
  })
})
