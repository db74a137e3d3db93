import { z } from 'zod'
import type { Evidence, KeyUse, Score, StateChange } from '../../contract/detect.ts'
import { KeyedRows } from '../state/keyed-rows.ts'
import type { Row } from '../state/keyed-rows.ts'
import { mixedCalibrator, stepCalibrator } from '../statistics/calibrators.ts'
import { SMALLEST_P } from '../statistics/ladder.ts'
import { Budget } from './budget.ts'
import type { BudgetReport } from './budget.ts'
import { explain } from './explain.ts'
import { Slots } from './slots.ts'

export const BudgetConfig = z.strictObject({
  falseAlarmsPerWeek: z
    .number()
    .positive()
    .max(10_000)
    .default(1)
    .describe('False alarms a week, over all principals and detectors, that the combined evidence may cost.'),
  looksAtLeast: z
    .number()
    .int()
    .min(100)
    .max(1e9)
    .default(1_000)
    .describe('Looks a week that are assumed before a week has been seen; more make the first week stricter.'),
  maxKeys: z.number().int().min(1).max(10_000_000).default(50_000).describe('Principals held at once, 0.8 KB each.'),
})
export type BudgetConfig = z.output<typeof BudgetConfig>

/** The name that evidence has as a score. */
const EVIDENCE = 'evidence'

/** Weight of the detector whose look it is against the mean of all: looks are counted of each, so none is diluted. */
const OWN = 0.5
/** Weight of the newest window against those before it. */
const NEWEST = 0.5
/** What a window counts among earlier ones: about the last 16 are remembered. */
const MEMORY = 1 / 16
/** An alarm is over once the evidence has fallen to this share of the threshold; what comes then is another. */
const CALM = 0.1
/** Of an anytime-valid test only p-values up to 0.05 are told (`emitBelow`): one told episode stands for so many. */
const EPISODES_A_TOLD_ONE = 20
/** Detectors whose scores count, at most. */
const MOST_DETECTORS = 32

const ALARMED = 1
const SLOTS_FROM = 2
/** A detector's part of a row: the newest e-value, the mean of those before, and where its episode began. */
const PER_SLOT = 3
const SECTION = { name: 'evidence.1', bytes: 8 * (SLOTS_FROM + MOST_DETECTORS * PER_SLOT) }

/**
 * One evidence for each principal, from the p-values and e-values of all detectors. Windows of one principal are not
 * independent (a client that is unlike others is so in every window), so their e-values are averaged, not multiplied: a
 * mean of e-values is an e-value however they depend on each other (Vovk and Wang 2021, sec. 3). Half of it is the detector
 * that has just looked (half of that its newest window), half the mean of all. It is told when it reaches the
 * budget's threshold, and then at each look of the weightiest detector and of any that reaches it alone; until it has fallen to a tenth of that, it is one
 * alarm.
 *
 * State: 0.8 KB a principal, least recently scored out first; who was evicted begins with evidence 1, so nobody gains by
 * it more than a window, and a new key was never worth less. About 1 µs a score.
 */
export class Fusion implements Evidence {
  readonly #budget: Budget
  readonly #rows: KeyedRows
  readonly #slots = new Slots(MOST_DETECTORS)

  constructor(config: BudgetConfig) {
    this.#budget = new Budget(config.falseAlarmsPerWeek, config.looksAtLeast)
    this.#rows = new KeyedRows(config.maxKeys, [SECTION])
  }

  weigh(score: Score): readonly Score[] {
    if (score.counts === undefined || score.p === null || score.principal === undefined) return []
    const slot = this.#slots.of(score.detector)
    if (slot === undefined) return []
    const row = this.#rows.use(score.principal)
    this.#take(row, SLOTS_FROM + slot * PER_SLOT, score, this.#valueOf(score))
    const parts = this.#partsOf(row)
    const own = parts[slot]?.e ?? 1
    const evidence = OWN * own + (1 - OWN) * (parts.reduce((sum, { e }) => sum + e, 0) / parts.length)
    const { threshold } = this.#budget
    if (evidence < threshold) {
      if (evidence <= threshold * CALM) row.numbers[ALARMED] = 0
      return []
    }
    const isNew = (row.numbers[ALARMED] ?? 0) === 0
    if (isNew) this.#budget.alarm(score.event.at)
    row.numbers[ALARMED] = 1
    // While it lasts, what others see in passing adds nothing, unless it would be enough by itself.
    if (!isNew && own < threshold && parts.some(({ e }) => e > own)) return []
    return [
      {
        detector: EVIDENCE,
        event: score.event,
        principal: score.principal,
        part: score.part === undefined ? score.detector : `${score.detector} ${score.part}`,
        p: Math.min(1, Math.max(SMALLEST_P, 1 / evidence)),
        e: evidence,
        direction: score.direction,
        ...(score.window === undefined ? {} : { window: score.window }),
        explain: explain(score, evidence, parts, this.#budget),
      },
    ]
  }

  report(): BudgetReport {
    return this.#budget.report()
  }

  changes(): readonly StateChange[] {
    return [...this.#budget.changes(), ...this.#slots.changes(), ...this.#rows.changes()]
  }

  restore(state: Iterable<StateChange>): void {
    this.#budget.clear()
    this.#slots.clear()
    this.#rows.restore([...state].filter((change) => !this.#budget.restore(change) && !this.#slots.restore(change)))
  }

  keys(): KeyUse {
    return this.#rows.keys()
  }

  /**
   * Half calibrated for everything that may come, half staked on what would reach the threshold alone. Of an episode only p
   * will do: the largest of many looks at one bet is no e-value.
   */
  #valueOf({ p, e, counts }: Score): number {
    if (e !== undefined && counts === 'window') return e
    const level = Math.min(1, (OWN * NEWEST) / (2 * this.#budget.threshold))
    return (mixedCalibrator(p ?? 1) + stepCalibrator(p ?? 1, level)) / 2
  }

  #take(row: Row, at: number, score: Score, e: number): void {
    const { numbers } = row
    const episode = score.counts === 'episode' ? (score.window?.from ?? 0) + 1 : 0
    if (episode !== 0 && episode === numbers[at + 2]) {
      numbers[at] = Math.max(numbers[at] ?? 0, e)
      return
    }
    this.#budget.look(score.event.at, episode === 0 ? 1 : EPISODES_A_TOLD_ONE)
    // 0 is an empty slot: nothing staked yet, worth 1.
    const before = numbers[at + 1] || 1
    const newest = numbers[at] || 1
    numbers[at + 1] = before + MEMORY * (newest - before)
    numbers[at] = Math.max(e, Number.MIN_VALUE)
    numbers[at + 2] = episode
  }

  #partsOf(row: Row): readonly EvidencePart[] {
    return this.#slots.names.map((detector, slot) => {
      const at = SLOTS_FROM + slot * PER_SLOT
      return { detector, e: NEWEST * (row.numbers[at] || 1) + (1 - NEWEST) * (row.numbers[at + 1] || 1) }
    })
  }
}

/** What one detector adds. */
export interface EvidencePart {
  readonly detector: string
  readonly e: number
}
