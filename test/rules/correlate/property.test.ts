import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RuleJudge } from '../../../src/rules/judge.ts'
import type { Finding } from '../../../src/contract/rules.ts'
import type { StateChange } from '../../../src/contract/detect.ts'
import { correlationText, documents, happens, linked } from './given.ts'
import { NaiveCorrelation, type Taken } from './naive.ts'

const LATENESS_MS = 7_000
const BODIES = [
  'type: event_count\nrules: a\ngroup-by: user\ntimespan: 10s\ncondition: {gte: 4}',
  'type: event_count\nrules: [a, b]\ngroup-by: user\ntimespan: 10s\ncondition: {gt: 1, lte: 3}',
  'type: event_count\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {eq: 3}',
  'type: value_count\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {field: value, gte: 4}',
  'type: value_count\nrules: [a, b]\ngroup-by: user\ntimespan: 20s\ncondition: {field: value, neq: 3}',
  'type: value_sum\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {field: value, gt: 12}',
  'type: value_avg\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {field: value, lt: 2}',
  'type: value_median\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {field: value, gte: 4}',
  'type: value_percentile\nrules: [a, b]\ngroup-by: user\ntimespan: 10s\ncondition: {field: value, gte: 6, percentile: 90}',
  // Long ones, so that windows come to have a measure of their own and lose it again.
  'type: value_count\nrules: [a, b, c]\ntimespan: 30s\ncondition: {field: value, gte: 8}',
  'type: value_median\nrules: [a, b, c]\ntimespan: 30s\ncondition: {field: value, gt: 4}',
  'type: value_sum\nrules: [a, b, c]\ntimespan: 30s\ncondition: {field: value, gt: 70}',
  'type: temporal\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s',
  'type: temporal\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {eq: 2}',
  'type: temporal_ordered\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s',
  'type: temporal_ordered\nrules: [b, a, b]\ngroup-by: user\ntimespan: 15s',
  'type: temporal_ordered\nrules: [a, b, c]\ngroup-by: user\ntimespan: 10s\ncondition: {gte: 2, lt: 3}',
]

interface Step {
  readonly later: number
  readonly is: readonly string[]
  readonly user: string
  readonly value: number
}

/** Mostly forward, sometimes back, often not at all. */
const STEP = {
  later: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.integer({ min: -9, max: 12 })),
  is: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
  user: fc.constantFrom('u', 'u', 'v'),
  value: fc.integer({ min: 0, max: 8 }),
}
const step = fc.record(STEP)

function* takenOf(
  steps: readonly Step[],
  isAlone: boolean,
  isOne: boolean,
): IterableIterator<Taken & { readonly seconds: number }> {
  let seconds = 0
  for (const [place, { later, is, user, value }] of steps.entries()) {
    seconds += later
    yield {
      id: `e${place}`,
      at: seconds * 1_000,
      seconds,
      group: isOne ? '' : user,
      rules: isAlone ? is.slice(0, 1) : is,
      value,
    }
  }
}

describe.each(BODIES)('%s', (body) => {
  const read = documents(correlationText(body))
  const more = { latenessMs: LATENESS_MS }
  const make = (): RuleJudge => new RuleJudge(read.rules, linked(read, more))
  /** Rules speak one after the other, also at one event: what holds only until the next has spoken is no answer to compare. */
  const isTemporal = body.startsWith('type: temporal')
  const isAlone = isTemporal && / eq|{eq| lt/.test(body)
  const [correlation] = read.correlations
  if (!correlation) throw new Error('no correlation')

  test('answers as a naive look at the whole history does, wherever it is cut, stored and restored', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: body.includes('30s') ? 90 : 40 }),
        fc.integer({ min: 1, max: 9 }),
        (steps, every) => {
          const naive = new NaiveCorrelation(correlation, LATENESS_MS)
          const whole = make()
          let cut = make()
          const stored = new Map<string, StateChange>()
          for (const [place, { seconds, ...taken }] of [
            ...takenOf(steps, isAlone, !body.includes('group-by')),
          ].entries()) {
            const one = { ...happens(seconds, taken.rules, { user: taken.group, value: taken.value }), id: taken.id }
            const isFed = taken.rules.some((rule) => correlation.rules.includes(rule))
            const rules = taken.rules.filter((rule) => correlation.rules.includes(rule))
            const expected = isFed ? naive.take({ ...taken, rules }) : undefined
            const answer = idsOf(whole.judge(one))
            expect(idsOf(cut.judge(one))).toEqual(answer)
            // An older window may hold when only the first of an event's rules has spoken.
            if (isTemporal && rules.length > 1) expect(answer !== undefined).toBe(expected !== undefined)
            else expect(answer).toEqual(expected)
            if (place % every > 0) continue
            for (const change of cut.changes()) stored.set(change.key, change)
            expect(new Map([...cut.state()].map((change) => [change.key, change]))).toEqual(
              new Map([...stored].filter(([, { value }]) => value !== null)),
            )
            cut = make()
            cut.restore(stored.values())
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('correlations side by side', () => {
  const texts = BODIES.map((body, at) => correlationText(body, `title: C${at}\nid: id-${at}\nlevel: high`))
  const together = documents(...texts)
  const alone = texts.map((text) => documents(text))
  const gap = fc.constant(25 * 3_600)
  const mostlyNear = fc.oneof({ weight: 9, arbitrary: step }, fc.record({ ...STEP, later: gap }))

  test('answer and are stored as each alone, also where groups are forgotten', () => {
    fc.assert(
      fc.property(fc.array(mostlyNear, { maxLength: 30 }), (steps) => {
        const all = new RuleJudge(together.rules, linked(together, { latenessMs: LATENESS_MS }))
        const each = alone.map((read) => new RuleJudge(read.rules, linked(read, { latenessMs: LATENESS_MS })))
        for (const { seconds, rules, group, value, id } of takenOf(steps, false, false)) {
          const one = { ...happens(seconds, rules, { user: group, value }), id }
          const expected = each.flatMap((judge) => judge.judge(one))
          expect(saidBy(all.judge(one))).toEqual(saidBy(expected))
        }
        const stored = (changes: readonly StateChange[]): ReadonlyMap<string, StateChange['value']> =>
          new Map(changes.map(({ key, value }) => [key, value]))
        expect(stored([...all.state()])).toEqual(stored(each.flatMap((judge) => [...judge.state()])))
        expect(stored(all.changes())).toEqual(stored(each.flatMap((judge) => judge.changes())))
      }),
      { numRuns: 40 },
    )
  })
})

/** What correlations said, by their ids: they are judged in another order when they feed on other rules. */
function saidBy(findings: readonly Finding[]): unknown {
  const said = findings.map(({ rule, events }): readonly [string, unknown] => [rule.id, events?.map(({ id }) => id)])
  return new Map(said.filter(([id]) => /^id-\d/.test(id)))
}

/** The events of the correlation's finding, in the order of time; of equal times as they came. */
function idsOf(findings: readonly Finding[]): readonly string[] | undefined {
  return findings.find(({ rule }) => rule.id === 'id-C')?.events?.map(({ id }) => id)
}
