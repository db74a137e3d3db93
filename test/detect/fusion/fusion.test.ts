import { describe, expect, test } from 'vitest'
import type { Score, StateChange } from '../../../src/contract/detect.ts'
import { BudgetConfig, Fusion } from '../../../src/detect/fusion/fusion.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { event } from '../../support/events.ts'

const WEEK = 7 * 86_400_000
const START = Date.UTC(2026, 0, 5)

function fusion(config: Partial<BudgetConfig> = {}): Fusion {
  return new Fusion(BudgetConfig.parse(config))
}

function score(p: number | null, more: Partial<Score> & { readonly at?: number } = {}): Score {
  const { at = START, ...rest } = more
  return {
    detector: 'toy',
    event: event({ at }),
    principal: 'key:a',
    p,
    direction: 'high',
    counts: 'window',
    explain: { feature: 'height', seen: 9, expected: 1, text: 'height 9, usually 1' },
    ...rest,
  }
}

describe('evidence on a principal', () => {
  test('is told when it reaches the budget, with what it costs', () => {
    const [told] = fusion({ falseAlarmsPerWeek: 2, looksAtLeast: 1_000 }).weigh(score(1e-9))
    expect(told).toMatchObject({ detector: 'evidence', principal: 'key:a', direction: 'high' })
    expect(told?.explain).toMatchObject({ by: 'toy', feature: 'height', budget_per_week: 2, looks_per_week: 1_000 })
    expect(told?.explain['cost_per_week']).toBeLessThan(2)
    expect(told?.explain['budget_share']).toBeLessThan(1)
    expect(told?.explain.text).toMatch(/^height 9, usually 1\. Evidence .* to 1 \(toy .*\): with 1000 looks a week/)
  })

  test('is not told for one ordinary window, nor for many', () => {
    const evidence = fusion()
    for (let i = 1; i <= 100; i++) expect(evidence.weigh(score(i / 100))).toEqual([])
  })

  test('is told as long as it lasts, which is one alarm until it was gone in between', () => {
    const evidence = fusion()
    const told = (p: number): number => evidence.weigh(score(p)).length
    expect([1e-5, 1e-5, 1e-9].map(told)).toEqual([1, 1, 1])
    expect(evidence.report().alarms).toBe(1)
    for (let i = 0; i < 200; i++) told(0.7)
    expect(told(0.7)).toBe(0)
    expect(told(1e-5)).toBe(1)
    expect(evidence.report().alarms).toBe(2)
  })

  test('while it lasts is told by the detector that weighs most, not by those that look on', () => {
    const evidence = fusion()
    expect(evidence.weigh(score(1e-9, { detector: 'a' }))).toHaveLength(1)
    expect(evidence.weigh(score(0.4, { detector: 'b' }))).toEqual([])
    expect(evidence.weigh(score(1e-6, { detector: 'c' }))).toHaveLength(1)
    expect(evidence.weigh(score(1e-9, { detector: 'a' }))).toHaveLength(1)
    expect(evidence.report().alarms).toBe(1)
  })

  test('of an episode counts its best look once', () => {
    const evidence = fusion()
    const window = { from: START, to: START + 1, events: 5 }
    const look = (p: number, from = START): readonly Score[] =>
      evidence.weigh(score(p, { counts: 'episode', window: { ...window, from } }))
    look(0.05)
    const looks = evidence.report().looks
    for (const p of [0.02, 0.01, 0.005]) look(p)
    expect(evidence.report().looks).toBe(looks)
    look(0.05, START + 86_400_000)
    expect(evidence.report().looks).toBe(2 * looks)
    expect(look(1e-9, START + 86_400_000)).toHaveLength(1)
  })

  test('leaves alone what does not count, has no p yet or belongs to nobody', () => {
    const evidence = fusion()
    const { counts: _, ...plain } = score(1e-9)
    const { principal: __, ...nobody } = score(1e-9)
    for (const each of [plain, nobody, score(null)]) expect(evidence.weigh(each)).toEqual([])
    expect(evidence.keys().held).toBe(0)
    expect(evidence.report().looks).toBe(0)
  })

  test('takes an e-value as it is', () => {
    expect(fusion().weigh(score(0.5, { e: 1e6 }))).toHaveLength(1)
    expect(fusion().weigh(score(1e-9, { e: 1 }))).toEqual([])
  })

  test('adds up over detectors that agree, each too weak alone', () => {
    const four = ['a', 'b', 'c', 'd']
    const evidence = fusion()
    for (const detector of four) evidence.weigh(score(0.9, { detector, e: 1 }))
    expect(four.map((detector) => evidence.weigh(score(0.01, { detector, e: 2_050 })).length)).toEqual([0, 0, 0, 1])
  })
})

