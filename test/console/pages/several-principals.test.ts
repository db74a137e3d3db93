import { expect, test } from 'vitest'
import type { Alert } from '../../../src/contract/alert.ts'
import { FakeDesk, NOW, alert, plan, sharedAlert } from '../fake-desk.ts'
import { browser, opened } from '../opened.ts'

const EVIL = '<img src=x>'
const WHO = ['key:a', 'key:b', `key:c${EVIL}`]

async function seen(about: Alert, more: { readonly plans?: ReturnType<typeof plan>[] } = {}) {
  const desk = new FakeDesk(
    [about, alert({ id: 'other', principal: 'key:b', title: 'First request' })],
    more.plans ?? [],
  )
  desk.claimRows = ['key:b', 'key:z'].map((principal) => ({
    id: principal,
    target: { principal },
    effect: 'throttle',
    reason: 'r',
    owner: 'o',
    startsAt: NOW,
    endsAt: NOW + 1,
  }))
  const open = await opened(desk)
  const { get, submit } = await browser(open)
  const text = async (path: string): Promise<string> => (await get(path)).text()
  return { desk, text, submit, page: await text('/alerts/alert1') }
}

test('the page of an alert links to each principal, and to the other alerts and containments of all', async () => {
  const { page } = await seen(sharedAlert(WHO))
  for (const who of ['key:a', 'key:b']) expect(page).toContain(`principal=${encodeURIComponent(who)}">${who}</a>`)
  expect(page).toContain('Other alerts of these principals')
  expect(page).toContain('First request')
  expect(page).toMatch(/throttle<\/span>\s*<span class="mono">key:b/)
  expect(page).not.toContain('>key:z<')
  expect(page).not.toContain(EVIL)
})

test('each principal has its plans, or is seen to have none', async () => {
  const plans = ['key:a', 'key:b'].map((principal) => plan({ id: `p-${principal}`, target: { principal } }))
  const { page, text } = await seen(sharedAlert(WHO), { plans })
  expect(page).toContain('2 plans wait for approval')
  for (const who of ['key:a', 'key:b'])
    expect(page).toMatch(new RegExp(`<h3 class="mono">${who}</h3>\\s*<ul[^]*?#p-${who}"`))
  expect(page).toMatch(/key:c[^<]*<\/h3>\s*<p class="quiet">No plan/)
  expect(await text('/')).toMatch(/key:a<\/span> <span class="quiet">and 2 more/)
})

test('those who are not named are said to be there', async () => {
  const { page } = await seen({ ...sharedAlert(WHO), unnamed: 7 })
  expect(page).toContain('and others, with 7 findings')
})

test('the list that a principal leads to holds the alert', async () => {
  const { text } = await seen(sharedAlert(WHO))
  expect(await text('/?state=all&principal=key:b')).toContain('/alerts/alert1')
  expect(await text('/?state=all&principal=key:z')).not.toContain('/alerts/alert1')
})

test('one form plans for all, another silences the whole group', async () => {
  const { desk, submit } = await seen(sharedAlert(WHO))
  await submit('/alerts/alert1/plan', { playbook: 'contain-key' })
  expect(desk.planRows.map(({ target }) => target.principal)).toEqual(WHO)
  await submit('/alerts/alert1/silence', { scope: 'group', hours: '4', comment: 'one application' })
  expect(desk.silenceRows[0]?.matchers).toEqual([
    { name: 'rule', value: 'rule-usage-far-above-baseline', equal: true },
    { name: 'cluster', value: 'c1', equal: true },
  ])
})
