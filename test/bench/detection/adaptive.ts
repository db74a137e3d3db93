import type { Kernels } from '../../../src/contract/compute.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { openCompute } from '../../../src/detect/compute/open.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { DetectorLine, freezeAll, type StoredState } from '../../support/detector-line.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { readMnist } from '../../support/mnist.ts'
import { trainVictim } from '../../support/victim.ts'
import type { Bench, Case } from '../bench.ts'
import type { Query } from './attacks/attack.ts'
import { attackers, benign, diluted, type World } from './image-clients.ts'
import { drawn, eventsOf, readTenants, shuffled, type Tenant } from './text-tenants.ts'

const SEEDS = [1, 2, 3]
/** For each seed and tactic. */
const ATTACKERS = 10
/** Requests that a harvester wants answered, and queries of one attack on an image. */
const [HARVEST, SEARCH] = [400, 256]
/** Benign requests for each one of the attack. */
const DILUTIONS = [0, 1, 3, 9, 19] as const
const ACCOUNTS = [1, 4, 16, 40] as const
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const TEXT_CLIENTS = { refer: 60, calibrate: 300, measure: 60, length: 100 } as const
/** Templates of one tenant. */
const TEMPLATES = 3
const IMAGE_CLIENTS = { refer: 40, calibrate: 120, measure: 40, length: 128 } as const
const IMAGE_ATTACKS = ['NES sigma 0.03', 'HopSkipJump'] as const
const BATCH = 500
/** The name that evidence has as a score. */
const EVIDENCE = 'evidence'
/** Shares under which a detector counts as evaded. */
const EVADED = [0.5, 0.05] as const

/** How an attacker who knows the method goes about it. */
interface Tactic {
  readonly name: string
  readonly dilution: number
  readonly accounts: number
  readonly pace: number
  /** Accounts are drawn at random for each request; else they take turns. */
  readonly isMixed?: boolean
}

const tactics: readonly Tactic[] = [
  ...DILUTIONS.map((dilution) => ({ name: `1:${dilution}, 1 account`, dilution, accounts: 1, pace: SECOND_MS })),
  ...ACCOUNTS.slice(1).map((accounts) => ({
    name: `1:0, ${accounts} accounts`,
    dilution: 0,
    accounts,
    pace: SECOND_MS,
  })),
  ...ACCOUNTS.slice(1).map((accounts) => ({
    name: `1:3, ${accounts} accounts`,
    dilution: 3,
    accounts,
    pace: SECOND_MS,
  })),
  { name: '1:0, 16 accounts in random order', dilution: 0, accounts: 16, pace: SECOND_MS, isMixed: true },
  { name: '1:0, 16 accounts, a minute apart', dilution: 0, accounts: 16, pace: MINUTE_MS },
  { name: '1:0, 1 account, an hour apart', dilution: 0, accounts: 1, pace: HOUR_MS },
]

/** Events of one attack, all accounts together in order of time. */
type Attack = (tactic: Tactic, n: number) => readonly Event[]

/** What came out of one seed: benign callers told of, and attackers found by tactic. */
interface Round {
  readonly quiet: number
  readonly benign: number
  readonly hits: ReadonlyMap<Tactic, number>
}

/** Whom the detectors are made ready with. */
interface Fleet {
  readonly refer: readonly (readonly Event[])[]
  readonly calibrate: readonly (readonly Event[])[]
  readonly measure: readonly (readonly Event[])[]
}

/**
 * E6: an attacker who knows the method dilutes with what a tenant asks, paces, and splits over accounts, each of which has
 * its own part of the templates. Through all detectors and the evidence with the default budget; found is who has an
 * evidence told of any account. The cost is in requests for each one wanted, and in accounts. Every attacker meets the
 * same fleet: state is put back after each.
 */
export const adaptive: Bench = {
  name: 'adaptive',
  summary: 'E6: a tuned adversary dilutes, paces, imitates and splits accounts: what it costs to stay under the budget',
  async run(report) {
    await using compute = await openCompute('wasm', given())
    const rounds = new Map<string, Round[]>()
    for (const seed of SEEDS) {
      const names = [`harvest of ${HARVEST}`, ...IMAGE_ATTACKS.map((name) => `${name}, ${SEARCH} queries`)]
      const own = [await harvests(compute, seed, report), ...(await searches(compute, seed, report))]
      for (const [i, name] of names.entries()) rounds.set(name, [...(rounds.get(name) ?? []), ...own.slice(i, i + 1)])
      report(`seed ${seed} of ${SEEDS.length}`)
    }
    return [...rounds].flatMap(([name, own]) => casesOf(name, own))
  },
}

