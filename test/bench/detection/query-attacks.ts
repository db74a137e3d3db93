import type { Detector, DetectorContext, DetectorPlugin, Score, StateChange } from '../../../src/contract/detect.ts'
import type { Event } from '../../../src/contract/event.ts'
import type { Random } from '../../../src/contract/plugin.ts'
import { deltaSimilarity } from '../../../src/detect/adversarial/delta-similarity/delta-similarity.ts'
import { openRef } from '../../../src/detect/compute/ref/ref.ts'
import { classDistance } from '../../../src/detect/extraction/class-distance/class-distance.ts'
import { queryDistribution } from '../../../src/detect/extraction/distribution/distribution.ts'
import { syntheticQueries } from '../../../src/detect/extraction/synthetic/synthetic.ts'
import { BudgetConfig, Fusion } from '../../../src/detect/fusion/fusion.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { readMnist } from '../../support/mnist.ts'
import { accuracyOf, trainVictim } from '../../support/victim.ts'
import { median, type Bench, type Case } from '../bench.ts'
import type { Query } from './attacks/attack.ts'
import { attackNames, attackOf, client, diluted, some, VICTIM_CLASSES, type Attacked } from './query-streams.ts'

const SEEDS = [1, 2, 3]
/** Queries of an attack, and of a benign client. */
const LENGTH = 600
/** The aim: an alarm within so many queries of the attack. */
const SOON = 200
/** Benign queries for each one of the attack. */
const DILUTIONS = [0, 1, 2, 4, 9]
const STREAMS = { attack: 4, benign: 340, refer: 60, calibrate: 250, fleet: 64 } as const
/** Queries of a client that the reference is made of, and of one of the fleet that the detectors know already. */
const SHORT = 128
/** One detector alone alarms at this p-value. */
const ALONE_P = 1e-4
/** Evidence as configured by default, and as it is once 1,000 such clients a week are watched: both one false alarm a week. */
const BUDGETS = {
  'evidence, default': BudgetConfig.parse({}),
  'evidence, fleet of 1,000': BudgetConfig.parse({ looksAtLeast: 50_000 }),
} as const
const STRICTEST = 'evidence, fleet of 1,000'

const plugins: readonly DetectorPlugin<unknown>[] = [
  classDistance,
  queryDistribution,
  deltaSimilarity,
  syntheticQueries,
]
/** PRADA's test from a principal's first request on, as it is after a word of another detector; not part of the evidence. */
const ALONE = 'synthetic-queries at once'

/** A detector, and its state after a fleet of benign clients. */
interface Watcher {
  readonly name: string
  readonly detector: Detector
  readonly state: readonly StateChange[]
}

/** After how many queries of the attack (of the client, if benign) who raised an alarm; absent if never. */
type Alarms = ReadonlyMap<string, number>

/**
 * E2: attacks that steal a model by its answers, really run against a victim trained on the spot on the digits 0 to 5, each
 * stream one principal, through the detectors as they are. Reference and calibration: clients of disjoint halves of the
 * training images; measured on the test images. Knockoff's natural images are the digits 6 to 9, which the victim was not
 * made for, which are nearer to the victim's than photographs; and patches of photographs where `MODELWARD_PHOTOS` names a
 * folder of PNG files (scikit-image's wheel holds some in `skimage/data`): there are none beside the project.
 * Benign clients draw from 3,035 test images, so streams share images.
 */
export const queryAttacks: Bench = {
  name: 'query-attacks',
  summary: 'E2: JbDA, T-RND, line search, Knockoff and noise on MNIST, diluted and not, by X3 to X6 and the evidence',
  async run(report) {
    const found = new Map<string, Alarms[]>()
    const accuracies: number[] = []
    for (const seed of SEEDS) {
      const [train, all] = [some(readMnist('train'), isOwn), readMnist('test')]
      const victim = trainVictim(seed, train)
      const own = some(all, isOwn)
      accuracies.push(100 * accuracyOf(victim, own))
      const random = seededRandom(seed)
      const watchers = await watch(
        { victim, all, own: some(train, (_label, i) => i % 2 === 0) },
        { victim, all, own: some(train, (_label, i) => i % 2 === 1) },
        random,
      )
      report(`seed ${seed}: victim and references`)
      for (const [name, alarms] of streams({ victim, all, own }, random, watchers))
        found.set(name, [...(found.get(name) ?? []), alarms])
      report(`seed ${seed}: streams`)
      for (const each of [...found].flatMap(rowsOf))
        report(`${each.case}: ${each.value} ${each.unit} ${each.peer ?? ''}`)
    }
    return [row('victim, share of test images', median(accuracies), '%'), ...[...found].flatMap(rowsOf)]
  },
}

function isOwn(label: number): boolean {
  return label < VICTIM_CLASSES
}

