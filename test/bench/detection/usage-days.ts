import { BudgetConfig, Fusion } from '../../../src/detect/fusion/fusion.ts'
import type { Detector, Score } from '../../../src/contract/detect.ts'
import { isDay, isRuleHit, request, runFleet } from '../../detect/usage/day-fleet.ts'
import { lognormal, officeWeek, pareto, poisson, steady, trace, type Draw } from '../../detect/usage/families.ts'
import { median, type Bench, type Case } from '../bench.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { row, share } from './shares.ts'

const SEEDS = [1, 2, 3]
/** The fleet that is learned from, and another, held out, that is judged by it. */
const KNOWN = { principals: 200, days: 30 }
const HELD_OUT = { principals: 200, days: 30 }
/** The first day of learning is not compared. */
const LEARNING_DAYS = 1
const RISE = 10

/**
 * E7: how often p of a day is small in fleets in which nothing is wrong, and what a tenfold hour is told as. Days of the
 * first fleet are known; the principals of the second are new to it, learn their own past and are judged. Totals are
 * tokens an hour. `mixed` has principals of all the others side by side. Azure's traces of 2023: five seconds stand for an hour.
 */
export const usageDays: Bench = {
  name: 'detection-usage',
  summary: 'E7: how honest p of a day of usage is where totals have heavy tails, and what a tenfold rise is told as',
  async run(report) {
    const cases: Case[] = []
    for (const [name, draw] of Object.entries(families())) {
      const runs = await Promise.all(SEEDS.map((seed) => judged(draw, seed)))
      const days = runs.flatMap((run) => run.days)
      const hours = runs.reduce((sum, run) => sum + run.hours, 0)
      const of = `${name} (${hours} hours)`
      for (const alpha of [0.05, 0.01, 0.001])
        cases.push(
          share(usageDays.name, `${of}: days with p ≤ ${alpha}`, days.filter((p) => p <= alpha).length, days.length),
        )
      cases.push(
        share(
          usageDays.name,
          `${of}: hours the rule alerts on`,
          runs.reduce((sum, run) => sum + run.alerts, 0),
          hours,
        ),
        {
          ...row(usageDays.name, `${of}: evidence told, a week`),
          value: runs.reduce((sum, run) => sum + run.told, 0) / (SEEDS.length * ((HELD_OUT.days - LEARNING_DAYS) / 7)),
        },
        ...tenfold(
          name,
          runs.flatMap((run) => run.rises),
        ),
      )
      report(name)
    }
    return cases.map((each) => ({ ...each, runs: SEEDS.length }))
  },
}

function families(): Readonly<Record<string, Draw>> {
  const each: Readonly<Record<string, Draw>> = {
    'Poisson, 5 an hour': (random) => poisson(random, 5),
    'Poisson, 300 an hour': (random) => poisson(random, 300),
    'office hours on weekdays, a hundredfold': officeWeek,
    'lognormal, sigma 0.3': steady,
    'lognormal, sigma 0.8': lognormal,
    'Pareto of index 2': pareto(2),
    'Pareto of index 1.5': pareto(1.5),
    'Azure, code': trace('azure-llm-2023-code.csv.gz', 5),
    'Azure, conversation': trace('azure-llm-2023-conv.csv.gz', 5),
  }
  const draws = Object.values(each)
  return {
    ...each,
    mixed: (random, hour, principal) => draws[principal % draws.length]?.(random, hour, principal) ?? 0,
  }
}

interface Judged {
  readonly days: readonly number[]
  readonly hours: number
  readonly alerts: number
  /** Evidence told of principals of whom nothing is wrong. */
  readonly told: number
  /** For each principal, what is said of a tenfold hour. */
  readonly rises: readonly (readonly Score[])[]
}

async function judged(draw: Draw, seed: number): Promise<Judged> {
  const known = await runFleet({ draw, ...KNOWN, seed })
  const { detector, days, hours, alerts, scores } = await runFleet({
    ...HELD_OUT,
    draw,
    seed: seed + 1_000,
    prefix: 'other:',
    known: known.detector,
  })
  const fusion = new Fusion(BudgetConfig.parse({}))
  let told = 0
  for (const score of scores) if (fusion.weigh(score).length > 0) told++
  return { days, hours, alerts, told, rises: risesOf(detector, draw, seed) }
}

/** Ten times what each principal uses in the median, in one hour of the day after the last. */
function risesOf(detector: Detector, draw: Draw, seed: number): readonly (readonly Score[])[] {
  const random = seededRandom(seed + 2_000)
  const hour = 24 * HELD_OUT.days
  return Array.from({ length: HELD_OUT.principals }, (_, principal) => {
    const usual = median(
      Array.from({ length: 24 * 7 }, (_each, back) => draw(random, hour - back - 1, principal)).filter(
        (total) => total > 0,
      ),
    )
    return request(detector, `other:${principal}`, HELD_OUT.days, RISE * usual)
  })
}

function tenfold(name: string, rises: readonly (readonly Score[])[]): readonly Case[] {
  const found = (isIt: (score: Score) => boolean): number => rises.filter((scores) => scores.some(isIt)).length
  const smallest = rises.map((scores) => scores.findLast((score) => isDay(score) && score.window?.events === 1)?.p ?? 1)
  return [
    share(
      usageDays.name,
      `${name}, tenfold hour: told at once, p ≤ 0.05`,
      found(({ direction, p }) => direction === 'high' && p !== null && p <= 0.05),
      rises.length,
    ),
    share(usageDays.name, `${name}, tenfold hour: the rule alerts`, found(isRuleHit), rises.length),
    share(
      usageDays.name,
      `${name}, tenfold hour: evidence with p ≤ 0.001 at once`,
      smallest.filter((p) => p <= 0.001).length,
      rises.length,
    ),
  ]
}
