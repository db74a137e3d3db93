import type { Kernels } from '../../../src/contract/compute.ts'
import type { Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { openCompute } from '../../../src/detect/compute/open.ts'
import { queryDistribution } from '../../../src/detect/extraction/distribution/distribution.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import type { Bench, Case } from '../bench.ts'
import { attackScores, baselined, drawn, eventsOf, fleetScores, readTenants, shuffled } from './text-tenants.ts'
import type { Tenant } from './text-tenants.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]
const WINDOWS = [50, 100, 200] as const
/** Templates of one tenant. */
const BREADTHS = [1, 3, 10] as const
/** Tenants of more than one template that are drawn for calibrating, and as many to measure on. */
const TENANTS = 300
const ATTACKERS = 100
/** Requests of every client. */
const LENGTH = 200
/** Templates that each account keeps to when a harvester parts them among its accounts. */
const PARTED = [10, 3] as const
const ALARM = 0.01
const ROUNDS = 500

/** The distances and p-values of one client's windows of one size. */
interface Client {
  readonly distances: readonly number[]
  readonly alarms: readonly boolean[]
}

/** Clients of one seed. */
interface Round {
  readonly benign: readonly Client[]
  readonly attackers: readonly Client[]
}

/**
 * Harvesting on T0: tenants ask for 1, 3 or 10 task templates, a harvester for all 123 (identities are synthetic).
 * Templates are parted at random by seed into thirds: the reference, tenants that calibrate, tenants that are measured.
 * Sybils who draw from all templates are harvesters each with 50 to 200 requests; those who part the templates are
 * measured by themselves.
 */
export const harvest: Bench = {
  name: 'harvest',
  summary: 'query-distribution: a harvester of all T0 templates, and its sybils, against tenants of 1, 3 and 10',
  async run(report) {
    await using compute = await openCompute('wasm', given())
    const tenants = readTenants()
    const rounds = new Map<string, Round[]>()
    for (const seed of SEEDS) {
      for (const breadth of BREADTHS)
        for (const [name, round] of await measure(compute, tenants, breadth, seed))
          rounds.set(name, [...(rounds.get(name) ?? []), round])
      report(`seed ${seed} of ${SEEDS.length}`)
    }
    return [...rounds].flatMap(([name, all]) => casesOf(name, all))
  },
}

async function measure(
  compute: Kernels,
  tenants: readonly Tenant[],
  breadth: number,
  seed: number,
): Promise<Map<string, Round>> {
  const random = seededRandom(seed)
  const mixed = shuffled(tenants, random)
  const third = Math.floor(mixed.length / 3)
  const [refer, calibrate, rest] = [mixed.slice(0, third), mixed.slice(third, 2 * third), mixed.slice(2 * third)]
  const detector = await baselined(
    queryDistribution,
    compute,
    WINDOWS,
    random,
    refer.map(({ name, requests }) => eventsOf(`reference ${name}`, requests)),
    clientsOf('calibrating', calibrate, breadth, random),
  )
  const { scores: benign, fleet } = await fleetScores(detector, clientsOf('benign', rest, breadth, random))
  const found = new Map<string, Round>()
  for (const [name, each] of [['all templates', tenants.length] as const, ...PARTED.map(partedBy)]) {
    const attackers = await attackScores(
      detector,
      fleet,
      Array.from({ length: ATTACKERS }, (_, n) => clientOf(`${name} ${n}`, tenants, each, random)),
    )
    for (const size of WINDOWS)
      found.set(`${name}, tenants of ${breadth}, ${size} requests`, {
        benign: benign.map((scores) => clientIn(scores, size)).filter(({ alarms }) => alarms.length > 0),
        attackers: attackers.map((scores) => clientIn(scores, size)),
      })
  }
  return found
}

function partedBy(each: number): readonly [string, number] {
  return [`sybils of ${each} templates`, each]
}

function clientsOf(name: string, from: readonly Tenant[], breadth: number, random: Random): Event[][] {
  if (breadth === 1) return from.map((tenant) => eventsOf(`${name} ${tenant.name}`, shuffled(tenant.requests, random)))
  return Array.from({ length: TENANTS }, (_, n) => clientOf(`${name} ${n}`, from, breadth, random))
}

function clientOf(name: string, from: readonly Tenant[], breadth: number, random: Random): Event[] {
  const requests = drawn(from, breadth, random).flatMap((tenant) => tenant.requests)
  return eventsOf(name, drawn(requests, LENGTH, random))
}

function clientIn(scores: readonly Score[], size: number): Client {
  const own = scores.filter(({ part }) => part === String(size))
  return {
    distances: own.map(({ explain }) => explain.seen),
    alarms: own.map(({ p }) => p !== null && p <= ALARM),
  }
}

function casesOf(name: string, rounds: readonly Round[]): readonly Case[] {
  const figures = {
    AUROC: [areaOf, ''],
    'found at 1 % false alarms': [foundOf, '%'],
    [`found at p ≤ ${ALARM}`]: [({ attackers }: Round) => alarmsOf(attackers), '%'],
    [`false alarms at p ≤ ${ALARM}`]: [({ benign }: Round) => alarmsOf(benign), '%'],
  } as const
  return Object.entries(figures).map(([figure, [statistic, unit]]) => {
    const scale = unit === '%' ? 100 : 1
    const [low, high] = interval(rounds, statistic)
    return {
      bench: harvest.name,
      case: `${name}: ${figure} (95 % ${(scale * low).toFixed(3)}–${(scale * high).toFixed(3)})`,
      value: scale * meanOver(rounds, statistic),
      unit,
      runs: rounds.length,
      peer: null,
      ratio: null,
    }
  })
}

/** How often an attacker's window is nearer to the reference than a tenant's. */
function areaOf({ benign, attackers }: Round): number {
  const sorted = benign.flatMap(({ distances }) => distances).toSorted((a, b) => a - b)
  const theirs = attackers.flatMap(({ distances }) => distances)
  let sum = 0
  for (const distance of theirs) {
    const [upTo, below] = [rankOf(sorted, distance, true), rankOf(sorted, distance, false)]
    sum += (sorted.length - upTo + (upTo - below) / 2) / sorted.length
  }
  return sum / theirs.length
}

/** Attackers' windows below the distance that at most 1 % of the tenants' windows are below. */
function foundOf({ benign, attackers }: Round): number {
  const sorted = benign.flatMap(({ distances }) => distances).toSorted((a, b) => a - b)
  const threshold = sorted[Math.floor(0.01 * sorted.length)] ?? 0
  const theirs = attackers.flatMap(({ distances }) => distances)
  return theirs.filter((distance) => distance < threshold).length / theirs.length
}

function alarmsOf(clients: readonly Client[]): number {
  const alarms = clients.flatMap((client) => client.alarms)
  return alarms.filter(Boolean).length / alarms.length
}

/** How many of ascending values are below `value`, or at most that. */
function rankOf(sorted: readonly number[], value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const found = sorted[middle] ?? 0
    if (found < value || (orEqual && found === value)) low = middle + 1
    else high = middle
  }
  return low
}

function meanOver(rounds: readonly Round[], statistic: (round: Round) => number): number {
  return rounds.reduce((sum, round) => sum + statistic(round), 0) / rounds.length
}

/** The middle 95 % when the clients of each seed are drawn anew with all their windows, on both sides. */
function interval(rounds: readonly Round[], statistic: (round: Round) => number): readonly [number, number] {
  const random = seededRandom(1)
  const again = <Item>(items: readonly Item[]): Item[] =>
    items.flatMap(() => items[Math.floor(random.next() * items.length)] ?? [])
  const values = Array.from({ length: ROUNDS }, () =>
    meanOver(
      rounds.map(({ benign, attackers }) => ({ benign: again(benign), attackers: again(attackers) })),
      statistic,
    ),
  ).toSorted((a, b) => a - b)
  return [values[Math.floor(0.025 * ROUNDS)] ?? NaN, values[Math.floor(0.975 * ROUNDS)] ?? NaN]
}
