import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Alert, Evidence } from '../../src/contract/alert.ts'
import type { Plan } from '../../src/contract/respond.ts'
import { detectors } from '../../src/detect/index.ts'
import { apiKeyIdentity, Pseudonyms } from '../../src/normalize/principal/pseudonyms.ts'
import { modelward } from '../support/command.ts'
import { eventually } from '../support/daemon.ts'
import {
  alongBorders,
  answered,
  foreignInputs,
  harvest,
  hopSkipJump,
  lastLayer,
  madeUp,
  refused,
  retries,
  sharedHarvest,
  suffixSearch,
  twoLabels,
} from '../support/fleet-attacks.ts'
import { CLASSIFIER_MAPPING, Fleet, type Line, logOf, SPEECH, type Vector } from '../support/fleet-log.ts'
import { runDaemon, type Running } from '../support/in-process.ts'
import { keyedDirectory } from '../support/marked.ts'

const HOUR = 3_600_000
/** A process and a daemon, on a machine that may be busy. */
const PATIENCE = 120_000
/** Records pushed at once. */
const PIECE = 1_000
const folder = mkdtempSync(join(tmpdir(), 'modelward-detectors-'))
const data = join(folder, 'data')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fleet = new Fleet(5)
const CANARY = 'walrus-7714-quince-lantern'
/** A vector whose numbers nobody else has. */
const MARKED: Vector = Array.from({ length: 64 }, (_, i) => Math.round((0.71353 + i / 1024) * 1e5) / 1e5)
const now = Date.now()
/** Attacks and their twins begin after the fleet's day. */
const from = now - 20 * HOUR
const day = 19 * HOUR

interface Scene {
  readonly detector: string
  readonly attackers: readonly string[]
  readonly twin: string
  readonly title: string
  readonly control: string
  readonly technique: string
  readonly playbook: string
  /** What the attackers send, and what somebody sends who does much the same for good reason. */
  readonly attack: (keys: readonly string[]) => readonly Line[]
  readonly benign: (key: string) => readonly Line[]
}

type Kind = Pick<Scene, 'title' | 'control' | 'technique' | 'playbook'>
const extraction: Kind = {
  title: 'Model extraction or harvesting by one caller',
  control: 'IN-1',
  technique: 'atlas.aml.t0024.002',
  playbook: 'throttle-principal',
}
const search: Kind = {
  title: 'Search for an adversarial input',
  control: 'IN-6',
  technique: 'atlas.aml.t0043.001',
  playbook: 'throttle-principal',
}
const outputs: Kind = {
  title: 'Unusual outputs for one caller',
  control: 'OB-4',
  technique: 'atlas.aml.t0054',
  playbook: 'notify-owner',
}
const leak: Kind = { title: '', control: 'IN-5', technique: 'atlas.aml.t0057', playbook: 'notify-owner' }

function ordinary(key: string, tenant: number, requests: number): readonly Line[] {
  return Array.from({ length: requests }, (_, i) =>
    fleet.chat({ key, at: from + (i * day) / requests, prompt: fleet.prompt(tenant) }),
  )
}

