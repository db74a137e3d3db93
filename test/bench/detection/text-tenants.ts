import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Kernels } from '../../../src/contract/compute.ts'
import type { Detector, DetectorContext, DetectorPlugin, Score, StateChange } from '../../../src/contract/detect.ts'
import type { Event, Inference } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { given } from '../../support/given.ts'
import { sharedData } from '../../support/shared-data.ts'

/** One request, as all clients that send it share it: then its features are computed once. */
export type Request = Inference

/** A task template of T0 and the prompts made from it. A template stands for a tenant: identities are synthetic. */
export interface Tenant {
  readonly name: string
  readonly requests: readonly Request[]
}

/** Templates with so many prompts at least are tenants: 123 of 128. */
const FEWEST_PROMPTS = 190

export function readTenants(): readonly Tenant[] {
  const lines = gunzipSync(readFileSync(sharedData('t0-prompts', 'prompts.ndjson.gz')))
    .toString()
    .trim()
    .split('\n')
  const rows = lines.map((line) => JSON.parse(line) as { readonly tenant: string; readonly prompt: string })
  return [...Map.groupBy(rows, ({ tenant }) => tenant)]
    .filter(([, own]) => own.length >= FEWEST_PROMPTS)
    .map(([name, own]) => ({ name, requests: own.map(({ prompt }) => requestOf(prompt)) }))
}

export function requestOf(prompt: string): Request {
  return { operation: 'chat', ok: true, parameters: {}, prompt }
}

let serial = 0

/** The requests as events of one client. */
export function eventsOf(principal: string, requests: readonly Request[]): Event[] {
  return requests.map((inference) => {
    const at = Date.UTC(2026, 0, 5) + serial * 1_000
    return {
      id: String(++serial).padStart(26, '0'),
      at,
      receivedAt: at,
      source: 'bench',
      format: 'json',
      logsource: {},
      fields: {},
      sealed: { identity: [], text: [] },
      principal,
      inference,
      ecs: {},
    }
  })
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const mixed = [...items]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1))
    const item = mixed[i]
    const other = mixed[j]
    if (item !== undefined && other !== undefined) [mixed[i], mixed[j]] = [other, item]
  }
  return mixed
}

/** `count` different items, or all in random order. */
export function drawn<Item>(items: readonly Item[], count: number, random: Random): Item[] {
  return shuffled(items, random).slice(0, count)
}

function contextOf(kind: string, compute: Kernels, random: Random, reference?: Uint8Array): DetectorContext {
  return { ...given(kind), random, compute, reference, key: new Uint8Array(32).fill(1) }
}

/** The detector after `modelward baseline` on these clients' requests, by its own code. */
export async function baselined<Config>(
  plugin: DetectorPlugin<Config>,
  compute: Kernels,
  windows: readonly number[],
  random: Random,
  refer: Iterable<readonly Event[]>,
  calibrate: Iterable<readonly Event[]>,
): Promise<Detector> {
  const config = plugin.config.parse({ windows, maxKeys: 100_000 })
  const maker = plugin.baseline?.(config, contextOf(plugin.kind, compute, random))
  if (!maker) throw new Error('the detector makes no reference')
  for (const events of refer) await maker.refer(events)
  for (const events of calibrate) await maker.calibrate(events)
  const frozen = await maker.freeze()
  if ('refused' in frozen) throw new Error(frozen.refused)
  return plugin.open(config, contextOf(plugin.kind, compute, random, frozen.reference))
}

/** What the detector says of each benign client's windows, client by client, and the state they leave: the fleet. */
export async function fleetScores(
  detector: Detector,
  clients: Iterable<readonly Event[]>,
): Promise<{ readonly scores: readonly (readonly Score[])[]; readonly fleet: readonly StateChange[] }> {
  detector.restore([])
  const scores: (readonly Score[])[] = []
  for (const events of clients) scores.push(await scoresOf(detector, events))
  return { scores, fleet: detector.changes() }
}

/** The same of attackers, each alone among the fleet: if they followed each other, they would be the fleet, and drift. */
export async function attackScores(
  detector: Detector,
  fleet: readonly StateChange[],
  clients: Iterable<readonly Event[]>,
): Promise<readonly (readonly Score[])[]> {
  const scores: (readonly Score[])[] = []
  for (const events of clients) {
    detector.restore(fleet)
    scores.push(await scoresOf(detector, events))
  }
  return scores
}

async function scoresOf(detector: Detector, events: readonly Event[]): Promise<readonly Score[]> {
  await detector.prepare?.(events, new AbortController().signal)
  return events.flatMap((event) => detector.score(event))
}

/** The middle 95 % of what `statistic` is when clients are drawn anew, with all their windows. */
export function bootstrap<Client>(
  clients: readonly Client[],
  statistic: (clients: readonly Client[]) => number,
  random: Random,
): readonly [number, number] {
  const values: number[] = []
  for (let round = 0; round < 1_000; round++) {
    const again: Client[] = []
    for (let i = 0; i < clients.length; i++) {
      const client = clients[Math.floor(random.next() * clients.length)]
      if (client !== undefined) again.push(client)
    }
    values.push(statistic(again))
  }
  values.sort((a, b) => a - b)
  return [values[25] ?? NaN, values[974] ?? NaN]
}
