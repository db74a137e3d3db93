import type { DetectorContext, Score } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { accountLinkage } from '../../../src/detect/extraction/linkage/linkage.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { given } from '../../support/given.ts'
import { drawn, eventsOf, shuffled, type Request, type Tenant } from './text-tenants.ts'

const TENANTS = 128
const CALIBRATING = 300
const REFERRED = 60
/** Templates of one tenant, and its requests. */
const [TEMPLATES, LENGTH] = [3, 100]
const HARVEST = 400
const START = Date.UTC(2026, 1, 2)
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

/** What accounts of one fleet have in common. */
export interface Found {
  /** The smallest p-value of each account's windows, of those that are looked at. */
  readonly smallest: readonly number[]
  /** Accounts in a cluster. */
  readonly linked: number
}

interface World {
  readonly tenants: readonly Tenant[]
  /** Those that no reference has seen. */
  readonly rest: readonly Tenant[]
  readonly random: Random
}

/** Requests of one account, and when they come. */
type Stream = readonly Event[]
type Fleet = (world: World) => readonly Stream[]

/** Who means no harm; the names say what makes them look linked. */
export const benignFleets: Readonly<Record<string, Fleet>> = {
  'tenants at random times': (world) => ordinary(world, TENANTS),
  'an application with a key for each of 16 customers': (world) => {
    const own = drawn(world.rest, TEMPLATES, world.random)
    return times(16, (n) => atRandom(`customer${n}`, requestsOf(own, LENGTH, world), world))
  },
  'an application that takes 16 keys in turn': (world) => {
    const own = drawn(world.rest, TEMPLATES, world.random)
    return inTurn(
      times(16, (n) => eventsOf(`key:key${n}`, requestsOf(own, LENGTH, world))),
      SECOND_MS,
      world,
    )
  },
  'tenants with one template in common': (world) => {
    const [shared, ...others] = shuffled(world.rest, world.random)
    return times(TENANTS, (n) => {
      const own = [...(shared ? [shared] : []), ...drawn(others, TEMPLATES - 1, world.random)]
      return atRandom(`library${n}`, requestsOf(own, LENGTH, world), world)
    })
  },
  'jobs of 32 tenants at the full hour': (world) =>
    times(32, (n) => jobs(eventsOf(`key:job${n}`, ownRequests(LENGTH, world)), world)),
  'jobs of 64 tenants, one request at the full hour': (world) =>
    times(64, (n) =>
      eventsOf(`key:hourly${n}`, ownRequests(LENGTH, world)).map((event, i) =>
        moved(event, START + HOUR_MS * i + 5 * SECOND_MS * world.random.next()),
      ),
    ),
  '32 callers of one server with a full queue': (world) => queued(world, true),
  'the same, and the log tells no latency': (world) => queued(world, false),
  '64 tenants that ask every 60 s': (world) =>
    times(64, (n) => {
      const phase = 60 * SECOND_MS * world.random.next()
      return eventsOf(`key:poller${n}`, ownRequests(LENGTH, world)).map((event, i) =>
        moved(event, START + phase + 60 * SECOND_MS * (i + 0.01 * world.random.next())),
      )
    }),
}

/** A harvest of 400 over k accounts, among as many tenants as make it one request in so many. */
export function harvestOf(accounts: number, isParted: boolean, order: 'in turn' | 'at random', oneIn: number): Fleet {
  return (world) => {
    const parts = shuffled(world.tenants, world.random)
    const each = Math.ceil(HARVEST / accounts)
    const lanes = times(accounts, (n) => {
      const own = isParted ? parts.filter((_, i) => i % accounts === n) : parts
      return eventsOf(`key:sybil${n}`, requestsOf(own, each, world))
    })
    const pace = 2 * SECOND_MS
    const streams =
      order === 'in turn' ? inTurn(lanes, pace, world) : lanes.map((lane) => within(lane, HARVEST * pace, world))
    const others = Math.ceil(((oneIn - 1) * HARVEST) / LENGTH)
    const cover = times(others, (n) =>
      within(eventsOf(`key:other${n}`, ownRequests(LENGTH, world)), HARVEST * pace, world),
    )
    return [...streams, ...cover]
  }
}