const scenes: readonly Scene[] = [
  scene('api-abuse', {
    ...extraction,
    title: 'Last-layer stealing through logit_bias and logprobs',
    playbook: 'contain-key',
    attack: ([key = '']) => lastLayer(fleet, key, from, 60),
    benign: (key) => twoLabels(fleet, key, from, 60),
  }),
  scene('query-distribution', {
    ...extraction,
    attack: ([key = '']) => harvest(fleet, key, from, 150),
    benign: (key) => ordinary(key, 7, 150),
  }),
  scene('unfamiliar-text', {
    ...extraction,
    attack: ([key = '']) => madeUp(fleet, key, from, 150),
    benign: (key) => ordinary(key, 11, 150),
  }),
  {
    ...scene('account-linkage', {
      ...extraction,
      title: 'Accounts that ask by the same templates',
      attack: (keys) => sharedHarvest(fleet, keys, from, 300),
      benign: (key) => [...ordinary(key, 8, 60), ...ordinary(`${key}-2`, 8, 60)],
    }),
    attackers: [1, 2, 3, 4].map((n) => `sk-account-linkage-${n}`),
  },
  scene('class-distance', {
    ...extraction,
    attack: ([key = '']) => foreignInputs(fleet, new Fleet(99), key, from, 70),
    benign: (key) =>
      Array.from({ length: 70 }, (_, i) => fleet.classification(key, from + (i * day) / 70, fleet.input(4))),
  }),
  scene('near-duplicates', {
    ...search,
    attack: ([key = '']) => suffixSearch(fleet, key, from, 140),
    benign: (key) => retries(fleet, 'chat', key, from, 120, day),
  }),
  {
    ...scene('near-duplicates', {
      ...search,
      attack: ([key = '']) => hopSkipJump(fleet, key, from, 3),
      benign: (key) => retries(fleet, 'classifier', key, from, 120, day),
    }),
    attackers: ['sk-hop-skip-jump'],
    twin: 'sk-twin-hop-skip-jump',
  },
  scene('secrets', {
    ...leak,
    title: "Credential in a model's output",
    attack: ([key = '']) =>
      answered(fleet, key, from, `${fleet.answer()} use ${['AKIA', 'QX7TZ4NPL2VWM3RD'].join('')}`),
    benign: (key) => answered(fleet, key, from, `${fleet.answer()} use AKIA followed by 16 letters`),
  }),
  scene('pii', {
    ...leak,
    title: 'Payment or personal number in an output',
    attack: ([key = '']) => answered(fleet, key, from, `${fleet.answer()} card 4539 5787 6362 1486`),
    benign: (key) => answered(fleet, key, from, `${fleet.answer()} order 4539 5787 6362 1487`),
  }),
  scene('canaries', {
    ...leak,
    title: 'Canary came out of a model',
    playbook: 'contain-key',
    attack: ([key = '']) => answered(fleet, key, from, `${fleet.answer()} ${Buffer.from(CANARY).toString('base64')}`),
    benign: (key) => answered(fleet, key, from, `${fleet.answer()} a walrus, 7714 lanterns and a quince`),
  }),
  scene('outcome-rates', {
    ...outputs,
    attack: ([key = '']) => refused(fleet, key, from, 60, 0.7),
    benign: (key) => refused(fleet, key, from, 100, 0.03),
  }),
  scene('divergence', {
    ...leak,
    title: 'Output repeated and then came loose',
    playbook: 'throttle-principal',
    attack: ([key = '']) => answered(fleet, key, from, `${'poem '.repeat(230)} ${fleet.answer(60)}`),
    benign: (key) => answered(fleet, key, from, `${fleet.answer()} ${'no '.repeat(12)} ${fleet.answer(60)}`),
  }),
  scene('output-distribution', {
    ...outputs,
    attack: ([key = '']) => alongBorders(fleet, key, from, 70),
    benign: (key) =>
      Array.from({ length: 70 }, (_, i) => fleet.classification(key, from + (i * day) / 70, fleet.input(9))),
  }),
]

function scene(detector: string, rest: Omit<Scene, 'detector' | 'attackers' | 'twin'>): Scene {
  return { detector, attackers: [`sk-${detector}`], twin: `sk-twin-${detector}`, ...rest }
}

/** Detectors that told a finding, or lay on the scale when it was told. */
function toldBy({ matched, score }: Evidence): readonly unknown[] {
  const weights = /Evidence \S+ to 1 \((.*?)\)/.exec(score?.text ?? '')?.[1]?.split(', ') ?? []
  return [matched['by'], score?.detector, ...weights.map((weight) => weight.split(' ')[0])]
}

/** The principal that a key becomes with the key of `keyedDirectory`. */
const pseudonyms = new Pseudonyms(Buffer.alloc(32, 3))
const principalOf = (key: string): string => pseudonyms.of('key', apiKeyIdentity(key))

function configOf(): string {
  const canary = join(folder, 'canary')
  writeFileSync(canary, CANARY, { mode: 0o600 })
  const marked = { kind: 'canaries', canaries: [{ name: 'crm-row', value: `\${file:${canary}}` }] }
  const secret = join(folder, 'secret')
  writeFileSync(secret, `whsec_${Buffer.alloc(32, 9).toString('base64')}`, { mode: 0o600 })
  const owner = { name: 'owner', url: 'http://127.0.0.1:9/', secret: `\${file:${secret}}` }
  const list = detectors.map(({ kind }) => JSON.stringify(kind === 'canaries' ? marked : { kind }))
  return `
collect:
  - {kind: http, name: push, listen: "127.0.0.1:0"}
detect: [${list.join(', ')}]
alert: {group_wait: 0s, group_interval: 1s}
respond: {mode: live, webhooks: [${JSON.stringify(owner)}]}
${CLASSIFIER_MAPPING}`
}

