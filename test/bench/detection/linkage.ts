import type { DetectorContext, Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { accountLinkage } from '../../../src/detect/extraction/linkage/linkage.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import type { Bench, Case } from '../bench.ts'
import { bootstrap, drawn, eventsOf, readTenants, shuffled } from './text-tenants.ts'
import type { Tenant } from './text-tenants.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]
/** Accounts among which one harvest of all templates is shared out. */
const ACCOUNTS = [5, 20, 100] as const
const LENGTH = 200
const LEVELS = [0.05, 0.01] as const

/** p-values of one account's windows. */
type Account = readonly number[]

/**
 * Sybils on T0: tenants of one template each, and accounts that draw from all 123 (identities are synthetic). Templates
 * are parted at random by seed into thirds: the reference, tenants that calibrate, tenants that are measured. The
 * measured tenants come first, so that their templates are known when the sybils come.
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
    return [...found].flatMap(([name, accounts]) => LEVELS.map((level) => caseOf(name, accounts, level)))
  },
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