async function harvests(compute: Kernels, seed: number, report: (message: string) => void): Promise<Round> {
  const random = seededRandom(seed)
  const tenants = shuffled(readTenants(), random)
  const third = Math.floor(tenants.length / 3)
  const [refer, calibrate, rest] = [0, 1, 2].map((part) => tenants.slice(part * third, (part + 1) * third))
  const clients = (name: string, count: number, from: readonly Tenant[] = []): readonly (readonly Event[])[] =>
    Array.from({ length: count }, (_, i) => {
      const own = drawn(from, TEMPLATES, random).flatMap(({ requests }) => requests)
      return eventsOf(`${name}:${i}`, drawn(own, TEXT_CLIENTS.length, random))
    })
  const fleet = {
    refer: clients('refer', TEXT_CLIENTS.refer, refer),
    calibrate: clients('calibrate', TEXT_CLIENTS.calibrate, calibrate),
    measure: clients('measure', TEXT_CLIENTS.measure, rest),
  }
  const attack: Attack = (tactic, n) => {
    const parts = shuffled(tenants, random)
    return accountsOf(tactic, HARVEST, random, (account, count) => {
      const own = parts.filter((_, i) => i % tactic.accounts === account)
      const wanted = drawn(
        own.flatMap(({ requests }) => requests),
        count,
        random,
      )
      // As broad as a tenant: one of fewer templates than theirs would be odd by itself.
      const cover = drawn(rest ?? [], TEMPLATES, random).flatMap(({ requests }) => requests)
      const all = wanted.flatMap((request) => shuffled([request, ...drawn(cover, tactic.dilution, random)], random))
      return eventsOf(nameOf(n, account), all)
    })
  }
  return measured(compute, fleet, attack, report)
}

async function searches(compute: Kernels, seed: number, report: (message: string) => void): Promise<readonly Round[]> {
  const random = seededRandom(seed)
  const train = readMnist('train')
  const victim = trainVictim(seed, train)
  const world = { images: readMnist('test'), victim }
  const fleet = {
    refer: imageClients('refer', IMAGE_CLIENTS.refer, { images: train, victim }, random),
    calibrate: imageClients('calibrate', IMAGE_CLIENTS.calibrate, { images: train, victim }, random),
    measure: imageClients('measure', IMAGE_CLIENTS.measure, world, random),
  }
  const rounds: Round[] = []
  for (const name of IMAGE_ATTACKS) {
    const attack: Attack = (tactic, n) => {
      const queries = attackers[name]?.(world, SEARCH, random) ?? []
      return accountsOf(tactic, SEARCH, random, (account) => {
        const own = queries.filter((_, i) => i % tactic.accounts === account)
        return imageEvents(nameOf(n, account), diluted(own, tactic.dilution, world, random))
      })
    }
    rounds.push(await measured(compute, fleet, attack, report))
  }
  return rounds
}

/** Pseudonyms are short. State is put back after each attack, so that tactics may have the same. */
function nameOf(attacker: number, account: number): string {
  return `key:attacker${attacker}.${account}`
}

function imageClients(name: string, count: number, world: World, random: Random): readonly (readonly Event[])[] {
  return Array.from({ length: count }, (_, i) =>
    imageEvents(`${name}:${i}`, benign['images at random']?.(world, IMAGE_CLIENTS.length, random) ?? []),
  )
}

function imageEvents(principal: string, queries: readonly Query[]): readonly Event[] {
  return queries.map(({ x, answer }) =>
    event({ principal, inference: { features: x, output: String(answer), label: String(answer) } }),
  )
}

/** Accounts take turns; `made` gives the requests of one, with so many that are wanted. */
function accountsOf(
  { accounts, pace, isMixed = false }: Tactic,
  wanted: number,
  random: Random,
  made: (account: number, count: number) => readonly Event[],
): readonly Event[] {
  const lanes = Array.from({ length: accounts }, (_, account) => made(account, Math.ceil(wanted / accounts)))
  const longest = Math.max(...lanes.map(({ length }) => length))
  const turns = Array.from({ length: longest }, (_, i) => lanes.flatMap((lane) => lane[i] ?? []))
  let at = Date.UTC(2026, 1, 2)
  return (isMixed ? mixed(lanes, random) : turns.flat()).map((each) => {
    // An answer takes now less, now more.
    const step = Math.round(pace * (0.5 + random.next()))
    at += step
    const inference = each.inference && { ...each.inference, latencyMs: Math.min(step, SECOND_MS) }
    return { ...each, at, receivedAt: at, ...(inference ? { inference } : {}) }
  })
}