/** Two weeks ago, of other requests than those of the day that the daemon sees. */
async function freeze(config: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [log, file] = [join(folder, 'benign.ndjson'), join(folder, 'baseline.yaml')]
  const week = [now - 400 * HOUR, 168 * HOUR] as const
  writeFileSync(
    log,
    logOf([...fleet.ordinary('chat', 90, 110, ...week), ...fleet.ordinary('classifier', 70, 132, ...week)]),
  )
  writeFileSync(file, config)
  const made = await modelward(['baseline', log, '-c', file, '--data', data, '--seed', '1', '--json'])
  rmSync(log)
  expect([made.code, made.err]).toEqual([0, expect.any(String)])
  return made.lines
}

async function push(running: Running, lines: readonly Line[]): Promise<void> {
  const address = await eventually(
    'a listener',
    () => running.daemon.addressOf('push'),
    (found) => found !== undefined,
  )
  for (let at = 0; at < lines.length; at += PIECE) {
    const body = logOf(lines.slice(at, at + PIECE))
    const reply = await fetch(`http://${String(address)}/ingest`, { method: 'POST', body })
    expect(reply.status).toBe(202)
  }
  await eventually(
    'everything committed',
    () => running.daemon.desk.status().balance,
    ({ received, inFlight }) => received >= lines.length && inFlight === 0,
    PATIENCE,
  )
}

/** What a gateway is answered that asks 30 times within a minute; a throttle lets ten of them through. */
async function asked({ daemon }: Running, key: string): Promise<readonly number[]> {
  const ask = async (): Promise<number> =>
    (await fetch(new URL('/decide', daemon.consoleAddress), { headers: { authorization: `Bearer ${key}` } })).status
  return Promise.all(Array.from({ length: 30 }, ask))
}

