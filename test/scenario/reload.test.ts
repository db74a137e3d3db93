import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { isEven } from '../../src/app/status.ts'
import { eventually, pause } from '../support/daemon.ts'
import { runDaemon, type Running } from '../support/in-process.ts'
import {
  drained,
  keyedDirectory,
  markedConfig,
  markedHouse,
  markRule,
  marksOf,
  remembered,
  requestLine,
  total,
  trailLine,
} from '../support/marked.ts'

const open: { stop(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const part of open.splice(0).toReversed()) await part.stop()
})

const NEW_RULE = '5f2c7a10-9d53-4e8e-9f0a-3d1f5f0c9b99'
const RELOADED = 'modelward_config_last_reload_successful'

test('a bad config or rule on SIGHUP or by HTTP changes nothing; a good one is taken, and no event or state is lost', async () => {
  const house = markedHouse()
  open.push({ stop: () => house.remove() })
  keyedDirectory(house.data)
  house.start()
  expect(await house.ready()).toBe(true)
  expect(await house.metric(RELOADED)).toBe(1)
  const log = house.path('logs/gateway.ndjson')
  let lines = 0
  const write = (): void => appendFileSync(log, Array.from({ length: 200 }, () => requestLine(lines++)).join(''))
  const outcome = (expected: number): Promise<unknown> =>
    eventually(
      'the reload was judged',
      () => house.metric(RELOADED),
      (value) => value === expected,
    )
  const post = (): Promise<Response> => house.api('/-/reload', { method: 'POST', body: '{}' })
  const good = readFileSync(house.configFile, 'utf8')

  write()
  house.configure(`${good}\ncolect: []\n`)
  process.kill(house.pid, 'SIGHUP')
  await outcome(0)
  write()
  const refused = await post()
  expect(refused.status).toBe(409)
  expect(await refused.text()).toContain('the key \\"colect\\" is unknown')

  house.configure(good)
  expect((await post()).status).toBe(200)
  await outcome(1)
  writeFileSync(house.path('rules/bad.yml'), markRule(NEW_RULE, 'product: aws').replace('mark|exists', 'mark|exsts'))
  write()
  const bad = await post()
  expect(bad.status).toBe(409)
  expect(await bad.text()).toContain('bad.yml')
  process.kill(house.pid, 'SIGHUP')
  await outcome(0)
  write()
  expect((await house.status()).rules).toBe(3)

  rmSync(house.path('rules/bad.yml'))
  writeFileSync(house.path('rules/good.yml'), markRule(NEW_RULE, 'product: azure'))
  process.kill(house.pid, 'SIGHUP')
  await outcome(1)
  expect((await house.status()).rules).toBe(4)
  write()
  house.configure(markedConfig(house, { more: 'memory: {budgetMiB: 9}' }))
  expect(await (await post()).json()).toEqual({
    reloaded: true,
    problems: ['memory was changed: that takes effect at the next start'],
  })

  await drained(house, lines)
  expect((await house.end()).code).toBe(0)
  const found = remembered(house)
  expect(total(found.counts, 'committed')).toBe(lines)
  expect([...marksOf(found.alerts).values()]).toEqual(Array.from({ length: lines / 50 }, () => 1))

  house.data = house.path('undisturbed')
  keyedDirectory(house.data)
  house.start()
  expect(await house.ready()).toBe(true)
  await drained(house, lines)
  await house.end()
  expect(found.states).toEqual(remembered(house).states)
})

const config = `
collect:
  - {kind: file, paths: [FOLDER/logs/*], pollMs: 10, batchBytes: 4096}
commit: {events: 20, ms: 5}
rules: {add: [FOLDER/rules]}
alert: {group_wait: 0s, group_by: [mark], max_open_per_rule: 100000}
`

async function start(): Promise<Running> {
  const running = await runDaemon(config)
  open.push(running)
  return running
}

function marked({ daemon }: Running): ReadonlyMap<string, number> {
  return marksOf(daemon.desk.alerts({ rule: NEW_RULE, limit: 100_000 }))
}

test('a hundred reloads in a row under load lose nothing and count nothing twice', async () => {
  const running = await start()
  const { desk } = running.daemon
  const log = join(running.folder, 'logs/trail.ndjson')
  writeFileSync(join(running.folder, 'rules/mark.yml'), markRule(NEW_RULE, 'product: aws, service: cloudtrail'))
  expect(await desk.reload('tester')).toEqual({ reloaded: true, problems: [] })

  let written = 0
  const storm = new AbortController()
  const writing = (async () => {
    while (!storm.signal.aborted) {
      appendFileSync(log, Array.from({ length: 5 }, () => trailLine(`m${written++}`)).join(''))
      await pause(10)
    }
  })()
  const startedAt = performance.now()
  for (let time = 0; time < 10; time++)
    expect(await Promise.all(Array.from({ length: 10 }, (_, n) => desk.reload(`caller ${n}`)))).toEqual(
      Array.from({ length: 10 }, () => ({ reloaded: true, problems: [] })),
    )
  expect(performance.now() - startedAt).toBeLessThan(15_000)
  storm.abort()
  await writing
  await eventually(
    'all read',
    () => desk.status().balance,
    ({ committed, inFlight }) => committed === written && inFlight === 0,
  )
  expect(new Map(marked(running))).toEqual(new Map(Array.from({ length: written }, (_, n) => [`m${n}`, 1])))
  expect(isEven(desk.status().balance)).toBe(true)
  expect(desk.verifyAudit()).toMatchObject({ intact: true })
}, 60_000)

test('a reload takes effect between two batches: what was evaluated before stays as it was judged', async () => {
  const running = await start()
  const { desk } = running.daemon
  const log = join(running.folder, 'logs/trail.ndjson')
  const settled = (count: number): Promise<unknown> =>
    eventually(
      `${count} committed`,
      () => desk.status().balance.committed,
      (committed) => committed === count,
    )
  const rule = join(running.folder, 'rules/mark.yml')
  mkdirSync(join(running.folder, 'rules'), { recursive: true })
  appendFileSync(log, trailLine('before'))
  await settled(1)
  writeFileSync(rule, markRule(NEW_RULE, 'product: aws, service: cloudtrail'))
  expect((await desk.reload('ana')).reloaded).toBe(true)
  appendFileSync(log, trailLine('while'))
  await settled(2)
  rmSync(rule)
  expect((await desk.reload('ana')).reloaded).toBe(true)
  appendFileSync(log, trailLine('after'))
  await settled(3)
  expect([...marked(running)]).toEqual([['while', 1]])
})
