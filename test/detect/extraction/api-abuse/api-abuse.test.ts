import { describe, expect, test } from 'vitest'
import type { Detector, Score } from '../../../../src/contract/detect.ts'
import type { Event, RequestParameters } from '../../../../src/contract/event.ts'
import { apiAbuse } from '../../../../src/detect/extraction/api-abuse/api-abuse.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { event } from '../../../support/events.ts'
import { given } from '../../../support/given.ts'
import { MONDAY, sweep } from '../../traffic.ts'

const ALERT_P = 1e-3

async function open(config: object = {}): Promise<Detector> {
  return apiAbuse.open(apiAbuse.config.parse(config), given('api-abuse'))
}

function request(principal: string, second: number, parameters: RequestParameters, promptHash?: string): Event {
  const inference = { parameters, ...(promptHash === undefined ? {} : { promptHash }) }
  return event({ at: MONDAY + second * 1_000, principal, inference })
}

function probe(principal: string, second: number, tokens: readonly (string | number)[], promptHash?: string): Event {
  return request(principal, second, { maxTokens: 1, logprobs: true, biasedTokens: tokens.map(String) }, promptHash)
}

/** Scores events and learns those that raise nothing. */
function watch(detector: Detector, events: readonly Event[]): Score[] {
  return events.flatMap((each) => {
    const scores = detector.score(each)
    if (!scores.some((score) => (score.p ?? 1) <= ALERT_P)) detector.learn(each)
    return scores
  })
}

function smallestP(scores: readonly Score[]): number {
  return Math.min(1, ...scores.map((score) => score.p ?? 1))
}

/** How many events pass until p is at most 1e-3, the alerting one included. */
function requestsUntilAlert(detector: Detector, events: readonly Event[]): number {
  const at = events.findIndex((each) => smallestP(watch(detector, [each])) <= ALERT_P)
  return at < 0 ? Infinity : at + 1
}

describe('an attacker who sweeps token ids', () => {
  test('on one prompt is found within fifteen requests', async () => {
    expect(requestsUntilAlert(await open(), sweep('key:thief', 30))).toBeLessThanOrEqual(15)
  })

  test.each([
    ['with', 'ab', 20],
    ['without', undefined, 30],
  ])('is found soon, whichever tokens it sweeps, %s prompt hashes', async (_with, promptHash, most) => {
    for (let start = 0; start < 100_000; start += 1_000) {
      const events = Array.from({ length: most }, (_, i) => probe('key:thief', i, [start + i], promptHash))
      expect(requestsUntilAlert(await open(), events)).toBeLessThanOrEqual(most)
    }
  })

  test('is found when it biases hundreds of tokens in each request', async () => {
    const events = Array.from({ length: 30 }, (_, i) => {
      return probe(
        'key:thief',
        i,
        Array.from({ length: 300 }, (_, k) => i * 300 + k),
        'ab',
      )
    })
    expect(requestsUntilAlert(await open(), events)).toBeLessThanOrEqual(15)
  })

  test('is found on a key that classified ten thousand texts that day without prompt hashes', async () => {
    const detector = await open()
    const honest = Array.from({ length: 10_000 }, (_, i) => probe('key:shared', i, [3869, 1939]))
    expect(watch(detector, honest)).toEqual([])
    const stolen = Array.from({ length: 100 }, (_, i) => probe('key:shared', 10_000 + i, [5_000 + i]))
    expect(requestsUntilAlert(detector, stolen)).toBeLessThanOrEqual(60)
  })

  test('over ever new prompts is found by the number of tokens, before it has a hundredth of a vocabulary of 200,000', async () => {
    const events = Array.from({ length: 2_000 }, (_, i) => probe('key:thief', i, [i], `prompt ${i}`))
    const needed = requestsUntilAlert(await open(), events)
    expect(needed).toBeGreaterThan(1_000)
    expect(needed).toBeLessThanOrEqual(2_000)
  })

  test('who searches each token with ten requests is found by the number of tokens', async () => {
    const events = Array.from({ length: 20_000 }, (_, i) => probe('key:thief', i, [Math.floor(i / 10)], 'ab'))
    expect(requestsUntilAlert(await open(), events)).toBeLessThanOrEqual(20_000)
  })

  test('is told again in the next window, and seldom within one', async () => {
    const detector = await open()
    const first = watch(detector, sweep('key:thief', 5_000))
    expect(first.length).toBeLessThanOrEqual(24)
    expect(smallestP(first)).toBe(1e-9)
    const nextDay = watch(detector, sweep('key:thief', 30, MONDAY + 25 * 3_600_000))
    expect(smallestP(nextDay)).toBeLessThanOrEqual(ALERT_P)
  })

  test('reads in words what it did, with its last requests as exemplars', async () => {
    const events = sweep('key:thief', 9)
    const score = watch(await open(), events).at(-1)
    expect(score?.explain.text).toBe(
      '9 of the last 9 requests set logit_bias and asked for at most 2 tokens or log-probabilities; ' +
        'about 9 distinct tokens biased, about 9 of them on one prompt; ' +
        '7 of 7 such requests biased tokens new to them, expected at most 2.1',
    )
    expect(score).toMatchObject({ principal: 'key:thief', direction: 'high', explain: { seen: 7, expected: 2.1 } })
    expect(score?.explain.exemplars).toEqual(
      events
        .slice(-5)
        .map((each) => each.id)
        .toReversed(),
    )
    expect(score?.window).toEqual({ from: events[0]?.at, to: events[8]?.at, events: 9 })
    expect(score?.p).toBeCloseTo(2 / (score?.e ?? 0), 12)
  })
})

