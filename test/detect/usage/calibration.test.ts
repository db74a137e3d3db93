import { describe, expect, test } from 'vitest'
import { usage } from '../../../src/detect/usage/usage.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { event } from '../../support/events.ts'
import { given } from '../../support/given.ts'
import { HOUR, MONDAY } from '../traffic.ts'
import {
  exponential,
  lognormal,
  normal,
  officeHours,
  officeWeek,
  pareto,
  poisson,
  steady,
  type Draw,
} from './families.ts'

const PRINCIPALS = 100
const HOURS = 14 * 24
const LEARNED = 30

/** Totals of tokens an hour, none of which is anything but ordinary. */
const families: Record<string, () => Draw> = {
  'Poisson, 5 an hour': () => (random) => poisson(random, 5),
  'Poisson, 300 an hour': () => (random) => poisson(random, 300),
  'overdispersed counts (negative binomial, mean 50, size 2)': () => (random) =>
    poisson(random, 25 * (exponential(random) + exponential(random))),
  'lognormal, sigma 0.8': () => lognormal,
  'lognormal with a tenfold daily rhythm': () => (random, hour) =>
    Math.exp(8 + 0.3 * normal(random) + 1.15 * Math.sin((hour / 24) * 2 * Math.PI)),
  'office hours, a hundredfold': () => officeHours,
  'office hours on weekdays only': () => officeWeek,
  'lognormal, autocorrelated (0.8 from hour to hour)': () => {
    const last = new Float64Array(PRINCIPALS)
    return (random, _hour, principal) => {
      last[principal] = 0.8 * (last[principal] ?? 0) + 0.6 * normal(random)
      return Math.exp(8 + 0.6 * (last[principal] ?? 0))
    }
  },
}

describe('p is not too small too often', () => {
  test.each(Object.entries(families))('for %s', async (_name, family) => {
    const smallest = await bucketsOf(family())
    for (const alpha of [0.05, 0.02, 0.01, 0.005, 0.002, 0.001]) {
      const most = alpha * smallest.length
      expect(smallest.filter((p) => p <= alpha).length).toBeLessThanOrEqual(most + 3 * Math.sqrt(most))
    }
  })

  test('for Pareto totals of index 2 it is, as stated, by no more than a factor of fifteen', async () => {
    const smallest = await bucketsOf(pareto(2))
    const found = smallest.filter((p) => p <= 0.001).length / smallest.length
    expect(found).toBeGreaterThan(0.001)
    expect(found).toBeLessThan(0.015)
  })

  test('a tenfold total is found nine times in ten where totals vary by a third', async () => {
    const smallest = await bucketsOf((random, hour, principal) => {
      return steady(random, hour, principal) * (hour === HOURS - 1 ? 10 : 1)
    })
    const last = smallest.slice(-PRINCIPALS)
    expect(last.filter((p) => p <= 0.01).length).toBeGreaterThan(0.9 * PRINCIPALS)
  })
})

/** The smallest p of each bucket after the first thirty hours, hour by hour. */
async function bucketsOf(draw: Draw): Promise<number[]> {
  const detector = await usage.open(usage.config.parse({}), given('usage'))
  const random = seededRandom(1)
  const smallest: number[] = []
  for (let hour = 0; hour < HOURS; hour++)
    for (let principal = 0; principal < PRINCIPALS; principal++) {
      const inputTokens = draw(random, hour, principal)
      const each = event({ at: MONDAY + hour * HOUR, principal: `key:${principal}`, inference: { inputTokens } })
      const high = detector.score(each).filter((score) => score.direction === 'high')
      const p = Math.min(1, ...high.map((score) => score.p ?? 1))
      if (p > 1e-3) detector.learn(each)
      if (hour >= LEARNED) smallest.push(p)
    }
  return smallest
}