/** A detector's reference, and what it then says of fleets. */
export async function lookAt(
  tenants: readonly Tenant[],
  seed: number,
  fleets: Readonly<Record<string, Fleet>>,
  ofWhom: (principal: string) => boolean,
): Promise<ReadonlyMap<string, Found>> {
  const random = seededRandom(seed)
  const mixed = shuffled(tenants, random)
  const third = Math.floor(mixed.length / 3)
  const worldOf = (part: number): World => ({ tenants, rest: mixed.slice(part * third, (part + 1) * third), random })
  const config = accountLinkage.config.parse({})
  const maker = accountLinkage.baseline?.(config, contextOf(undefined))
  if (!maker) throw new Error('the detector makes no reference')
  await maker.refer(ordered(ordinary(worldOf(0), REFERRED)))
  await maker.calibrate(ordered(ordinary(worldOf(1), CALIBRATING)))
  const frozen = await maker.freeze()
  if ('refused' in frozen) throw new Error(frozen.refused)
  const found = new Map<string, Found>()
  for (const [name, fleet] of Object.entries(fleets)) {
    const detector = await accountLinkage.open(config, contextOf(frozen.reference))
    const scores: Score[] = []
    for (const event of ordered(fleet(worldOf(2)))) {
      scores.push(...detector.score(event))
      detector.learn(event)
    }
    const own = scores.filter(({ principal = '' }) => ofWhom(principal))
    const byAccount = Map.groupBy(own, ({ principal = '' }) => principal)
    const linked = new Set(
      own.filter(({ part }) => part === 'cluster').flatMap(({ explain }) => explain['partners'] as readonly string[]),
    )
    const smallest = [...byAccount.values()].map((all) => Math.min(...all.map(({ p }) => p ?? 1)))
    found.set(name, { smallest, linked: linked.size })
  }
  return found
}

function contextOf(reference: Uint8Array | undefined): DetectorContext {
  return { ...given(accountLinkage.kind), compute: openRef(), reference, key: new Uint8Array(32).fill(1) }
}

function ordinary(world: World, count: number): readonly Stream[] {
  return times(count, (n) => atRandom(`tenant${n}`, ownRequests(LENGTH, world), world))
}

function ownRequests(count: number, world: World): readonly Request[] {
  return requestsOf(drawn(world.rest, TEMPLATES, world.random), count, world)
}

function requestsOf(own: readonly Tenant[], count: number, { random }: World): readonly Request[] {
  return drawn(
    own.flatMap(({ requests }) => requests),
    count,
    random,
  )
}

/** Spread over an hour. */
function atRandom(name: string, requests: readonly Request[], world: World): Stream {
  return within(eventsOf(`key:${name}`, requests), HOUR_MS, world)
}

function within(events: readonly Event[], span: number, { random }: World): Stream {
  const at = events.map(() => START + Math.floor(span * random.next())).toSorted((a, b) => a - b)
  return events.map((event, i) => moved(event, at[i] ?? START))
}

/** Each hour ten requests one after the other, begun within five seconds of the full hour. */
function jobs(events: readonly Event[], { random }: World): Stream {
  let at = START
  return events.map((event, i) => {
    at =
      i % 10 === 0
        ? START + (i / 10) * HOUR_MS + 5 * SECOND_MS * random.next()
        : at + 2 * SECOND_MS * (0.5 + random.next())
    return moved(event, at)
  })
}

/** Each asks again as soon as it is answered; one server answers first who asked first. */
function queued(world: World, isTold: boolean): readonly Stream[] {
  const { random } = world
  const lanes = times(32, (n) => eventsOf(`key:waiting${n}`, ownRequests(LENGTH, world)))
  const streams: Event[][] = lanes.map(() => [])
  const asked = lanes.map(() => START + 20 * SECOND_MS * random.next())
  let free = START
  for (let left = 32 * LENGTH; left > 0; left--) {
    const next = asked.indexOf(Math.min(...asked))
    const since = asked[next] ?? 0
    free = Math.max(free, since) + 300 + 400 * random.next()
    const event = lanes[next]?.[streams[next]?.length ?? 0]
    if (event) streams[next]?.push(moved(event, free, isTold ? free - since : null))
    asked[next] = free + 50 * random.next()
  }
  return streams
}

/** The first of each lane, then the second of each; an answer takes now less, now more. */
function inTurn(lanes: readonly Stream[], pace: number, { random }: World): readonly Stream[] {
  let at = START
  const longest = Math.max(...lanes.map(({ length }) => length))
  const streams: Event[][] = lanes.map(() => [])
  for (let i = 0; i < longest; i++)
    for (const [lane, events] of lanes.entries()) {
      at += pace * (0.5 + random.next())
      const event = events[i]
      if (event) streams[lane]?.push(moved(event, at))
    }
  return streams
}

/** At another time, and answered after so long; null where that is not known. */
function moved(event: Event, to: number, latencyMs: number | null = SECOND_MS): Event {
  const at = Math.floor(to)
  const { inference, ...rest } = event
  if (!inference) return event
  return { ...rest, at, receivedAt: at, inference: latencyMs === null ? inference : { ...inference, latencyMs } }
}

function ordered(streams: readonly Stream[]): readonly Event[] {
  return streams.flat().toSorted((a, b) => a.at - b.at)
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}
