import type { Kernels } from '../../src/contract/compute.ts'
import type { Detector, DetectorContext, DetectorPlugin, Score, StateChange } from '../../src/contract/detect.ts'
import type { Event } from '../../src/contract/event.ts'
import { BudgetConfig, Fusion } from '../../src/detect/fusion/fusion.ts'
import { detectors } from '../../src/detect/index.ts'
import { ReadAhead } from '../../src/detect/reading/read-ahead.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { given, type TestGiven } from './given.ts'

const never = new AbortController().signal
/** A score that is no part of the evidence is a finding by itself when it is as unusual as this. */
const FINDING_P = 1e-3

export type References = ReadonlyMap<string, Uint8Array>

export interface LineOptions {
  readonly compute: Kernels
  readonly references: References
  /** By kind; else what the detector's config says by default. */
  readonly configs?: Readonly<Record<string, object>>
  /** Threads that read texts ahead. Default none. */
  readonly textThreads?: number
  /** Principals that the evidence holds. */
  readonly evidenceKeys?: number
}

/** State of all as a store would hold it. */
export type StoredState = Map<string, Map<string, Uint8Array>>

/** All detectors and the evidence in memory, in the order of the daemon's watch, without rules, alerts and store. */
export class DetectorLine implements AsyncDisposable {
  readonly members: readonly { readonly name: string; readonly detector: Detector }[]
  readonly fusion: Fusion
  readonly reading: ReadAhead
  readonly world: TestGiven

  private constructor(members: DetectorLine['members'], fusion: Fusion, reading: ReadAhead, world: TestGiven) {
    this.members = members
    this.reading = reading
    this.fusion = fusion
    this.world = world
  }

  static async open({
    compute,
    references,
    configs = {},
    textThreads = 0,
    evidenceKeys,
  }: LineOptions): Promise<DetectorLine> {
    const world = given('line')
    const members = []
    const listed = []
    for (const plugin of detectors) {
      const config = plugin.config.parse(configs[plugin.kind] ?? {})
      const context = contextOf(plugin, world, compute, references.get(plugin.kind))
      members.push({ name: plugin.kind, detector: await plugin.open(config, context) })
      listed.push({ name: plugin.kind, plugin, config, key: context.key, reference: context.reference })
    }
    const budget = BudgetConfig.parse(evidenceKeys === undefined ? {} : { maxKeys: evidenceKeys })
    const reading = ReadAhead.open(listed, textThreads, world)
    return new DetectorLine(members, new Fusion(budget), reading, world)
  }

  async pass(events: readonly Event[]): Promise<readonly Score[]> {
    this.reading.begin(events)
    for (const { detector } of this.members) await detector.prepare?.(events, never)
    const told: Score[] = []
    for (const [index, event] of events.entries()) {
      let isFinding = false
      const readings = this.reading.of(index)
      for (const [at, { detector }] of this.members.entries())
        for (const score of detector.score(event, readings?.[at])) isFinding = this.#tell(score, told) || isFinding
      if (!isFinding) for (const { detector } of this.members) detector.learn(event)
    }
    for (const { detector } of this.members)
      for (const score of (await detector.flush?.(never)) ?? []) this.#tell(score, told)
    return told
  }

  /** What moved, as it would be committed. */
  changes(): readonly (readonly [string, readonly StateChange[]])[] {
    return [
      ...this.members.map(({ name, detector }) => [name, detector.changes()] as const),
      ['evidence', this.fusion.changes()] as const,
    ]
  }

  /** Adds what moved to what a store holds. */
  store(into: StoredState): void {
    for (const [name, changes] of this.changes()) keep(into, name, changes)
  }

  restore(from: StoredState): void {
    const of = (name: string): StateChange[] => [...(from.get(name) ?? [])].map(([key, value]) => ({ key, value }))
    for (const { name, detector } of this.members) detector.restore(of(name))
    this.fusion.restore(of('evidence'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reading[Symbol.asyncDispose]()
    for (const { detector } of this.members) await detector[Symbol.asyncDispose]()
  }

  /** Whether it is a finding. */
  #tell(score: Score, told: Score[]): boolean {
    const evidence = this.fusion.weigh(score)
    for (const { detector } of this.members) detector.notice?.(score)
    told.push(score, ...evidence)
    return evidence.length > 0 || (score.counts === undefined && score.p !== null && score.p <= FINDING_P)
  }
}

/** What `modelward baseline` does for each detector: references by kind, and why there is none. */
export async function freezeAll(
  compute: Kernels,
  refer: () => Iterable<readonly Event[]>,
  calibrate: () => Iterable<readonly Event[]>,
  configs: Readonly<Record<string, object>> = {},
): Promise<{ readonly references: References; readonly refused: ReadonlyMap<string, string> }> {
  const references = new Map<string, Uint8Array>()
  const refused = new Map<string, string>()
  const world = given('baseline')
  for (const plugin of detectors) {
    const context = contextOf(plugin, world, compute, undefined)
    const maker = plugin.baseline?.(plugin.config.parse(configs[plugin.kind] ?? {}), context)
    if (!maker) continue
    for (const events of refer()) await maker.refer(events)
    for (const events of calibrate()) await maker.calibrate(events)
    const frozen = await maker.freeze()
    if ('refused' in frozen) refused.set(plugin.kind, frozen.refused)
    else references.set(plugin.kind, frozen.reference)
    await maker[Symbol.asyncDispose]()
  }
  return { references, refused }
}

function contextOf(
  { kind }: DetectorPlugin<unknown>,
  world: TestGiven,
  compute: Kernels,
  reference: Uint8Array | undefined,
): DetectorContext {
  return { ...world, name: kind, random: seededRandom(1), compute, reference, key: new Uint8Array(32).fill(7) }
}

function keep(into: StoredState, name: string, changes: readonly StateChange[]): void {
  const own = into.get(name) ?? new Map<string, Uint8Array>()
  into.set(name, own)
  for (const { key, value } of changes)
    if (value) own.set(key, value.slice())
    else own.delete(key)
}