async function watch(refer: Attacked, calibrate: Attacked, random: Random): Promise<readonly Watcher[]> {
  const key = random.bytes(32)
  const references = new Map<string, Uint8Array>()
  for (const plugin of plugins) {
    const maker = plugin.baseline?.(plugin.config.parse({}), contextOf(plugin.kind, key, random))
    if (!maker) throw new Error(`${plugin.kind} makes no reference`)
    for (let i = 0; i < STREAMS.refer; i++) await maker.refer(eventsOf(`refer:${i}`, client(i, refer, SHORT, random)))
    for (let i = 0; i < STREAMS.calibrate; i++)
      await maker.calibrate(eventsOf(`calibrate:${i}`, client(i, calibrate, LENGTH, random)))
    const frozen = await maker.freeze()
    if ('refused' in frozen) throw new Error(`${plugin.kind}: ${frozen.refused}`)
    references.set(plugin.kind, frozen.reference)
  }
  const watchers: Watcher[] = []
  const opened: readonly {
    readonly plugin: DetectorPlugin<unknown>
    readonly name: string
    readonly config: object
  }[] = [
    ...plugins.map((plugin) => ({ plugin, name: plugin.kind, config: {} })),
    { plugin: syntheticQueries, name: ALONE, config: { volume: 1 } },
  ]
  for (const { plugin, name, config } of opened) {
    const context = contextOf(name, key, random, references.get(plugin.kind))
    const detector = await plugin.open(plugin.config.parse(config), context)
    for (let i = 0; i < STREAMS.fleet; i++)
      for (const each of eventsOf(`fleet:${i}`, client(i, calibrate, SHORT, random))) {
        detector.score(each)
        detector.learn(each)
      }
    watchers.push({ name, detector, state: detector.changes() })
  }
  return watchers
}

function* streams(world: Attacked, random: Random, watchers: readonly Watcher[]): Generator<readonly [string, Alarms]> {
  for (let i = 0; i < STREAMS.benign; i++) {
    const queries = client(i, world, LENGTH, random).map((query) => ({ query, isAttack: true }))
    yield ['benign', judge(watchers, queries, LENGTH)]
  }
  for (const name of attackNames)
    for (let i = 0; i < STREAMS.attack; i++) {
      const queries = attackOf(name, world, LENGTH, random)
      for (const share of DILUTIONS)
        yield [
          `${name}, 1:${share}`,
          judge(watchers, diluted(queries, share, world, random), share < 2 ? LENGTH : SOON),
        ]
    }
}

/** Each stream meets the detectors as the benign fleet left them. It ends after `long` queries once the alarm that is the hardest to raise was. */
function judge(
  watchers: readonly Watcher[],
  stream: Iterable<{ readonly query: Query; readonly isAttack: boolean }>,
  long: number,
): Alarms {
  for (const { detector, state } of watchers) detector.restore(state)
  const fusions = Object.entries(BUDGETS).map(([name, budget]) => ({ name, fusion: new Fusion(budget) }))
  const alarms = new Map<string, number>()
  let [queries, place] = [0, 0]
  const raise = (name: string): void => void (alarms.has(name) || alarms.set(name, queries))
  for (const { query, isAttack } of stream) {
    if (isAttack) queries++
    const each = eventOf('stream', query, place++)
    for (const { name, detector } of watchers)
      for (const score of detector.score(each)) {
        if (score.p !== null && score.p <= ALONE_P) raise(name)
        if (name === ALONE) continue
        tell(watchers, score)
        for (const fused of fusions) if (fused.fusion.weigh(score).length > 0) raise(fused.name)
      }
    if (alarms.has(STRICTEST) && queries >= long) break
  }
  return alarms
}

function tell(watchers: readonly Watcher[], score: Score): void {
  for (const { name, detector } of watchers) if (name !== ALONE) detector.notice?.(score)
}

function rowsOf([name, streamed]: readonly [string, readonly Alarms[]]): Case[] {
  const within = (who: string, queries: number, label: string): Case => {
    const hits = streamed.filter((alarms) => (alarms.get(who) ?? Infinity) <= queries).length
    const [low, high] = interval(hits, streamed.length)
    const peer = `95 %: ${percent(low)}-${percent(high)} of ${streamed.length}`
    return { ...row(`${name}, ${label}`, percent(hits / streamed.length), '%'), peer }
  }
  const all = [...Object.keys(BUDGETS), ...plugins.map(({ kind }) => kind), ALONE]
  if (name === 'benign') return all.map((who) => within(who, LENGTH, `false alarms of ${who}`))
  const soonest = streamed.map((alarms) => alarms.get(STRICTEST)).filter((at) => at !== undefined)
  return [
    ...Object.keys(BUDGETS).flatMap((who) => [
      within(who, SOON, `${who}, in ${SOON}`),
      within(who, LENGTH, `${who}, in ${LENGTH}`),
    ]),
    ...plugins.map(({ kind }) => within(kind, SOON, `${kind} alone, in ${SOON}`)),
    ...(name.endsWith('1:0') || name.endsWith('1:1') ? [within(ALONE, LENGTH, `${ALONE}, in ${LENGTH}`)] : []),
    row(`${name}, queries to the alarm`, soonest.length === 0 ? null : median(soonest), 'queries'),
  ]
}

/** Wilson's score interval for a share, 95 %. */
function interval(hits: number, of: number): readonly [number, number] {
  const z = 1.96
  const share = hits / of
  const middle = share + z ** 2 / (2 * of)
  const spread = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))
  return [Math.max(0, (middle - spread) / (1 + z ** 2 / of)), Math.min(1, (middle + spread) / (1 + z ** 2 / of))]
}

function row(name: string, value: number | null, unit: string): Case {
  return { bench: queryAttacks.name, case: name, value, unit, runs: SEEDS.length, peer: null, ratio: null }
}

function percent(share: number): number {
  return Math.round(share * 10_000) / 100
}

function eventsOf(principal: string, queries: readonly Query[]): Event[] {
  return queries.map((query, place) => eventOf(principal, query, place))
}

function eventOf(principal: string, { x, answer }: Query, place: number): Event {
  const at = Date.UTC(2026, 0, 5) + place * 1_000
  return event({ at, principal, inference: { features: x, label: String(answer), output: String(answer) } })
}

function contextOf(name: string, key: Uint8Array, random: Random, reference?: Uint8Array): DetectorContext {
  return { ...given(name), random, compute: openRef(), key, reference }
}
