import { existsSync } from 'node:fs'
import { type Browser, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { busyDesk } from '../console/busy-desk.ts'
import type { FakeDesk } from '../console/fake-desk.ts'
import { TOKEN, opened } from '../console/opened.ts'

const CHROMIUM = process.env['MODELWARD_CHROMIUM'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const PAGES = ['/', '/alerts/alert1', '/playbooks', '/sources', '/silences']

/** Runs in the page: texts whose contrast (WCAG 2) is below 4.5. Colours are read back from a canvas, whatever their notation. */
const FAINT_TEXTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const luminance = (colours) => {
    canvas.clearRect(0, 0, 1, 1)
    for (const colour of colours) {
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
    }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
      const share = part / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const faint = []
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
    if (!hasText || !element.checkVisibility() || element.closest('.hidden, option, script')) continue
    const grounds = []
    for (let at = element; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor)
    const text = luminance([...grounds, getComputedStyle(element).color])
    const ground = luminance(grounds)
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)
    if (contrast < 4.5) faint.push(element.textContent.trim().slice(0, 40) + ': ' + contrast.toFixed(2))
  }
  return faint
})()`

const isMissing = !existsSync(CHROMIUM)
if (isMissing && process.env['CI'])
  throw new Error(`${CHROMIUM} is not there: install chromium, or name one in MODELWARD_CHROMIUM`)

describe.skipIf(isMissing)(`the pages in a real browser (needs ${CHROMIUM} or MODELWARD_CHROMIUM)`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  })
  afterAll(() => browser.close())

  /** A page on a console of its own; whatever the browser complains about is kept. */
  async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<{
    readonly page: Page
    readonly address: string
    readonly desk: FakeDesk
    readonly complaints: string[]
  }> {
    const { console, desk } = await opened(busyDesk())
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    return { page, address: console.address, desk, complaints }
  }

  test('signing in by form, filtering, opening an alert and acknowledging it, by keyboard alone', async () => {
    const { page, address, desk, complaints } = await visit()
    await page.goto(`${address}/alerts/alert4`)
    // A browser focuses the field with its first frame, which may come after `load`: keys before that go nowhere.
    await page.locator('#token:focus').waitFor()
    await page.keyboard.type(TOKEN)
    await page.keyboard.press('Tab')
    await page.keyboard.type('dana')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/alerts/alert4')
    await page.goto(`${address}/`)
    await page.keyboard.press('/')
    await page.keyboard.press('Tab')
    await page.keyboard.type('high')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type('user:9a1b77c0d2e34f56')
    await page.keyboard.press('Enter')
    await page.waitForURL('**level=high**')
    expect(await page.locator('[data-row]').count()).toBe(3)
    for (const key of ['j', 'j', 'k', 'j']) await page.keyboard.press(key)
    const second = await page.locator('[data-row]').nth(1).innerText()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/alerts/*')
    expect(await page.locator('h1').innerText()).toBe(second)
    await tabTo(page, 'Acknowledge')
    await page.keyboard.press('Enter')
    await page.waitForURL('**done=acknowledged')
    expect(await page.getByRole('status').innerText()).toContain('Acknowledged')
    expect(desk.done).toEqual([expect.stringMatching(/^acknowledge alert\d by dana$/)])
    expect(complaints).toEqual([])
  })

  test('the printed link leaves no token in the address bar or the history', async () => {
    const { page, address } = await visit()
    await page.goto(`${address}/login?token=${TOKEN}`)
    expect(page.url()).toBe(`${address}/`)
    await page.goBack()
    expect(page.url()).not.toContain(TOKEN)
  })

  test('a plan is approved only once the box with its digest is ticked', async () => {
    const { page, address, desk, complaints } = await visit()
    await page.goto(`${address}/login?token=${TOKEN}`)
    await page.goto(`${address}/alerts/alert1`)
    await page.getByRole('link', { name: /A plan waits/ }).click()
    await page.getByRole('button', { name: 'Approve' }).click()
    expect(desk.done).toEqual([])
    await page.getByRole('checkbox', { name: /I have read these steps/ }).check()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.waitForURL('**done=approved**')
    expect(desk.done).toEqual(['approve plan1 by console'])
    expect(await page.locator('#plan1').innerText()).toContain('the decision was read back: deny')
    expect(complaints).toEqual([])
  })

  test('everything works without JavaScript too', async () => {
    const { page, address, desk } = await visit({ javaScriptEnabled: false })
    await page.goto(`${address}/login?token=${TOKEN}`)
    await page.getByRole('link', { name: /Last-layer/ }).click()
    await page.getByLabel('Why (required)').fill('we know')
    await page.getByRole('button', { name: 'Silence' }).click()
    await page.waitForURL('**done=silenced')
    expect(desk.done).toEqual([expect.stringContaining('silence rule=rule-last-layer')])
  })

  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const)
    test(`no page scrolls sideways at ${width} px, and nothing is complained about`, async () => {
      const { page, address, complaints } = await visit({ viewport: { width, height: 844 }, colorScheme })
      await page.goto(`${address}/login`)
      await page.goto(`${address}/login?token=${TOKEN}`)
      for (const path of PAGES) {
        await page.goto(address + path)
        expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, width])
      }
      expect(complaints).toEqual([])
    })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`all text stands out from its ground by 4.5 to 1 or more (${colorScheme})`, async () => {
      const { page, address } = await visit({ colorScheme })
      await page.goto(`${address}/login?token=${TOKEN}`)
      for (const path of PAGES) {
        await page.goto(address + path)
        expect([path, await page.evaluate(FAINT_TEXTS)]).toEqual([path, []])
      }
      await page.evaluate("document.querySelector('h1').style.color = '#888'")
      expect(await page.evaluate(FAINT_TEXTS)).toEqual(
        colorScheme === 'light' ? [expect.stringMatching(/^Silences: 3/)] : [],
      )
    })

  test('the first Tab offers to skip to the content, and what has the focus can be seen', async () => {
    const { page, address } = await visit()
    await page.goto(`${address}/login?token=${TOKEN}`)
    await page.keyboard.press('Tab')
    const skip = page.locator('.skip')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip')
    expect((await skip.boundingBox())?.x).toBeGreaterThanOrEqual(0)
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
  })
})

/** Presses Tab until a control of that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement.textContent.trim()')) === name) return
  }
  throw new Error(`${name} cannot be reached by Tab`)
}
