import { describe, expect, test } from 'vitest'
import { TURNS_BYTES, Turns, evenness, type InTurn } from '../../../../src/detect/extraction/linkage/turns.ts'
import { KeyedRows } from '../../../../src/detect/state/keyed-rows.ts'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { MONDAY } from '../../traffic.ts'

interface Sent {
  readonly by: number
  readonly at: number
  /** How long the answer took. */
  readonly waited?: number | undefined
}

describe('accounts that take turns', () => {
  test('are found by the third turn, each with the lowest of their labels', () => {
    const found = noted(inTurn(16, 5))
    const first = found.findIndex(({ told }) => told)
    expect(Math.floor(first / 16)).toBeLessThanOrEqual(3)
    const likely = found.filter(({ told }) => told && told.p < 1e-3)
    expect(new Set(likely.map(({ by }) => by)).size).toBe(16)
    expect(new Set(likely.map(({ told }) => told?.label))).toEqual(new Set([1, 2]))
  })

  test('are found among as many requests of others', () => {
    const others = alone(20, 8, 160_000)
    const told = noted([...inTurn(16, 10), ...others].toSorted((a, b) => a.at - b.at))
    const likely = told.filter((each) => (each.told?.p ?? 1) < 1e-3)
    expect(new Set(likely.map(({ by }) => by)).size).toBeGreaterThan(12)
    expect(likely.filter(({ by }) => by > 100)).toEqual([])
  })

  test('are not when a pause of more than a day comes between turns, or all come at once', () => {
    const paused = Array.from({ length: 5 }, (_, turn) => inTurn(16, 1, MONDAY + turn * 90_000_000)).flat()
    const at = Array.from({ length: 80 }, (_, i) => ({ by: 1 + (i % 16), at: MONDAY }))
    for (const stream of [paused, at]) expect(noted(stream).filter(({ told }) => told)).toEqual([])
  })
})

describe('accounts that know nothing of each other', () => {
  test.each([
    ['at random times', alone(60, 60, 3_600_000)],
    ['every 60 s', pollers(60, 60)],
  ])('are not linked: %s', (_, stream) => {
    const ps = noted(stream).flatMap(({ told }) => told?.p ?? [])
    expect(Math.min(1, ...ps)).toBeGreaterThan(1e-3)
  })

  test('are not linked when all wait for one server whose queue is full, nor where nobody knows that', () => {
    const stream = queued(24, 30)
    const likely = (all: readonly Sent[]): number => noted(all).filter(({ told }) => (told?.p ?? 1) <= 1e-3).length
    expect(likely(stream)).toBe(0)
    expect(likely(stream.map((sent) => ({ ...sent, waited: undefined })))).toBe(0)
    expect(likely(stream.map((sent) => ({ ...sent, waited: 0 })))).toBeGreaterThan(100)
  })

  test('have even spacings no more often than the bound says', () => {
    const random = seededRandom(2)
    for (const count of [6, 12, 30]) {
      const ps = Array.from({ length: 3_000 }, () => {
        const all = Float64Array.from({ length: count + 1 }, () => 1e6 * random.next() + 0.5).sort()
        const span = all.at(-1) ?? 0
        return evenness(all.subarray(0, count), span)
      })
      // The last of them is no free point, and the first is where it is: a little less random than the bound takes them.
      for (const level of [0.1, 0.01]) expect(ps.filter((p) => p <= level).length / 3_000).toBeLessThan(1.5 * level)
    }
  })

  test('are told apart from those whose times the log rounds to seconds', () => {
    const rounded = Float64Array.from({ length: 8 }, (_, i) => 1_000 * i)
    const exact = rounded.map((at) => at + 1)
    expect(evenness(rounded, 8_000)).toBeGreaterThan(1e-3)
    expect(evenness(exact, 8_001)).toBeLessThan(1e-9)
  })
})

test('each run that is tested on a day makes the next one dearer, and a new day does not', () => {
  const turns = new Turns()
  const p = (first: number, at: number): number => {
    const told = noted(
      inTurn(16, 3, at).map(({ by, at: time }) => ({ by: by + first, at: time })),
      turns,
    )
    return told.find((each) => each.told)?.told?.p ?? NaN
  }
  const same = MONDAY + 40_000_000
  const [one, other] = [p(0, MONDAY), p(100, same)]
  expect(other / one).toBeCloseTo(17, 1)
  expect(p(200, MONDAY + 2 * 86_400_000) / one).toBeCloseTo(1, 1)
})

/** What is told of each request; account n has the hash n, and the label n. */
function noted(
  stream: readonly Sent[],
  turns = new Turns(),
): readonly (Sent & { readonly told: InTurn | undefined })[] {
  const rows = new KeyedRows(1_000, [{ name: 'turns.1', bytes: 8 + TURNS_BYTES }])
  return stream.map((sent) => {
    const { by, at } = sent
    const waited = 'waited' in sent ? sent.waited : 500
    return { ...sent, told: turns.note(rows.use(String(by)), 1, { hash: by, label: by, at, waited }) }
  })
}

/** Requests about a second apart. */
function inTurn(accounts: number, turns: number, from = MONDAY): readonly Sent[] {
  const random = seededRandom(1)
  let at = from
  return Array.from({ length: accounts * turns }, (_, i) => {
    at += Math.round(1_000 * (0.8 + 0.4 * random.next())) + 0.5
    return { by: 1 + (i % accounts), at }
  })
}

function alone(accounts: number, each: number, span: number): readonly Sent[] {
  const random = seededRandom(3)
  return Array.from({ length: accounts * each }, (_, i) => ({
    by: 101 + (i % accounts),
    at: MONDAY + Math.floor(span * random.next()),
  })).toSorted((a, b) => a.at - b.at)
}

function pollers(accounts: number, each: number): readonly Sent[] {
  const random = seededRandom(4)
  const phases = Array.from({ length: accounts }, () => 60_000 * random.next())
  return Array.from({ length: accounts * each }, (_, i) => ({
    by: 101 + (i % accounts),
    at: MONDAY + (phases[i % accounts] ?? 0) + 60_000 * Math.floor(i / accounts) + 300 * random.next(),
  })).toSorted((a, b) => a.at - b.at)
}

/** Each asks again as soon as it is answered; one server answers first who asked first. */
function queued(accounts: number, each: number): readonly Sent[] {
  const random = seededRandom(6)
  const asked = Array.from({ length: accounts }, () => MONDAY + 20_000 * random.next())
  let free = MONDAY
  return Array.from({ length: accounts * each }, () => {
    const next = asked.indexOf(Math.min(...asked))
    const since = asked[next] ?? 0
    free = Math.max(free, since) + 300 + 400 * random.next()
    asked[next] = free + 50 * random.next()
    return { by: 101 + next, at: free, waited: free - since }
  })
}