/** Each lane in its own order, and which comes next drawn at random. */
function mixed(lanes: readonly (readonly Event[])[], random: Random): readonly Event[] {
  const waiting = lanes.map((lane) => [...lane])
  const order = shuffled(
    lanes.flatMap((lane, i) => lane.map(() => i)),
    random,
  )
  return order.flatMap((lane) => waiting[lane]?.shift() ?? [])
}

async function measured(
  compute: Kernels,
  { refer, calibrate, measure }: Fleet,
  attack: Attack,
  report: (message: string) => void,
): Promise<Round> {
  const configs = { 'query-distribution': { windows: [50] } }
  const { references } = await freezeAll(
    compute,
    () => refer,
    () => calibrate,
    configs,
  )
  await using line = await DetectorLine.open({ compute, references, configs })
  for (const events of calibrate) await line.pass(events)
  const quiet = await found(line, measure)
  const state: StoredState = new Map()
  line.store(state)
  report(`${references.size} references, ${quiet} of ${measure.length} benign callers told of`)
  const hits = new Map<Tactic, number>()
  for (const tactic of tactics) {
    let told = 0
    for (let n = 0; n < ATTACKERS; n++) {
      line.restore(state)
      if ((await found(line, [attack(tactic, n)])) > 0) told++
    }
    hits.set(tactic, told)
    report(`${tactic.name}: ${told} of ${ATTACKERS}`)
  }
  return { quiet, benign: measure.length, hits }
}

/** All seeds together. */
function casesOf(name: string, rounds: readonly Round[]): readonly Case[] {
  const sum = (count: (round: Round) => number): number => rounds.reduce((all, round) => all + count(round), 0)
  const attackersRun = ATTACKERS * rounds.length
  const hitsOf = (tactic: Tactic): number => sum(({ hits }) => hits.get(tactic) ?? 0)
  const shares = new Map(tactics.map((tactic) => [tactic, hitsOf(tactic) / attackersRun]))
  return [
    shareOf(
      `${name}: benign callers told of`,
      sum(({ quiet }) => quiet),
      sum(({ benign }) => benign),
    ),
    ...tactics.map((tactic) => shareOf(`${name}, ${tactic.name}: attackers found`, hitsOf(tactic), attackersRun)),
    ...EVADED.flatMap((share) => costsOf(name, shares, share)),
  ]
}

/** In how many of the streams evidence on someone was told. */
async function found(line: DetectorLine, streams: readonly (readonly Event[])[]): Promise<number> {
  let told = 0
  for (const events of streams) {
    let isTold = false
    for (let from = 0; from < events.length && !isTold; from += BATCH) {
      const scores = await line.pass(events.slice(from, from + BATCH))
      isTold = scores.some(({ detector }) => detector === EVIDENCE)
    }
    if (isTold) told++
  }
  return told
}

/** The cheapest way, in requests and in accounts, to be found less often than `share`. */
function costsOf(name: string, shares: ReadonlyMap<Tactic, number>, share: number): readonly Case[] {
  const evading = [...shares].filter(([, rate]) => rate < share).map(([tactic]) => tactic)
  const dilution = Math.min(...evading.filter(({ accounts }) => accounts === 1).map((tactic) => tactic.dilution))
  const accounts = Math.min(...evading.filter((tactic) => tactic.dilution === 0).map((tactic) => tactic.accounts))
  const cost = (what: string, value: number, unit: string, beyond: string): Case => ({
    ...row(`${name}: ${what} for under ${100 * share} %`, Number.isFinite(value) ? value : null, unit),
    peer: Number.isFinite(value) ? null : beyond,
  })
  return [
    cost('requests for each one wanted, 1 account', dilution + 1, 'requests', `more than ${DILUTIONS.at(-1)} to 1`),
    cost('accounts, nothing mixed in', accounts, 'accounts', `more than ${ACCOUNTS.at(-1)}`),
  ]
}

/** With Wilson's interval, 95 %. */
function shareOf(name: string, hits: number, of: number): Case {
  const z = 1.96
  const rate = hits / of
  const middle = rate + z ** 2 / (2 * of)
  const spread = z * Math.sqrt((rate * (1 - rate)) / of + z ** 2 / (4 * of ** 2))
  const [low, high] = [middle - spread, middle + spread].map((end) => (100 * end) / (1 + z ** 2 / of))
  const interval = `95 %: ${Math.max(0, low ?? 0).toFixed(1)}–${Math.min(100, high ?? 100).toFixed(1)} of ${of}`
  return { ...row(name, 100 * rate, '%'), peer: interval }
}

function row(name: string, value: number | null, unit: string): Case {
  return { bench: 'adaptive', case: name, value, unit, runs: SEEDS.length, peer: null, ratio: null }
}
