import { createHash } from 'node:crypto'
import type { BaselineMaker, DetectorPlugin } from '../contract/detect.ts'
import type { Event } from '../contract/event.ts'
import { detectors } from '../detect/index.ts'
import type { BudgetReport } from '../detect/fusion/budget.ts'
import type { Pseudonyms } from '../normalize/principal/pseudonyms.ts'
import { RefusedError } from '../runtime/errors.ts'
import { seededRandom } from '../runtime/random.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import { openStore } from '../store/store.ts'
import type { Config } from './config/load.ts'
import { DataDirectory } from './data-directory.ts'
import { detectorContext, openDevice } from './detection.ts'
import { findLogs, openPastLogs, readEvents } from './past-logs.ts'
import { freezeReferences, measuredDocument, type ReferenceFacts } from './references.ts'
import { replay } from './replay.ts'
import { measuredRate, type MeasuredRate } from './measured-rate.ts'
import { openEventNormalizer, openPseudonyms, type World } from './wiring.ts'

export interface BaselineOptions {
  readonly config: Config
  readonly world: World
  /** Files, folders (all log files below), `.gz`, or `-` for standard input. Benign traffic. */
  readonly paths: readonly string[]
  readonly format?: string
  /** The same seed, events and device make the same references; by chance without it. Keys are never made from it. */
  readonly seed?: number
  /** Who asked, for the audit log. */
  readonly by: string
  readonly progress?: (text: string) => void
}

export interface Baseline {
  readonly principals: Readonly<Record<Part, number>>
  readonly frozen: readonly ReferenceFacts[]
  /** Detectors for which these events make no reference, and why. */
  readonly refused: readonly { readonly detector: string; readonly reason: string }[]
  readonly budget: BudgetReport
  readonly rate: MeasuredRate
}

/** What a principal's events are used for; nobody's are used for two things. */
type Part = 'refer' | 'calibrate' | 'measure'

/** Of ten principals so many are the reference and so many calibrate it; on the rest false alarms are measured. */
const [REFER, CALIBRATE, OF] = [5, 3, 10]
/** With fewer nothing could be held out by principal. */
const FEWEST_PRINCIPALS = 20

/**
 * Freezes the references of all detectors that need one, from benign events split by principal, and measures the alarms
 * that the daemon would have raised on principals that neither reference nor calibration has seen. The files are read four
 * times. Takes the data directory for itself; replaced references and their hashes are one entry in the audit log.
 * Throws RefusedError where there are too few principals, LockedError while a daemon runs on the directory.
 */
export async function makeBaseline(options: BaselineOptions, signal: AbortSignal): Promise<Baseline> {
  const life = new Lifetime()
  try {
    const { config, world } = options
    const directory = new DataDirectory(config.data)
    directory.create()
    const store = life.add('store', openStore({ ...world, directory: directory.path }))
    const paths = await findLogs(options.paths, life)
    const pseudonyms = await openPseudonyms(config, directory, world)
    const reading = { options: { ...options, paths }, pseudonyms, life, signal }
    const parts = partsOf(await principalsOf(reading))
    const made = await makeReferences(reading, parts)
    const measured = await measure(reading, parts, made.references)
    const { facts, documents } = freezeReferences(directory, made.list)
    const detail = {
      files: options.paths,
      principals: countsOf(parts),
      references: facts.map(({ detector, sha256 }) => ({ detector, sha256 })),
    }
    const at = world.clock.now()
    const audit = [{ at, actor: options.by, action: 'baseline.freeze', subject: 'references', detail }]
    const { perWeek, atMost } = measured.rate
    store.commit({ documents: [...documents, measuredDocument({ perWeek, atMost, at })], audit })
    return { principals: countsOf(parts), frozen: facts, refused: made.refused, ...measured }
  } finally {
    await life[Symbol.asyncDispose]()
  }
}

interface Reading {
  readonly options: BaselineOptions
  readonly pseudonyms: Pseudonyms
  readonly life: Lifetime
  readonly signal: AbortSignal
}

async function eachBatch(
  reading: Reading,
  what: string,
  work: (events: readonly Event[]) => Promise<void>,
): Promise<void> {
  const { config, world, paths, format, progress } = reading.options
  const intake = openPastLogs(config, world, paths, format)
  const normalizer = openEventNormalizer(config, reading.pseudonyms)
  let read = 0
  await readEvents(intake, normalizer, reading.signal, async (events) => {
    read += events.length
    progress?.(`${what}: ${read} events`)
    await work(events)
  })
}

