import { describe, expect, test } from 'vitest'
import { RefusedError } from '../../../src/runtime/errors.ts'
import { busyDesk } from '../busy-desk.ts'
import { FakeDesk, NOW, alert, plan } from '../fake-desk.ts'
import { browser, opened } from '../opened.ts'

const PAGES = ['/', '/?state=all', '/alerts/alert1', '/playbooks', '/sources', '/silences']

describe('pages', () => {
  test('nothing from outside becomes markup, whatever field it is in', async () => {
    const evil = `<img src=x onerror=alert(1)>"'><script>alert(1)</script>`
    const open = await opened(poisoned(busyDesk(), evil))
    const { get } = await browser(open)
    for (const path of [
      ...PAGES,
      `/?principal=${encodeURIComponent(evil)}&control=${encodeURIComponent(evil)}&rule=${encodeURIComponent(evil)}`,
      `/?done=${encodeURIComponent(evil)}`,
    ]) {
      const reply = await get(path.replace('alert1', encodeURIComponent(`alert1${evil}`)))
      expect([path, reply.status]).toEqual([path, 200])
      const text = await reply.text()
      expect([path, text.includes('<img'), text.includes('<script>alert'), text.match(/<script/g)?.length]).toEqual([
        path,
        false,
        false,
        1,
      ])
    }
    expect((await (await open.ask(`/login?next=${encodeURIComponent(evil)}`)).text()).includes('<img')).toBe(false)
  })

  test('a reference or technique of another kind is text, not a link', async () => {
    const risky = alert()
    const desk = new FakeDesk([
      { ...risky, rule: { ...risky.rule, references: ['javascript:alert(1)'], atlas: [{ id: 'javascript:x' }] } },
    ])
    const { get } = await browser(await opened(desk))
    expect(await (await get('/alerts/alert1')).text()).not.toMatch(/href="javascript/)
  })

  test('techniques lead to MITRE', async () => {
    const { get } = await browser(await opened())
    const text = await (await get('/alerts/alert1')).text()
    expect(text).toContain('https://atlas.mitre.org/techniques/AML.T0024.002')
    expect(text).toContain('https://attack.mitre.org/techniques/T1552/005/')
  })

  test('each has one heading of the first rank, landmarks, a skip link, and headers in every table', async () => {
    const { get } = await browser(await opened(busyDesk()))
    for (const path of PAGES) {
      const text = await (await get(path)).text()
      expect([path, text.match(/<h1/g)?.length]).toEqual([path, 1])
      for (const part of ['<html lang="en">', '<main id="main"', '<nav aria-label', 'href="#main"', '<footer'])
        expect([path, text.includes(part)]).toEqual([path, true])
      expect(text.match(/<th(?![^>]*scope=)[ >]/)).toBeNull()
      expect(text.match(/<table/g)?.length ?? 0).toBe(text.match(/<caption/g)?.length ?? 0)
    }
  })

  test('the list shows the gravest open alert first and narrows by every filter', async () => {
    const { get } = await browser(await opened(busyDesk()))
    const titles = async (query: string): Promise<string[]> =>
      [...(await (await get(`/?${query}`)).text()).matchAll(/data-row>([^<]+)</g)].map((match) => match[1] ?? '')
    expect((await titles(''))[0]).toContain('Last-layer')
    expect(await titles('')).toHaveLength(7)
    expect(await titles('level=critical')).toHaveLength(1)
    expect(await titles('level=high')).toHaveLength(4)
    expect(await titles('control=DP-2')).toEqual(['A certificate ends within two weeks'])
    expect(await titles('principal=user:9a1b77c0d2e34f56')).toHaveLength(3)
    expect(await titles('state=resolved')).toEqual(['Failed sign-ins in a row'])
    expect(await titles('state=all')).toHaveLength(8)
    expect(await titles('state=nonsense&level=nonsense')).toHaveLength(7)
  })

  test('more alerts than fit are said to be there', async () => {
    const desk = new FakeDesk(Array.from({ length: 230 }, (_, index) => alert({ id: `a${index}` })))
    const { get } = await browser(await opened(desk))
    const text = await (await get('/')).text()
    expect(text.match(/data-row>/g)).toHaveLength(200)
    expect(text).toContain('The first 200 of 230')
  })

  test('an empty daemon says how to give it something to read', async () => {
    const desk = new FakeDesk([], [])
    desk.state = { ...desk.state, balance: { ...desk.state.balance, received: 0, committed: 0 } }
    const { get } = await browser(await opened(desk))
    for (const path of ['/', '/sources']) expect(await (await get(path)).text()).toContain('kind: file')
    expect(await (await get('/?level=critical')).text()).toContain('Nothing matches this filter')
  })

  test('a ledger that does not add up is said to be a fault', async () => {
    const desk = new FakeDesk()
    const { get } = await browser(await opened(desk))
    expect(await (await get('/sources')).text()).toContain('✓ it holds')
    desk.state = {
      ...desk.state,
      balance: { received: 10, committed: 7, quarantined: { x: 1 }, dropped: {}, inFlight: 0 },
    }
    expect(await (await get('/sources')).text()).toContain('✗ 2 missing')
  })

  test('what false alarms were promised stands beside what was measured', async () => {
    const desk = new FakeDesk()
    const { get } = await browser(await opened(desk))
    expect(await (await get('/sources')).text()).toMatch(
      /Promised[\s\S]*at most 1 a week[\s\S]*not yet: <code>modelward baseline/,
    )
    desk.state = {
      ...desk.state,
      budget: { perWeek: 2, looks: 4_000, alarms: 3, measured: { perWeek: 0.5, atMost: 1.25, at: NOW } },
    }
    const page = await (await get('/sources')).text()
    expect(page).toMatch(/0\.5 a week, at most 1\.25 \(95 %\)[\s\S]*3 alarms in 4.?000 looks/)
  })

  test('the raw bytes of quarantined records are on no page', async () => {
    const { get } = await browser(await opened(busyDesk()))
    expect(await (await get('/sources')).text()).not.toContain('secret-prompt')
  })

  test('an alert that is not there is a page that says so', async () => {
    const { get } = await browser(await opened())
    const reply = await get('/alerts/none')
    expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  })
})

describe('forms', () => {
  test('each does its one thing, in the name of who signed in, and leads back', async () => {
    const open = await opened()
    const { submit } = await browser(open)
    const to = async (path: string, fields: Record<string, string> = {}): Promise<string | null> =>
      (await submit(path, fields)).headers.get('location')
    const digest = plan().digest
    expect(await to('/alerts/alert1/ack')).toBe('/alerts/alert1?done=acknowledged')
    expect(await to('/alerts/alert1/silence', { scope: 'both', hours: '4', comment: 'known' })).toBe(
      '/alerts/alert1?done=silenced',
    )
    expect(await to('/alerts/alert1/plan', { playbook: 'contain-key' })).toBe('/playbooks?done=planned#plan2')
    expect(await to('/plans/plan1/approve', { digest })).toBe('/playbooks?done=approved#plan1')
    expect(await to('/plans/plan1/revert')).toBe('/playbooks?done=reverted#plan1')
    expect(await to('/plans/plan2/reject')).toBe('/playbooks?done=rejected#plan2')
    expect(await to('/silences', { matchers: 'level = low\nprincipal != key:a', hours: '1', comment: 'noise' })).toBe(
      '/silences?done=silenced',
    )
    expect(await to('/silences/silence1/expire')).toBe('/silences?done=expired')
    expect(await to('/quarantine/replay')).toBe('/sources?done=replayed#quarantine')
    expect(await to('/alerts/alert1/resolve')).toBe('/alerts/alert1?done=resolved')
    expect(open.desk.done).toHaveLength(10)
    expect(open.desk.done.every((line) => line.endsWith(' by dana'))).toBe(true)
    expect(open.desk.silenceRows[0]).toMatchObject({ endsAt: NOW, matchers: [{ name: 'rule' }, { name: 'principal' }] })
    expect(open.desk.silenceRows[1]).toMatchObject({
      endsAt: NOW + 3_600_000,
      matchers: [
        { name: 'level', equal: true },
        { name: 'principal', equal: false },
      ],
    })
  })

  test('none does anything without the word of the session', async () => {
    const open = await opened()
    const { submit, cookie } = await browser(open)
    for (const path of [
      '/alerts/alert1/ack',
      '/plans/plan1/approve',
      '/silences',
      '/quarantine/replay',
      '/logout',
      '/refresh',
    ]) {
      expect([path, (await submit(path, { csrf: 'guess' })).status]).toEqual([path, 403])
      const without = await open.ask(path, { method: 'POST', headers: { cookie }, body: new URLSearchParams() })
      expect([path, without.status]).toEqual([path, 403])
      const nobody = await open.ask(path, { method: 'POST', body: new URLSearchParams() })
      expect([path, nobody.status, nobody.headers.get('location')]).toEqual([path, 303, '/login'])
    }
    expect(open.desk.done).toEqual([])
  })

  test('the word of another session is not taken', async () => {
    const open = await opened()
    const [one, two] = [await browser(open), await browser(open)]
    expect((await one.submit('/alerts/alert1/ack', { csrf: two.csrf })).status).toBe(403)
  })

  test('an approval carries the digest that was read', async () => {
    const open = await opened()
    const { get, submit } = await browser(open)
    expect(await (await get('/playbooks')).text()).toContain(`value="${plan().digest}"`)
    expect((await submit('/plans/plan1/approve')).status).toBe(400)
    expect((await submit('/plans/plan1/approve', { digest: 'another' })).status).toBe(409)
    expect(open.desk.done).toEqual([])
  })

  test('what the desk refuses is said on a page', async () => {
    const open = await opened()
    const { submit } = await browser(open)
    open.desk.failure = new RefusedError('the alert has <ended>')
    const reply = await submit('/alerts/alert1/ack')
    expect([reply.status, await reply.text()]).toEqual([409, expect.stringContaining('the alert has &lt;ended&gt;')])
  })

  test.each([
    ['/alerts/alert1/silence', { scope: 'both', hours: '4' }],
    ['/alerts/alert1/silence', { scope: 'all', hours: '4', comment: 'x' }],
    ['/alerts/alert1/silence', { scope: 'both', hours: '100000', comment: 'x' }],
    ['/silences', { matchers: 'nonsense', hours: '4', comment: 'x' }],
    ['/silences', { matchers: ' ', hours: '4', comment: 'x' }],
    ['/alerts/alert1/plan', { playbook: 'none' }],
  ])('%s with %o is a 400 that says what to write', async (path, fields) => {
    const open = await opened()
    const { submit } = await browser(open)
    expect((await submit(path, fields)).status).toBe(400)
    expect(open.desk.done).toEqual([])
  })

  test('a list refreshes by itself when the session wants that, and pauses again', async () => {
    const { get, submit } = await browser(await opened())
    const refreshes = async (): Promise<boolean> => (await (await get('/')).text()).includes('http-equiv="refresh"')
    expect(await refreshes()).toBe(false)
    expect((await submit('/refresh', { on: '1', back: '/?state=all' })).headers.get('location')).toBe('/?state=all')
    expect(await refreshes()).toBe(true)
    expect(await (await get('/alerts/alert1')).text()).not.toContain('http-equiv="refresh"')
    await submit('/refresh', { on: '0', back: 'https://evil.example' })
    expect(await refreshes()).toBe(false)
  })
})

/** The same desk with `evil` added to every text in it. */
function poisoned(desk: FakeDesk, evil: string): FakeDesk {
  const keep = new Set(['state', 'level', 'effect', 'approval'])
  const poison = <T>(value: T, name = ''): T => {
    if (typeof value === 'string') return (keep.has(name) ? value : `${value}${evil}`) as T
    if (Array.isArray(value)) return value.map((each: unknown) => poison(each, name)) as T
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        name === 'labels' || name === 'matched' || name === 'quarantined' ? key + evil : key,
        poison(each as unknown, key),
      ]),
    ) as T
  }
  desk.alertRows = poison(desk.alertRows)
  desk.planRows = poison(desk.planRows)
  desk.silenceRows = poison(desk.silenceRows)
  desk.claimRows = poison(desk.claimRows)
  desk.playbookRows = poison(desk.playbookRows)
  desk.sourceRows = poison(desk.sourceRows)
  desk.sinkRows = poison(desk.sinkRows)
  desk.parkedRows = poison(desk.parkedRows)
  desk.quarantineRows = poison(desk.quarantineRows)
  desk.state = poison(desk.state)
  return desk
}
