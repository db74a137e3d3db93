import type { Kernels } from '../../../src/contract/compute.ts'
import type { DetectorPlugin, Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { openCompute } from '../../../src/detect/compute/open.ts'
import { queryDistribution } from '../../../src/detect/extraction/distribution/distribution.ts'
import { unfamiliarText } from '../../../src/detect/extraction/unfamiliar/unfamiliar.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import type { Bench, Case } from '../bench.ts'
import { alarmsOf, randomWords, rateOf, readSentences, rowOf } from './text-attacks.ts'
import type { Alarms } from './text-attacks.ts'
import { attackScores, baselined, drawn, eventsOf, fleetScores, readTenants, shuffled } from './text-tenants.ts'
import type { Request } from './text-tenants.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
/** Each is one detector's windows; the last is the length of a client. */
const WINDOWS = [
  [100, 500, 1_500],
  [100, 200, 1_000],
] as const
const CONTAMINATIONS = [0.05, 0.1, 0.25, 0.5, 1] as const
/** Clients on which windows are calibrated: enough to measure p-values down to ALARM. */
const CALIBRATING = 700
const ATTACKERS = 12

const PLUGINS: readonly DetectorPlugin<unknown>[] = [queryDistribution, unfamiliarText]

interface Tally {
  readonly benign: Alarms[]
  readonly attacks: Map<string, Alarms[]>
}

/**
 * Extraction after arXiv 2606.05725, table "windows": one service with the traffic of all T0 tenants, of which clients
 * draw; attackers send random words of its vocabulary with its lengths, or sentences from elsewhere (the texts of
 * presidio-research), among benign requests. Prompts are parted at random by seed: a quarter is the reference, half is
 * what calibrating clients draw from, a quarter is measured on. Benign windows do not overlap within a seed.
 */
export const textExtraction: Bench = {
  name: 'text-extraction',
  summary:
    'query-distribution, unfamiliar-text: random words and foreign sentences among T0 prompts, windows of 100 to 1,500',
  async run(report) {
    await using compute = await openCompute('wasm', given())
    const requests = readTenants().flatMap((tenant) => tenant.requests)
    const sentences = readSentences()
    const cases: Case[] = []
    for (const plugin of PLUGINS) {
      const tallies = new Map<number, Tally>()
      for (const seed of SEEDS) {
        await measure(plugin, compute, requests, sentences, seed, tallies)
        report(`${plugin.kind}: seed ${seed} of ${SEEDS.length}`)
      }
      cases.push(...casesOf(plugin.kind, tallies))
    }
    return cases
  },
}

async function measure(
  plugin: DetectorPlugin<unknown>,
  compute: Kernels,
  requests: readonly Request[],
  sentences: readonly Request[],
  seed: number,
  tallies: Map<number, Tally>,
): Promise<void> {
  const random = seededRandom(seed)
  const mixed = shuffled(requests, random)
  const quarter = Math.floor(mixed.length / 4)
  // Windows are drawn from what calibrates without replacement: it has to be much more than the longest of them.
  const [refer, calibrate, rest] = [
    mixed.slice(0, quarter),
    mixed.slice(quarter, 3 * quarter),
    mixed.slice(3 * quarter),
  ]
  const foreign: Record<string, readonly Request[]> = { 'random words': randomWords(calibrate, random), sentences }
  for (const windows of WINDOWS) {
    const length = windows.at(-1) ?? 0
    const clients = mapped(CALIBRATING, (n) => eventsOf(`calibrating ${n}`, drawn(calibrate, length, random)))
    const detector = await baselined(plugin, compute, windows, random, groups(refer), clients)
    for (const size of windows) {
      if (size === 100 && windows !== WINDOWS[0]) continue
      const tally: Tally = tallies.get(size) ?? { benign: [], attacks: new Map() }
      tallies.set(size, tally)
      const benign = mapped(Math.floor(rest.length / size), (n) =>
        eventsOf(`benign ${size} ${n}`, rest.slice(n * size, (n + 1) * size)),
      )
      const { scores, fleet } = await fleetScores(detector, benign)
      tally.benign.push(...alarmsOf(scores, size))
      const alone = (clients: Iterable<readonly Event[]>): ReturnType<typeof attackScores> =>
        attackScores(detector, fleet, clients)
      await attack(alone, size, tally, foreign, rest, random)
    }
  }
}

async function attack(
  scoresOf: (clients: Iterable<readonly Event[]>) => Promise<readonly (readonly Score[])[]>,
  size: number,
  tally: Tally,
  foreign: Readonly<Record<string, readonly Request[]>>,
  benign: readonly Request[],
  random: Random,
): Promise<void> {
  for (const [name, sent] of Object.entries(foreign))
    for (const share of CONTAMINATIONS) {
      const clients = mapped(ATTACKERS, (n) => {
        const bad = drawn(sent, Math.round(share * size), random)
        const window = shuffled([...bad, ...drawn(benign, size - bad.length, random)], random)
        return eventsOf(`${name} ${share} ${size} ${n}`, window)
      })
      const key = `${name} ${share}`
      tally.attacks.set(key, [...(tally.attacks.get(key) ?? []), ...alarmsOf(await scoresOf(clients), size)])
    }
}

function casesOf(kind: string, tallies: ReadonlyMap<number, Tally>): readonly Case[] {
  const cases: Case[] = []
  for (const [size, { benign, attacks }] of [...tallies].toSorted((a, b) => a[0] - b[0])) {
    const row = (name: string, clients: readonly Alarms[]): Case =>
      rowOf(textExtraction.name, `${kind}: ${name}, windows of ${size}`, clients, SEEDS.length)
    cases.push(row('false alarms', benign))
    for (const [name, alarms] of attacks) cases.push(row(name, alarms))
    const all = [...attacks.values()].map(rateOf)
    const mean = (100 * all.reduce((sum, rate) => sum + rate, 0)) / all.length
    cases.push({
      bench: textExtraction.name,
      case: `${kind}: mean over attacks, windows of ${size}`,
      value: mean,
      unit: '%',
      runs: SEEDS.length,
      peer: size === 1_500 ? 'arXiv 2606.05725: 90.5' : null,
      ratio: size === 1_500 ? mean / 90.5 : null,
    })
  }
  return cases
}

/** The reference's requests as those of clients, which all weigh the same. */
function groups(requests: readonly Request[]): Iterable<Event[]> {
  const size = 100
  return mapped(Math.floor(requests.length / size), (n) =>
    eventsOf(`reference ${n}`, requests.slice(n * size, (n + 1) * size)),
  )
}

function* mapped<Item>(count: number, make: (n: number) => Item): Generator<Item> {
  for (let n = 0; n < count; n++) yield make(n)
}