async function principalsOf(reading: Reading): Promise<ReadonlySet<string>> {
  const principals = new Set<string>()
  await eachBatch(reading, 'looking for principals', async (events) => {
    for (const { principal, inference } of events) if (inference && principal !== undefined) principals.add(principal)
  })
  if (principals.size < FEWEST_PRINCIPALS)
    throw new RefusedError(
      `a baseline is held out by principal and needs ${FEWEST_PRINCIPALS} of them that ask models; these files have ${principals.size}. Give it more days or more gateways`,
    )
  return principals
}

/** By a hash of the pseudonym, so that the same principals give the same parts, whatever their order. */
function partsOf(principals: ReadonlySet<string>): ReadonlyMap<string, Part> {
  const order = [...principals]
    .map((principal) => ({ principal, by: createHash('sha256').update(principal).digest('hex') }))
    .toSorted((a, b) => (a.by < b.by ? -1 : 1))
  return new Map(
    order.map(({ principal }, i) => {
      const tenth = (OF * i) / order.length
      return [principal, tenth < REFER ? 'refer' : tenth < REFER + CALIBRATE ? 'calibrate' : 'measure']
    }),
  )
}

function countsOf(parts: ReadonlyMap<string, Part>): Record<Part, number> {
  const counts = { refer: 0, calibrate: 0, measure: 0 }
  for (const part of parts.values()) counts[part]++
  return counts
}

interface Made {
  readonly references: ReadonlyMap<string, Uint8Array>
  readonly list: readonly { readonly facts: Omit<ReferenceFacts, 'sha256'>; readonly bytes: Uint8Array }[]
  readonly refused: Baseline['refused']
}

async function makeReferences(reading: Reading, parts: ReadonlyMap<string, Part>): Promise<Made> {
  const makers = await openMakers(reading)
  const of = (events: readonly Event[], part: Part): readonly Event[] =>
    events.filter(({ inference, principal }) => inference && principal !== undefined && parts.get(principal) === part)
  await eachBatch(reading, 'making references', async (events) => {
    for (const { maker } of makers) await maker.refer(of(events, 'refer'))
  })
  await eachBatch(reading, 'calibrating', async (events) => {
    for (const { maker } of makers) await maker.calibrate(of(events, 'calibrate'))
  })
  const list: Made['list'][number][] = []
  const refused: Baseline['refused'][number][] = []
  for (const { name, maker } of makers) {
    const made = await maker.freeze()
    if ('refused' in made) refused.push({ detector: name, reason: made.refused })
    else {
      const facts = { detector: name, madeAt: reading.options.world.clock.now(), notes: made.notes }
      list.push({ facts, bytes: made.reference })
    }
  }
  return { references: new Map(list.map(({ facts, bytes }) => [facts.detector, bytes])), list, refused }
}

async function openMakers({
  options: { config, world, seed },
  pseudonyms,
  life,
}: Reading): Promise<readonly { readonly name: string; readonly maker: BaselineMaker }[]> {
  const compute = await openDevice(config, world, life)
  return config.detectors.flatMap(({ name, kind, config: own }) => {
    const plugin: DetectorPlugin<unknown> | undefined = detectors.find((each) => each.kind === kind)
    const chance = seed === undefined ? world : { ...world, random: seededRandom(seed) }
    const context = detectorContext(name, chance, compute, { references: new Map(), pseudonyms })
    const maker = plugin?.baseline?.(own, context)
    return maker ? [{ name, maker: life.add(`baseline of ${name}`, maker) }] : []
  })
}

/** The whole daemon over principals that were held out, with the references that are about to be frozen. */
async function measure(
  { options, signal }: Reading,
  parts: ReadonlyMap<string, Part>,
  references: Made['references'],
): Promise<{ readonly budget: BudgetReport; readonly rate: MeasuredRate }> {
  const times = { from: Infinity, to: -Infinity }
  const result = await replay(
    {
      ...options,
      emit: new Set(),
      reveal: false,
      references,
      only: ({ principal, inference, at }) => {
        if (!inference || principal === undefined || parts.get(principal) !== 'measure') return false
        times.from = Math.min(times.from, at)
        times.to = Math.max(times.to, at)
        return true
      },
      line: () => undefined,
    },
    signal,
  )
  if (!result.budget) throw new RefusedError('the baseline was measured without detectors')
  const held = countsOf(parts).measure
  return { budget: result.budget, rate: measuredRate(result.budget.alarms, times, held, parts.size) }
}
