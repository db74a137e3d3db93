import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { modelward } from '../support/command.ts'
import { eventually } from '../support/daemon.ts'
import { runDaemon } from '../support/in-process.ts'
import { keyedDirectory } from '../support/marked.ts'
import { litellmLog, type LoggedRequest } from '../support/llm-log.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const WEEK = 7 * 86_400_000
const TENANTS = 80
/** Three processes and a daemon, on a machine that may be busy. */
const PATIENCE = 120_000
const folder = mkdtempSync(join(tmpdir(), 'modelward-extraction-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const random = seededRandom(3)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T
const syllables = 'ba ce di fo gu ka le mi no pu ra se ti vo zu'.split(' ')
const word = (): string => pick(syllables) + pick(syllables) + pick(syllables)
const shared = Array.from({ length: 40 }, word)
/** Each tenant has words of its own beside those that all use, as applications have their templates. */
const topics = Array.from({ length: TENANTS }, () => Array.from({ length: 40 }, word))

function prompt(tenant: number): string {
  const own = topics[tenant] ?? []
  return Array.from({ length: 30 }, () => pick(random.next() < 0.6 ? own : shared)).join(' ')
}

/** A week in which each tenant asks 120 times. */
function ordinaryWeek(from: number, tenants = TENANTS, each = 120): LoggedRequest[] {
  return Array.from({ length: tenants * each }, (_, i) => ({
    key: `sk-tenant-${i % tenants}`,
    at: from + WEEK * random.next(),
    prompt: prompt(i % tenants),
  }))
}

const config = `
collect:
  - {kind: http, name: push, listen: "127.0.0.1:0"}
alert: {group_wait: 0s}
`

test(
  'a harvester is found once a baseline was frozen, its throttling is planned, and tenants are left alone',
  async () => {
    const now = Date.now()
    keyedDirectory(join(folder, 'data'))
    const benign = join(folder, 'benign.ndjson')
    writeFileSync(benign, litellmLog(ordinaryWeek(now - 2 * WEEK)))
    const made = await modelward(['baseline', benign, '--data', join(folder, 'data'), '--seed', '1', '--json'])
    expect(made.code).toBe(0)
    const reference = made.lines.find(({ detector }) => detector === 'query-distribution')
    expect(reference?.['sha256']).toMatch(/^[0-9a-f]{64}$/)
    const summary = made.lines.at(-1)
    expect(summary).toMatchObject({ kind: 'summary', promised_per_week: 1, alarms: 0 })
    expect(summary?.['principals']).toEqual({ refer: 40, calibrate: 24, measure: 16 })

    const running = await runDaemon(config, { folder })
    try {
      const { daemon } = running
      const address = await eventually(
        'a listener',
        () => daemon.addressOf('push'),
        (found) => found !== undefined,
      )
      const start = now - 1_200_000
      const harvest = Array.from({ length: 150 }, (_, i) => ({
        key: 'sk-harvester',
        at: start + i * 8_000,
        prompt: prompt(i % TENANTS),
      }))
      const twin = ordinaryWeek(start - WEEK, 10, 100).map((each) => ({ ...each, at: start + (each.at % 1_200_000) }))
      const reply = await fetch(`http://${String(address)}/ingest`, {
        method: 'POST',
        body: litellmLog([...harvest, ...twin]),
      })
      expect(reply.status).toBe(202)
      const [plan] = await eventually(
        'a plan',
        () => daemon.desk.plans(),
        (plans) => plans.length > 0,
      )
      expect(plan).toMatchObject({ playbook: 'throttle-principal', dryRun: true })
      const alerts = daemon.desk.alerts({})
      const titles = alerts.map(({ rule }) => rule.title)
      expect(titles).toContain('Model extraction or harvesting by one caller')
      expect(new Set(alerts.map(({ principal }) => principal)).size).toBe(1)
      for (const { rule } of alerts) expect(rule.controls).toContain('IN-1')
      expect(JSON.stringify(alerts)).toMatch(/more evenly than any one caller's.*of 1 accepted/)
      expect(daemon.desk.verifyAudit()).toMatchObject({ intact: true })
      // Pushed records stand in the journal until they are committed; then nothing of what was asked is on the disk.
      await eventually(
        'a data directory without a word of what was asked',
        () => wordsIn(join(folder, 'data')),
        (found) => found.length === 0,
      )
    } finally {
      await running.stop()
    }
  },
  PATIENCE,
)

test(
  'the same seed, events and pseudonyms make the same references',
  async () => {
    const again = join(folder, 'again')
    keyedDirectory(again)
    const made = await modelward(['baseline', join(folder, 'benign.ndjson'), '--data', again, '--seed', '1', '--json'])
    const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    const before = readFileSync(join(folder, 'data', 'references', 'query-distribution.reference'))
    expect(made.lines.find(({ detector }) => detector === 'query-distribution')?.['sha256']).toBe(hashOf(before))
    const wrong = await modelward(['baseline', join(folder, 'benign.ndjson'), '--seed', 'x'])
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/--seed x: a whole number/)])
  },
  PATIENCE,
)

test(
  'a reference that somebody changed is refused, and so is a baseline of a handful of callers',
  async () => {
    const file = join(folder, 'data', 'references', 'query-distribution.reference')
    const bytes = readFileSync(file)
    const last = bytes.length - 1
    bytes[last] = (bytes[last] ?? 0) ^ 1
    writeFileSync(file, bytes)
    await expect(runDaemon(config, { folder })).rejects.toThrow(/not the one that was frozen.*modelward baseline/s)

    const few = join(folder, 'few.ndjson')
    writeFileSync(few, litellmLog(ordinaryWeek(Date.now() - WEEK, 5, 10)))
    const refused = await modelward(['baseline', few, '--data', join(folder, 'other')])
    expect(refused.code).toBe(3)
    expect(refused.err).toMatch(/needs 20 of them.*these files have 5/)
  },
  PATIENCE,
)

test(
  'a baseline waits for no running daemon: the data directory is taken',
  async () => {
    mkdirSync(join(folder, 'taken'), { recursive: true })
    const running = await runDaemon(config, { folder: join(folder, 'taken') })
    try {
      const file = join(folder, 'benign.ndjson')
      const refused = await modelward(['baseline', file, '--data', join(folder, 'taken', 'data')])
      expect(refused.code).toBe(3)
      expect(refused.err).toMatch(/MW_LOCKED/)
    } finally {
      await running.stop()
    }
  },
  PATIENCE,
)

/** Words of prompts that stand in a file of the folder as they stood in a prompt. */
function wordsIn(path: string): readonly string[] {
  const words = [...topics.flat().slice(0, 200), ...shared].filter((each) => each.length >= 6)
  const texts = filesBelow(path).map((file) => readFileSync(file).toString('latin1'))
  return words.filter((each) => texts.some((text) => text.includes(`${each} `) || text.includes(` ${each}`)))
}

function filesBelow(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile())
}
