import type { Kernels } from '../../../src/contract/compute.ts'
import type { DetectorPlugin } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { openCompute } from '../../../src/detect/compute/open.ts'
import { queryDistribution } from '../../../src/detect/extraction/distribution/distribution.ts'
import { unfamiliarText } from '../../../src/detect/extraction/unfamiliar/unfamiliar.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import type { Bench } from '../bench.ts'
import { alarmsOf, randomWords, readSentences, rowOf, usualWords } from './text-attacks.ts'
import type { Alarms } from './text-attacks.ts'
import { attackScores, baselined, drawn, eventsOf, fleetScores, readTenants, shuffled } from './text-tenants.ts'
import type { Request, Tenant } from './text-tenants.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]
const WINDOWS = [50, 200, 1_000] as const
/** Requests of every client: one of the largest windows, and some that are too short to look at. */
const LENGTH = 1_300
/** Templates of one tenant: as many tenants of each. */
const BREADTHS = [1, 3, 10] as const
/** Tenants of the reference, those that calibrate, enough to measure p-values down to an alarm's, and those measured. */
const [REFERENCE, CALIBRATING, BENIGN] = [150, 350, 120]
const ATTACKERS = 24
const CONTAMINATIONS = [0.1, 0.25, 0.5, 1] as const
const PLUGINS: readonly DetectorPlugin<unknown>[] = [queryDistribution, unfamiliarText]

/** By case, clients of all seeds. */
type Tally = Map<string, Alarms[]>

/** Templates with their requests: of the reference, of tenants that calibrate, and of tenants that are measured. */
interface Parts {
  readonly refer: readonly Tenant[]
  readonly calibrate: readonly Tenant[]
  readonly rest: readonly Tenant[]
}

const WORLDS: Readonly<Record<string, (tenants: readonly Tenant[], random: Random) => Parts>> = {
  known: (tenants, random) => {
    const parted = tenants.map(({ name, requests }) => ({ name, parts: thirds(shuffled(requests, random)) }))
    const part = (at: 0 | 1 | 2): Tenant[] => parted.map(({ name, parts }) => ({ name, requests: parts[at] }))
    return { refer: part(0), calibrate: part(1), rest: part(2) }
  },
  new: (tenants, random) => {
    const [refer, calibrate, rest] = thirds(shuffled(tenants, random))
    return { refer, calibrate, rest }
  },
}

/**
 * E1's attackers where tenants differ: each asks for 1, 3 or 10 task templates of T0 (identities are synthetic), in one
 * world by templates that the reference knows, of which it has seen other requests, in the other by templates that are
 * all new to it. Attackers send theirs among a tenant's requests of one template. Words are those of the requests that
 * calibrate, each as likely as any other, or as likely as it is there.
 */
export const textFleets: Bench = {
  name: 'text-fleets',
  summary:
    'query-distribution, unfamiliar-text: the same attackers among tenants of 1, 3 and 10 templates, known and new',
  async run(report) {
    await using compute = await openCompute('wasm', given())
    const [tenants, sentences] = [readTenants(), readSentences()]
    const tally: Tally = new Map()
    for (const plugin of PLUGINS)
      for (const [world, partsOf] of Object.entries(WORLDS))
        for (const seed of SEEDS) {
          const random = seededRandom(seed)
          const parts = partsOf(tenants, random)
          await measure(plugin, compute, parts, sentences, random, (name, scores) => {
            for (const size of WINDOWS) {
              const key = `${plugin.kind}, templates ${world}: ${name}, windows of ${size}`
              tally.set(key, [...(tally.get(key) ?? []), ...alarmsOf(scores, size)])
            }
          })
          report(`${plugin.kind}, templates ${world}: seed ${seed} of ${SEEDS.length}`)
        }
    return [...tally].map(([name, clients]) => rowOf(textFleets.name, name, clients, SEEDS.length))
  },
}

async function measure(
  plugin: DetectorPlugin<unknown>,
  compute: Kernels,
  { refer, calibrate, rest }: Parts,
  sentences: readonly Request[],
  random: Random,
  note: (name: string, scores: Parameters<typeof alarmsOf>[0]) => void,
): Promise<void> {
  const detector = await baselined(
    plugin,
    compute,
    WINDOWS,
    random,
    clientsOf('reference', refer, REFERENCE, random),
    clientsOf('calibrating', calibrate, CALIBRATING, random),
  )
  const { scores, fleet } = await fleetScores(detector, clientsOf('benign', rest, BENIGN, random))
  note('false alarms', scores)
  const known = calibrate.flatMap(({ requests }) => requests)
  const sent = {
    'random words': randomWords(known, random),
    'usual words': usualWords(known, random),
    sentences,
  }
  for (const [name, foreign] of Object.entries(sent))
    for (const share of CONTAMINATIONS) {
      const attackers = Array.from({ length: ATTACKERS }, (_, n) =>
        eventsOf(`${name} ${share} ${n}`, contaminated(rest, foreign, share, random)),
      )
      note(`${name} ${share}`, await attackScores(detector, fleet, attackers))
    }
}

function thirds<Item>(items: readonly Item[]): readonly [readonly Item[], readonly Item[], readonly Item[]] {
  const third = Math.floor(items.length / 3)
  return [items.slice(0, third), items.slice(third, 2 * third), items.slice(2 * third)]
}

function* clientsOf(name: string, of: readonly Tenant[], count: number, random: Random): Generator<Event[]> {
  for (let n = 0; n < count; n++) {
    const breadth = BREADTHS[n % BREADTHS.length] ?? 1
    yield eventsOf(`${name} ${breadth} ${n}`, asked(drawn(of, breadth, random), LENGTH, random))
  }
}

/** A tenant's requests of one template, of which each is another's with this probability. */
function contaminated(
  of: readonly Tenant[],
  foreign: readonly Request[],
  share: number,
  random: Random,
): readonly Request[] {
  return asked(drawn(of, 1, random), LENGTH, random).map((own) =>
    random.next() < share ? (foreign[Math.floor(random.next() * foreign.length)] ?? own) : own,
  )
}

/** So many requests by these templates; one comes again once all of its template have come. */
function asked(templates: readonly Tenant[], count: number, random: Random): readonly Request[] {
  const all = shuffled(
    templates.flatMap(({ requests }) => requests),
    random,
  )
  return Array.from({ length: count }, (_, i) => all[i % all.length]).filter((one) => one !== undefined)
}
