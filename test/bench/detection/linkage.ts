import type { DetectorContext, Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { accountLinkage } from '../../../src/detect/extraction/linkage/linkage.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import type { Bench, Case } from '../bench.ts'
import { benignFleets, harvestOf, lookAt, type Found } from './linkage-fleets.ts'
import { bootstrap, drawn, eventsOf, readTenants, shuffled } from './text-tenants.ts'
import type { Tenant } from './text-tenants.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]
/** Accounts among which one harvest of all templates is shared out. */
const ACCOUNTS = [5, 20, 100] as const
const LENGTH = 200
const LEVELS = [0.05, 0.01] as const
/** What one window needs to reach the default budget by itself. */
const ENOUGH = 1.25e-4
/** Accounts of one harvest of 400, and the share of it in all traffic: one request in so many. */
const HARVESTERS = [4, 16, 40] as const
const ONE_IN = [1, 4, 10] as const
/** Fleets of each seed and harvest. */
const FLEETS = 5

/** p-values of one account's windows. */
type Account = readonly number[]

/**
 * Sybils on T0: tenants of one template each, and accounts that draw from all 123 (identities are synthetic). Templates
 * are parted at random by seed into thirds: the reference, tenants that calibrate, tenants that are measured. The
 * measured tenants come first, so that their templates are known when the sybils come. Then whole fleets in order of time:
 * benign ones that look linked, and harvests of 400 parted among accounts that take turns, by the smallest p-value of a
 * cluster's windows.
 */
export const linkage: Bench = {
  name: 'linkage',
  summary: 'account-linkage: accounts that share out a harvest of all T0 templates, against tenants of one',
  async run(report) {
    const found = new Map<string, Account[]>()
    for (const seed of SEEDS) {
      await measure(readTenants(), seed, found)
      report(`seed ${seed} of ${SEEDS.length}`)
    }
    const rates = [...found].flatMap(([name, accounts]) => LEVELS.map((level) => caseOf(name, accounts, level)))
    return [...rates, ...(await quietFleets(report)), ...(await harvestedFleets(report))]
  },
}

/** Benign accounts of whom a window is as unlikely as that, and those that are linked. */
async function quietFleets(report: (message: string) => void): Promise<readonly Case[]> {
  const found = new Map<string, Found[]>()
  for (const seed of SEEDS) {
    for (const [name, own] of await lookAt(readTenants(), seed, benignFleets, () => true))
      found.set(name, [...(found.get(name) ?? []), own])
    report(`benign fleets, seed ${seed} of ${SEEDS.length}`)
  }
  return [...found].flatMap(([name, fleets]) => {
    const smallest = fleets.flatMap((own) => own.smallest)
    const linked = fleets.reduce((sum, own) => sum + own.linked, 0)
    return [
      shareOf(`${name}: in a cluster`, linked, smallest.length),
      ...[0.01, ENOUGH].map((level) =>
        shareOf(`${name}: told with p ≤ ${level}`, smallest.filter((p) => p <= level).length, smallest.length),
      ),
    ]
  })
}

async function harvestedFleets(report: (message: string) => void): Promise<readonly Case[]> {
  const harvests = HARVESTERS.flatMap((accounts) =>
    (['in turn', 'at random'] as const).flatMap((order) =>
      ONE_IN.map((oneIn) => ({
        name: `${accounts} accounts ${order}, one request in ${oneIn} theirs`,
        fleet: harvestOf(accounts, true, order, oneIn),
      })),
    ),
  )
  const again = Array.from({ length: FLEETS }, (_, i) => i)
  const fleets = Object.fromEntries(
    harvests.flatMap(({ name, fleet }) => again.map((i) => [`${name} ${i}`, fleet] as const)),
  )
  const hits = new Map<string, number>()
  for (const seed of SEEDS) {
    const found = await lookAt(readTenants(), seed, fleets, (principal) => principal.startsWith('key:sybil'))
    for (const { name } of harvests) {
      const told = again.filter((i) => found.get(`${name} ${i}`)?.smallest.some((p) => p <= ENOUGH))
      hits.set(name, (hits.get(name) ?? 0) + told.length)
    }
    report(`harvests, seed ${seed} of ${SEEDS.length}`)
  }
  return [...hits].map(([name, told]) =>
    shareOf(`harvest of 400, ${name}: told with p ≤ ${ENOUGH}`, told, SEEDS.length * FLEETS),
  )
}

async function measure(tenants: readonly Tenant[], seed: number, found: Map<string, Account[]>): Promise<void> {
  const random = seededRandom(seed)
  const mixed = shuffled(tenants, random)
  const third = Math.floor(mixed.length / 3)
  const config = accountLinkage.config.parse({})
  const clients = (from: number, to: number): Event[] =>
    inTurn(mixed.slice(from, to).map(({ name, requests }) => eventsOf(nameOf(name), shuffled(requests, random))))
  const maker = accountLinkage.baseline?.(config, contextOf(undefined))
  if (!maker) throw new Error('the detector makes no reference')
  await maker.refer(clients(0, third))
  await maker.calibrate(clients(third, 2 * third))
  const frozen = await maker.freeze()
  if ('refused' in frozen) throw new Error(frozen.refused)
  for (const accounts of ACCOUNTS) {
    const detector = await accountLinkage.open(config, contextOf(frozen.reference))
    const run = (events: readonly Event[]): readonly Score[] =>
      events.flatMap((event) => {
        const scores = detector.score(event)
        detector.learn(event)
        return scores
      })
    const benign = run(clients(2 * third, mixed.length))
    if (accounts === ACCOUNTS[0]) add(found, 'false alarms', benign)
    const requests = tenants.flatMap((tenant) => tenant.requests)
    const sybils = Array.from({ length: accounts }, (_, n) =>
      eventsOf(`key:sybil${n}`, drawn(requests, LENGTH, random)),
    )
    add(found, `${accounts} sybils`, run(inTurn(sybils)))
  }
}

function contextOf(reference: Uint8Array | undefined): DetectorContext {
  return { ...given(accountLinkage.kind), compute: openRef(), reference, key: new Uint8Array(32).fill(1) }
}

/** Pseudonyms are short. */
function nameOf(tenant: string): string {
  return `key:${tenant}`.slice(0, 40)
}

/** The first request of each client, then the second of each, and so on. */
function inTurn(clients: readonly (readonly Event[])[]): Event[] {
  return Array.from({ length: LENGTH }, (_, i) => clients.flatMap((events) => events[i] ?? [])).flat()
}

function add(found: Map<string, Account[]>, name: string, scores: readonly Score[]): void {
  const accounts = Map.groupBy(scores, ({ principal }) => principal)
  const ps = [...accounts.values()].map((own) => own.map(({ p }) => p ?? 1))
  found.set(name, [...(found.get(name) ?? []), ...ps])
}

function caseOf(name: string, accounts: readonly Account[], level: number): Case {
  const rate = (some: readonly Account[]): number => {
    const ps = some.flat()
    return (100 * ps.filter((p) => p <= level).length) / ps.length
  }
  const [low, high] = bootstrap(accounts, rate, seededRandom(1))
  return {
    bench: linkage.name,
    case: `${name} at p ≤ ${level} (95 % ${low.toFixed(1)}–${high.toFixed(1)})`,
    value: rate(accounts),
    unit: '%',
    runs: SEEDS.length,
    peer: null,
    ratio: null,
  }
}

/** With Wilson's interval, 95 %. */
function shareOf(name: string, hits: number, of: number): Case {
  const z = 1.96
  const rate = of === 0 ? 0 : hits / of
  const count = Math.max(1, of)
  const middle = rate + z ** 2 / (2 * count)
  const spread = z * Math.sqrt((rate * (1 - rate)) / count + z ** 2 / (4 * count ** 2))
  const [low = 0, high = 1] = [middle - spread, middle + spread].map((end) => (100 * end) / (1 + z ** 2 / count))
  return {
    bench: linkage.name,
    case: name,
    value: 100 * rate,
    unit: '%',
    runs: SEEDS.length,
    peer: `95 %: ${Math.max(0, low).toFixed(1)}–${Math.min(100, high).toFixed(1)} of ${of}`,
    ratio: null,
  }
}
