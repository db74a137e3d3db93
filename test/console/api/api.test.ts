import { describe, expect, test } from 'vitest'
import { RefusedError, StoreFullError } from '../../../src/runtime/errors.ts'
import { busyDesk } from '../busy-desk.ts'
import { FakeDesk, NOW, alert, sharedAlert } from '../fake-desk.ts'
import { BEARER, browser, opened } from '../opened.ts'

const READS = [
  'alerts',
  'alerts/alert1',
  'silences',
  'playbooks',
  'plans',
  'plans/plan1',
  'claims',
  'sources',
  'sinks',
  'status',
  'quarantine',
  'parked',
  'audit/verify',
  'openapi.json',
]

describe('the API', () => {
  test('answers everything with the token and nothing without', async () => {
    const { ask } = await opened(busyDesk())
    for (const path of READS) {
      expect([path, (await ask(`/api/v1/${path}`)).status]).toEqual([path, 401])
      expect([path, (await ask(`/api/v1/${path}`, { headers: { authorization: 'Bearer wrong' } })).status]).toEqual([
        path,
        401,
      ])
      expect([path, (await ask(`/api/v1/${path}`, { headers: BEARER })).status]).toEqual([path, 200])
    }
  })

  test('lists alerts by state, principal, rule and number', async () => {
    const desk = new FakeDesk([
      alert({ id: 'a' }),
      alert({ id: 'b', state: 'resolved' }),
      alert({ id: 'c', principal: 'key:x', title: 'Other' }),
    ])
    const { ask } = await opened(desk)
    const ids = async (query: string): Promise<string[]> => {
      const { alerts } = (await (await ask(`/api/v1/alerts?${query}`, { headers: BEARER })).json()) as {
        alerts: { id: string }[]
      }
      return alerts.map(({ id }) => id)
    }
    expect(await ids('')).toEqual(['a', 'b', 'c'])
    expect(await ids('state=open')).toEqual(['a', 'c'])
    expect(await ids('state=resolved,pending')).toEqual(['b'])
    expect(await ids('principal=key:x')).toEqual(['c'])
    expect(await ids('rule=rule-other')).toEqual(['c'])
    expect(await ids('limit=1')).toEqual(['a'])
  })

  test.each([
    ['alerts?state=open,nonsense', 'state'],
    ['alerts?limit=0', 'limit'],
    ['alerts?limit=1e9', 'limit'],
    ['alerts?sort=risk', 'sort'],
    ['quarantine?limit=x', 'limit'],
  ])('%s is a 400 that names %s', async (path, place) => {
    const { ask } = await opened()
    const reply = await ask(`/api/v1/${path}`, { headers: BEARER })
    expect(reply.status).toBe(400)
    expect(((await reply.json()) as { error: { message: string } }).error.message).toContain(place)
  })

  test('plans for everyone whom an alert names: the plan for the first, and under others the rest', async () => {
    const { post } = await opened(new FakeDesk([alert(), sharedAlert(['key:a', 'key:b', 'key:c'], { id: 'shared' })]))
    const made = async (about: string): Promise<unknown> =>
      (await post('/api/v1/plans', { playbook: 'contain-key', alert: about })).json()
    expect(await made('alert1')).not.toHaveProperty('others')
    const one = await post('/api/v1/plans', { playbook: 'contain-key', alert: 'shared', principal: 'key:c' })
    expect(await one.json()).toMatchObject({ target: { principal: 'key:c' } })
    expect(await made('shared')).toMatchObject({
      target: { principal: 'key:a' },
      others: [{ target: { principal: 'key:b' } }, { target: { principal: 'key:c' } }],
    })
  })

  test('carries out commands under the name of the one who asks', async () => {
    const { post, ask, desk } = await opened()
    const dana = { ...BEARER, 'x-modelward-user': 'dana@example.org' }
    expect(await (await post('/api/v1/alerts/alert1/ack', {}, dana)).json()).toMatchObject({
      id: 'alert1',
      acknowledgedBy: 'dana@example.org',
    })
    await post('/api/v1/alerts/alert1/resolve')
    const silence = { comment: 'load test', endsAt: NOW + 60_000, matchers: [{ name: 'rule', value: 'r' }] }
    expect((await post('/api/v1/silences', silence, dana)).status).toBe(201)
    expect(await (await ask('/api/v1/silences/silence1', { method: 'DELETE', headers: BEARER })).json()).toEqual({
      expired: 'silence1',
    })
    await post('/api/v1/plans', { playbook: 'contain-key', alert: 'alert1' })
    await post('/api/v1/plans/plan1/approve', { digest: desk.planRows[0]?.digest })
    await post('/api/v1/plans/plan1/revert')
    await post('/api/v1/plans/plan2/reject')
    expect(await (await post('/api/v1/quarantine/replay')).json()).toEqual({ read: 0, kept: 0 })
    await post('/-/reload')
    expect(desk.done).toEqual([
      'acknowledge alert1 by dana@example.org',
      'resolve alert1 by console',
      'silence rule=r by dana@example.org',
      'expire silence1 by console',
      'plan contain-key for alert1 by console',
      'approve plan1 by console',
      'revert plan1 by console',
      'reject plan2 by console',
      'replay by console',
      'reload by console',
    ])
  })

  test('what is not there is a 404, what is refused a 409, a full disk a 503 with a time to come back', async () => {
    const { post, ask, desk } = await opened()
    expect((await ask('/api/v1/alerts/none', { headers: BEARER })).status).toBe(404)
    for (const path of ['alerts/none/ack', 'plans/none/reject', 'nothing'])
      expect((await post(`/api/v1/${path}`)).status).toBe(404)
    expect((await post('/api/v1/plans', { playbook: 'none', alert: 'alert1' })).status).toBe(404)
    const wrong = await post('/api/v1/plans/plan1/approve', { digest: 'other' })
    expect([wrong.status, await wrong.json()]).toEqual([
      409,
      { error: { code: 'MW_REFUSED', message: 'the plan has another digest: read it again' } },
    ])
    desk.failure = new RefusedError('the alert has ended')
    expect((await post('/api/v1/alerts/alert1/ack')).status).toBe(409)
    desk.failure = new StoreFullError('the disk is full')
    const full = await post('/api/v1/alerts/alert1/ack')
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '30'])
  })

  test('a fault of ours tells the asker nothing of our inside', async () => {
    const { post, desk } = await opened()
    desk.failure = new Error('at /srv/secret/path')
    const reply = await post('/api/v1/alerts/alert1/ack')
    expect(reply.status).toBe(500)
    expect(await reply.text()).not.toContain('/srv/secret')
  })

  test('a reload that was not done is a 409 with its problems', async () => {
    const { post, desk } = await opened()
    desk.reload = async () => ({ reloaded: false, problems: ['rules/x.yml:3: no title'] })
    const reply = await post('/-/reload')
    expect([reply.status, await reply.text()]).toEqual([409, expect.stringContaining('rules/x.yml:3')])
  })

  test('bodies that are no JSON, of another type, with unknown or missing keys are told apart', async () => {
    const { post, ask } = await opened()
    const send = (body: string, type: string): Promise<Response> =>
      ask('/api/v1/plans', { method: 'POST', headers: { ...BEARER, 'content-type': type }, body })
    expect((await send('{', 'application/json')).status).toBe(400)
    expect((await send('{}', 'text/plain')).status).toBe(415)
    expect((await post('/api/v1/plans', { playbook: 'contain-key' })).status).toBe(400)
    expect((await post('/api/v1/plans', { playbook: 'contain-key', alert: 'alert1', force: true })).status).toBe(400)
    expect((await post('/api/v1/plans/plan1/approve')).status).toBe(400)
  })

  test('a body over 64 KiB is a 413, announced or not', async () => {
    const { post, ask } = await opened()
    expect((await post('/api/v1/silences', { comment: 'x'.repeat(70_000) })).status).toBe(413)
    const chunks = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 20; part++) controller.enqueue(new Uint8Array(8_000))
        controller.close()
      },
    })
    const init = {
      method: 'POST',
      headers: { ...BEARER, 'content-type': 'application/json' },
      body: chunks,
      duplex: 'half' as const,
    }
    expect(
      await ask('/api/v1/silences', init).then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413)
  })

  test('a name that could forge a line of the audit log is refused', async () => {
    const { post } = await opened()
    for (const name of ['a\tb', '<script>', 'x'.repeat(101), ' '])
      expect([
        name,
        (await post('/api/v1/alerts/alert1/ack', {}, { ...BEARER, 'x-modelward-user': name })).status,
      ]).toEqual([name, 400])
  })

  test('quarantined bytes stay in the store', async () => {
    const { ask } = await opened(busyDesk())
    const text = await (await ask('/api/v1/quarantine', { headers: BEARER })).text()
    expect(text).not.toContain('"bytes"')
    expect(text).toContain('"size":15')
  })

  test('a browser may read with its session, and change with the word of its session only', async () => {
    const open = await opened()
    const { cookie, csrf } = await browser(open)
    expect((await open.ask('/api/v1/status', { headers: { cookie } })).status).toBe(200)
    expect((await open.post('/api/v1/alerts/alert1/ack', {}, { cookie })).status).toBe(403)
    expect((await open.post('/api/v1/alerts/alert1/ack', {}, { cookie, 'x-csrf-token': 'guess' })).status).toBe(403)
    expect((await open.post('/api/v1/alerts/alert1/ack', {}, { cookie, 'x-csrf-token': csrf })).status).toBe(200)
    expect(open.desk.done).toEqual(['acknowledge alert1 by dana'])
  })

  test('a wrong token is not made good by a session', async () => {
    const open = await opened()
    const { cookie } = await browser(open)
    expect((await open.ask('/api/v1/status', { headers: { cookie, authorization: 'Bearer wrong' } })).status).toBe(401)
  })
})
