import type { BaselineMaker, Detector, DetectorContext, DetectorPlugin } from '../../../../src/contract/detect.ts'
import type { Event } from '../../../../src/contract/event.ts'
import type { Random } from '../../../../src/contract/plugin.ts'
import { openRef } from '../../../../src/detect/compute/ref/ref.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { event } from '../../../support/events.ts'
import { given } from '../../../support/given.ts'
import { MONDAY } from '../../traffic.ts'

const THINGS = ['invoice', 'parcel', 'ticket', 'recipe', 'contract', 'poem', 'bug report', 'lecture', 'menu', 'letter']
const VERBS = ['summarize', 'translate', 'classify', 'shorten', 'rewrite', 'explain', 'rate', 'title', 'check', 'tag']
const WORDS =
  'amber basin cedar delta ember fjord grove haven islet jetty knoll ledge marsh north ocean plain quarry ridge shore tidal upland vale wharf yonder zephyr'.split(
    ' ',
  )

/** Applications there are: each asks the same thing of ever other texts. */
export const APPLICATIONS = THINGS.length * VERBS.length

/** What application `number` asks for once. */
export function promptOf(number: number, random: Random): string {
  const [verb, thing] = [VERBS[number % VERBS.length], THINGS[Math.floor(number / VERBS.length) % THINGS.length]]
  return `Please ${verb} this ${thing} in the ${number % 3 === 0 ? 'usual' : 'plain'} style: ${words(random, 12).join(' ')}`
}

export function words(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => WORDS[Math.floor(random.next() * WORDS.length)] ?? '')
}

/** `count` requests of one principal, a second apart. */
export function requestsOf(principal: string, count: number, prompt: (i: number) => string, start = MONDAY): Event[] {
  return Array.from({ length: count }, (_, i) =>
    event({ at: start + i * 1_000, principal, inference: { prompt: prompt(i) } }),
  )
}

/** Requests of callers with one application each, from application `first` on. */
export function callers(random: Random, first: number, count: number, each: number, prefix = 'key:'): Event[] {
  return Array.from({ length: count }, (_, n) =>
    requestsOf(`${prefix}${first + n}`, each, () => promptOf(first + n, random), MONDAY + n * 10),
  )
    .flat()
    .toSorted((a, b) => a.at - b.at)
}

export function contextOf(kind: string, reference?: Uint8Array): DetectorContext & ReturnType<typeof given> {
  return { ...given(kind), compute: openRef(), reference, key: new Uint8Array(32).fill(7) }
}

export interface Made {
  readonly reference: Uint8Array
  readonly notes: readonly string[]
}

/** Makes a reference of half of the events' callers, calibrated on the other half. */
export async function madeFrom<Config>(
  plugin: DetectorPlugin<Config>,
  config: unknown,
  refer: readonly Event[],
  calibrate: readonly Event[],
): Promise<Made> {
  const frozen = await frozenFrom(plugin, config, refer, calibrate)
  if ('refused' in frozen) throw new Error(frozen.refused)
  return frozen
}

export async function frozenFrom<Config>(
  plugin: DetectorPlugin<Config>,
  config: unknown,
  refer: readonly Event[],
  calibrate: readonly Event[],
): ReturnType<BaselineMaker['freeze']> {
  const maker = plugin.baseline?.(plugin.config.parse(config), contextOf(plugin.kind))
  if (!maker) throw new Error(`${plugin.kind} makes no reference`)
  await maker.refer(refer)
  await maker.calibrate(calibrate)
  return maker.freeze()
}

export function opened<Config>(
  plugin: DetectorPlugin<Config>,
  config: unknown,
  reference: Uint8Array | undefined,
): Promise<Detector> {
  return plugin.open(plugin.config.parse(config), contextOf(plugin.kind, reference))
}

/** The reference that tests share: 24 applications, calibrated on 24 others. */
export function ordinary<Config>(plugin: DetectorPlugin<Config>, config: unknown, each: number): Promise<Made> {
  const random = seededRandom(5)
  return madeFrom(plugin, config, callers(random, 0, 24, each), callers(random, 30, 24, each))
}