describe('ordinary callers stay quiet', () => {
  test('a classifier with one token, log-probabilities and a fixed set of biased labels', async () => {
    const labels = [3869, 1939, 2822, 6763]
    const detector = await open()
    const events = Array.from({ length: 5_000 }, (_, i) => probe('key:classifier', i, labels, `prompt ${i}`))
    expect(watch(detector, events)).toEqual([])
    expect(
      watch(
        detector,
        events.slice(0, 50).flatMap((each) => [each, each]),
      ),
    ).toEqual([])
  })

  test('the same classifier without prompt hashes, one label a request', async () => {
    const random = seededRandom(3)
    const events = Array.from({ length: 5_000 }, (_, i) => probe('key:classifier', i, [Math.floor(random.next() * 10)]))
    expect(smallestP(watch(await open(), events))).toBeGreaterThan(ALERT_P)
  })

  test('an evaluation harness: one token with log-probabilities on many prompts, no bias', async () => {
    const detector = await open()
    const parameters = { maxTokens: 1, logprobs: true, topLogprobs: 20 }
    const events = Array.from({ length: 5_000 }, (_, i) => request('key:harness', i, parameters, `prompt ${i}`))
    expect(watch(detector, events)).toEqual([])
    expect(detector.keys().held).toBe(0)
  })

  test('a service that chooses between different answers for each text', async () => {
    const events = Array.from({ length: 300 }, (_, i) => {
      return probe('key:chooser', i, [i * 4, i * 4 + 1, i * 4 + 2, i * 4 + 3], `prompt ${i}`)
    })
    expect(smallestP(watch(await open(), events))).toBeGreaterThan(ALERT_P)
  })

  test('a chat that bans three hundred words in every answer', async () => {
    const banned = Array.from({ length: 300 }, (_, i) => String(i))
    const events = Array.from({ length: 500 }, (_, i) =>
      request('key:chat', i, { maxTokens: 800, biasedTokens: banned }, `prompt ${i}`),
    )
    expect(watch(await open(), events)).toEqual([])
  })

  test('a person who tries six sets of labels on one prompt', async () => {
    const events = Array.from({ length: 6 }, (_, i) => probe('key:person', i, [i, i + 1], 'ab'))
    expect(smallestP(watch(await open(), events))).toBeGreaterThan(ALERT_P)
  })
})