describe('the false-alarm budget', () => {
  /** A fleet of benign principals: `windows` windows each in a week; how alike those of one principal are is given. */
  function falseAlarms(seed: number, dependence: 'independent' | 'the same', perWeek: number): number {
    const [clients, windows] = [400, 25]
    const random = seededRandom(seed)
    const evidence = fusion({ falseAlarmsPerWeek: perWeek, looksAtLeast: 10_000 })
    for (let c = 0; c < clients; c++) {
      const nature = 1 - random.next()
      for (let w = 0; w < windows; w++) {
        const p = dependence === 'the same' ? nature : 1 - random.next()
        evidence.weigh(score(p, { principal: `key:${c}`, at: START + Math.floor((WEEK * w) / windows) }))
      }
    }
    return evidence.report().alarms
  }

  test.each(['independent', 'the same'] as const)(
    'holds in the mean over weeks whose windows are %s within a principal',
    (dependence) => {
      const [weeks, perWeek] = [40, 25]
      let alarms = 0
      for (let seed = 1; seed <= weeks; seed++) alarms += falseAlarms(seed, dependence, perWeek)
      expect(alarms / weeks).toBeLessThanOrEqual(perWeek)
      expect(alarms).toBeGreaterThan(0)
    },
  )

  test('asks for more evidence where there are more looks', () => {
    const evidence = fusion({ looksAtLeast: 100 })
    for (let i = 0; i < 50_000; i++) evidence.weigh(score(1, { principal: `key:${i % 100}` }))
    expect(evidence.report()).toEqual({ perWeek: 1, looks: 50_000, looksAssumed: 50_000, alarms: 0 })
    expect(evidence.weigh(score(1e-5))).toEqual([])
    expect(fusion({ looksAtLeast: 100 }).weigh(score(1e-5))).toHaveLength(1)
  })

  test('forgets looks after seven days, and counts those that come late', () => {
    const evidence = fusion()
    evidence.weigh(score(1))
    evidence.weigh(score(1, { at: START + WEEK - 1 }))
    expect(evidence.report().looks).toBe(2)
    evidence.weigh(score(1, { at: START + WEEK }))
    expect(evidence.report().looks).toBe(2)
    evidence.weigh(score(1, { at: START - 10 * WEEK }))
    expect(evidence.report().looks).toBe(3)
  })
})

describe('the state of evidence', () => {
  test('goes on after a restart as if there had been none', () => {
    const random = seededRandom(4)
    const scores = Array.from({ length: 2_000 }, (_, i) =>
      score((1 - random.next()) ** 6, {
        detector: `d${Math.floor(random.next() * 5)}`,
        principal: `key:${Math.floor(random.next() * 30)}`,
        at: START + i * 600_000,
      }),
    )
    const straight = fusion()
    const told = scores.flatMap((each) => straight.weigh(each))
    const before = fusion()
    const stored = new Map<string, StateChange>()
    const first = scores.slice(0, 900).flatMap((each) => {
      const result = before.weigh(each)
      for (const change of before.changes()) stored.set(change.key, change)
      return result
    })
    const after = fusion()
    after.restore(stored.values())
    expect(after.changes()).toEqual([])
    expect([...first, ...scores.slice(900).flatMap((each) => after.weigh(each))]).toEqual(told)
    expect(told.length).toBeGreaterThan(3)
    expect(after.report()).toEqual(straight.report())
  })

  test('is bounded, and what is evicted is counted', () => {
    const evidence = fusion({ maxKeys: 100 })
    for (let i = 0; i < 1_000; i++) evidence.weigh(score(0.5, { principal: `key:${i}` }))
    expect(evidence.keys()).toEqual({ held: 100, cap: 100, evicted: 900 })
  })

  test('has room for 32 detectors; those beyond do not count', () => {
    const evidence = fusion()
    for (let i = 0; i < 32; i++) evidence.weigh(score(0.5, { detector: `d${i}` }))
    expect(evidence.weigh(score(1e-9, { detector: 'one too many' }))).toEqual([])
    expect(evidence.report().looks).toBe(32)
  })
})