describe('detectors in the daemon', () => {
  let running: Running
  let summary: readonly Readonly<Record<string, unknown>>[]

  beforeAll(async () => {
    keyedDirectory(data)
    const config = configOf()
    summary = await freeze(config)
    const yesterday = [now - 50 * HOUR, 24 * HOUR] as const
    const usual = [
      ...fleet.ordinary('chat', 30, 112, ...yesterday),
      ...fleet.ordinary('classifier', 30, 70, ...yesterday),
    ]
    const acts = scenes.flatMap(({ attack, attackers, benign, twin }) => [...attack(attackers), ...benign(twin)])
    const marked = fleet.classification('sk-twin-output-distribution', now - HOUR, MARKED)
    running = await runDaemon(config, { folder })
    const lines = [...usual, ...acts, marked].toSorted((a, b) => a.at - b.at)
    await push(running, lines)
  }, PATIENCE)

  afterAll(async () => running.stop())

  /** Alerts about a key, alone or with others. */
  const alertsOf = (key: string): readonly Alert[] => {
    const who = principalOf(key)
    const isAbout = ({ principal, principals, evidence }: Alert): boolean =>
      principal === who || principals?.includes(who) || evidence.some(({ ecs }) => ecs['user.id'] === who)
    return running.daemon.desk.alerts({}).filter(isAbout)
  }

  /** The plans for an alert, once there is one for everyone whom it names. */
  const plansFor = async ({ id, principal, principals = [principal ?? ''] }: Alert): Promise<readonly Plan[]> => {
    const plans = await eventually(
      'a plan for each',
      () => running.daemon.desk.plans().filter(({ alert }) => alert === id),
      (found) => found.length >= principals.length,
    )
    expect(plans.map(({ target }) => target.principal).toSorted()).toEqual(principals.toSorted())
    return plans
  }

  test.each(scenes)('$detector: $title, and its containment is planned', async (scene) => {
    const { detector, attackers, title, control, technique, playbook } = scene
    const alert = attackers.flatMap(alertsOf).find(({ rule }) => rule.title === title)
    expect(alert).toBeDefined()
    expect(alert?.rule.controls).toContain(control)
    expect(alert?.rule.tags).toContain(technique)
    expect(alert?.evidence.flatMap(toldBy)).toContain(detector)
    if (!alert) return
    for (const plan of await plansFor(alert)) expect(plan).toMatchObject({ playbook, states: [{ state: 'planned' }] })
  })

  test('linked accounts: one alert names several, each is slowed down once approved, and let go again', async () => {
    const { desk } = running.daemon
    const { attackers } = scenes.find(({ detector }) => detector === 'account-linkage') ?? { attackers: [] }
    const alert = attackers.flatMap(alertsOf).find(({ principals = [] }) => principals.length > 1)
    if (!alert) throw new Error('no alert about several accounts')
    const plans = await plansFor(alert)
    const named = attackers.filter((key) => alert.principals?.includes(principalOf(key)))
    expect(named).toHaveLength(plans.length)
    expect(new Set(plans.map(({ digest }) => digest)).size).toBe(plans.length)

    const slowed = async (): Promise<readonly string[]> => {
      const turnedAway = await Promise.all(attackers.map(async (key) => (await asked(running, key)).includes(429)))
      return attackers.filter((_, i) => turnedAway[i])
    }
    expect(await slowed()).toEqual([])
    const [first, ...others] = plans
    await desk.approve(first?.id ?? '', first?.digest ?? '', 'ana')
    expect((await slowed()).map(principalOf)).toEqual([first?.target.principal])
    for (const { id, digest } of others) await desk.approve(id, digest, 'ana')
    expect(await slowed()).toEqual(named)
    for (const { id } of plans) await desk.revert(id, 'ana')
    expect(await slowed()).toEqual([])

    const shown = await modelward(['alerts', alert.id, '--data', data, '--json'])
    expect(shown.lines[0]).toMatchObject({
      modelward: { alert: { principals: alert.principals } },
      related: { user: expect.arrayContaining([...(alert.principals ?? [])]) as unknown },
    })
  })

  test.each(scenes)('$detector: the twin stays quiet', ({ twin }) => {
    const told = [twin, `${twin}-2`].flatMap(alertsOf).filter(({ rule }) => rule.title !== 'First request of a caller')
    expect(told.map(({ rule, reason }) => [rule.title, reason])).toEqual([])
    const targets = running.daemon.desk.plans().map(({ target }) => target.principal)
    for (const key of [twin, `${twin}-2`]) expect(targets).not.toContain(principalOf(key))
  })

  test('the ordinary fleet costs no more than the budget, and the baseline measured no more', () => {
    const keys = ['chat', 'classifier'].flatMap((kind) => Array.from({ length: 30 }, (_, i) => `sk-${kind}-${i}`))
    const told = keys.flatMap(alertsOf).map(({ rule, reason }) => [rule.title, reason])
    // One false alarm a week, of sixty callers and a day.
    expect(told.slice(1)).toEqual([])
    expect(summary.at(-1)).toMatchObject({ kind: 'summary', promised_per_week: 1 })
    expect(summary.at(-1)?.['alarms']).toBeLessThanOrEqual(1)
  })

  test(
    'no prompt, answer or vector stands on the disk',
    async () => {
      const [asked, input] = [
        fleet.chat({ key: '', at: 0, prompt: fleet.prompt(1) }),
        fleet.classification('', 0, MARKED),
      ]
      expect(
        [tracesIn(asked.text), tracesIn(input.text), tracesIn(bytesOf(MARKED))].map((found) => found.length),
      ).toEqual([1, 1, 1])
      // Pushed records stand in the journal until they are committed.
      await eventually(
        'a data directory without what was asked and answered',
        () => filesBelow(data).flatMap((file) => tracesIn(readFileSync(file, 'latin1')).map((found) => [file, found])),
        (found) => found.length === 0,
      )
    },
    PATIENCE,
  )
})

const VECTOR_TRACES = [
  // Neighbours in JSON, and as bytes.
  ...MARKED.slice(1).map((value, i) => `${MARKED[i] ?? ''},${value}`),
  ...[Float32Array, Float64Array].flatMap((Numbers) =>
    Array.from({ length: 16 }, (_, i) => bytesOf(MARKED.slice(4 * i, 4 * i + 4), Numbers)),
  ),
]

function bytesOf(numbers: Vector, Numbers: Float32ArrayConstructor | Float64ArrayConstructor = Float32Array): string {
  return Buffer.from(Numbers.from(numbers).buffer).toString('latin1')
}

/** What of a request, if any, stands in these bytes as it stood in it. */
function tracesIn(bytes: string): readonly string[] {
  const [speech] = SPEECH.exec(bytes) ?? []
  const texts = [CANARY, 'poem poem'].filter((text) => bytes.includes(text))
  const isVector = VECTOR_TRACES.some((part) => bytes.includes(part))
  return [...(speech === undefined ? [] : [speech]), ...texts, ...(isVector ? ['a vector'] : [])]
}

function filesBelow(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile())
}