describe('p is calibrated', () => {
  /** Every caller at the very edge of what the null allows: each such request brings a new token with this probability. */
  async function callersAtTheEdge(rate: number, promptHash: string | undefined): Promise<number[]> {
    const detector = await open()
    const random = seededRandom(5)
    const smallest: number[] = []
    for (let caller = 0; caller < CALLERS; caller++) {
      let [p, next] = [1, 0]
      for (let i = 0; i < 40; i++) {
        const token = random.next() < rate ? `fresh ${caller} ${next++}` : 'usual'
        p = Math.min(p, smallestP(watch(detector, [probe(`key:${caller}`, i, [token], promptHash)])))
      }
      smallest.push(p)
    }
    return smallest
  }
  const CALLERS = 4_000

  test.each([
    ['the same prompt', 0.3, 'ab'],
    ['no prompt hash', 0.5, undefined],
  ])('for callers at the edge of the null, %s', async (_name, rate, promptHash) => {
    const smallest = await callersAtTheEdge(rate, promptHash)
    for (const alpha of [0.05, 0.02, 0.01, 0.005, 0.002, 0.001]) expectAtMost(smallest, alpha)
    expect(smallest.some((p) => p < 0.05)).toBe(true)
  })

  test('for callers whose number of tokens has the Pareto tail of the null', async () => {
    const detector = await open()
    const random = seededRandom(6)
    const smallest = Array.from({ length: 1_500 }, (_, caller) => {
      const size = Math.min(4_000, Math.floor(32 / Math.sqrt(1 - random.next())))
      const tokens = Array.from({ length: size }, (_, i) => `${caller} ${i}`)
      return smallestP(watch(detector, [probe(`key:${caller}`, 0, tokens)]))
    })
    for (const alpha of [0.05, 0.02, 0.01, 0.005]) expectAtMost(smallest, alpha)
    expect(smallest.some((p) => p < 0.05)).toBe(true)
  })

  function expectAtMost(smallest: readonly number[], alpha: number): void {
    const found = smallest.filter((p) => p <= alpha).length
    const most = smallest.length * alpha
    expect(found).toBeLessThanOrEqual(most + 3 * Math.sqrt(most))
  }
})

describe('what the fleet teaches', () => {
  test('quiet callers make the detector quicker, down to a floor', async () => {
    const detector = await open()
    const fresh = requestsUntilAlert(await open(), sweep('key:thief', 50))
    for (let caller = 0; caller < 200; caller++)
      watch(
        detector,
        Array.from({ length: 30 }, (_, i) => probe(`key:${caller}`, i, [i % 3], 'ab')),
      )
    const taught = requestsUntilAlert(detector, sweep('key:thief', 50))
    expect(taught).toBeLessThan(fresh)
    expect(taught).toBeGreaterThanOrEqual(5)
  })

  test('a thousand quiet attackers cannot teach it to look away', async () => {
    const detector = await open()
    for (let caller = 0; caller < 1_000; caller++) watch(detector, sweep(`key:${caller}`, 8))
    expect(requestsUntilAlert(detector, sweep('key:thief', 50))).toBeLessThanOrEqual(15)
  })

  test('one busy caller weighs no more than sixteen trials', async () => {
    const [busy, brief] = [await open(), await open()]
    const events = Array.from({ length: 2_000 }, (_, i) => probe('key:busy', i, [i % 3], 'ab'))
    watch(busy, events)
    watch(brief, events.slice(0, 40))
    const fleetOf = (detector: Detector) => detector.changes().find((change) => change.key === 'fleet.1')?.value
    expect(fleetOf(busy)).toEqual(fleetOf(brief))
  })
})
